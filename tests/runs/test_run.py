from __future__ import annotations

import math
from dataclasses import replace

import pytest

from runs.example import HOSTILE, example


def test_findings_are_found_by_analyzer() -> None:
    assert example()["robustness"].scalar("mse", sigma=0.1, clipped=True, k=3).value == 0.25


def test_an_analyzer_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="no analyzer 'latent' in this run; it has robustness, broken, labels"):
        example()["latent"]


def test_failures_are_those_that_failed() -> None:
    assert [result.analyzer for result in example().failed] == ["broken"]


def test_scalar_rows_hold_everything_that_is_printed_as_json() -> None:
    first, second = example().scalar_rows()
    promised = {"analyzer", "name", "params", "value", "unit", "direction", "n", "low", "high", "status", "reason"}
    assert promised <= set(first)
    assert [first[name] for name in ("analyzer", "name", "value")] == ["robustness", "mse", 0.25]
    assert first["params"] == {"sigma": 0.1, "clipped": True, "k": 3}
    assert math.isnan(second["value"])


def test_a_run_becomes_a_tidy_frame() -> None:
    frame = example().to_frame()
    assert frame["analyzer"].tolist() == ["robustness", "robustness"]
    assert frame["value"].tolist()[0] == 0.25


def test_the_summary_has_the_headlines_only() -> None:
    assert example().summary().column("name") == ["mse"]


def test_a_run_is_shown_escaped_with_every_status() -> None:
    shown = example()._repr_html_()
    assert HOSTILE not in shown
    assert "&lt;img src=x" in shown
    for text in ("robustness: ok", "broken: failed", "boom", "labels: not applicable", "no labels", "It is stable."):
        assert text in shown


def test_a_run_without_results_is_shown_too() -> None:
    assert "run" in replace(example(), results=())._repr_html_()
