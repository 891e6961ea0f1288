"""IDX files, the format of MNIST and its relatives (LeCun, Cortes and Burges 1998), gzipped or not."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["idx_files", "is_idx", "open_idx", "read_idx"]

# The third byte of the file names the type of its values; all are big endian.
_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def is_idx(path: Path) -> bool:
    """Whether the name is that of an IDX file: ``...idx3-ubyte``, ``...idx``, either with ``.gz``."""
    name = path.name.lower().removesuffix(".gz")
    return name.endswith((".idx", "ubyte")) or "-idx" in name or ".idx" in name


def idx_files(folder: Path) -> list[Path]:
    """The IDX files of images in a folder: those whose name is not that of a labels file, in order of name."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and is_idx(path))
    return [path for path in files if "label" not in path.name.lower()]


def read_idx(path: Path) -> NDArray[Any]:
    """The array in an IDX file, in native byte order.

    Raises:
        DataError: Not an IDX file, or shorter or longer than its header says.
    """
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            f"expected an IDX file in {path}, could not read it: {error}", hint="fetch or copy the file again"
        ) from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES or not data[3]:
        raise DataError(
            f"expected an IDX file in {path} (two zero bytes, type, number of axes), "
            f"found {data[:4].hex(' ') or 'nothing'}",
            hint="use the file as published, for example t10k-images-idx3-ubyte.gz",
        )
    start = 4 + 4 * data[3]
    shape = tuple(np.frombuffer(data[4:start], dtype=">u4", count=min(data[3], (len(data) - 4) // 4)).tolist())
    dtype = np.dtype(_TYPES[data[2]])
    expected = start + dtype.itemsize * int(np.prod(shape, dtype=object))
    if len(shape) != data[3] or len(data) != expected:
        raise DataError(
            f"expected {expected:,} bytes in {path} for an array of shape {shape}, found {len(data):,}",
            hint="the file is cut short or damaged: fetch or copy it again",
        )
    values = np.frombuffer(data, dtype=dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def open_idx(path: Path, *, name: str) -> ArrayDataset:
    """Images (or vectors) in an IDX file, with the labels beside it when there are any.

    Labels are the file of the same name with ``images`` and ``idx3`` exchanged for ``labels`` and ``idx1``.

    Raises:
        DataError: A file cannot be read, or the labels do not fit.
    """
    x = read_idx(path)
    if x.ndim < 2:
        raise DataError(
            f"expected images in {path}, found a flat array of {len(x):,} values",
            hint="name the file of images; labels beside it are found by themselves",
        )
    beside = _labels_beside(path)
    labels = None if beside is None else read_idx(beside)
    said = "no labels" if beside is None else f"labels from {beside.name}"
    return ArrayDataset(x, name=name, description=f"{len(x):,} samples of {path.name}, {said}", labels=labels)


def _labels_beside(path: Path) -> Path | None:
    if "images" not in path.name:
        return None
    stem = path.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for name in (stem, f"{stem}.gz"):
        candidate = path.with_name(name)
        if candidate.is_file():
            return candidate
    return None
