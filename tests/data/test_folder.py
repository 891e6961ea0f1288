from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vae_analyze.data.folder import FolderDataset
from vae_analyze.data.open import open_data
from vae_analyze.errors import DataError

RNG = np.random.default_rng(0)


def picture(*shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, pixels: np.ndarray[Any, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_grey_images_in_order_of_name(tmp_path: Path) -> None:
    a, b = picture(6, 5), picture(6, 5)
    save(tmp_path / "b.png", b)
    save(tmp_path / "a.PNG", a)
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / ".hidden.png").write_bytes(b"")
    data = open_data(str(tmp_path))
    assert (len(data), data.input_shape, data.value_range) == (2, (1, 6, 5), (0.0, 1.0))
    assert (data.label_names, data.factors, data.name) == (None, None, str(tmp_path))
    found = data.read([1, 0])
    assert found.labels is None
    assert (found.x[:, 0] == np.stack([b, a]).astype(np.float32) / np.float32(255)).all()
    assert data.read([]).x.shape == (0, 1, 6, 5)


def test_one_colour_image_makes_all_colour(tmp_path: Path) -> None:
    grey, colour = picture(6, 5), picture(6, 5, 3)
    save(tmp_path / "a.png", grey)
    save(tmp_path / "b.bmp", colour)
    data = open_data(str(tmp_path))
    assert data.input_shape == (3, 6, 5)
    assert "2 colour images" in data.description
    x = data.read([0, 1]).x
    assert (x[0] == grey.astype(np.float32)[None] / np.float32(255)).all()
    assert (x[1] == colour.transpose(2, 0, 1).astype(np.float32) / np.float32(255)).all()


def test_transparency_is_dropped(tmp_path: Path) -> None:
    pixels = picture(4, 4, 4)
    save(tmp_path / "a.png", pixels)
    x = open_data(str(tmp_path)).read([0]).x
    assert (x[0] == pixels[..., :3].transpose(2, 0, 1).astype(np.float32) / np.float32(255)).all()


def test_sixteen_bits_keep_their_scale(tmp_path: Path) -> None:
    save(tmp_path / "a.png", np.array([[0, 65535], [32768, 1]], dtype=np.uint16))
    x = open_data(str(tmp_path)).read([0]).x
    np.testing.assert_allclose(x.ravel(), [0.0, 1.0, 32768 / 65535, 1 / 65535], rtol=1e-6)


def test_subfolders_are_classes(tmp_path: Path) -> None:
    for name, count in (("cat", 2), ("dog", 1)):
        for i in range(count):
            save(tmp_path / name / f"{i}.png", picture(4, 4))
    (tmp_path / "empty").mkdir()
    data = open_data(str(tmp_path))
    assert data.label_names == ("cat", "dog")
    found = data.read([2, 0])
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]
    assert "2 classes" in data.description


def test_fingerprint_follows_bytes_and_names(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.png", picture(4, 4))
    save(tmp_path / "b" / "2.png", picture(4, 4))
    first = FolderDataset(tmp_path, name="d").fingerprint
    assert FolderDataset(tmp_path, name="other").fingerprint == first
    (tmp_path / "a" / "1.png").rename(tmp_path / "b" / "1.png")
    assert FolderDataset(tmp_path, name="d").fingerprint != first
    (tmp_path / "b" / "1.png").rename(tmp_path / "a" / "1.png")
    save(tmp_path / "a" / "1.png", picture(4, 4))
    assert FolderDataset(tmp_path, name="d").fingerprint != first


def test_ragged_sizes_name_both_files(tmp_path: Path) -> None:
    save(tmp_path / "a.png", picture(4, 4))
    save(tmp_path / "b.png", picture(5, 4))
    with pytest.raises(DataError, match=r"4x4 \(a.png\) and 4x5 \(b.png\)"):
        open_data(str(tmp_path))


def test_empty_and_mixed_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found none"):
        open_data(str(tmp_path))
    save(tmp_path / "a.png", picture(4, 4))
    save(tmp_path / "sub" / "b.png", picture(4, 4))
    with pytest.raises(DataError, match="found 1 in it and some in sub"):
        open_data(str(tmp_path))


def test_files_that_are_no_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing of the kind")
    with pytest.raises(DataError, match="could not decode it"):
        open_data(str(tmp_path))


def test_cut_files_are_refused_when_read(tmp_path: Path) -> None:
    save(tmp_path / "a.png", picture(64, 64))
    path = tmp_path / "a.png"
    path.write_bytes(path.read_bytes()[:2000])
    data = open_data(str(tmp_path))
    with pytest.raises(DataError, match="could not decode it"):
        data.read([0])


def test_values_beyond_sixteen_bits_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.tif", np.array([[0, 70_000]], dtype=np.int32))
    with pytest.raises(DataError, match="from 0 to 70000"):
        open_data(str(tmp_path)).read([0])


def test_floating_point_images_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.tif", np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(DataError, match="found floating point"):
        open_data(str(tmp_path))


def test_a_file_exchanged_meanwhile_is_noticed(tmp_path: Path) -> None:
    save(tmp_path / "a.png", picture(4, 4))
    data = open_data(str(tmp_path))
    save(tmp_path / "a.png", picture(5, 4))
    with pytest.raises(DataError, match="4x4 pixels"):
        data.read([0])
