"""The commands as a person uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vae_analyze._version import __version__
from vae_analyze.cli.analyse import assumed
from vae_analyze.cli.main import repeated_settings
from vae_analyze.runs.read import read_run


def test_robustness_says_what_it_loaded_what_it_found_and_where_the_report_is(cli: Callable, tiny: Path) -> None:  # type: ignore[type-arg]
    done = cli("robustness", str(tiny), "--samples", "40")
    assert done.code == 0
    for words in ("tiny: VAE", "latent 3", "digits:test, 40 of 352 samples", "sigma", "latent_mse", "Report: reports/"):
        assert words in done.out
    run = next(Path("reports").iterdir())
    assert run.name.startswith("tiny-robustness-")
    assert (run / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in Path("reports").iterdir()) == [run.name]


def test_options_come_from_everywhere_and_their_origin_is_kept(
    cli: Callable,  # type: ignore[type-arg]
    tiny: Path,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("vae-analyze.toml").write_text("seed = 5\nsamples = 9\n[robustness]\nsigma = [0.1, 0.3]\ndraws = 7\n")
    monkeypatch.setenv("VAE_ANALYZE_SAMPLES", "30")
    monkeypatch.setenv("VAE_ANALYZE_ROBUSTNESS_DRAWS", "2")
    words = ("--data", str(images), "--sigma", "0.2", "--sigma", "0.4", "--out", "run")
    assert cli("robustness", str(tiny), *words).code == 0
    run = read_run("run")
    origins = {option.name: (option.value, option.origin) for option in run.options}
    assert origins["seed"] == (5, "vae-analyze.toml")
    assert origins["samples"] == (30, "environment VAE_ANALYZE_SAMPLES")
    assert origins["robustness.draws"] == (2, "environment VAE_ANALYZE_ROBUSTNESS_DRAWS")
    assert origins["robustness.sigma"] == ([0.2, 0.4], "command line")
    assert origins["workers"] == (1, "default")
    assert run.data["n"] == 30


def test_the_reproducing_command_gives_the_same_numbers(
    cli: Callable,  # type: ignore[type-arg]
    tiny: Path,
    images: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import shlex

    monkeypatch.setenv("VAE_ANALYZE_SEED", "3")
    assert cli("robustness", str(tiny), "--data", str(images), "--sigma", "0.2,0.3", "--out", "one").code == 0
    monkeypatch.delenv("VAE_ANALYZE_SEED")
    command = shlex.split(read_run("one").provenance["reproduce"])
    assert command[:2] == ["vae-analyze", "robustness"]
    assert cli(*command[1:], "--out", "two", "--no-cache").code == 0
    assert Path("one/scalars.csv").read_text() == Path("two/scalars.csv").read_text()


def test_run_takes_every_analyzer_and_settings(cli: Callable, tiny: Path, images: Path) -> None:  # type: ignore[type-arg]
    words = ("--data", str(images), "--set", "robustness.sigma=0.1", "--set", "robustness.sigma=0.2", "--out", "run")
    assert cli("run", str(tiny), *words, "--set", "robustness.draws=1").code == 0
    result = next(result for result in read_run("run").results if result.analyzer == "robustness")
    assert result.options == {"sigma": [0.1, 0.2], "draws": 1}
    command = read_run("run").provenance["reproduce"]
    assert "--set robustness.draws=1" in command or "--draws 1" in command


def test_json_is_all_that_is_printed(cli: Callable, tiny: Path, images: Path) -> None:  # type: ignore[type-arg]
    done = cli("robustness", str(tiny), "--data", str(images), "--json", "--out", "run")
    printed = json.loads(done.out)
    assert printed["run"] == "run"
    assert {row["analyzer"] for row in printed["scalars"]} == {"robustness"}
    (own,) = printed["analyzers"]
    assert (own["analyzer"], own["status"], own["reason"]) == ("robustness", "ok", "")
    assert len(own["readings"]) > 2
    assert any("Only 60 samples" in warning for warning in own["warnings"])
    assert printed["model"]["name"] == "tiny"
    assert printed["data"]["n"] == 60
    assert "tiny: VAE" in done.err


def test_list_names_everything(cli: Callable) -> None:  # type: ignore[type-arg]
    done = cli("list")
    assert done.code == 0
    for words in ("robustness", "sprites", "737,280", "disentangling-vae", "40 encodes", "Camuto"):
        assert words in done.out
    plain = json.loads(cli("list", "--json").out)
    assert plain["schema"] == 1
    own = next(row for row in plain["analyzers"] if row["name"] == "robustness")
    assert own["needs"] == ["codes", "decoder", "encoder", "reconstruction"]
    assert own["distribution"] == "vae-analyze"


def test_inspect_says_what_a_file_is(cli: Callable, tiny: Path) -> None:  # type: ignore[type-arg]
    done = cli("inspect", str(tiny))
    assert done.code == 0
    for words in ("zip archive", "would execute: nothing", "SHA-256", "loads as", "3x16"):
        assert words in done.out
    assert json.loads(cli("inspect", str(tiny), "--json").out)["loads"] is True


def test_report_is_made_again_from_the_run_alone(cli: Callable, tiny: Path, images: Path) -> None:  # type: ignore[type-arg]
    assert cli("robustness", str(tiny), "--data", str(images), "--out", "run").code == 0
    report = Path("run/report.html")
    before = report.read_bytes()
    report.unlink()
    tiny.unlink()
    images.unlink()
    assert cli("report", "run").code == 0
    assert report.read_bytes() == before


def test_a_hostile_file_name_is_shown_and_not_run(cli: Callable, tiny: Path, images: Path) -> None:  # type: ignore[type-arg]
    evil = tiny.with_name("<img src=x onerror=alert(1)>.pt")
    tiny.rename(evil)
    assert cli("robustness", str(evil), "--data", str(images)).code == 0
    run = next(Path("reports").iterdir())
    html = (run / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_the_same_command_replaces_its_run(cli: Callable, tiny: Path, images: Path) -> None:  # type: ignore[type-arg]
    for _ in range(2):
        assert cli("robustness", str(tiny), "--data", str(images), "--quiet").code == 0
    assert len(list(Path("reports").iterdir())) == 1


def test_cache_shows_and_clears(cli: Callable, tiny: Path, images: Path) -> None:  # type: ignore[type-arg]
    assert cli("robustness", str(tiny), "--data", str(images)).code == 0
    assert cli("cache").out.startswith("2 units")
    again = cli("robustness", str(tiny), "--data", str(images))
    assert "1 of 1 parts were done before" in again.err
    assert cli("cache", "--clear").out.startswith("Removed 2 units")
    assert cli("cache").out.startswith("0 units")


def test_version_and_help(cli: Callable) -> None:  # type: ignore[type-arg]
    assert cli("--version").out.strip() == f"vae-analyze {__version__}"
    helped = cli("robustness", "--help")
    for words in ("--sigma", "--draws", "--data", "--workers", "--no-cache", "--device", "--json"):
        assert words in helped.out
    assert "No telemetry" in cli("--help").out


def test_help_is_quick_and_loads_no_numerical_library() -> None:
    code = (
        "import sys, time; began = time.perf_counter()\n"
        "from vae_analyze.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "spent = time.perf_counter() - began\n"
        "heavy = {'torch', 'pandas', 'matplotlib', 'scipy', 'sklearn', 'skimage', 'seaborn', 'numpy'}\n"
        "heavy &= set(sys.modules)\n"
        "print(f'HEAVY={sorted(heavy)} SPENT={spent}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY=[]" in done.stdout
    # The budget of 0.35 s is for the whole process on an idle machine; here others may be at work.
    assert float(done.stdout.rpartition("SPENT=")[2]) < 1.5


def test_where_an_assumption_comes_from_is_said_with_its_runner_up() -> None:
    assert assumed("tensor shapes", guess=False, runner_up="") == "from tensor shapes"
    assert assumed("guess: error 0.1", guess=True, runner_up="tanh: 0.2") == "guess: error 0.1; runner-up: tanh: 0.2"
    assert assumed("error 0.1", guess=True, runner_up="") == "guess: error 0.1"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["run", "a", "--set", "b=1", "c=2"], ["run", "a", "--set", "b=1", "--set", "c=2"]),
        (
            ["x", "--set", "a=1", "b=[1,2]", "c.d=3", "--json"],
            ["x", "--set", "a=1", "--set", "b=[1,2]", "--set", "c.d=3", "--json"],
        ),
        (["x", "--set", "a=1", "file.pt", "b=2"], ["x", "--set", "a=1", "file.pt", "b=2"]),
        (["x", "a=1", "b=2"], ["x", "a=1", "b=2"]),
        (["x", "--set", "a=1", "--set", "b=2"], ["x", "--set", "a=1", "--set", "b=2"]),
    ],
)
def test_several_settings_may_follow_one_flag(typed: list[str], meant: list[str]) -> None:
    assert repeated_settings(typed) == meant
