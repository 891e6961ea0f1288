"""What a class needs of its file and of the files beside it, found without running anything."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from vae_analyze.loading.code.arguments_parsed import Parsing, parsing
from vae_analyze.loading.code.cleaning import UNAVAILABLE, cleaned
from vae_analyze.loading.code.pure import Purity
from vae_analyze.loading.code.siblings import inside, sibling, target
from vae_analyze.loading.code.sources import parsed
from vae_analyze.loading.code.units import Definition, Entry, Unit, unit_of
from vae_analyze.loading.files.printable import printable

_MOST_FILES = 60


@final
@dataclass(kw_only=True)
class Kept:
    """What is run of one file.

    Args:
        unit: The file.
        statements: By place in the file, cleaned.
        guards: By place: the conditions that decide.
        imports: By place: the names that are needed of an import statement.
        parsings: By place: a parsing of the command line, which is not run but stood in for.
        unresolved: Names that are needed and not there, each with the reason.
        doubts: Names of which some statements were not run.
        dropped: What was taken out of kept statements.
    """

    unit: Unit
    purity: Purity
    statements: dict[int, ast.stmt] = field(default_factory=dict)
    guards: dict[int, tuple[tuple[ast.expr, bool], ...]] = field(default_factory=dict)
    imports: dict[int, set[str]] = field(default_factory=dict)
    hoisted: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    stars: dict[str, Path] = field(default_factory=dict)
    parsings: dict[int, Parsing] = field(default_factory=dict)
    unresolved: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    wanted: set[str] = field(default_factory=set)

    def text(self) -> str:
        """The statements as they are run."""
        order = sorted({*self.statements, *self.imports, *self.parsings})
        return "\n".join(self._line(at) for at in order)

    def _line(self, at: int) -> str:
        guards = "".join(f"{ast.unparse(test)} is {value}: " for test, value in self.guards.get(at, ()))
        return guards + ast.unparse(self.statements.get(at, self.unit.entries[at].node))


@final
class Slicer:
    """Collects what names need, file by file.

    Args:
        path: The file that was named.
        without: Statements of it to be left out: definitions that another one of the same name replaces.
    """

    def __init__(self, path: Path, *, without: frozenset[int] = frozenset()) -> None:
        self.path = path
        self.files: dict[Path, Kept] = {}
        self._without = without

    def file(self, path: Path) -> Kept:
        """What is kept of a file so far."""
        if path not in self.files:
            unit = unit_of(parsed(path))
            self.files[path] = Kept(unit=unit, purity=Purity(unit=unit))
        return self.files[path]

    def require(self, path: Path, name: str) -> bool:
        """Keep all that makes a name; whether anything does."""
        kept = self.file(path)
        if name in kept.wanted:
            return name not in kept.unresolved
        kept.wanted.add(name)
        makers = [at for at in kept.unit.makers.get(name, ()) if path != self.path or at not in self._without]
        if not makers:
            return self._from_elsewhere(kept, name)
        made = [at for at in makers if self._keep(kept, at, name)]
        lost = [_said(kept.unit.entries[at]) for at in makers if at not in made]
        if not made:
            kept.unresolved[name] = f"{name} is made by code that is not run: {lost[-1]}"
        elif lost:
            kept.doubts[name] = f"not run, although it makes or changes it: {'; '.join(lost)}"
        return bool(made)

    def require_names(self, path: Path, node: ast.AST) -> None:
        """Keep all that an expression needs."""
        kept = self.file(path)
        for name in sorted(free_names(node)):
            self.require(path, name)
        self._chains(kept, node)

    def away(self) -> list[str]:
        """What of the named file is not run: lines and first words."""
        kept = self.file(self.path)
        lines: list[str] = []
        for at, entry in enumerate(kept.unit.entries):
            if at in kept.statements or at in kept.imports or at in kept.parsings:
                continue
            if not (isinstance(entry.node, ast.Expr) and isinstance(entry.node.value, ast.Constant)):
                lines.append(_said(entry))
        lines += [f"line {broken.line}: {printable(broken.text.strip(), limit=60)} (does not parse)" for broken in
                  kept.unit.parsed.broken]  # fmt: skip
        return lines

    def text(self) -> str:
        """Everything that is run, file by file."""
        return "\n\n".join(sorted(kept.text() for kept in self.files.values()))

    def _keep(self, kept: Kept, at: int, name: str) -> bool:
        entry = kept.unit.entries[at]
        if entry.opaque:
            return False
        if isinstance(entry.node, (ast.Import, ast.ImportFrom)):
            kept.imports.setdefault(at, set()).add(name)
            self._import(kept, entry.node, name)
            return True
        if at in kept.statements or at in kept.parsings:
            return True
        stands_in = parsing(entry.node, kept.unit)
        if stands_in is not None:
            kept.parsings[at] = stands_in
            return True
        if not isinstance(entry.node, Definition) and not kept.purity.statement(entry.node):
            return False
        self._statement(kept, at, entry)
        return True

    def _statement(self, kept: Kept, at: int, entry: Entry) -> None:
        clean = cleaned(entry.node, kept.unit, kept.purity)
        kept.statements[at] = clean.node
        kept.dropped += [text for text in clean.dropped if text not in kept.dropped]
        kept.guards[at] = tuple(guard for guard in entry.guards if kept.purity.expression(guard[0]))
        for node in clean.imports:
            kept.hoisted.append(node)
            for name in node.names:
                self._import(kept, node, name.asname or name.name)
        for part in (clean.node, *(test for test, _ in kept.guards[at])):
            self.require_names(kept.unit.parsed.path, part)
        for node in clean.imports:
            for name in node.names:
                kept.unresolved.pop(name.asname or name.name.split(".")[0], None)

    def _import(self, kept: Kept, node: ast.Import | ast.ImportFrom, name: str) -> None:
        """Go on in the file that an import means."""
        if isinstance(node, ast.Import):
            return  # its attributes are followed where they are used
        place = target(kept.unit.parsed.path, node)
        if place is None or len(self.files) > _MOST_FILES:
            return
        for part in node.names:
            if part.name == "*":
                continue
            if (part.asname or part.name) == name and not self._exports(place, part.name):
                continue
            if (part.asname or part.name) == name:
                self.require(place, part.name)

    def _exports(self, place: Path, name: str, *, depth: int = 8) -> bool:
        """Whether a file makes a name itself or by importing everything of another."""
        if place.is_dir() or depth == 0:
            return False
        unit = self.file(place).unit
        if name in unit.makers:
            return True
        others = (target(place, node) for node in unit.stars())
        return any(other is not None and self._exports(other, name, depth=depth - 1) for other in others)

    def _makes(self, place: Path, name: str) -> bool:
        unit = self.file(place).unit
        nodes = (unit.entries[at].node for at in unit.makers.get(name, ()))
        return any(not isinstance(node, (ast.Import, ast.ImportFrom)) for node in nodes)

    def _from_elsewhere(self, kept: Kept, name: str) -> bool:
        """A name that an import of everything brings, a builtin, or one that is missing."""
        path = kept.unit.parsed.path
        places = [target(path, node) for node in kept.unit.stars()]
        exporting = [place for place in places if place is not None and self._exports(place, name)]
        if exporting:
            # A file that makes the name itself goes before one that imports it, perhaps from here.
            place = min(reversed(exporting), key=lambda place: not self._makes(place, name))
            kept.stars[name] = place
            return self.require(place, name)
        outside = [node for node in kept.unit.stars() if target(path, node) is None]
        if hasattr(builtins, name) or name in (UNAVAILABLE, "__class__", "__file__", "__name__"):
            return True
        if not outside:
            broken = [text for text in kept.unit.parsed.broken if name in text.block]
            reason = f": {broken[0]}" if broken else ""
            kept.unresolved[name] = f"{name} is not made in {path.name}{reason}"
        return bool(outside)

    def _chains(self, kept: Kept, node: ast.AST) -> None:
        """Follow ``layers.Encoder`` into a module that was imported whole."""
        modules = whole_modules(kept)
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Load):
                written = ast.unparse(part.value)
                if written in modules and self._exports(modules[written], part.attr):
                    self.require(modules[written], part.attr)


def whole_modules(kept: Kept) -> dict[str, Path]:
    """Files beside that are imported as modules, by how the file writes them (``layers``, ``models.layers``)."""
    path = kept.unit.parsed.path
    found: dict[str, Path] = {}
    nodes = [entry.node for entry in kept.unit.entries] + list(kept.hoisted)
    for node in nodes:
        if isinstance(node, ast.Import):
            for name in node.names:
                place = sibling(path, name.name, 0)
                if place is not None:
                    found[name.asname or name.name] = place
        elif isinstance(node, ast.ImportFrom):
            package = target(path, node)
            for name in node.names if package is not None else ():
                place = inside(package, name.name) if package is not None else None
                if place is not None:
                    found[name.asname or name.name] = place
    return found


def free_names(node: ast.AST) -> set[str]:
    """The names that a statement or an expression takes from around it."""
    return set(_globals(symtable.symtable(ast.unparse(node), "code", "exec"), top=True))


def _globals(table: symtable.SymbolTable, *, top: bool = False) -> Iterator[str]:
    for symbol in table.get_symbols():
        # In the body of a class a name may be looked up outside before it is made there: `VAE = VAE`.
        if symbol.is_referenced() and (top or table.get_type() == "class" or symbol.is_global()):
            yield symbol.get_name()
    for child in table.get_children():
        yield from _globals(child)


def _said(entry: Entry) -> str:
    node = entry.node
    first, last = node.lineno, node.end_lineno or node.lineno
    decorators = getattr(node, "decorator_list", [])
    first = min([first, *(decorator.lineno for decorator in decorators)])
    where = f"line {first}" if first == last else f"lines {first}-{last}"
    return f"{where}: {printable(ast.unparse(node).split(chr(10))[0], limit=60)}"
