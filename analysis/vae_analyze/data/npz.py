"""NumPy files: ``.npy`` with samples alone, ``.npz`` with what is known about them."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["open_npy", "open_npz"]

_SAMPLES = ("images", "x")
_KNOWN = (*_SAMPLES, "labels", "label_names", "factors", "factor_names", "factor_kinds")
# What NumPy and zipfile raise for files that are damaged, of another kind, or that hold pickled objects.
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)


def open_npy(path: Path, *, name: str) -> ArrayDataset:
    """Samples in a ``.npy`` file, left on disk and mapped: only what is read is loaded.

    Raises:
        DataError: Not such a file, or not an array of samples.
    """
    try:
        x = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        raise _unreadable(path, "a .npy array", error) from error
    if not isinstance(x, np.ndarray):
        raise DataError(f"expected a .npy array in {path}, found an archive", hint="give the file the suffix .npz")
    return ArrayDataset(x, name=name, description=f"{_count(x)} of {path.name}, no labels")


def open_npz(path: Path, *, name: str) -> ArrayDataset:
    """Samples in a ``.npz`` archive: ``images`` or ``x``, and what there is of the rest.

    ``labels`` (one class per sample), ``label_names``, ``factors`` (numbers, one row per sample), ``factor_names``
    and ``factor_kinds`` (categorical, ordinal, continuous or periodic) are optional.

    Raises:
        DataError: Not such a file, no samples in it, or arrays that do not fit each other.
    """
    try:
        # NumPy leaves a file that it opened itself, and could not read, to the garbage collector.
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it holds one bare array; give it the suffix .npy")
            with archive:
                names = tuple(archive.files)
                found: dict[str, NDArray[Any]] = {key: archive[key] for key in _KNOWN if key in names}
    except _UNREADABLE as error:
        raise _unreadable(path, "a .npz archive", error) from error
    key = next((key for key in _SAMPLES if key in found), None)
    if key is None:
        raise DataError(
            f"expected an array called images or x in {path}, found {', '.join(names) or 'an empty archive'}",
            hint="save it with np.savez(path, images=..., labels=...)",
        )
    rest = ", ".join(other for other in ("labels", "factors") if other in found) or "no labels"
    return ArrayDataset(
        found[key],
        name=name,
        description=f"{_count(found[key])} of {path.name}, {rest}",
        labels=found.get("labels"),
        label_names=_texts(found, "label_names"),
        factors=found.get("factors"),
        factor_names=_texts(found, "factor_names"),
        factor_kinds=_texts(found, "factor_kinds"),
    )


def _texts(found: dict[str, NDArray[Any]], key: str) -> list[str] | None:
    return [str(text) for text in found[key].ravel().tolist()] if key in found else None


def _count(x: NDArray[Any]) -> str:
    return f"{len(x) if x.ndim else 0:,} samples"


def _unreadable(path: Path, kind: str, error: Exception) -> DataError:
    return DataError(
        f"expected {kind} in {path}, could not read it: {error}",
        hint="save plain arrays (no Python objects) with np.save or np.savez",
    )
