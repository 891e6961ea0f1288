"""What the README shows is what there is, and it runs."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

import vae_analyze
from support.datasets import Memory, images
from vae_analyze import errors
from vae_analyze.analyzers.option import specs
from vae_analyze.analyzers.registry import check
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.configuration import resolve
from vae_analyze.engine.options import RunOptions, flag
from vae_analyze.vae import DiagonalGaussian

BLOCK = re.compile(
    r"(?:^<!-- (?P<what>command|file): (?P<name>\S+) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)


@pytest.fixture(scope="module")
def readme(repository: Path) -> str:
    return (repository / "README.md").read_text(encoding="utf-8")


def marked(readme: str, what: str) -> dict[str, str]:
    return {block["name"]: block["text"] for block in BLOCK.finditer(readme) if block["what"] == what}


def in_language(readme: str, language: str) -> list[str]:
    return [block["text"] for block in BLOCK.finditer(readme) if block["language"] == language]


class Linear:
    """x -> Wx; dimming by f moves the code by (1 - f) Wx."""

    input_shape = (1, 8, 8)
    latent_shape = (3,)

    def __init__(self) -> None:
        self.w = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = x.flatten(1) @ self.w.T
        return DiagonalGaussian(mean, torch.zeros_like(mean))

    def decode(self, z: Tensor, /) -> Tensor:
        return (z @ self.w).sigmoid().reshape(-1, *self.input_shape)


def module_from(text: str, name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)  # dataclasses resolve their annotations there
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def brightness(readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    return module_from(marked(readme, "file")["docs/examples/brightness.py"], "brightness", tmp_path, monkeypatch)


def test_every_block_shown_from_a_file_is_that_file(readme: str, repository: Path) -> None:
    shown = marked(readme, "file")
    assert len(shown) == 4
    for name, text in shown.items():
        assert text == (repository / name).read_text(encoding="utf-8"), f"{name} differs from the block in README.md"


def test_the_analyzer_is_written_in_30_lines_imports_aside(readme: str) -> None:
    lines = marked(readme, "file")["docs/examples/brightness.py"].splitlines()
    assert len([line for line in lines if line and not line.startswith(("import ", "from "))]) <= 30


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_the_analyzer_measures_what_it_says(brightness: ModuleType, factor: float) -> None:
    data: Memory = images(40)
    model = Linear()
    run = vae_analyze.analyze(model, [brightness.Brightness(factor=factor)], data=data, no_cache=True)
    found = run["brightness"].scalar("dimmed_latent_mse")
    codes = model.encode(torch.from_numpy(data.x)).mean
    expected = ((1 - factor) * codes).square().mean(dim=1).double()
    assert found.value == pytest.approx(expected.mean().item(), rel=1e-5)
    assert found.se == pytest.approx(expected.std().item() / 40**0.5, rel=1e-5)
    assert found.n == 40


def test_the_analyzer_gets_its_flag_from_its_field(brightness: ModuleType) -> None:
    (factor,) = specs(brightness.Brightness)
    assert flag(factor.name) == "--factor"
    assert factor.help


def test_the_declared_entry_point_keeps_the_contract(readme: str, brightness: ModuleType) -> None:
    (block,) = [text for text in in_language(readme, "toml") if "entry-points" in text]
    points = tomllib.loads(block)["project"]["entry-points"]["vae_analyze.analyzers"]
    ((name, target),) = points.items()
    module, _, attribute = target.partition(":")
    assert module == brightness.__name__
    check(getattr(brightness, attribute), name=name)


@pytest.mark.parametrize("name", ["use_brightness", "from_python"])
def test_the_python_examples_run(
    readme: str, name: str, brightness: ModuleType, digits_vae: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del brightness  # it is there to be imported
    (tmp_path / "checkpoints").symlink_to(digits_vae.parent)
    monkeypatch.chdir(tmp_path)
    module = module_from(marked(readme, "file")[f"docs/examples/{name}.py"], name, tmp_path, monkeypatch)
    assert not module.run.failed
    if module.run.path is not None:
        assert (tmp_path / module.run.path / "report.html").is_file()


def test_each_command_is_one_line(readme: str) -> None:
    commands = marked(readme, "command")
    assert sorted(commands) == ["run", "test"]
    for text in commands.values():
        assert text.count("\n") == 1
        assert text.startswith("python3 -m venv .venv && ")


def test_ci_takes_its_command_from_the_readme(readme: str, repository: Path) -> None:
    script = (repository / ".ci" / "run").read_text(encoding="utf-8")
    (program,) = re.findall(r"^command=\$\(awk '(.*?)' README\.md\)$", script, flags=re.MULTILINE)
    done = subprocess.run(["awk", program, "README.md"], cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout == marked(readme, "command")["test"]
    assert 'bash -c "$command"' in script


def test_every_option_of_a_run_is_listed(readme: str) -> None:
    for spec in specs(RunOptions):
        assert f"`{flag(spec.name)}" in readme


def test_every_number_of_the_table_exists(readme: str, repository: Path) -> None:
    table = readme.partition("\n## Analyzers\n")[2].partition("\n## ")[0]
    found = vae_analyze.analyze(repository / "checkpoints" / "digits-vae.pt", samples=20, no_cache=True)
    scalars = {scalar.name: scalar for result in found.results for scalar in result.findings.scalars}
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in table.splitlines()
        if line.startswith("|") and "`" in line
    ]
    for _, _, names, units, better, *_ in rows:
        for name in re.findall(r"`([a-z0-9_]+)`", names):
            assert scalars[name].unit in units.split(", "), name
            assert better in ("-", scalars[name].direction), name


def test_the_configuration_shown_is_understood(readme: str, tmp_path: Path) -> None:
    (block,) = [text for text in in_language(readme, "toml") if "[robustness]" in text]
    (tmp_path / "vae-analyze.toml").write_text(block, encoding="utf-8")
    assignments = re.findall(r"`(VAE_ANALYZE_\w+)=([^`]*)`", readme)
    assert len(assignments) == 2
    from_file = resolve([Robustness], given={}, given_analyzers={}, environment={}, folder=tmp_path)
    assert from_file.run == {"samples": 500, "workers": 2}
    from_both = resolve([Robustness], given={}, given_analyzers={}, environment=dict(assignments), folder=tmp_path)
    assert from_both.analyzers == (Robustness(sigma=(0.1, 0.2)),)
    assert {o.origin for o in from_both.origins if o.name in ("samples", "robustness.sigma")} == {
        f"environment {name}" for name, _ in assignments
    }


def test_exit_codes_are_those_of_the_errors(readme: str) -> None:
    said = readme.partition("Exit codes: ")[2].partition(". No telemetry")[0].replace("\n", " ")
    assert f"{errors.UsageError.exit_code} usage" in said
    assert f"{errors.CheckpointError.exit_code} a checkpoint or data could not be loaded" in said
    assert f"{errors.AnalyzerError.exit_code} an analyzer failed" in said


def test_licence_is_the_whole_of_apache_2(repository: Path) -> None:
    text = (repository / "LICENSE").read_text(encoding="utf-8")
    assert text.lstrip().startswith("Apache License\n                           Version 2.0, January 2004")
    assert "END OF TERMS AND CONDITIONS" in text
    assert [f"   {k}. " in text for k in range(1, 10)] == [True] * 9


def test_the_model_of_ones_own_is_analysed(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module_from(marked(readme, "file")["docs/examples/own_model.py"], "own_model", tmp_path, monkeypatch)
    assert "name='latent_nmse'" in capsys.readouterr().out
