"""A source file as a row of top-level statements and the names that each of them makes or changes."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

from vae_analyze.loading.code.sources import Parsed

_CHANGES = frozenset({"append", "extend", "insert", "update", "setdefault", "reverse", "sort", "add", "set_defaults"})
Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One statement at top level, out of the ``if``, ``try`` and ``with`` around it.

    Args:
        node: The statement.
        names: What it makes, or changes in place.
        guards: Conditions under which it stands, each with the value it must have.
        opaque: Something that is never run, such as a loop; its names are then only known to be made there.
    """

    node: ast.stmt
    names: frozenset[str]
    guards: tuple[tuple[ast.expr, bool], ...] = ()
    opaque: bool = False


@final
@dataclass(frozen=True)
class Unit:
    """A file taken apart.

    Args:
        parsed: The file.
        entries: Its statements, in their order.
    """

    parsed: Parsed
    entries: tuple[Entry, ...]

    @cached_property
    def makers(self) -> dict[str, tuple[int, ...]]:
        """The statements (their places) that make or change each name."""
        found: dict[str, tuple[int, ...]] = {}
        for at, entry in enumerate(self.entries):
            for name in entry.names:
                found[name] = (*found.get(name, ()), at)
        return found

    @cached_property
    def aliases(self) -> dict[str, str]:
        """What imported names stand for, such as ``F`` for ``torch.nn.functional``; relative imports left out."""
        found: dict[str, str] = {}
        for entry in self.entries:
            node = entry.node
            if isinstance(node, ast.Import):
                for name in node.names:
                    root = name.name.split(".")[0]
                    found[name.asname or root] = name.name if name.asname else root
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
        return found

    def definition(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None:
        """The last class or function of a name, or None."""
        for at in reversed(self.makers.get(name, ())):
            node = self.entries[at].node
            if isinstance(node, Definition):
                return node
        return None

    def stars(self) -> Iterator[ast.ImportFrom]:
        """The imports of everything."""
        for entry in self.entries:
            if isinstance(entry.node, ast.ImportFrom) and entry.node.names[0].name == "*":
                yield entry.node

    def dotted(self, node: ast.expr) -> str:
        """What an expression like ``nn.Linear`` refers to, such as "torch.nn.Linear"; "" for anything else."""
        tail: list[str] = []
        while isinstance(node, ast.Attribute):
            tail.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.aliases.get(node.id, node.id), *reversed(tail)])


def unit_of(parsed: Parsed) -> Unit:
    """A file taken apart; nothing is run."""
    return Unit(parsed=parsed, entries=tuple(_entries(parsed.tree.body)))


def is_main(test: ast.expr) -> bool:
    """Whether a condition asks if the file is run as a program."""
    return isinstance(test, ast.Compare) and any(
        isinstance(part, ast.Name) and part.id == "__name__" for part in (test.left, *test.comparators)
    )


def _entries(body: list[ast.stmt]) -> Iterator[Entry]:
    for node in body:
        if isinstance(node, ast.If):
            yield from _of_if(node)
        elif isinstance(node, ast.Try):
            yield from _of_try(node)
        elif isinstance(node, ast.With):
            yield from _entries(node.body)
        elif isinstance(node, (ast.For, ast.While, ast.AsyncFor, ast.AsyncWith, ast.Match)):
            yield Entry(node=node, names=frozenset(_stored(node)), opaque=True)
        else:
            yield Entry(node=node, names=frozenset(_made(node)))


def _of_if(node: ast.If) -> Iterator[Entry]:
    if is_main(node.test):
        yield from _entries(node.body)
        return
    for branch, value in ((node.body, True), (node.orelse, False)):
        for entry in _entries(branch):
            yield replace(entry, guards=((node.test, value), *entry.guards))


def _of_try(node: ast.Try) -> Iterator[Entry]:
    """What would run: the body where its imports are there, else what stands in for it."""
    imports = [part for part in node.body if isinstance(part, (ast.Import, ast.ImportFrom))]
    if all(_importable(part) for part in imports):
        yield from _entries([*node.body, *node.orelse])
    else:
        for handler in node.handlers[:1]:
            yield from _entries(handler.body)
    yield from _entries(node.finalbody)


def _importable(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom) and node.level:
        return True
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
    return all(installed(name) for name in names)


def installed(module: str) -> bool:
    """Whether a package is there; it is not imported."""
    root = module.split(".")[0]
    if root in sys.modules or root in sys.stdlib_module_names:
        return True
    try:
        return importlib.util.find_spec(root) is not None
    except (ImportError, ValueError):
        return False


def _made(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, Definition):
        yield node.name
    elif isinstance(node, ast.Import):
        yield from (name.asname or name.name.split(".")[0] for name in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from (name.asname or name.name for name in node.names if name.name != "*")
    elif isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield from _roots(target)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in _CHANGES:
            yield from _roots(function.value)


def _roots(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Attribute, ast.Subscript, ast.Starred)):
        yield from _roots(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            yield from _roots(part)


def _stored(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
