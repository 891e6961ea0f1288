import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_analyze.data.dataset import Factor
from vae_analyze.data.factors import Lattice, factors_of
from vae_analyze.errors import DataError


def lattice(*sizes: int) -> Lattice:
    return Lattice(
        tuple(
            Factor(name=f"f{i}", kind="ordinal", levels=np.linspace(0.0, (m - 1) / 2, m)) for i, m in enumerate(sizes)
        )
    )


def test_last_factor_varies_fastest() -> None:
    grid = lattice(2, 3)
    assert grid.levels_of(np.arange(6)).tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]]
    assert grid.values_of(np.array([[1, 2]])).tolist() == [[0.5, 1.0]]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4))
def test_index_and_levels_are_inverse(sizes: list[int]) -> None:
    grid = lattice(*sizes)
    index = np.arange(len(grid))
    assert (grid.index_of(grid.levels_of(index)) == index).all()


def test_refuses_levels_that_are_not_there() -> None:
    with pytest.raises(IndexError, match=r"levels 0\.\.2 of factor 'f1', got 3"):
        lattice(2, 3).index_of(np.array([[0, 0], [1, 3]]))
    with pytest.raises(IndexError, match=r"level numbers \(n, 2\)"):
        lattice(2, 3).index_of(np.array([[0, 0, 0]]))


def test_factors_of_a_table() -> None:
    table = np.array([[2, 0.5], [0, 0.25], [2, 0.5]])
    a, b = factors_of(table, n=3, source="d")
    assert (a.name, a.kind, a.levels.tolist()) == ("factor0", "ordinal", [0.0, 2.0])
    assert (b.name, b.kind, b.levels.tolist()) == ("factor1", "continuous", [0.25, 0.5])


def test_names_and_kinds_given() -> None:
    (a,) = factors_of(np.zeros((2, 1)), n=2, source="d", names=["angle"], kinds=["periodic"])
    assert (a.name, a.kind) == ("angle", "periodic")


def test_refuses_tables_names_and_kinds_that_do_not_fit() -> None:
    table = np.zeros((2, 2))
    with pytest.raises(DataError, match=r"shape \(3, k\)"):
        factors_of(table, n=3, source="d")
    with pytest.raises(DataError, match="sample 1"):
        factors_of(np.array([[0.0], [np.nan]]), n=2, source="d")
    with pytest.raises(DataError, match="2 different factor names"):
        factors_of(table, n=2, source="d", names=["a", "a"])
    with pytest.raises(DataError, match="2 factor kinds"):
        factors_of(table, n=2, source="d", kinds=["ordinal"])
    with pytest.raises(DataError, match="found 'round'"):
        factors_of(table, n=2, source="d", kinds=["round", "ordinal"])
