"""SHA-256 over content, streamed so that a memory-mapped array never has to fit in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["digest_arrays", "digest_files", "digest_text"]

_CHUNK_BYTES = 1 << 22


def digest_text(*parts: str) -> str:
    """SHA-256 (hex) of some texts; where one ends and the next begins matters."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode()
        state.update(f"{len(data)}:".encode())
        state.update(data)
    return state.hexdigest()


def digest_arrays(arrays: Iterable[tuple[str, NDArray[Any] | None]], *texts: str) -> str:
    """SHA-256 (hex) of named arrays (dtype, shape, bytes in C order, little endian) and of some texts.

    An absent array counts as absent, not as empty. Byte order and memory layout do not matter.
    """
    state = hashlib.sha256(digest_text(*texts).encode())
    for name, array in arrays:
        if array is None:
            state.update(f"{name}:none;".encode())
            continue
        dtype = array.dtype.newbyteorder("<")
        state.update(f"{name}:{dtype.str}:{array.shape};".encode())
        rows = max(1, _CHUNK_BYTES // max(1, array[:1].nbytes))
        for start in range(0, len(array), rows):
            chunk = np.ascontiguousarray(array[start : start + rows].astype(dtype, copy=False))
            state.update(chunk.tobytes())
    return state.hexdigest()


def digest_files(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 (hex) of the bytes of files and of the names they are known by, in the order given."""
    state = hashlib.sha256()
    for name, path in files:
        state.update(f"{len(name.encode())}:{name}:{path.stat().st_size};".encode())
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                state.update(chunk)
    return state.hexdigest()
