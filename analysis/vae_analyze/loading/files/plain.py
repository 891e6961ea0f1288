"""Plain values out of inert objects: namespaces, paths, NumPy's numbers and arrays, whatever states itself by value."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from vae_analyze.loading.files.stubs import Inert

_DEPTH = 6
_MOST_VALUES = 5000  # one object may stand in many places, and be counted in each
_LONGEST = 64  # entries; longer lists are histories, not arguments
_DTYPE = re.compile(r"[biufc?][0-9]{0,2}|bool|(?:int|uint|float|complex)[0-9]{1,3}")
_ARRAYS = ("numpy.core.multiarray.", "numpy._core.multiarray.", "numpy._core.numeric.", "numpy.core.numeric.")


class OpaqueError(Exception):
    """The value cannot be said in plain data."""


def plain(value: Any) -> Any:
    """A number, text, None, or short lists, tuples and dicts of such.

    Args:
        value: What a pickle described.

    Raises:
        OpaqueError: It is something else.
    """
    return _Plain().of(value, _DEPTH)


def plain_items(value: Any) -> dict[str, Any]:
    """The entries of a mapping or attributes of an object that can be said in plain data; the others are left out."""
    found: dict[str, Any] = {}
    for key, item in (mapping_of(value) or {}).items():
        if isinstance(key, str) and len(found) < 1000:
            with suppress(OpaqueError):
                found[key] = plain(item)
    return found


def mapping_of(value: Any) -> dict[Any, Any] | None:
    """The entries of a mapping, or of an object that is one or has named attributes; None for anything else."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, Inert):
        return None
    for inner in ("_content", "data"):  # of omegaconf's nodes and of UserDict
        if isinstance(value.fields.get(inner), dict):
            entries: dict[Any, Any] = value.fields[inner]
            return entries
    return value.pairs or value.fields or value.keywords or None


def array_of(value: Any) -> np.ndarray[Any, Any] | None:
    """The NumPy array or scalar that an inert object stands for; None where it is none, or holds other than numbers."""
    if not isinstance(value, Inert) or value.arguments is None or not value.name.startswith(_ARRAYS):
        return None
    try:
        return _array(value.name.rpartition(".")[2], value.arguments, value.state)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError):
        return None


def weight_of(value: Any) -> Tensor | None:
    """The tensor that a value is or stands for, on the CPU; None where it is none."""
    if isinstance(value, Tensor):
        return value
    found = array_of(value)
    return None if found is None else torch.from_numpy(found.copy())


def _array(made: str, arguments: tuple[Any, ...], state: Any) -> np.ndarray[Any, Any] | None:
    fortran = False
    if made == "scalar":
        dtype, content, shape = _dtype(arguments[0]), arguments[1], ()
    elif made == "_frombuffer":
        content, dtype, shape, fortran = arguments[0], _dtype(arguments[1]), arguments[2], arguments[3] == "F"
    elif made == "_reconstruct" and isinstance(state, tuple):
        shape, kind, fortran, content = state[-4:]
        dtype = _dtype(kind)
    else:
        return None
    if isinstance(content, str):  # as Python 2 wrote them
        content = content.encode("latin-1")
    if dtype is None or not isinstance(content, (bytes, bytearray)) or not isinstance(shape, tuple):
        return None
    if math.prod(shape) * dtype.itemsize != len(content):
        return None
    found = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return np.array(found, dtype=dtype.newbyteorder("="), order="C")


def _dtype(value: Any) -> np.dtype[Any] | None:
    if not isinstance(value, Inert) or value.name != "numpy.dtype" or not value.arguments:
        return None
    code = value.arguments[0]
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        return None
    order = value.state[1] if isinstance(value.state, tuple) and len(value.state) > 1 else "|"
    return np.dtype(code).newbyteorder(">" if order == ">" else "<" if order == "<" else "=")


def _numbers(value: Tensor) -> Any:
    if value.numel() > _LONGEST or value.is_complex():
        raise OpaqueError
    return value.tolist()


@final
class _Plain:
    """One value's translation, which ends even where the value holds itself."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def of(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        if depth == 0 or self._left < 0:
            raise OpaqueError
        if isinstance(value, Tensor):
            return _numbers(value)
        if isinstance(value, dict):
            return self._mapping(value, depth)
        if isinstance(value, Inert):
            return self._inert(value, depth)
        return self._items(value, depth)

    def _items(self, value: Any, depth: int) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)) or len(value) > _LONGEST:
            raise OpaqueError
        items = [self.of(item, depth - 1) for item in value]
        return tuple(items) if isinstance(value, tuple) else items

    def _mapping(self, value: dict[Any, Any], depth: int) -> dict[Any, Any]:
        if len(value) > _LONGEST:
            raise OpaqueError
        found: dict[Any, Any] = {}
        for key, item in value.items():
            if isinstance(key, (str, int, float)) and not (isinstance(key, str) and key.startswith("_")):
                with suppress(OpaqueError):  # one entry that cannot be said does not hide the others
                    found[key] = self.of(item, depth - 1)
        return found

    def _inert(self, value: Inert, depth: int) -> Any:
        """By what kind of thing it is: a number, a path, an enumeration's member, a mapping; a name is its text."""
        number = array_of(value)
        if number is not None:
            return number.item() if number.ndim == 0 else _numbers(torch.from_numpy(number.copy()))
        if value.arguments is None:
            return value.name
        if value.name.startswith("pathlib.") and all(isinstance(part, str) for part in value.arguments):
            return "/".join(value.arguments).replace("//", "/")
        if "_val" in value.fields:  # omegaconf's nodes
            return self.of(value.fields["_val"], depth - 1)
        entries = mapping_of(value)
        if entries is not None:
            return self._mapping(entries, depth)
        if value.appended:
            return self._items(value.appended, depth)
        if len(value.arguments) == 1:  # enumerations, devices, wrapped values
            return self.of(value.arguments[0], depth - 1)
        raise OpaqueError
