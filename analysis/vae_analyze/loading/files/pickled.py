"""What a pickle would do if it were run, found by reading its instructions; nothing is run."""

from __future__ import annotations

import io
import pickletools
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from vae_analyze.loading.files.printable import printable

# What the zip module raises where the bytes of an archive do not make sense, invalid offsets included.
ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,
    OverflowError,
    OSError,
)
_MOST_BYTES = 64 << 20  # of instructions; tensors lie outside of them
_LEGACY_PICKLES = 5  # magic number, protocol, system, object, storage keys
_MOST_NAMES = 1000
_HARMLESS = frozenset(
    {
        "collections.OrderedDict",
        "_codecs.encode",
        "torch.Size",
        "torch.Tensor",
        "torch.device",
        "torch.dtype",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
        "torch._tensor._rebuild_from_type_v2",
    }
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What the instructions ask for.

    Args:
        wanted: Names of what would be imported, and perhaps called, beyond tensors and plain data.
        problem: Why the instructions cannot be followed to their end, or "".
    """

    wanted: tuple[str, ...] = ()
    problem: str = ""


def scan(path: Path, head: bytes) -> Scan:
    """The instructions of a file written by ``torch.save`` or ``pickle.dump``.

    Raises:
        OSError: The file cannot be read.
    """
    if head.startswith(b"PK"):
        return _scan_zip(path)
    with path.open("rb") as file:
        stream = io.BytesIO(file.read(_MOST_BYTES))
    wanted: list[str] = []
    for _ in range(_LEGACY_PICKLES):
        at = stream.tell()
        found, problem = _globals(stream)
        wanted += found
        if problem:
            # A plain pickle is followed by nothing, a legacy checkpoint by exactly four more.
            return Scan(wanted=_named(wanted), problem="" if at and not stream.getvalue()[at:] else problem)
    return Scan(wanted=_named(wanted))


def _scan_zip(path: Path) -> Scan:
    try:
        with zipfile.ZipFile(path) as archive:
            records = [info for info in archive.infolist() if info.filename.endswith("data.pkl")]
            if not records:
                return Scan(problem="the archive holds no data.pkl")
            wanted: list[str] = []
            for record in records[:2]:
                with archive.open(record) as file:
                    found, problem = _globals(io.BytesIO(file.read(_MOST_BYTES)))
                wanted += found
                if problem:
                    return Scan(wanted=_named(wanted), problem=problem)
            return Scan(wanted=_named(wanted))
    except ARCHIVE_ERRORS as error:
        return Scan(problem=f"the archive is damaged ({printable(error)})")


def _globals(stream: io.BytesIO) -> tuple[list[str], str]:
    """Every name that one pickle would look up, and what is wrong with it."""
    names: list[str] = []
    reader = _Reader(names)
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            reader.step(opcode.name, argument)
            if len(names) > _MOST_NAMES:
                return names, f"the pickle asks for more than {_MOST_NAMES} names"
    except Exception as error:  # noqa: BLE001 - damaged instructions raise whatever their arguments happen to provoke
        return names, f"the pickle is damaged or cut off ({printable(error)})"
    return names, ""


@final
class _Reader:
    """Follows the strings of a pickle just far enough to name what STACK_GLOBAL takes from them."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._texts: list[str] = ["?", "?"]
        self._memo: dict[int, str] = {}
        self._memoised = 0

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in ("GLOBAL", "INST"):
            self._ask(str(argument).replace(" ", "."))
        elif opcode == "STACK_GLOBAL":
            self._ask(".".join(self._texts[-2:]))
        elif opcode in ("MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"):
            at = self._memoised if opcode == "MEMOIZE" else int(argument)
            self._memo[at] = self._texts[-1]
            self._memoised += 1
        elif opcode in ("GET", "BINGET", "LONG_BINGET"):
            self._texts.append(self._memo.get(int(argument), "?"))
        elif isinstance(argument, str):
            self._texts.append(argument)
        del self._texts[:-4]

    def _ask(self, name: str) -> None:
        if not _harmless(name):
            self._names.append(name)


def _named(wanted: list[str]) -> tuple[str, ...]:
    return tuple(printable(name) for name in dict.fromkeys(wanted))


def _harmless(name: str) -> bool:
    if name in _HARMLESS:
        return True
    module, _, last = name.rpartition(".")
    if module == "torch._utils":
        return last.startswith("_rebuild_")
    return module in ("torch", "torch.storage") and (last.endswith("Storage") or last in _DTYPES)


_DTYPES = frozenset(
    [
        "float16",
        "float32",
        "float64",
        "half",
        "float",
        "double",
        "bfloat16",
        "uint8",
        "int8",
        "int16",
        "int32",
        "int64",
        "bool",
        "complex64",
        "complex128",
    ]
)
