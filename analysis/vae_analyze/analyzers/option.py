"""Options declared once: as the fields of an analyzer."""

from __future__ import annotations

import dataclasses
import operator
import typing
from typing import TYPE_CHECKING, Any, final

from vae_analyze.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

TRANSIENT = {"transient": True}


def option(
    default: Any,
    *,
    help: str,  # noqa: A002 - the word every command line uses
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    whole: bool = False,
) -> Any:
    """A field of an analyzer: its default, one line of help, and its range.

    Args:
        default: The default; also for tuples.
        help: One line, with the unit.
        minimum: Smallest allowed value (of each element).
        above: Value that must be exceeded (by each element).
        maximum: Largest allowed value (of each element).
        whole: For tuples of texts: a comma is part of the text and separates nothing.
    """
    metadata = {"help": help, "minimum": minimum, "above": above, "maximum": maximum, "whole": whole}
    return dataclasses.field(default=default, metadata=metadata)


def transient() -> Any:
    """A field of an accumulator that is not part of its state, such as the context; ``start`` fills it."""
    return dataclasses.field(default=None, metadata=TRANSIENT, repr=False)


@final
@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OptionSpec:
    """One option as the command line and the configuration see it.

    Args:
        name: The field's name.
        kind: Type of the value, or of each element.
        many: Whether the value is a tuple.
        default: The default.
        help: One line.
        choices: Allowed values, or empty.
        minimum: Smallest allowed value.
        above: Value that must be exceeded.
        maximum: Largest allowed value.
        whole: Whether a comma is part of a value and separates nothing.
    """

    name: str
    kind: type
    many: bool
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    above: float | None = None
    maximum: float | None = None
    whole: bool = False

    def parse(self, value: Any, *, where: str) -> Any:
        """A value from the command line, a TOML file, the environment or Python, checked.

        Args:
            value: A string (many values are separated by commas), a plain value, or a sequence of them.
            where: What to call the option in an error.

        Raises:
            UsageError: The wrong type, not a choice, or out of range.
        """
        if not self.many:
            return self._one(value, where)
        values = value if isinstance(value, (list, tuple)) else [value]
        apart = not self.whole
        parts = [part for one in values for part in (one.split(",") if apart and isinstance(one, str) else [one])]
        if not parts:
            raise UsageError(f"{where}: expected at least one value, found none")
        return tuple(self._one(part, where) for part in parts)

    def _one(self, value: Any, where: str) -> Any:
        parsed = self._typed(value, where)
        if self.choices and parsed not in self.choices:
            raise UsageError(f"{where}: expected one of {', '.join(self.choices)}, found {value!r}")
        if isinstance(parsed, (int, float)) and not isinstance(parsed, bool):
            self._check_range(parsed, where)
        return parsed

    def _typed(self, value: Any, where: str) -> Any:
        wrong = UsageError(f"{where}: expected {_KIND_NAMES[self.kind]}, found {value!r}")
        if self.kind is bool:
            return _boolean(value, wrong)
        if isinstance(value, bool) or (self.kind is str and not isinstance(value, str)):
            raise wrong
        try:
            if self.kind is int and not isinstance(value, str):
                return operator.index(value)  # int() would cut a fraction off without a word
            return self.kind(value.strip() if isinstance(value, str) and self.kind is not str else value)
        except (TypeError, ValueError, OverflowError):
            raise wrong from None

    def _check_range(self, value: float, where: str) -> None:
        if value != value or value in (float("inf"), float("-inf")):
            raise UsageError(f"{where}: expected a finite number, found {value}")
        if self.minimum is not None and value < self.minimum:
            raise UsageError(f"{where}: expected at least {self.minimum:g}, found {value}")
        if self.above is not None and value <= self.above:
            raise UsageError(f"{where}: expected more than {self.above:g}, found {value}")
        if self.maximum is not None and value > self.maximum:
            raise UsageError(f"{where}: expected at most {self.maximum:g}, found {value}")


_KIND_NAMES: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
}


def _boolean(value: Any, wrong: UsageError) -> bool:
    if isinstance(value, bool):
        return value
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if isinstance(value, str) and value.strip().lower() in known:
        return known[value.strip().lower()]
    raise wrong


def specs(analyzer: type) -> tuple[OptionSpec, ...]:
    """The options of an analyzer class, in the order of its fields.

    Raises:
        TypeError: A field of a type that has no command-line form, or without a default.
    """
    hints = typing.get_type_hints(analyzer)
    return tuple(_spec(analyzer, field, hints[field.name]) for field in dataclasses.fields(analyzer))


def _spec(analyzer: type, field: dataclasses.Field[Any], hint: Any) -> OptionSpec:
    kind, many, choices = _kind(hint)
    if kind not in _KIND_NAMES:
        raise TypeError(
            f"{analyzer.__name__}.{field.name}: expected int, float, bool, str, a Literal of strings or a tuple "
            f"of one of them, found {hint}"
        )
    if field.default is dataclasses.MISSING:
        raise TypeError(f"{analyzer.__name__}.{field.name}: expected a default, found none")
    facts = {key: field.metadata.get(key) for key in ("minimum", "above", "maximum")}
    return OptionSpec(
        name=field.name,
        kind=kind,
        many=many,
        default=field.default,
        help=field.metadata.get("help", ""),
        choices=choices,
        whole=bool(field.metadata.get("whole")),
        **facts,
    )


def _kind(hint: Any) -> tuple[type, bool, tuple[str, ...]]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal and all(isinstance(choice, str) for choice in arguments):
        return str, False, arguments
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        kind, nested, choices = _kind(arguments[0])
        return (hint if nested else kind), True, choices
    return hint, False, ()


def build(analyzer: type, values: Mapping[str, Any], *, where: str = "") -> Any:
    """An analyzer from raw option values, each parsed and checked.

    Args:
        analyzer: The class.
        values: Some of its options; the rest keep their defaults.
        where: Prefix of option names in errors.

    Raises:
        UsageError: An unknown option (with the nearest names) or a bad value.
    """
    from vae_analyze.names import nearest

    known = {spec.name: spec for spec in specs(analyzer)}
    for name in values:
        if name not in known:
            hint = nearest(name, known)
            raise UsageError(f"{where}{name}: no such option of {analyzer.__name__}", hint=hint)
    parsed = {name: known[name].parse(value, where=f"{where}{name}") for name, value in values.items()}
    return analyzer(**parsed)
