"""What people write into a card beside its fixed fields: plain data, kept small and fit for printing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

_DEEPEST = 6
_MOST_ITEMS = 1000


def shown(value: Any, *, depth: int = 0) -> Any:
    """Plain data with every text fit for printing.

    Raises:
        CheckpointError: Nested too deeply, or too long.
    """
    if isinstance(value, str):
        return printable(value, limit=2000)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth == _DEEPEST or not isinstance(value, (Mapping, list, tuple)) or len(value) > _MOST_ITEMS:
        raise CheckpointError(
            f"card, details: expected plain data nested at most {_DEEPEST} deep, found {type(value).__name__}"
        )
    if isinstance(value, Mapping):
        return {printable(key, limit=80): shown(item, depth=depth + 1) for key, item in value.items()}
    return [shown(item, depth=depth + 1) for item in value]
