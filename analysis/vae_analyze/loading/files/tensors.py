"""Tensors made from stored bytes, every claimed size held against the bytes that are there."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.files.unpickle import DamagedError

_MOST_DIMENSIONS = 32
_EXPANDED = 1 << 20  # bytes that a tensor may claim beyond its storage: small constants are stored once and repeated
STORAGES: dict[str, torch.dtype] = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
    "ComplexFloatStorage": torch.complex64,
    "ComplexDoubleStorage": torch.complex128,
    "UntypedStorage": torch.uint8,
}
_DTYPES = {str(dtype): dtype for dtype in STORAGES.values()} | {
    f"torch.{name}": getattr(torch, name)
    for name in ("float8_e4m3fn", "float8_e5m2", "uint16", "uint32", "uint64")
    if hasattr(torch, name)
}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Storage:
    """A flat run of numbers that tensors are views of.

    Args:
        flat: One-dimensional, of the storage's number format.
    """

    flat: Tensor


def dtype_of(kind: object) -> torch.dtype:
    """The number format of a storage that a pickle names.

    Raises:
        DamagedError: It names something else.
    """
    module, _, name = kind.name.rpartition(".") if isinstance(kind, Inert) else ("", "", "")
    if module in ("torch", "torch.cuda", "torch.storage") and name in STORAGES:
        return STORAGES[name]
    raise DamagedError(f"the pickle names a storage of an unknown kind, {kind!r}")


def storage(content: Tensor, dtype: torch.dtype, *, big_endian: bool = False) -> Storage:
    """The numbers in some bytes.

    Args:
        content: uint8; a whole number of elements.
        dtype: What they are.
        big_endian: Whether the most significant byte comes first.
    """
    if dtype is torch.bool:
        return Storage(content.ne(0))  # another byte than 0 and 1 is not defined in torch
    if big_endian == (sys.byteorder == "little"):
        single = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
        content = content.reshape(-1, single).flip(1).reshape(-1)
    return Storage(content.view(dtype) if len(content) else torch.empty(0, dtype=dtype))


def tensor(source: Any, offset: Any, size: Any, stride: Any) -> Tensor:
    """A view of a storage.

    Raises:
        DamagedError: The view leaves the storage, or claims to be far larger than it.
    """
    if not isinstance(source, Storage) or not isinstance(size, tuple) or not isinstance(stride, tuple):
        raise DamagedError("the pickle makes a tensor of no storage")
    if len(size) != len(stride) or len(size) > _MOST_DIMENSIONS or not all(map(_is_size, (offset, *size, *stride))):
        raise DamagedError(
            f"the pickle makes a tensor of an impossible shape, {_shown(size)} with steps {_shown(stride)}"
        )
    numel, flat = math.prod(size), source.flat
    bytes_held = flat.numel() * flat.element_size()
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True)) if numel else offset
    if numel * flat.element_size() > max(bytes_held, _EXPANDED) or last >= flat.numel() + (numel == 0):
        raise DamagedError(f"it holds a tensor of shape {_shown(size)} backed by only {bytes_held:,} bytes")
    return torch.as_strided(flat, size, stride, offset)


def cast(source: Any, dtype: Any) -> Any:
    """A storage of plain bytes read as another number format, which a pickle names.

    Raises:
        DamagedError: It names none, or the bytes do not fit it.
    """
    named = _DTYPES.get(dtype.name) if isinstance(dtype, Inert) else None
    if named is None or not isinstance(source, Storage) or source.flat.dtype is not torch.uint8:
        raise DamagedError(f"the pickle makes a tensor of an unknown number format, {dtype!r}")
    if source.flat.numel() % named.itemsize:
        raise DamagedError("the pickle makes a tensor of half a number")
    return storage(source.flat, named)


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 62


def _shown(sizes: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(size if isinstance(size, int) else "?" for size in sizes[:8])
