"""Analyzers of other packages, installed beside the suite and used through the command line."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import pytest

HERE = Path(__file__).parent
GOOD, BROKEN = HERE / "good_plugin", HERE / "broken_plugin"
NAME, OTHER = "vae-brightness", "vae-broken"
Call = Callable[..., subprocess.CompletedProcess[str]]


def place(package: Path, site: Path) -> None:
    """The installed form of a package, written by hand: no installer and no network is needed."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (module,) = package.glob("*.py")
    shutil.copy(module, site)
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (info / "RECORD").write_text(f"{module.name},,\n{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n")


def use(site: Path, folder: Path, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, with what is installed in ``site``."""
    path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH", "")]))
    done = subprocess.run(
        [sys.executable, "-m", "vae_analyze", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    for package in (GOOD, BROKEN):
        place(package, folder)
    return folder


@pytest.fixture
def call(site: Path, tmp_path: Path) -> Call:
    return partial(use, site, tmp_path)


def test_both_install_with_pip(tmp_path: Path) -> None:
    for tool in ("hatchling", "pip"):
        if importlib.util.find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed, and a test does not download it")
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
    for package in (GOOD, BROKEN):
        source = shutil.copytree(package, tmp_path / "source" / package.name)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
        command = [*pip, "--target", str(tmp_path / "site"), str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=300, env=environment)
    listed = json.loads(use(tmp_path / "site", tmp_path, "list", "--json").stdout)["analyzers"]
    found = {row["name"]: (row["distribution"], row["status"]) for row in listed}
    assert found["brightness"] == (NAME, "ok")
    assert found["shattered"] == (OTHER, "cannot be loaded")


def test_both_are_listed_with_their_distribution(call: Call) -> None:
    analyzers = {row["name"]: row for row in json.loads(call("list", "--json").stdout)["analyzers"]}
    good, broken = analyzers["brightness"], analyzers["shattered"]
    assert (good["distribution"], good["status"]) == (NAME, "ok")
    assert good["question"] == "Are reconstructions as bright as the data?"
    assert good["needs"] == ["reconstruction"]
    assert (broken["distribution"], broken["status"]) == (OTHER, "cannot be loaded")
    assert "ImportError: cannot import name 'thing'" in broken["reason"]
    assert analyzers["robustness"]["distribution"] == "vae-analyze"


def test_the_list_for_people_warns_of_the_broken_one_by_distribution(call: Call) -> None:
    text = " ".join(call("list").stdout.replace("│", " ").split())
    assert "brightness" in text
    assert NAME in text
    assert "Warning: the analyzer 'shattered' of the package 'vae-broken' cannot be loaded" in text


def test_help_has_the_flags_of_its_fields(call: Call) -> None:
    text = " ".join(call("brightness", "--help").stdout.split())
    assert "--gain" in text
    assert "factor on every brightness" in text
    assert "--show-bars" in text
    assert "--no-show-bars" in text
    assert "--samples" in text


def test_help_of_the_program_imports_neither(call: Call) -> None:
    text = call("--help").stdout
    assert f"An analyzer of the package {NAME}." in text
    assert f"An analyzer of the package {OTHER}." in text


def test_a_bad_option_of_it_is_refused_like_ours(call: Call, digits_vae: Path) -> None:
    done = call("brightness", digits_vae, "--gain", "0", code=2)
    assert "Error: --gain: expected more than 0, found 0.0" in done.stderr
    assert "Traceback" not in done.stderr


def test_asking_for_the_broken_one_is_one_message(call: Call, digits_vae: Path) -> None:
    done = call("shattered", digits_vae, code=4)
    assert "the analyzer 'shattered' of the package 'vae-broken' cannot be loaded" in done.stderr
    assert "uninstall vae-broken" in done.stderr
    assert "Traceback" not in done.stderr


class _Images(HTMLParser):
    """The text of a page, and what its pictures are called."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.text += " ".join(value or "" for name, value in attrs if name in ("alt", "aria-label"))


def test_it_runs_and_is_in_the_run_and_the_report(call: Call, digits_vae: Path, tmp_path: Path) -> None:
    call("brightness", digits_vae, "--samples", "64", "--gain", "2", "--out", tmp_path / "run", "--quiet")
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    (result,) = run["results"]
    assert (result["analyzer"], result["distribution"], result["status"]) == ("brightness", NAME, "ok")
    assert result["options"]["gain"] == 2
    assert {"name": "brightness.gain", "value": 2.0, "origin": "command line"} in run["options"]
    (shift,) = result["scalars"]
    assert shift["n"] == 64
    assert abs(shift["value"]) < 0.2  # a trained model: reconstructions are nearly as bright
    page = _Images()
    page.feed((tmp_path / "run" / "report.html").read_text(encoding="utf-8"))
    for words in (
        "brightness",
        "Are reconstructions as bright as the data?",
        "Brightness of data and reconstructions",
        NAME,
    ):
        assert words in page.text


def test_its_numbers_are_the_mean_brightness(call: Call, digits_vae: Path, tmp_path: Path) -> None:
    import vae_analyze

    done = call("brightness", digits_vae, "--samples", "0", "--json", "--out", tmp_path / "run", "--quiet")
    (row,) = json.loads(done.stdout)["scalars"]
    loaded, data = vae_analyze.load(digits_vae), vae_analyze.open_data("digits:test")
    import torch

    x = torch.from_numpy(data.read(range(len(data))).x)
    with torch.no_grad():
        expected = loaded.vae.decode(loaded.vae.encode(x).mean).mean() - x.mean()  # type: ignore[union-attr]  # no labels needed
    assert row["n"] == len(data)
    assert row["value"] == pytest.approx(expected.item(), abs=1e-6)


def test_every_analyzer_in_one_run_works_beside_a_broken_one(call: Call, digits_vae: Path, tmp_path: Path) -> None:
    done = call("run", digits_vae, "--samples", "10", "--out", tmp_path / "run", "--quiet")
    assert "Warning: the analyzer 'shattered' of the package 'vae-broken' cannot be loaded" in " ".join(
        done.stderr.split()
    )
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert {"robustness", "brightness"} <= {result["analyzer"] for result in run["results"]}
    assert all(result["status"] in ("ok", "not applicable") for result in run["results"])


def test_it_can_be_configured_in_a_file_and_a_flag_turns_its_figure_off(
    call: Call, digits_vae: Path, tmp_path: Path
) -> None:
    (tmp_path / "vae-analyze.toml").write_text("[brightness]\ngain = 3.0\n")
    call("brightness", digits_vae, "--samples", "10", "--no-show-bars", "--out", tmp_path / "run", "--quiet")
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert {"name": "brightness.gain", "value": 3.0, "origin": "vae-analyze.toml"} in run["options"]
    assert {"name": "brightness.show_bars", "value": False, "origin": "command line"} in run["options"]
    assert run["results"][0]["figures"] == []
