"""Defaults of a command line, read from the ``add_argument`` calls of a file; the command line is never parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

from vae_analyze.loading.code.units import Unit

_PARSES = ("parse_args", "parse_known_args", "parse_intermixed_args", "parse_args_into_dataclasses")
_TYPES: dict[str, Any] = {"int": int, "float": float, "str": str}
MISSING = object()


@final
@dataclass(frozen=True, slots=True)
class Parsing:
    """A statement that parses the command line.

    Args:
        name: What the result is called.
        mapping: Whether it is made a dictionary by ``vars``.
        defaults: Arguments whose default is a literal.
    """

    name: str
    mapping: bool
    defaults: dict[str, Any]


def parsing(node: ast.stmt, unit: Unit) -> Parsing | None:
    """What a statement such as ``args = parser.parse_args()`` would give without a command line, or None."""
    if not isinstance(node, ast.Assign) or not _parses(node.value, unit):
        return None
    target = node.targets[0]
    if isinstance(target, ast.Tuple) and target.elts:
        target = target.elts[0]
    if not isinstance(target, ast.Name):
        return None
    mapping = isinstance(node.value, ast.Call) and unit.dotted(node.value.func) == "vars"
    return Parsing(target.id, mapping, stated_defaults(unit))


def stated_defaults(unit: Unit) -> dict[str, Any]:
    """The literal defaults of all arguments that the file declares for its command line."""
    found: dict[str, Any] = {}
    for call in _calls(unit.parsed.tree):
        if not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "add_argument":
            name, value = _argument(call)
            if name and value is not MISSING:
                found[name] = value
        elif call.func.attr == "set_defaults":
            found |= {
                word.arg: literal(word.value)
                for word in call.keywords
                if word.arg and literal(word.value) is not MISSING
            }
    return found


def declared(unit: Unit) -> set[str]:
    """The names of all arguments that the file declares for its command line."""
    return {
        name
        for call in _calls(unit.parsed.tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"
        for name in [_argument(call)[0]]
        if name
    }


def literal(node: ast.expr | None) -> Any:
    """The value of a literal, or `MISSING`."""
    try:
        return MISSING if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return MISSING


def _parses(node: ast.expr, unit: Unit, *, depth: int = 3) -> bool:
    for call in _calls(node):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _PARSES:
            return True
        if isinstance(call.func, ast.Name) and depth:
            function = unit.definition(call.func.id)
            if isinstance(function, ast.FunctionDef) and any(
                _parses(part.value, unit, depth=depth - 1)
                for part in ast.walk(function)
                if isinstance(part, (ast.Assign, ast.Return)) and part.value is not None
            ):
                return True
    return False


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Call))


def _argument(call: ast.Call) -> tuple[str, Any]:
    """Name and default of one argument."""
    flags = [flag for flag in (literal(part) for part in call.args) if isinstance(flag, str)]
    words = {word.arg: word.value for word in call.keywords if word.arg}
    name = literal(words.get("dest"))
    if not isinstance(name, str):
        long = [flag for flag in flags if flag.startswith("--")] or flags
        name = long[0].lstrip("-").replace("-", "_") if long else ""
    default = literal(words["default"]) if "default" in words else _implied(words, flags)
    kind = words.get("type")
    if isinstance(default, str) and isinstance(kind, ast.Name) and kind.id in _TYPES:
        try:
            default = _TYPES[kind.id](default)
        except ValueError:
            default = MISSING
    return name, default


def _implied(words: dict[str, ast.expr], flags: list[str]) -> Any:
    action = literal(words.get("action"))
    if action in ("store_true", "store_false"):
        return action == "store_false"
    positional = bool(flags) and not flags[0].startswith("-")
    required = literal(words.get("required")) is True
    return MISSING if positional or required else None
