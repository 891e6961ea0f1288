"""What a path holds, read once and shared by the formats that are asked whether it is theirs."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

_HEAD_BYTES = 4096


@final
@dataclass(frozen=True)
class Source:
    """A file or a folder that exists and is not empty.

    Args:
        path: As given.
        folder: Whether it is one.
        head: The first bytes of a file; nothing for a folder.
        decoder: Of a model in two files (`vae_analyze.loading.halves`) the decoder's; `path` is then the encoder's.
    """

    path: Path
    folder: bool
    head: bytes
    decoder: Path | None = None

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Source:
        """Look at a path.

        Raises:
            CheckpointError: Nothing is there, it cannot be read, or it is an empty file.
        """
        where = Path(path)
        try:
            if where.is_dir():
                next(where.iterdir(), None)  # raises where the folder may not be listed
                return cls(where, folder=True, head=b"")
            if where.exists() and not where.is_file():
                raise CheckpointError(f"expected a file or a folder, found a device or pipe: {printable(path)}")
            with where.open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except FileNotFoundError as error:
            raise CheckpointError(f"no such file: {printable(path, limit=300)}", hint=_neighbours(where)) from error
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise CheckpointError(
                f"cannot read {printable(path, limit=300)}: {printable(reason)}",
                hint="check the path and its permissions",
            ) from error
        if not head:
            raise CheckpointError(
                f"expected a checkpoint, found an empty file: {printable(path, limit=300)}",
                hint="the download or the saving was interrupted; get the file again",
            )
        return cls(where, folder=False, head=head)

    @property
    def shown(self) -> str:
        """The path, fit for printing."""
        return printable(self.path, limit=300)

    @property
    def stem(self) -> str:
        """The name without folder and suffix, fit for printing."""
        name = self.path.resolve().name
        return printable(name if self.folder else Path(name).stem) or "checkpoint"

    @cached_property
    def content(self) -> Any:
        """The plain data and tensors in a file written by ``torch.save``, or in two; nothing in it is executed.

        Raises:
            CheckpointError: It is something else, damaged, or holds more than plain data and tensors.
        """
        from vae_analyze.loading.files.weights import read_weights

        if self.decoder is not None:
            from vae_analyze.loading.unwrapping.together import together

            return together(read_weights(self.path, self.head), Source.open(self.decoder).content)
        return read_weights(self.path, self.head)

    def beside(self, name: str) -> Path:
        """A file of this name in the folder, or beside the file."""
        return (self.path if self.folder else self.path.parent) / name


def sha256(path: Path) -> str:
    """SHA-256 (hex) of a file's content.

    Raises:
        CheckpointError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CheckpointError(f"cannot read {printable(path, limit=300)}: {printable(error.strerror)}") from error


def _neighbours(path: Path) -> str:
    import difflib

    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if not entry.name.startswith("."))
    except (OSError, ValueError):
        return "check the path; its folder does not exist either"
    close = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(printable(name) for name in close)}?" if close else "check the path"
