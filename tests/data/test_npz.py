from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vae_analyze.data.open import open_data
from vae_analyze.errors import DataError

X = np.random.default_rng(0).integers(0, 256, (9, 5, 4, 3), dtype=np.uint8)


def test_npz_with_everything(tmp_path: Path) -> None:
    path = tmp_path / "all.npz"
    known: dict[str, Any] = {
        "images": X,
        "labels": np.arange(9) % 2,
        "label_names": np.array(["even", "odd"]),
        "factors": np.arange(18.0).reshape(9, 2) / 4,
        "factor_names": np.array(["a", "b"]),
        "factor_kinds": np.array(["periodic", "continuous"]),
        "unrelated": np.zeros(3),
    }
    np.savez(path, **known)
    data = open_data(str(path))
    assert (len(data), data.input_shape, data.label_names) == (9, (3, 5, 4), ("even", "odd"))
    assert data.factors is not None
    assert [(factor.name, factor.kind) for factor in data.factors] == [("a", "periodic"), ("b", "continuous")]
    found = data.read([8])
    assert (found.x[0] == X[8].transpose(2, 0, 1).astype(np.float32) / np.float32(255)).all()
    assert found.factors is not None
    assert found.factors.tolist() == [[4.0, 4.25]]
    assert data.description == "9 samples of all.npz, labels, factors"


def test_npz_with_vectors_called_x(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.full((3, 6), 2.5))
    data = open_data(str(path))
    assert data.input_shape == (6,)
    assert data.value_range is None
    assert data.label_names is None
    assert "no labels" in data.description


def test_npy_is_mapped_and_cannot_be_told_from_memory(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, X)
    np.savez(tmp_path / "x.npz", x=X)
    data = open_data(str(path))
    assert (data.read([3, 1]).x == open_data(str(tmp_path / "x.npz")).read([3, 1]).x).all()
    assert data.fingerprint == open_data(str(tmp_path / "x.npz")).fingerprint


def test_fortran_order_and_byte_order_do_not_matter(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((4, 6))
    for name, version in (("a", x), ("b", np.asfortranarray(x)), ("c", x.astype(">f8"))):
        np.save(tmp_path / name, version)
    opened = [open_data(str(tmp_path / f"{name}.npy")) for name in "abc"]
    assert len({data.fingerprint for data in opened}) == 1
    assert all((data.read([2]).x == x[2].astype(np.float32)).all() for data in opened)


def test_one_byte_changes_the_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, X)
    before = open_data(str(path)).fingerprint
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert open_data(str(path)).fingerprint != before


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    x = np.array([{"a": 1}], dtype=object)
    np.save(tmp_path / "x.npy", x, allow_pickle=True)
    np.savez(tmp_path / "x.npz", x=x)
    for name in ("x.npy", "x.npz"):
        with pytest.raises(DataError, match="could not read it"):
            open_data(str(tmp_path / name))


def test_wrong_contents_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "named.npz", pictures=X)
    with pytest.raises(DataError, match=r"images or x .* found pictures"):
        open_data(str(tmp_path / "named.npz"))
    np.savez(tmp_path / "empty.npz")
    with pytest.raises(DataError, match="an empty archive"):
        open_data(str(tmp_path / "empty.npz"))
    np.save(tmp_path / "a.npy", X)
    (tmp_path / "a.npy").rename(tmp_path / "bare.npz")
    with pytest.raises(DataError, match=r"give it the suffix .npy"):
        open_data(str(tmp_path / "bare.npz"))
    (tmp_path / "named.npz").rename(tmp_path / "archive.npy")
    with pytest.raises(DataError, match=r"give the file the suffix .npz"):
        open_data(str(tmp_path / "archive.npy"))
    np.save(tmp_path / "number.npy", np.float64(1.0))
    with pytest.raises(DataError, match="found shape"):
        open_data(str(tmp_path / "number.npy"))


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_damaged_files_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"not this")
    with pytest.raises(DataError, match="could not read it"):
        open_data(str(path))
    np.savez(path.with_suffix(".npz"), x=X) if name == "x.npz" else np.save(path, X)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="could not read it"):
        open_data(str(path))
    path.write_bytes(b"")
    with pytest.raises(DataError, match="an empty file"):
        open_data(str(path))
