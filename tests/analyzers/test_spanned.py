"""The sentence of a table, made from its numbers."""

from __future__ import annotations

import math

import pytest

from vae_analyze.analyzers.sheet import sheet
from vae_analyze.analyzers.spanned import spanned
from vae_analyze.findings import Cell


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [("z0", True, 2.5), ("z1", False, 0.125), ("z2", True, math.nan)],
            "KL goes from 0.125 nat (z1, not clipped) to 2.5 nat (z0, clipped).",
        ),
        ([("z0", True, 2.5), ("z1", True, 2.5)], "KL is 2.5 nat in every row."),
        ([("z0", True, 2.5)], "KL is 2.5 nat in the one row."),
        ([("z0", True, math.nan)], "KL is defined for no row."),
        ([], "KL is defined for no row."),
    ],
)
def test_it_says_from_where_to_where(rows: list[tuple[Cell, ...]], said: str) -> None:
    table = sheet("t", "T", ("dimension", ""), ("clipped", ""), ("kl", "nat"), rows=rows)
    assert spanned(table, "kl", "KL", "dimension", "clipped").reading == said


def test_numbers_are_named_by_their_column_and_a_pure_ratio_has_no_unit() -> None:
    table = sheet("t", "T", ("sigma", ""), ("k", ""), ("share", "1"), rows=[(0.05, 1, 0.5), (0.1, 10, 0.25)])
    said = spanned(table, "share", "the share", "sigma", "k").reading
    assert said == "The share goes from 0.25 (sigma 0.1, k 10) to 0.5 (sigma 0.05, k 1)."


def test_a_table_without_the_column_says_nothing() -> None:
    table = sheet("t", "T", ("k", ""), rows=[(1,)])
    assert spanned(table, "share", "the share", "k") == table
