"""Running a slice: its statements one after another in modules of their own."""

from __future__ import annotations
import __future__

import ast
import hashlib
import importlib
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, final

import torch

from vae_analyze.errors import CheckpointError, VaeAnalyzeError
from vae_analyze.loading.code.absent import Deferred, NotThere
from vae_analyze.loading.code.cleaning import UNAVAILABLE
from vae_analyze.loading.code.said import said
from vae_analyze.loading.code.siblings import inside, target
from vae_analyze.loading.code.slicing import Kept, Slicer, whole_modules
from vae_analyze.loading.code.units import Definition

_AT_ONCE = ("torch", "torch.nn", "torch.nn.functional", "torch.distributions", "torch.autograd", "numpy", "torch.optim")
_NOT_AT_ONCE = ("antigravity", "this", "webbrowser", "turtle", "tkinter", "idlelib")
_PLACES = re.compile(r"_?(device|dev)_?", re.IGNORECASE)


@final
class Execution:
    """The modules made of a slice.

    Args:
        slicer: What to run.
        overrides: Values for names that the file does not make without being run, by dotted name.
    """

    def __init__(self, slicer: Slicer, overrides: Mapping[str, Any]) -> None:
        self._slicer = slicer
        self._overrides = overrides
        self._digest = hashlib.sha256(slicer.text().encode()).hexdigest()[:12]
        self._modules: dict[Path, ModuleType] = {}
        self.failures: dict[str, str] = {}

    def module(self, path: Path) -> ModuleType:
        """A file's kept part, run."""
        if path in self._modules:
            return self._modules[path]
        name = f"_named_code_{self._digest}_{len(self._modules)}_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}"
        module = ModuleType(name)
        module.__file__ = str(path)
        vars(module).update({UNAVAILABLE: _unavailable, "print": _silent, "input": _silent})
        self._modules[path] = module
        sys.modules[name] = module  # dataclasses and typing look classes' modules up there
        if path in self._slicer.files:
            self._run(self._slicer.files[path], module)
        return module

    def _run(self, kept: Kept, module: ModuleType) -> None:
        space = vars(module)
        for name, reason in kept.unresolved.items():
            space[name] = self._missing(name, reason, kept)
        self._stars(kept, space)
        for node in kept.hoisted:
            self._import(kept, node, {part.asname or part.name for part in node.names}, space)
        for at in sorted({*kept.statements, *kept.imports, *kept.parsings}):
            if at in kept.imports:
                statement = kept.unit.entries[at].node
                assert isinstance(statement, (ast.Import, ast.ImportFrom))
                self._import(kept, statement, kept.imports[at], space)
            elif at in kept.parsings:
                given = kept.parsings[at]
                values = given.defaults | _below(self._overrides, given.name)
                space[given.name] = dict(values) if given.mapping else CommandLine(given.name, values)
            elif self._guarded(kept, at, space):
                self._statement(kept, at, space)

    def _guarded(self, kept: Kept, at: int, space: dict[str, Any]) -> bool:
        for test, value in kept.guards.get(at, ()):
            try:
                code = compile(ast.Expression(test), str(kept.unit.parsed.path), "eval")
                if bool(eval(code, space)) is not value:  # noqa: S307 - pure by `Purity`, of the class that was named
                    return False
            except Exception:  # noqa: BLE001 - a condition that cannot be computed decides nothing
                return True
        return True

    def _statement(self, kept: Kept, at: int, space: dict[str, Any]) -> None:
        node = kept.statements[at]
        entry = kept.unit.entries[at]
        flags = __future__.annotations.compiler_flag
        code = compile(ast.Module([node], []), str(kept.unit.parsed.path), "exec", flags=flags, dont_inherit=True)
        try:
            exec(code, space)  # noqa: S102 - naming the class is consent to run it and what it uses
        except Exception as error:  # noqa: BLE001 - whatever their code raises is told when the name is used
            where = f"line {node.lineno} of {kept.unit.parsed.path.name}"
            reason = said(error.message if isinstance(error, VaeAnalyzeError) else error)
            told = f"{', '.join(sorted(entry.names))}, whose making fails at {where}: {reason}"
            hint = error.hint if isinstance(error, VaeAnalyzeError) else ""
            for name in entry.names:
                space[name] = NotThere(told, hint)
                self.failures[name] = f"{where} fails: {reason}" + (f" ({hint})" if hint else "")
        for name in entry.names & set(self._overrides):
            if not isinstance(node, Definition):
                space[name] = self._overrides[name]

    def _missing(self, name: str, reason: str, kept: Kept) -> Any:
        if name in self._overrides:
            return self._overrides[name]
        below = _below(self._overrides, name)
        if below:
            return SimpleNamespace(**below)
        if _PLACES.fullmatch(name):
            return torch.device("cpu")
        return NotThere(f"{reason} ({kept.unit.parsed.path.name})", f"give it: --set {name}=VALUE")

    def _stars(self, kept: Kept, space: dict[str, Any]) -> None:
        for node in kept.unit.stars():
            if target(kept.unit.parsed.path, node) is None and node.module:
                found = _outside(node.module)
                if not isinstance(found, Deferred):
                    names = getattr(found, "__all__", None) or [name for name in dir(found) if not name.startswith("_")]
                    space.update({name: getattr(found, name) for name in names if name in kept.wanted})
        for name, place in kept.stars.items():
            if name not in space:
                space[name] = getattr(self.module(place), name, NotThere(f"{name} of {place.name}"))

    def _import(self, kept: Kept, node: ast.Import | ast.ImportFrom, wanted: set[str], space: dict[str, Any]) -> None:
        path = kept.unit.parsed.path
        modules = whole_modules(kept)
        for part in node.names:
            bound = part.asname or (part.name if isinstance(node, ast.ImportFrom) else part.name.split(".")[0])
            if bound not in wanted and part.name not in wanted:
                continue
            written = part.asname or part.name
            if isinstance(node, ast.Import):
                self._whole(part, bound, modules, space)
                continue
            place = target(path, node)
            if place is None:
                space[bound] = _attribute(node, part.name)
                continue
            owner = self.module(place)
            if hasattr(owner, part.name):
                space[bound] = getattr(owner, part.name)
            elif written in modules and inside(place, part.name) is not None:
                space[bound] = self.module(modules[written])
            else:
                space[bound] = NotThere(f"{part.name}, which {place.name} does not make")

    def _whole(self, part: ast.alias, bound: str, modules: dict[str, Path], space: dict[str, Any]) -> None:
        written = part.asname or part.name
        if written not in modules:
            space[bound] = _outside(part.name if part.asname else part.name.split(".")[0])
            return
        module = self.module(modules[written])
        names = [] if part.asname else part.name.split(".")[1:]
        if not names:
            space[bound] = module
            return
        owner = space.get(bound)
        if not isinstance(owner, (SimpleNamespace, ModuleType)):
            space[bound] = owner = SimpleNamespace()
        for name in names[:-1]:
            owner.__dict__.setdefault(name, SimpleNamespace())
            owner = owner.__dict__[name]
        setattr(owner, names[-1], module)


@final
class CommandLine:
    """What stands in for the parsed command line: its declared defaults.

    Args:
        name: What the file calls it.
        values: By argument.
    """

    __slots__ = ("__dict__", "_owner")  # the owner must not be among `vars` of it

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)
        object.__setattr__(self, "_owner", name)

    def __repr__(self) -> str:
        return f"<the file's command line: {', '.join(f'{name}={value!r}' for name, value in vars(self).items())}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        owner = object.__getattribute__(self, "_owner")
        raise CheckpointError(
            f"the class reads {owner}.{name}, and the file's command line states no plain default for it",
            hint=f"give it: --set {owner}.{name}=VALUE",
        )


def _below(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key.removeprefix(f"{name}."): value for key, value in values.items() if key.startswith(f"{name}.")}


def _outside(module: str) -> Any:
    root = module.split(".")[0]
    at_once = module in _AT_ONCE or (root in sys.stdlib_module_names and root not in _NOT_AT_ONCE)
    if not at_once:
        return Deferred(module)
    try:
        return importlib.import_module(module)
    except ImportError:
        return Deferred(module)


def _attribute(node: ast.ImportFrom, name: str) -> Any:
    module = _outside(node.module or "")
    if isinstance(module, Deferred):
        return Deferred(node.module or "", (name,))
    if hasattr(module, name):
        return getattr(module, name)
    try:
        return importlib.import_module(f"{node.module}.{name}")
    except ImportError:
        return Deferred(node.module or "", (name,))


def _unavailable(text: str) -> NotThere:
    return NotThere(f"the default `{text}`, which is not run", "give the argument: --set NAME=VALUE")


def _silent(*_: Any, **__: Any) -> None:
    """Their prints would land among our results."""
