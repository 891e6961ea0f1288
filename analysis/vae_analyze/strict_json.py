"""JSON without NaN: undefined numbers are null, and only JSON's own literals are accepted."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def dumps(plain: Any, *, indent: int | None = 1) -> str:
    """Plain data as strict JSON; NaN and infinities become null, tuples lists, unknown objects their text."""
    return json.dumps(clean(plain), indent=indent, allow_nan=False, ensure_ascii=False)


def loads(text: str) -> Any:
    """Strict JSON as plain data.

    Raises:
        ValueError: Not JSON, or a literal that is not JSON's (NaN, Infinity).
    """

    def refuse(literal: str) -> None:
        raise ValueError(f"{literal} is not JSON")

    return json.loads(text, parse_constant=refuse)


def clean(value: Any) -> Any:
    """Plain data that JSON can hold."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(item) for item in value]
    if hasattr(value, "tolist"):  # a NumPy number, an array
        return clean(value.tolist())
    return storable(str(value))


def storable(text: str) -> str:
    """Text that UTF-8 can hold: the bytes of a file name that is not UTF-8 are written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
