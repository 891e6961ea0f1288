"""Plain data from a file, read field by field: each value is checked before anything is made of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable

LONGEST_TEXT = 2000
LARGEST_SIZE = 1 << 24
_REQUIRED: Any = object()


@final
@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping whose fields are taken one at a time.

    Args:
        where: What people call it, such as "card".
        values: The mapping, as found.

    Every method raises `CheckpointError` naming the field, what was expected and what was found.
    """

    where: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, where: str, plain: object) -> Fields:
        """The fields of something that should be a mapping with text keys."""
        if not isinstance(plain, dict) or not all(isinstance(key, str) for key in plain):
            raise CheckpointError(
                f"{where}: expected named fields, found {_found(plain)}",
                hint="the file is damaged or was not written by vae-analyze",
            )
        return cls(where, plain)

    def unknown(self, known: tuple[str, ...]) -> list[str]:
        """The names of the fields that are not known, fit for printing."""
        return sorted(printable(name, limit=40) for name in self.values if name not in known)

    def text(self, name: str, default: str = _REQUIRED) -> str:
        """A text, stripped of what does not print."""
        value = self._value(name, default)
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise self._wrong(name, f"text of at most {LONGEST_TEXT} characters", value)
        return printable(value, limit=LONGEST_TEXT)

    def choice(self, name: str, choices: tuple[str, ...], default: str = _REQUIRED) -> str:
        """One of a few words."""
        value = self._value(name, default)
        if not isinstance(value, str) or value not in choices:
            raise self._wrong(name, f"one of {', '.join(choices)}", value)
        return value

    def flag(self, name: str, default: bool = _REQUIRED) -> bool:  # noqa: FBT001 - the default of a field
        """True or false."""
        value = self._value(name, default)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def integer(self, name: str, *, low: int, high: int, default: int = _REQUIRED) -> int:
        """A whole number in a range."""
        value = self._value(name, default)
        if not _is_integer(value) or not low <= value <= high:
            raise self._wrong(name, f"a whole number from {low} to {high}", value)
        return int(value)

    def number(self, name: str, *, low: float, high: float, default: float = _REQUIRED) -> float:
        """A finite number in a range."""
        value = self._value(name, default)
        if not _is_number(value) or not low <= value <= high:
            raise self._wrong(name, f"a number from {low:g} to {high:g}", value)
        return float(value)

    def sizes(self, name: str, *, most: int, least: int = 1, default: tuple[int, ...] = _REQUIRED) -> tuple[int, ...]:
        """Between ``least`` and ``most`` positive whole numbers."""
        value = self._value(name, default)
        fits = isinstance(value, (list, tuple)) and least <= len(value) <= most
        if not fits or not all(_is_integer(size) and 1 <= size <= LARGEST_SIZE for size in value):
            raise self._wrong(name, f"{least} to {most} whole numbers from 1 to {LARGEST_SIZE}", value)
        return tuple(int(size) for size in value)

    def numbers(self, name: str, *, most: int) -> tuple[float, ...]:
        """At most ``most`` finite numbers."""
        value = self._value(name, _REQUIRED)
        fits = isinstance(value, (list, tuple)) and len(value) <= most
        if not fits or not all(_is_number(item) for item in value):
            raise self._wrong(name, f"at most {most} finite numbers", value)
        return tuple(float(item) for item in value)

    def _value(self, name: str, default: Any) -> Any:
        if name in self.values:
            return self.values[name]
        if default is _REQUIRED:
            found = listing(sorted(printable(key, limit=40) for key in self.values)) or "no fields"
            raise CheckpointError(
                f"{self.where}: expected a field {name!r}, found {found}",
                hint="the file is damaged or was not written by vae-analyze",
            )
        return default

    def _wrong(self, name: str, expected: str, value: object) -> CheckpointError:
        return CheckpointError(
            f"{self.where}: field {name!r}: expected {expected}, found {_found(value)}",
            hint="the file is damaged or was edited by hand; write it again",
        )


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    # A whole number beyond the floats would overflow where it is converted.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1e300 if isinstance(value, int) else math.isfinite(value)


def _found(value: object) -> str:
    if isinstance(value, (str, int, float, bool)) or value is None:
        return printable(repr(value), limit=60)
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__} of {len(value)}: {printable([_short(item) for item in value[:6]], limit=60)}"
    return f"{printable(type(value).__name__, limit=40)}"


def _short(item: object) -> object:
    return item if isinstance(item, (str, int, float, bool)) else type(item).__name__
