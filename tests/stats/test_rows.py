from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from vae_analyze.stats.rows import Chunk, RowColumn, Rows, StoredChunk

COLUMNS = (RowColumn(name="mse", params={"sigma": 0.1}, unit="1"), RowColumn(name="mse", params={"sigma": 0.2}))


def rows(index: list[int] | range) -> Rows:
    """The value of sample i in column c is 10 i + c."""
    made = Rows(COLUMNS)
    made.append(*table(index))
    return made


def table(index: list[int] | range) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    at = np.array(index, dtype=np.int64)
    return at, (10 * at[:, None] + np.arange(2)).astype(np.float64)


def assert_holds(found: Rows, index: list[int] | range) -> None:
    chunk = found.gather()
    at, values = table(index)
    np.testing.assert_array_equal(chunk.index, at)
    np.testing.assert_array_equal(chunk.values, values)


@given(st.lists(st.integers(0, 20), max_size=4).map(sorted))
def test_split_anywhere_is_the_whole(cuts: list[int]) -> None:
    total = Rows(COLUMNS)
    for part in np.split(np.arange(20), cuts):
        total.merge(rows(part.tolist()))
    assert_holds(total, range(20))


def test_merge_is_associative_and_keeps_the_order() -> None:
    left, right = rows([3, 1]), rows([4])
    left.merge(rows([4]))
    left.merge(rows([0]))
    right.merge(rows([0]))
    other = rows([3, 1])
    other.merge(right)
    assert_holds(left, [3, 1, 4, 0])
    assert_holds(other, [3, 1, 4, 0])


def test_an_empty_one_is_neutral_on_both_sides() -> None:
    left, right = Rows(COLUMNS), rows(range(3))
    left.merge(rows(range(3)))
    right.merge(Rows(COLUMNS))
    assert_holds(left, range(3))
    assert_holds(right, range(3))


def test_survives_pickling() -> None:
    assert_holds(pickle.loads(pickle.dumps(rows(range(5)))), range(5))


def test_gathers_nothing_as_nothing() -> None:
    chunk = Rows(COLUMNS).gather()
    assert chunk.index.shape == (0,)
    assert chunk.index.dtype == np.int64
    assert chunk.values.shape == (0, 2)


def test_keeps_a_copy_of_what_is_appended() -> None:
    index, values = table(range(2))
    made = Rows(COLUMNS)
    made.append(index, values)
    values[:] = -1
    index[:] = -1
    assert_holds(made, range(2))


def test_chunks_in_memory_load_as_themselves() -> None:
    chunk = Chunk(*table(range(2)))
    assert chunk.load() is chunk


def test_stored_chunks_are_read_when_needed(tmp_path: Path) -> None:
    first, second = table(range(3)), table(range(3, 5))
    np.savez(tmp_path / "a.npz", i=first[0], v=first[1], i2=second[0], v2=second[1])
    stored = Rows(COLUMNS, [StoredChunk(tmp_path / "a.npz", "i", "v"), StoredChunk(tmp_path / "a.npz", "i2", "v2")])
    stored.merge(rows([5]))
    assert [len(chunk.index) for chunk in stored] == [3, 2, 1]
    assert_holds(stored, range(6))
    assert_holds(pickle.loads(pickle.dumps(stored)), range(6))


def test_stored_chunks_hold_no_rows_in_memory(tmp_path: Path) -> None:
    index, values = table(range(100_000))
    np.savez(tmp_path / "a.npz", i=index, v=values)
    assert len(pickle.dumps(Rows(COLUMNS, [StoredChunk(tmp_path / "a.npz", "i", "v")]))) < 2000


def test_refuses_values_of_another_shape() -> None:
    made = Rows(COLUMNS)
    with pytest.raises(ValueError, match=r"expected values of shape \(3, 2\), got \(3, 1\)"):
        made.append(np.arange(3), np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"expected values of shape \(3, 2\), got \(2, 2\)"):
        made.append(np.arange(3), np.zeros((2, 2)))
    assert made.chunks == []


def test_refuses_other_columns() -> None:
    with pytest.raises(ValueError, match="expected rows with the same columns"):
        rows(range(2)).merge(Rows(COLUMNS[::-1]))


def test_finds_a_column_by_name_and_parameters() -> None:
    assert rows([]).position("mse", sigma=0.2) == 1


@pytest.mark.parametrize(("name", "params"), [("mse", {}), ("mse", {"sigma": 0.3}), ("skl", {"sigma": 0.1})])
def test_refuses_a_column_that_is_not_there(name: str, params: dict[str, float]) -> None:
    with pytest.raises(KeyError, match="no column"):
        rows([]).position(name, **params)
