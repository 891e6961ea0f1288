from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vae_analyze.engine.units import UnitStore
from vae_analyze.errors import StoreError

KEY = "ab" + "0" * 62
ARRAYS = {"x": np.arange(12, dtype=np.float32)}


def test_a_unit_comes_back_as_it_was_written(tmp_path: Path) -> None:
    store = UnitStore(tmp_path)
    store.write(KEY, {"n": 3}, ARRAYS)
    found = store.read(KEY)
    assert found is not None
    plain, arrays = found
    assert plain == {"n": 3}
    assert np.array_equal(arrays["x"], ARRAYS["x"])
    assert store.usage() == (1, store.path(KEY).stat().st_size)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError, MemoryError])
def test_whatever_stops_a_write_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def stopped(_: int) -> None:
        raise stop

    monkeypatch.setattr("vae_analyze.engine.units.os.fsync", stopped)
    with pytest.raises(StoreError if stop is OSError else stop):
        UnitStore(tmp_path).write(KEY, {}, ARRAYS)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("at", [0, 40, 200, -30])
def test_a_changed_byte_is_no_unit(tmp_path: Path, at: int) -> None:
    store = UnitStore(tmp_path)
    store.write(KEY, {}, ARRAYS)
    content = bytearray(store.path(KEY).read_bytes())
    content[at] ^= 0xFF
    store.path(KEY).write_bytes(bytes(content))
    assert not store.has(KEY)


def test_clearing_removes_units_and_what_a_killed_writer_left(tmp_path: Path) -> None:
    store = UnitStore(tmp_path)
    store.write(KEY, {}, ARRAYS)
    left = store.path(KEY).with_name(".ab.1.tmp")
    left.touch()
    other = tmp_path / "notes.txt"
    other.touch()
    assert store.clear() == 1
    assert not left.exists()
    assert other.exists()
