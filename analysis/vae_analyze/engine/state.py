"""Accumulators as plain data and arrays, so that a shard's work can be stored without pickling.

An accumulator is walked by its fields. What can be stored: numbers, strings, booleans, None, arrays, dataclasses,
dictionaries with string keys, lists and tuples. Restoring fills an empty accumulator of the same analyzer, so nothing
in the file decides which class is made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vae_analyze.stats.rows import Rows, StoredChunk

Arrays = dict[str, NDArray[Any]]


def dump(accumulator: Any) -> tuple[Any, Arrays]:
    """An accumulator as (plain data, arrays by key).

    Raises:
        TypeError: A field holds something that cannot be stored; names it.
    """
    arrays: Arrays = {}
    return _dump(accumulator, type(accumulator).__name__, arrays), arrays


def restore(template: Any, plain: Any, arrays: Mapping[str, NDArray[Any]], *, path: Path) -> Any:
    """Fill an empty accumulator with what `dump` gave.

    Args:
        template: A fresh accumulator; it is changed and returned.
        plain: The plain data.
        arrays: The arrays; read on access.
        path: The file they lie in: per-sample rows stay there.

    Raises:
        ValueError: The stored data do not fit the accumulator.
    """
    return _restore(template, plain, arrays, path)


def _dump(value: Any, where: str, arrays: Arrays) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}  # exact, and no NaN literal
    if isinstance(value, (np.ndarray, np.generic)):
        return {"array": _keep(np.asarray(value), arrays)}
    if isinstance(value, Rows):
        rows = value.gather()
        return {"index": _keep(rows.index, arrays), "values": _keep(rows.values, arrays)}
    if dataclasses.is_dataclass(value):
        return {"fields": {f.name: _dump(getattr(value, f.name), f"{where}.{f.name}", arrays) for f in _fields(value)}}
    if isinstance(value, dict):
        return {"items": {_name(k, where): _dump(v, f"{where}[{k!r}]", arrays) for k, v in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"list": [_dump(item, f"{where}[{at}]", arrays) for at, item in enumerate(value)]}
    raise TypeError(f"{where}: cannot store a {type(value).__name__}; mark the field with transient() or use an array")


def _restore(template: Any, plain: Any, arrays: Mapping[str, NDArray[Any]], path: Path) -> Any:
    if not isinstance(plain, dict):
        return plain
    if "float" in plain:
        return float.fromhex(plain["float"])
    if "array" in plain:
        return arrays[plain["array"]]
    if "index" in plain:
        return Rows(template.columns, [StoredChunk(path, plain["index"], plain["values"])])
    if "fields" in plain:
        for name, value in plain["fields"].items():
            setattr(template, name, _restore(getattr(template, name), value, arrays, path))
        return template
    if "items" in plain:
        old = template if isinstance(template, dict) else {}
        return {k: _restore(old.get(k), v, arrays, path) for k, v in plain["items"].items()}
    return _restore_list(template, plain["list"], arrays, path)


def _restore_list(template: Any, stored: list[Any], arrays: Mapping[str, NDArray[Any]], path: Path) -> Any:
    old = template if isinstance(template, (list, tuple)) else []
    filled = [_restore(old[at] if at < len(old) else None, value, arrays, path) for at, value in enumerate(stored)]
    return tuple(filled) if isinstance(template, tuple) else filled


def _fields(value: Any) -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(value) if not field.metadata.get("transient")]


def _keep(array: NDArray[Any], arrays: Arrays) -> str:
    if array.dtype == object:
        raise TypeError("cannot store an array of objects")
    name = f"a{len(arrays)}"
    arrays[name] = array
    return name


def _name(name: Any, where: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{where}: expected string keys, found {name!r}")
    return name
