"""How the file itself makes the model: the arguments of its own calls, read and not run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from vae_analyze.loading.code.pure import Purity
from vae_analyze.loading.code.units import Definition, Unit, is_main


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class CallSite:
    """One call of the class.

    Args:
        line: Where.
        positional: Its arguments by position; None where one may not be computed.
        named: Its arguments by name.
        local: Assignments before it in the same function, oldest first.
    """

    line: int
    positional: tuple[ast.expr | None, ...]
    named: dict[str, ast.expr]
    local: tuple[ast.stmt, ...]


def call_sites(unit: Unit, name: str) -> list[CallSite]:
    """The calls of a class in its own file, the last one first."""
    purity = Purity(unit=unit)
    found = [
        _site(call, local, purity)
        for body, local in _scopes(unit.parsed.tree)
        for call in _calls(body, name)
        if not any(isinstance(part, ast.Starred) for part in call.args) and all(word.arg for word in call.keywords)
    ]
    return sorted(found, key=lambda site: -site.line)


def _scopes(tree: ast.Module) -> Iterator[tuple[list[ast.stmt], list[ast.stmt]]]:
    """Statements to look for calls in, and the assignments that are local to them."""
    yield [node for node in tree.body if not isinstance(node, Definition)], []
    for node in tree.body:
        if isinstance(node, ast.If) and is_main(node.test):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.body, list(_assignments(node.body))


def _assignments(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            yield node
        elif isinstance(node, ast.With):
            yield from _assignments(node.body)


def _calls(body: list[ast.stmt], name: str) -> Iterator[ast.Call]:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                yield node


def _site(call: ast.Call, local: list[ast.stmt], purity: Purity) -> CallSite:
    return CallSite(
        line=call.lineno,
        positional=tuple(part if purity.expression(part) else None for part in call.args),
        named={word.arg: word.value for word in call.keywords if word.arg and purity.expression(word.value)},
        local=tuple(node for node in local if node.lineno < call.lineno and purity.statement(node)),
    )
