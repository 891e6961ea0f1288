from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from runs.example import rows
from vae_analyze.runs.samples import INDEX, VALUES, write_rows
from vae_analyze.stats.rows import RowColumn, Rows, StoredChunk


def test_chunks_become_one_table(tmp_path: Path) -> None:
    assert write_rows(rows(), tmp_path / "a.npz") == 3
    with np.load(tmp_path / "a.npz") as found:
        np.testing.assert_array_equal(found[INDEX], rows().gather().index)
        np.testing.assert_array_equal(found[VALUES], rows().gather().values)
        assert found[INDEX].dtype == np.int64


def test_no_rows_become_an_empty_table(tmp_path: Path) -> None:
    assert write_rows(Rows((RowColumn(name="a"), RowColumn(name="b"))), tmp_path / "a.npz") == 0
    with np.load(tmp_path / "a.npz") as found:
        assert found[INDEX].shape == (0,)
        assert found[VALUES].shape == (0, 2)


def test_equal_rows_give_equal_bytes_however_they_are_cut(tmp_path: Path) -> None:
    whole = Rows(rows().columns, [rows().gather()])
    write_rows(rows(), tmp_path / "a.npz")
    write_rows(whole, tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_rows_in_files_are_copied_one_chunk_at_a_time(tmp_path: Path) -> None:
    n, columns = 20_000, 10
    stored = []
    for part in range(10):
        path = tmp_path / f"{part}.npz"
        np.savez(path, i=np.arange(n) + part * n, v=np.full((n, columns), float(part)))
        stored.append(StoredChunk(path, "i", "v"))
    table = Rows(tuple(RowColumn(name=f"c{k}") for k in range(columns)), list(stored))
    chunk_size = n * (columns + 1) * 8
    tracemalloc.start()
    write_rows(table, tmp_path / "all.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * chunk_size  # of 10 chunks
    with np.load(tmp_path / "all.npz") as found:
        np.testing.assert_array_equal(found[INDEX], np.arange(10 * n))
        np.testing.assert_array_equal(found[VALUES][::n, 0], np.arange(10.0))


def test_each_pass_over_rows_reads_them_anew() -> None:
    table = rows()
    first: Iterator[object] = iter(table)
    assert len(list(first)) == len(list(table)) == 3
