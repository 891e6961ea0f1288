"""The records of a zip archive, read within the bounds of what the archive really holds."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.pickled import ARCHIVE_ERRORS
from vae_analyze.loading.files.printable import printable

AGAIN = "the download or the saving was interrupted; get the file again"
DISTRUST = "the file is damaged or hostile; get it again from where you trust it"
_MOST_INFLATION = 20  # torch stores without compression; what unpacks to more than this is a bomb
_SMALL = 64 << 20
_MOST_RECORDS = 200_000
_CHUNK = 1 << 20


@final
class Archive:
    """An archive whose table of contents has been checked; use it in a ``with`` statement.

    Args:
        path: Where it lies.

    Raises:
        CheckpointError: Damaged, or made to do harm: records that overlap, repeat, lead out of the archive or
            unpack beyond measure.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except ARCHIVE_ERRORS as error:
            raise CheckpointError(
                f"{printable(path)} begins like a zip archive but is cut off or damaged ({printable(error)})",
                hint=AGAIN,
            ) from error
        self._records = {entry.filename: entry for entry in self._zip.infolist()}
        try:
            self._check(self._zip.infolist())
        except CheckpointError:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Of all records, in the order of the archive."""
        return tuple(self._records)

    def size(self, name: str) -> int:
        """Bytes of a record when unpacked; -1 where there is none of this name."""
        entry = self._records.get(name)
        return -1 if entry is None else entry.file_size

    def bytes(self, name: str) -> Tensor:
        """The bytes of a record, uint8, in memory aligned as torch has it.

        Raises:
            CheckpointError: The record is damaged.
        """
        content = torch.empty(max(self.size(name), 0), dtype=torch.uint8)
        view, at = content.numpy(), 0
        entry = self._records[name]
        if entry.CRC == 0:  # torch can be told to compute none
            entry.CRC = None  # type: ignore[assignment]  # the zip module's own word for it
        try:
            with self._zip.open(entry) as file:
                while piece := file.read(_CHUNK):
                    view[at : at + len(piece)] = np.frombuffer(piece, dtype=np.uint8)
                    at += len(piece)
        except ARCHIVE_ERRORS as error:
            raise CheckpointError(
                f"{printable(self._path)} is damaged in its record {printable(name)} ({printable(error)})", hint=AGAIN
            ) from error
        if at != len(content):
            raise CheckpointError(f"{printable(self._path)} is cut off in its record {printable(name)}", hint=AGAIN)
        return content

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        size = self._path.stat().st_size
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > _SMALL and unpacked > _MOST_INFLATION * size:
            raise CheckpointError(
                f"{printable(self._path)} claims to unpack from {size:,} to {unpacked:,} bytes; no checkpoint does",
                hint="do not trust this file",
            )
        problem = ""
        if len(entries) > _MOST_RECORDS:
            problem = f"holds {len(entries):,} records; no checkpoint does"
        elif len(self._records) < len(entries):
            problem = "holds two records of the same name"
        elif sum(entry.compress_size for entry in entries) > size:
            problem = "holds records that overlap, or that claim more bytes than the file has"
        elif strays := [entry.filename for entry in entries if _strays(entry.filename)]:
            problem = f"holds a record that leads out of the archive, {printable(strays[0])}"
        if problem:
            raise CheckpointError(f"{printable(self._path)} {problem}", hint=DISTRUST)


def _strays(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]
