"""The script that makes the sample reports, and the reports it made."""

from __future__ import annotations

import importlib.util
import math
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from vae_analyze.findings import Findings, Scalar
from vae_analyze.runs.read import read_run
from vae_analyze.runs.run import Result, Run


@pytest.fixture(scope="module")
def script(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_examples", repository / "reports" / "build_examples.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run_with(**changes: Any) -> Run:
    scalar = replace(Scalar(name="mse", value=2.0, unit="1", direction="lower", n=10, low=1.5, high=2.5), **changes)
    result = Result(analyzer="robustness", version=1, question="?", findings=Findings(scalars=(scalar,)))
    return Run(name="run", created="", card={}, data={}, options=(), provenance={}, results=(result,))


@pytest.mark.parametrize(
    "changes",
    [{}, {"value": 2.0 * (1 + 9e-4)}, {"value": math.nan, "reason": "none"}, {"definition": "said in other words"}],
)
def test_rounding_and_words_are_no_difference(script: ModuleType, changes: dict[str, Any]) -> None:
    old = run_with(**changes) if "reason" in changes else run_with()
    assert script.differences(old, run_with(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": 2.0 * (1 + 2e-3)}, "robustness mse : value was 2.0, is 2.004"),
        ({"value": math.nan, "reason": "none"}, "value was 2.0, is nan"),
        ({"n": 11}, "n was 10, is 11"),
        ({"high": 2.6}, "high was 2.5, is 2.6"),
        ({"name": "other"}, "robustness mse : gone"),
        ({"params": {"sigma": 0.1}}, "robustness mse sigma=0.1: new"),
    ],
)
def test_every_other_change_is_said(script: ModuleType, changes: dict[str, Any], said: str) -> None:
    assert any(said in line for line in script.differences(run_with(), run_with(**changes)))


def test_an_example_that_changed_stays_until_it_is_accepted(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "EXAMPLES", tmp_path / "examples")
    monkeypatch.setitem(
        script.COMMANDS, "digits-vae", ("robustness", "checkpoints/digits-vae.pt", "--samples", "20", "--draws", "1")
    )

    def made(name: str, *, accept: bool = False) -> bool:
        folder = tmp_path / name
        folder.mkdir()
        done: bool = script.replace("digits-vae", folder, accept=accept)
        return done

    assert made("first")
    target = tmp_path / "examples" / "digits-vae"
    first = read_run(target)
    assert first.card["path"] == "checkpoints/digits-vae.pt"
    assert first.provenance["command"].startswith("vae-analyze robustness checkpoints/digits-vae.pt ")
    assert made("same")

    monkeypatch.setitem(
        script.COMMANDS, "digits-vae", ("robustness", "checkpoints/digits-vae.pt", "--samples", "30", "--draws", "1")
    )
    assert not made("changed")
    assert read_run(target).data["n"] == 20
    assert made("accepted", accept=True)
    assert read_run(target).data["n"] == 30


def test_every_example_is_committed_and_small(script: ModuleType, repository: Path) -> None:
    for name in script.COMMANDS:
        report = repository / "reports" / "examples" / name / "report.html"
        assert report.is_file(), f"{name} is missing: nox -s examples"
        assert report.stat().st_size <= 2 * 2**20
        assert not read_run(report.parent).failed


def test_the_page_lists_every_example_with_its_command(script: ModuleType, repository: Path) -> None:
    page = (repository / "reports" / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| \[([\w-]+)\]\(examples/[\w-]+\) .*`vae-analyze (.*)` \|$", page, flags=re.MULTILINE))
    assert rows == {name: " ".join(words) for name, words in script.COMMANDS.items()}
