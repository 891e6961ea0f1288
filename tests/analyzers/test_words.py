"""Numbers and lists in words, and the tables behind figures."""

from __future__ import annotations

import pytest

from vae_analyze.analyzers.sheet import sheet
from vae_analyze.analyzers.words import listed, percent


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefg"), "a, b, c, d, e, f and 1 more"),
    ],
)
def test_lists_are_read_aloud(words: list[str], said: str) -> None:
    assert listed(words) == said


def test_shares_are_percent() -> None:
    assert percent(0.125) == "12 %"
    assert percent(0.125, 1) == "12.5 %"


def test_a_sheet_has_its_units() -> None:
    made = sheet("s", "S", ("k", ""), ("mse", "data unit²"), rows=[(1, 0.5)])
    assert [column.unit for column in made.columns] == ["", "data unit²"]
    assert made.column("mse") == [0.5]
