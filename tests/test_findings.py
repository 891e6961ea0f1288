from __future__ import annotations

import math
from html.parser import HTMLParser

import numpy as np
import pytest

from vae_analyze.findings import Column, Findings, Pictures, Scalar, Table, params_text, scalars_table

HOSTILE = "<img src=x onerror=alert(1)>"


def scalar(value: float = 1.0, *, name: str = "mse", **extra: object) -> Scalar:
    return Scalar(name=name, value=value, unit="1", direction="lower", n=10, **extra)  # type: ignore[arg-type]  # any field


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def tags(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_value_needs_a_reason(value: float) -> None:
    with pytest.raises(ValueError, match=f"mse: a value of {value} needs a reason"):
        scalar(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_undefined_value_becomes_nan_with_its_reason(value: float) -> None:
    found = scalar(value, reason="no samples", status="warning")
    assert math.isnan(found.value)
    assert (found.status, found.reason) == ("undefined", "no samples")


def test_a_defined_value_keeps_its_status() -> None:
    assert scalar(0.0).status == "ok"
    found = scalar(2.0, status="warning", reason="few samples")
    assert (found.value, found.status, found.reason) == (2, "warning", "few samples")


def test_a_scalar_has_no_interval_unless_it_is_given() -> None:
    assert all(math.isnan(x) for x in (scalar().low, scalar().high, scalar().se))


TABLE = Table(
    name="t",
    title="T",
    columns=(Column(name="sigma", unit="1"), Column(name="mse")),
    rows=((0.1, 1.0), (0.2, None)),
)


def test_a_column_is_found_by_name() -> None:
    assert TABLE.column("mse") == [1.0, None]


def test_a_column_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(KeyError, match="t has no column 'mae'; it has sigma, mse"):
        TABLE.column("mae")


@pytest.mark.parametrize("row", [(), (1.0,), (1.0, 2.0, 3.0)])
def test_a_row_has_a_cell_per_column(row: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=f"t: expected 2 cells in a row, got {len(row)}"):
        Table(name="t", title="T", columns=TABLE.columns, rows=((0.1, 1.0), row))


def test_a_table_becomes_a_frame() -> None:
    frame = TABLE.to_frame()
    assert list(frame.columns) == ["sigma", "mse"]
    assert frame["sigma"].tolist() == [0.1, 0.2]
    assert frame["mse"].isna().tolist() == [False, True]


def test_a_table_without_rows_becomes_a_frame_with_its_columns() -> None:
    empty = Table(name="t", title="T", columns=TABLE.columns, rows=())
    assert list(empty.to_frame().columns) == ["sigma", "mse"]
    assert len(empty.to_frame()) == 0


def test_a_table_is_shown_escaped() -> None:
    hostile = Table(name="t", title="T", columns=(Column(name=HOSTILE),), rows=((HOSTILE,),))
    shown = tags(hostile._repr_html_())
    assert "img" not in shown.seen
    assert shown.text.count(HOSTILE) == 2


FINDINGS = Findings(
    scalars=(
        scalar(1.0, params={"sigma": 0.1}),
        scalar(2.0, params={"sigma": 0.1, "clipped": True}),
        scalar(3.0, name="auc"),
    ),
    readings=("First.", HOSTILE),
)


def test_a_scalar_is_found_by_name_and_exactly_its_parameters() -> None:
    assert FINDINGS.scalar("mse", sigma=0.1).value == 1
    assert FINDINGS.scalar("mse", sigma=0.1, clipped=True).value == 2
    assert FINDINGS.scalar("auc").value == 3


@pytest.mark.parametrize(("name", "params"), [("mse", {}), ("mse", {"sigma": 0.3}), ("kl", {})])
def test_a_scalar_that_is_not_there_is_refused_with_the_names(name: str, params: dict[str, float]) -> None:
    with pytest.raises(KeyError, match=f"no scalar '{name}'.*; (names: auc, mse|sigma=0.1; sigma=0.1, clipped=true)"):
        FINDINGS.scalar(name, **params)


def test_findings_become_a_frame_with_a_row_per_scalar() -> None:
    frame = FINDINGS.to_frame()
    assert frame["value"].tolist() == [1, 2, 3]
    assert frame["params"].tolist() == ["sigma=0.1", "sigma=0.1, clipped=true", ""]
    assert {"name", "unit", "direction", "n", "low", "high", "se", "status", "reason"} <= set(frame.columns)


def test_no_findings_become_an_empty_frame() -> None:
    assert len(Findings().to_frame()) == 0


def test_findings_are_shown_escaped() -> None:
    hostile = Findings(scalars=(scalar(name=HOSTILE),), readings=(HOSTILE,))
    shown = tags(hostile._repr_html_())
    assert "img" not in shown.seen
    assert shown.text.count(HOSTILE) == 2


def test_scalars_as_a_table_keep_every_number() -> None:
    table = scalars_table((scalar(1.5, low=1.0, high=2.0, se=0.2),))
    assert [table.column(name)[0] for name in ("value", "low", "high", "se", "n")] == [1.5, 1.0, 2.0, 0.2, 10]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({}, ""),
        ({"sigma": 0.1}, "sigma=0.1"),
        ({"k": 3, "clipped": False, "name": "a"}, "k=3, clipped=false, name=a"),
        ({"sigma": 1e-12}, "sigma=1e-12"),
    ],
)
def test_parameters_read_as_people_write_them(params: dict[str, float | int | bool | str], text: str) -> None:
    assert params_text(params) == text


def test_pictures_are_a_grid_with_labels() -> None:
    Pictures(pixels=np.zeros((2, 3, 4, 4, 1), np.uint8), row_labels=("a", "b"), column_labels=("x", "y", "z"))


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (2, 3, 4, 4, 2), (2, 3, 1, 4, 4)])
def test_pictures_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected pixels \(rows, columns, h, w, 1 or 3\), got"):
        Pictures(pixels=np.zeros(shape, np.uint8), row_labels=("a", "b"), column_labels=("x", "y", "z"))


def test_pictures_with_another_number_of_labels_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(2, 3\) labels, got \(1, 3\)"):
        Pictures(pixels=np.zeros((2, 3, 4, 4, 3), np.uint8), row_labels=("a",), column_labels=("x", "y", "z"))


def grid(value: int = 0, *, shape: tuple[int, ...] = (1, 1, 2, 2, 1), label: str = "a") -> Pictures:
    return Pictures(pixels=np.full(shape, value, np.uint8), row_labels=(label,), column_labels=("x",))


def test_pictures_compare_by_content() -> None:
    assert grid() == grid()
    for other in (grid(1), grid(label="b"), grid(shape=(1, 1, 2, 3, 1)), "pictures"):
        assert grid() != other


def test_pictures_have_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable type"):
        hash(grid())
