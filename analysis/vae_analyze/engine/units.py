"""The store of finished units of work: one file each, complete or absent."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.errors import StoreError

_PLAIN = "plain.json"


@final
@dataclass(frozen=True, slots=True)
class UnitStore:
    """Units by key under one folder, shared by all processes.

    A unit is written to a temporary name, flushed to disk and renamed, so a reader never sees a part of one, however
    the writer ended.
    """

    root: Path

    def path(self, key: str) -> Path:
        """Where the unit of this key lies, whether or not it exists."""
        return self.root / key[:2] / f"{key}.npz"

    def has(self, key: str) -> bool:
        """Whether the unit is there and whole."""
        return self.read(key) is not None

    def read(self, key: str) -> tuple[Any, dict[str, NDArray[Any]]] | None:
        """The plain data and arrays of a unit; None if it is not there or damaged."""
        try:
            with np.load(self.path(key), allow_pickle=False) as arrays:
                stored = json.loads(bytes(arrays[_PLAIN]))
                found = {name: arrays[name] for name in arrays.files if name != _PLAIN}
                return (stored["plain"], found) if stored["digest"] == _digest(found) else None
        except (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error):
            # RuntimeError: a flipped bit can make a member "encrypted", or packed by an unknown method.
            return None

    def write(self, key: str, plain: Any, arrays: dict[str, NDArray[Any]]) -> None:
        """Store a unit.

        Raises:
            StoreError: The folder cannot be written.
        """
        path = self.path(key)
        temporary = path.with_name(f".{path.stem[:16]}.{os.getpid()}.tmp")
        whole = {"plain": plain, "digest": _digest(arrays)}
        text = np.frombuffer(json.dumps(whole, allow_nan=False).encode(), dtype=np.uint8)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **{_PLAIN: text}, **arrays)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise StoreError(
                f"cannot write finished work to {self.root}: {error.strerror or error}",
                hint="choose another folder with --cache DIR, or use --no-cache",
            ) from error
        finally:  # an interrupt too: once renamed there is nothing to remove
            with suppress(OSError):
                temporary.unlink()

    def usage(self) -> tuple[int, int]:
        """Number of units and their bytes."""
        sizes = [path.stat().st_size for path in self.root.glob("??/*.npz")]
        return len(sizes), sum(sizes)

    def clear(self) -> int:
        """Remove every unit; returns how many. Nothing else in the folder is touched."""
        paths = [*self.root.glob("??/*.npz")]
        for path in [*paths, *self.root.glob("??/.*.tmp")]:
            path.unlink(missing_ok=True)
        return len(paths)


def _digest(arrays: dict[str, NDArray[Any]]) -> str:
    """Over names, types, shapes and content: the archive's own checksums do not cover its directory."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def default_root() -> Path:
    """Where units are kept: ``VAE_ANALYZE_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("VAE_ANALYZE_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "vae-analyze"
