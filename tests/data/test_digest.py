from pathlib import Path

import numpy as np
import pytest

from vae_analyze.data import digest
from vae_analyze.data.digest import digest_arrays, digest_files, digest_text


def test_text_boundaries_matter() -> None:
    assert digest_text("ab", "c") != digest_text("a", "bc")
    assert digest_text("ab") == digest_text("ab")
    assert len(digest_text()) == 64


def test_one_changed_byte_changes_it() -> None:
    a = np.arange(1000, dtype=np.uint8)
    b = a.copy()
    b[617] ^= 1
    assert digest_arrays([("x", a)]) == digest_arrays([("x", a.copy())])
    assert digest_arrays([("x", a)]) != digest_arrays([("x", b)])


def test_dtype_shape_absence_and_texts_matter() -> None:
    a = np.zeros((2, 6), dtype=np.float32)
    seen = {
        digest_arrays([("x", a)]),
        digest_arrays([("x", a.reshape(3, 4))]),
        digest_arrays([("x", a.astype(np.int32))]),
        digest_arrays([("x", a), ("labels", None)]),
        digest_arrays([("x", a), ("labels", a[:0])]),
        digest_arrays([("x", a)], "named"),
    }
    assert len(seen) == 6


def test_layout_byte_order_and_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    a = np.arange(600, dtype="<f4").reshape(20, 30)
    whole = digest_arrays([("x", a)])
    assert digest_arrays([("x", np.asfortranarray(a))]) == whole
    assert digest_arrays([("x", a.astype(">f4"))]) == whole
    monkeypatch.setattr(digest, "_CHUNK_BYTES", 130)
    assert digest_arrays([("x", a)]) == whole


def test_files_by_name_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = digest_files([("a", path)])
    assert digest_files([("b", path)]) != first
    path.write_bytes(b"onf")
    assert digest_files([("a", path)]) != first
