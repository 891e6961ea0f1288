"""A run with everything that a run can hold."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from vae_analyze.findings import Axis, Cell, Column, Figure, Findings, Pictures, Scalar, Table
from vae_analyze.runs.run import OptionValue, Result, Run
from vae_analyze.stats.rows import RowColumn, Rows

HOSTILE = '<img src=x onerror="alert(1)">'
AWKWARD = (
    "plain",
    "a,b",
    "two\nlines",
    "carriage\rreturn",
    "both\r\n",
    'says "so"',
    "µ² → ∞ 漢",
    "",
    " space ",
    "NaN",
    "\\",
)


def table(name: str, **columns: list[Cell]) -> Table:
    return Table(
        name=name,
        title=f"Title of {name}",
        caption="On 10 samples, with commas.",
        reading="It goes from 1, with a comma, to 2.",
        columns=tuple(Column(name=c, unit="1", direction="lower", description=f"about {c}") for c in columns),
        rows=tuple(zip(*columns.values(), strict=True)),
    )


MIXED = table(
    "cells",
    number=[0.1, math.nan, None, math.inf, -0.0, 1e-300, 1 / 3, 2, 5e-324, 1.7976931348623157e308, 0.0],
    whole=[1, -5, None, 2**70, 0, 1, 2, 3, 4, 5, 6],
    flag=[True, False, None, True, True, True, True, True, True, True, True],
    text=list(AWKWARD),
    some_text=["", None, *AWKWARD[2:]],
    nothing=[None] * 11,
    anything=[1, "1", True, None, "", 1.5, "None", "true", math.nan, False, 0],
)


def rows() -> Rows:
    made = Rows((RowColumn(name="mse", params={"sigma": 0.1, "clipped": True}, unit="1"), RowColumn(name="kl")))
    made.append(np.array([4, 2]), np.array([[1.5, math.nan], [2.5, math.inf]]))
    made.append(np.array([7]), np.array([[-0.0, 1e-300]]))
    made.append(np.zeros(0, np.int64), np.zeros((0, 2)))
    return made


def figures() -> tuple[Figure, ...]:
    pixels = np.random.default_rng(0).integers(0, 256, size=(2, 3, 4, 5, 3), dtype=np.uint8)
    curves = Figure(
        name="curves",
        kind="curves",
        title="A curve",
        alt="It rises from 1 to 2.",
        table=table("drawn", x=[0.1, 0.2], y=[1.0, 2.0], lo=[0.5, 1.5], hi=[1.5, 2.5], s=["a", "b"]),
        x=Axis(column="x", label="noise", unit="1", scale="log"),
        y=Axis(column="y", label="error"),
        series="s",
        panel="s",
        low="lo",
        high="hi",
        caption="How to read it.",
    )
    pictures = Figure(
        name="grid",
        kind="pictures",
        title=HOSTILE,
        alt="Six pictures.",
        table=table("grid", row=[1, 2]),
        value=Axis(column="row", label="row"),
        pictures=Pictures(pixels=pixels, row_labels=("a", HOSTILE), column_labels=("x", "y", "z"), boxed=(0, 2)),
        group="views",
    )
    return curves, pictures


def scalars() -> tuple[Scalar, ...]:
    plain = Scalar(
        name="mse", value=0.25, unit="1", direction="lower", n=10, params={"sigma": 0.1, "clipped": True, "k": 3},
        low=0.2, high=0.3, level=0.9, se=0.02, status="warning", reason="few, samples", definition="Mean.",
    headline=True, )  # fmt: skip
    undefined = Scalar(name="kl", value=math.nan, unit="nat", direction="none", n=0, reason="no samples")
    return plain, undefined


def example() -> Run:
    ok = Result(
        analyzer="robustness",
        version=3,
        question="How far?",
        options={"sigma": [0.1, 0.2], "draws": 4, "name": "a", "on": True},
        references=("A 2020", "B 2021"),
        distribution="vae-analyze",
        seconds=1.25,
        findings=Findings(
            scalars=scalars(),
            tables=(MIXED, table("empty", a=[], b=[])),
            figures=figures(),
            readings=("It is stable.", HOSTILE),
            warnings=("Few samples.",),
            rows=rows(),
        ),
    )
    failed = Result(
        analyzer="broken", version=1, question="Why?", status="failed", reason="boom", traceback="Traceback:\n  boom"
    )
    refused = Result(analyzer="labels", version=1, question="Which?", status="not applicable", reason="no labels")
    return Run(
        name=f"run {HOSTILE}",
        created="2026-01-02T03:04:05+00:00",
        card={"name": HOSTILE, "input_shape": [1, 8, 8], "details": {"loss": 0.5, "note": "µ"}, "parameters": 10},
        data={"name": "digits:test", "n": 10, "value_range": [0.0, 1.0], "transforms": []},
        options=(
            OptionValue(name="samples", value=10, origin="command line"),
            OptionValue(name="robustness.sigma", value=[0.1, 0.2], origin="vae-analyze.toml"),
        ),
        provenance={"command": "vae-analyze robustness 'a b'", "seed": 0, "versions": {"torch": "2"}, "git": None},
        results=(ok, failed, refused),
    )


def differences(a: Any, b: Any, where: str = "") -> list[str]:
    """Where two values differ, type and all; NaN is NaN."""
    if isinstance(a, Rows):
        one, other = a.gather(), b.gather()
        same = np.array_equal(one.index, other.index) and np.array_equal(one.values, other.values, equal_nan=True)
        return ([] if same else [f"{where}: rows"]) + differences(a.columns, b.columns, f"{where}.columns")
    if isinstance(a, np.ndarray):
        return [] if a.dtype == b.dtype and np.array_equal(a, b) else [f"{where}: array"]
    if is_dataclass(a) and type(a) is type(b):
        return [d for f in fields(a) for d in differences(getattr(a, f.name), getattr(b, f.name), f"{where}.{f.name}")]
    if isinstance(a, (tuple, list)) and type(a) is type(b) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b, strict=True)) for d in differences(x, y, f"{where}[{i}]")]
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a) and math.isnan(b):
        return []
    # A column of floats may have been given whole numbers.
    same_type = type(a) is type(b) or {type(a), type(b)} == {int, float} or isinstance(a, dict)
    return [] if same_type and a == b else [f"{where}: {a!r} is not {b!r}"]


def without_path(run: Run) -> Run:
    return replace(run, path=None)
