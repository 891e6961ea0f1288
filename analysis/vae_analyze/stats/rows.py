"""Values per sample, kept in chunks that may lie on disk."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vae_analyze.findings import Param


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumn:
    """One value per sample: its name, what distinguishes it from its siblings, and its unit."""

    name: str
    params: Mapping[str, Param] = field(default_factory=dict)
    unit: str = ""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some rows: sample indices ``(n,)`` and values ``(n, columns)``."""

    index: NDArray[np.int64]
    values: NDArray[np.float64]

    def load(self) -> Chunk:
        """The chunk itself; it is in memory already."""
        return self


@final
@dataclass(frozen=True, slots=True)
class StoredChunk:
    """Rows in a file of arrays, read when they are needed and not kept."""

    path: Path
    index_key: str
    values_key: str

    def load(self) -> Chunk:
        """Read the rows."""
        with np.load(self.path, allow_pickle=False) as arrays:
            return Chunk(arrays[self.index_key], arrays[self.values_key])


@final
@dataclass(slots=True)
class Rows:
    """A table with one row per sample, in chunks.

    Within a shard the chunks are in memory; the engine writes them with the shard and hands back references to the
    file, so that what is kept in memory does not grow with the data.

    Args:
        columns: What the values are.
        chunks: The rows so far, in the order of their addition.
    """

    columns: tuple[RowColumn, ...]
    chunks: list[Chunk | StoredChunk] = field(default_factory=list)

    def append(self, index: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """Add rows: sample indices ``(n,)``, values ``(n, columns)``.

        Raises:
            ValueError: The shape does not fit.
        """
        expected = (len(index), len(self.columns))
        if values.shape != expected:
            raise ValueError(f"expected values of shape {expected}, got {values.shape}")
        self.chunks.append(Chunk(index.astype(np.int64), values.astype(np.float64)))

    def merge(self, other: Rows) -> None:
        """Add the rows of ``other``.

        Raises:
            ValueError: The columns differ.
        """
        if other.columns != self.columns:
            raise ValueError("expected rows with the same columns")
        self.chunks.extend(other.chunks)

    def __iter__(self) -> Iterator[Chunk]:
        """The chunks, one in memory at a time."""
        for chunk in self.chunks:
            yield chunk.load()

    def gather(self) -> Chunk:
        """All rows in one chunk, in memory; for what belongs to one shard."""
        chunks = list(self)
        if not chunks:
            return Chunk(np.zeros(0, np.int64), np.zeros((0, len(self.columns))))
        return Chunk(np.concatenate([c.index for c in chunks]), np.concatenate([c.values for c in chunks]))

    def position(self, name: str, **params: Param) -> int:
        """Number of the column with this name and exactly these parameters.

        Raises:
            KeyError: There is none.
        """
        for at, column in enumerate(self.columns):
            if column.name == name and dict(column.params) == params:
                return at
        raise KeyError(f"no column {name!r} with {params}")
