import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_analyze.data.idx import idx_files, is_idx, open_idx, read_idx
from vae_analyze.data.open import open_data
from vae_analyze.errors import DataError

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(x: np.ndarray[Any, Any]) -> bytes:
    head = bytes([0, 0, CODES[x.dtype.str[1:]], x.ndim]) + b"".join(size.to_bytes(4, "big") for size in x.shape)
    return head + x.astype(x.dtype.newbyteorder(">")).tobytes()


IMAGES = np.random.default_rng(0).integers(0, 256, (7, 4, 3), dtype=np.uint8)
LABELS = np.array([3, 1, 4, 1, 5, 9, 2], dtype=np.uint8)


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_type_round_trips(tmp_path: Path, code: str) -> None:
    x = np.arange(24).reshape(2, 3, 4).astype(code)
    path = tmp_path / "x.idx"
    path.write_bytes(idx_bytes(x))
    found = read_idx(path)
    assert found.dtype == np.dtype(code)
    assert (found == x).all()


@pytest.mark.parametrize("gz", [False, True])
def test_labels_are_found_beside(tmp_path: Path, gz: bool) -> None:
    suffix = ".gz" if gz else ""
    for name, x in (("t10k-images-idx3-ubyte", IMAGES), ("t10k-labels-idx1-ubyte", LABELS)):
        data = idx_bytes(x)
        (tmp_path / f"{name}{suffix}").write_bytes(gzip.compress(data) if gz else data)
    for spec in (tmp_path, tmp_path / f"t10k-images-idx3-ubyte{suffix}"):
        found = open_data(str(spec))
        assert found.input_shape == (1, 4, 3)
        samples = found.read([5, 0])
        assert samples.labels is not None
        assert samples.labels.tolist() == [9, 3]
        assert (samples.x[1, 0] == IMAGES[0].astype(np.float32) / np.float32(255)).all()
        assert "labels from t10k-labels" in found.description


def test_no_labels_without_the_names(tmp_path: Path) -> None:
    for name in ("pictures.idx", "other-images-idx3-ubyte"):
        (tmp_path / name).write_bytes(idx_bytes(IMAGES))
        found = open_idx(tmp_path / name, name="d")
        assert found.label_names is None
        assert "no labels" in found.description


def test_names() -> None:
    assert is_idx(Path("train-images.idx3-ubyte"))
    assert is_idx(Path("a.idx.gz"))
    assert not is_idx(Path("a.png"))


def test_two_sets_in_a_folder_are_not_guessed(tmp_path: Path) -> None:
    for name in ("train-images-idx3-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).write_bytes(idx_bytes(IMAGES))
    assert [path.name for path in idx_files(tmp_path)] == ["t10k-images-idx3-ubyte", "train-images-idx3-ubyte"]
    with pytest.raises(DataError, match="one IDX file of images"):
        open_data(str(tmp_path))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x89PNG", "two zero bytes"),
        (b"\0", "found 00"),
        (b"\0\0\x08\0", "two zero bytes"),
        (b"\0\0\x07\x01\0\0\0\x01a", "two zero bytes"),
        (idx_bytes(IMAGES)[:-1], "expected 100 bytes"),
        (idx_bytes(IMAGES) + b"a", "found 101"),
        (idx_bytes(IMAGES)[:9], "found 9"),
        (gzip.compress(idx_bytes(IMAGES))[:-12], "could not read it"),
        (b"\x1f\x8bnonsense", "could not read it"),
        (idx_bytes(LABELS), "flat array of 7 values"),
        (idx_bytes(IMAGES[:0]), "at least one sample"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "x-images-idx3-ubyte"
    path.write_bytes(data)
    with pytest.raises(DataError, match=message):
        open_idx(path, name="d")


def test_labels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))
    (tmp_path / "x-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS[:6]))
    with pytest.raises(DataError, match="expected 7 labels"):
        open_data(str(tmp_path))


@pytest.mark.skipif(not (SHARED / "mnist").is_dir(), reason="the MNIST test images are not here")
def test_mnist() -> None:
    data = open_data(str(SHARED / "mnist"))
    assert (len(data), *data.input_shape) == (10_000, 1, 28, 28)
    first = data.read([0, 1, 2])
    assert first.labels is not None
    assert first.labels.tolist() == [7, 2, 1]
    assert data.label_names == tuple("0123456789")
    assert data.read(range(len(data))).x.mean() == pytest.approx(0.1325, abs=1e-4)
