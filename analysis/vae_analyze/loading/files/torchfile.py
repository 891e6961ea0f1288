"""What ``torch.save`` and ``pickle.dump`` write, as plain data, tensors and inert objects; nothing is run."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, final

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.archive import AGAIN, Archive
from vae_analyze.loading.files.makers import Makers
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.files.tensors import Storage, dtype_of, storage
from vae_analyze.loading.files.unpickle import DamagedError, HostileError, Unpickler

_MAGIC = 0x1950A86A20F9469CFC6C
_MOST_INSTRUCTIONS = 64 << 20
_MOST_NESTED = 3
_LIBRARIES = re.compile(rb"\b(joblib|sklearn|xgboost|lightgbm|catboost|keras|tensorflow|jax|flax|paddle)\.")


def read_torch(path: Path, head: bytes) -> Any:
    """The content of a torch file of either container, or of a plain pickle.

    Args:
        path: The file.
        head: Its first bytes.

    Raises:
        CheckpointError: DamagedError, made to do harm, or asking for what no checkpoint needs.
        OSError: The file cannot be read.
    """
    try:
        if head.startswith(b"PK"):
            with Archive(path) as archive:
                return _zipped(archive, path)
        with path.open("rb") as file:
            return _flat(_Bounded(file, path.stat().st_size), nested=0)
    except HostileError as error:
        raise CheckpointError(
            f"{printable(path)} would run code and was refused: it asks for {error}. Nothing was executed",
            hint="get model.state_dict() from whoever made it; if you do not know where the file is from, delete it",
        ) from error
    except DamagedError as error:
        library = _library(head)
        what = f"; it looks like a file of {library}" if library else ""
        raise CheckpointError(
            f"{printable(path)} is not a whole checkpoint: {error}{what}",
            hint="vae-analyze reads models of PyTorch; give the checkpoint of one" if library else AGAIN,
        ) from error


def _library(head: bytes) -> str:
    """Another library whose objects a pickle asks for at its beginning, by name; "" where there is none."""
    found = _LIBRARIES.search(head)
    return found[1].decode() if found else ""


def _zipped(archive: Archive, path: Path) -> Any:
    records = sorted((name for name in archive.names if name.split("/")[-1] == "data.pkl"), key=lambda n: n.count("/"))
    if not records:
        raise DamagedError("the archive holds no data.pkl")
    root = records[0].removesuffix("data.pkl")
    if f"{root}constants.pkl" in archive.names:
        raise CheckpointError(
            f"{printable(path)} is a TorchScript program, not a set of weights",
            hint="save the weights instead: torch.save(model.state_dict(), path)",
        )
    if archive.size(records[0]) > _MOST_INSTRUCTIONS:
        raise DamagedError(f"its instructions are {archive.size(records[0]):,} bytes long")
    order = f"{root}byteorder"
    big_endian = order in archive.names and archive.bytes(order).numpy().tobytes() == b"big"
    held: dict[str, Storage] = {}

    def persistent(identifier: Any) -> Storage:
        kind, key, numel, _ = _identified(identifier)
        if key not in held:
            dtype, record = dtype_of(kind), f"{root}data/{key}"
            claimed, found = numel * dtype.itemsize, archive.size(record)
            if claimed != found:
                raise DamagedError(f"it claims {claimed:,} bytes for a storage and holds {max(0, found):,}")
            if big_endian and dtype is torch.uint8 and kind.name.endswith("UntypedStorage"):
                raise DamagedError("it holds bytes of an unknown order")
            held[key] = storage(archive.bytes(record), dtype, big_endian=big_endian)
        return held[key]

    stream = io.BytesIO(archive.bytes(records[0]).numpy().tobytes())
    return Unpickler(stream, Makers(_MOST_INSTRUCTIONS, _nested(0)).table(), persistent).run()


def _flat(file: _Bounded, *, nested: int) -> Any:
    """The legacy container: magic number, protocol, system, object, storage keys, storages; or one pickle alone."""
    makers = Makers(file.size, _nested(nested)).table()
    first = Unpickler(file, makers, _no_storage).run()
    if not isinstance(first, int) or first != _MAGIC:
        return first
    for _ in range(2):
        Unpickler(file, makers, _no_storage).run()
    # The object names its storages before they come, so it is followed twice: to know them, and to fill them.
    start, known = file.tell(), _Wanted()
    Unpickler(file, {}, known.note).run()
    keys = Unpickler(file, {}, _no_storage).run()
    known.fill(file, keys)
    file.seek(start)
    return Unpickler(file, makers, known.filled).run()


@final
class _Wanted:
    """The storages of a legacy file: first asked for, then filled."""

    def __init__(self) -> None:
        self._kinds: dict[str, tuple[torch.dtype, int]] = {}
        self._held: dict[str, Storage] = {}
        self._modules: dict[int, Any] = {}

    def note(self, identifier: Any) -> Any:
        if _is_module(identifier):
            return identifier[1]
        kind, key, numel, _ = _identified(identifier)
        dtype = dtype_of(kind)
        if self._kinds.setdefault(key, (dtype, numel)) != (dtype, numel):
            raise DamagedError("two tensors disagree on their storage")
        return None

    def fill(self, file: _Bounded, keys: Any) -> None:
        if not isinstance(keys, list) or len(keys) > len(self._kinds):
            raise DamagedError("it does not name its storages")
        for key in keys:
            if key not in self._kinds or key in self._held:
                raise DamagedError("it holds a storage that nothing asks for, or one twice")
            dtype, numel = self._kinds[key]
            (found,) = struct.unpack("<q", file.exactly(8))
            if found != numel:
                raise DamagedError(f"it claims {numel:,} numbers for a storage and holds {found:,}")
            content = torch.empty(file.room(numel * dtype.itemsize), dtype=torch.uint8)
            file.into(memoryview(content.numpy().data))
            self._held[key] = storage(content, dtype)

    def filled(self, identifier: Any) -> Any:
        if _is_module(identifier):
            return identifier[1]
        _, key, _, view = _identified(identifier)
        whole = self._held[key]
        if view is None:
            return whole
        _, offset, size = view
        if not 0 <= offset <= offset + size <= whole.flat.numel():
            raise DamagedError("a tensor is stored beyond the end of its storage")
        return Storage(whole.flat[offset : offset + size])


@final
class _Bounded:
    """A file that never makes room for more bytes than it has left."""

    def __init__(self, file: io.BufferedReader | io.BytesIO, size: int) -> None:
        self._file = file
        self.size = size

    def room(self, size: int) -> int:
        """The size, where the file has as many bytes left."""
        if not 0 <= size <= self.size - self._file.tell():
            raise DamagedError("it is cut off")
        return size

    def exactly(self, size: int) -> bytes:
        return self._file.read(self.room(size))

    def into(self, view: memoryview) -> None:
        at = 0
        while at < len(view) and (count := self._file.readinto(view[at:])):
            at += count
        if at < len(view):
            raise DamagedError("it is cut off")

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self.size - self._file.tell()))

    def readline(self) -> bytes:
        return self._file.readline(_MOST_INSTRUCTIONS)

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int) -> None:
        self._file.seek(offset)


def _nested(depth: int) -> Callable[[bytes], Any]:
    """Reads a torch file that lies in a byte string of another, as a plain pickle of tensors has them."""

    def read(content: bytes) -> Any:
        if depth == _MOST_NESTED:
            raise DamagedError("it holds files in files in files")
        return _flat(_Bounded(io.BytesIO(content), len(content)), nested=depth + 1)

    return read


def _identified(identifier: Any) -> tuple[Any, str, int, Any]:
    """Kind, key, number of elements and view of a storage."""
    if not isinstance(identifier, tuple) or len(identifier) not in (5, 6):
        raise DamagedError("it refers to something outside of itself that is no storage")
    word, kind, key, _, numel = identifier[:5]
    if isinstance(word, bytes):
        word = word.decode("latin-1")
    if word != "storage" or not isinstance(key, (str, int)) or not isinstance(numel, int) or not 0 <= numel < 1 << 62:
        raise DamagedError("it refers to something outside of itself that is no storage")
    view = identifier[5] if len(identifier) == 6 else None
    if view is not None and not (
        isinstance(view, tuple) and len(view) == 3 and all(isinstance(number, int) for number in view[1:])
    ):
        raise DamagedError("it refers to a part of a storage in an unknown way")
    return kind, str(key), numel, view


def _is_module(identifier: Any) -> bool:
    """Whether it is a class with its source code, as old torch wrote beside pickled modules; the code stays text."""
    return isinstance(identifier, tuple) and len(identifier) == 4 and identifier[0] == "module"


def _no_storage(identifier: Any) -> Any:
    raise DamagedError(f"it refers to something outside of itself, {printable(type(identifier).__name__)}")
