"""What is known about a built-in set before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

__all__ = ["DataInfo"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DataInfo:
    """One built-in set, described without loading it.

    Args:
        name: What to write after ``--data``.
        description: One line for people: what it is and where it comes from.
        size: Number of samples, both parts together.
        shape: Shape of one sample, ``(c, h, w)``.
        has_labels: Whether samples carry a class.
        has_factors: Whether the factors of variation are known.
    """

    name: str
    description: str
    size: int
    shape: tuple[int, ...]
    has_labels: bool
    has_factors: bool
