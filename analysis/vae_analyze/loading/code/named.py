"""The class that was named, ready to be called: sliced out of a file, or imported from a package."""

from __future__ import annotations

import ast
import contextlib
import difflib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, final

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.code.absent import NotThere
from vae_analyze.loading.code.arguments import named_parameters, signature_of
from vae_analyze.loading.code.arguments_parsed import stated_defaults
from vae_analyze.loading.code.calls import CallSite, call_sites
from vae_analyze.loading.code.execution import Execution
from vae_analyze.loading.code.harmless import harmless
from vae_analyze.loading.code.said import said
from vae_analyze.loading.code.slicing import Slicer
from vae_analyze.loading.code.spec import Spec
from vae_analyze.loading.code.units import Definition
from vae_analyze.loading.files.printable import listing, printable

_CPU = torch.device("cpu")


@final
@dataclass(frozen=True, kw_only=True)
class Named:
    """What makes the model.

    Args:
        target: The class or function.
        name: As it was written.
        place: Where it is, for people.
        text: The code that is run.
        assumptions: What was run and what not.
        away: What of the file was not run.
        dropped: What was taken out of the code that was.
        globals: Names of the file that can be given with ``--set``.
        calls: Arguments in the file's own calls, with the line.
        command_line: Defaults of the file's command line.
        lacking: Names that are used and not there, each with the reason.
    """

    target: Callable[..., Any]
    name: str
    place: str
    text: str
    assumptions: tuple[Assumption, ...] = ()
    away: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    globals: frozenset[str] = frozenset()
    calls: tuple[tuple[dict[str, Any], int], ...] = ()
    command_line: dict[str, Any] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)


def named_code(spec: Spec, given: Mapping[str, Any]) -> Iterator[Named]:
    """What was named; several where the file defines it several times, the last one first.

    Raises:
        CheckpointError: It is not there.
    """
    if spec.file is None:
        yield _imported(spec)
        return
    first = Slicer(spec.file)
    unit = first.file(spec.file).unit
    if not spec.names:
        raise CheckpointError(f"{printable(spec.text)}: no class named", hint=_classes(first))
    root = spec.names[0]
    places = [at for at in unit.makers.get(root, ()) if isinstance(unit.entries[at].node, Definition)]
    versions = [frozenset(places[at + 1 :]) for at in reversed(range(len(places)))] or [frozenset[int]()]
    for at, without in enumerate(versions):
        yield _sliced(spec, Slicer(spec.file, without=without), given, version=at, count=len(versions))


def _sliced(spec: Spec, slicer: Slicer, given: Mapping[str, Any], *, version: int, count: int) -> Named:
    assert spec.file is not None
    path, root = spec.file, spec.names[0]
    kept = slicer.file(path)
    if not slicer.require(path, root) or (root not in kept.unit.makers and root not in kept.stars):
        raise _not_found(spec, slicer)
    text, away = slicer.text(), tuple(slicer.away())
    sites = call_sites(kept.unit, spec.name)
    for site in sites:
        for node in (*site.local, *site.named.values(), *(part for part in site.positional if part is not None)):
            slicer.require_names(path, node)
    overrides = {name: value for name, value in given.items() if _overrides(name, slicer)}
    with harmless(_CPU):
        torch.default_generator.manual_seed(0)  # `harmless` puts its state back
        execution = Execution(slicer, overrides)
        module = execution.module(path)
        target = _reached(spec, module, execution, slicer)
        calls = tuple((_evaluated(site, module, target), site.line) for site in sites)
    assumptions = _told(spec, slicer, away, version=version, count=count)
    return Named(
        target=target,
        name=spec.name,
        place=f"{path.name}:{spec.name}",
        text=text + repr(sorted(overrides.items())),
        assumptions=tuple(assumptions),
        away=away,
        dropped=tuple(text for one in slicer.files.values() for text in one.dropped),
        globals=frozenset(name for one in slicer.files.values() for name in one.wanted),
        calls=tuple((values, line) for values, line in calls if values),
        command_line=stated_defaults(kept.unit),
        lacking={name: reason for one in slicer.files.values() for name, reason in one.unresolved.items()},
    )


def _told(spec: Spec, slicer: Slicer, away: tuple[str, ...], *, version: int, count: int) -> list[Assumption]:
    """What was run of the file and what not."""
    assumptions = [
        Assumption(
            what="code that was run",
            value=f"{spec.name} of {slicer.path.name} and what it uses: {_size(slicer)}",
            source="option --model",
        )
    ]
    if away:
        assumptions.append(
            Assumption(what="code that was not run", value=listing(list(away), most=8), source="not used by the class")
        )
    if count > 1:
        assumptions.append(
            Assumption(
                what="definition",
                value=f"number {count - version} of {count} of that name",
                source="the weights fit it",
            )
        )
    return [*assumptions, *_doubts(slicer)]


def _overrides(name: str, slicer: Slicer) -> bool:
    root = name.split(".")[0]
    return any(root in kept.wanted for kept in slicer.files.values())


def _size(slicer: Slicer) -> str:
    lines = slicer.text().count("\n") + 1
    names = listing([path.name for path in slicer.files if path != slicer.path], most=5)
    return f"{lines} lines" + (f", some of {names}" if names else "")


def _doubts(slicer: Slicer) -> list[Assumption]:
    return [
        Assumption(what=f"global {name}", value="as far as it can be had without running the file",
                   source=f"guess: {reason}", guess=True)
        for kept in slicer.files.values() for name, reason in kept.doubts.items()
    ]  # fmt: skip


def _reached(spec: Spec, module: ModuleType, execution: Execution, slicer: Slicer) -> Callable[..., Any]:
    found: Any = module
    for name in spec.names:
        found = getattr(found, name, None)
        if isinstance(found, NotThere):
            raise CheckpointError(
                f"{spec.name} cannot be made: {execution.failures.get(name, repr(found))}",
                hint="install what is missing, or name another class",
            )
        if found is None:
            raise _not_found(spec, slicer)
    if not callable(found):
        raise CheckpointError(f"{spec.name}: expected a class or a function, found {type(found).__name__}",
                              hint=_classes(slicer))  # fmt: skip
    return found  # type: ignore[no-any-return]  # callable, as was just seen


def _evaluated(site: CallSite, module: ModuleType, target: Callable[..., Any]) -> dict[str, Any]:
    """The values of a call's arguments, those that can be had."""
    space = dict(vars(module))
    for statement in site.local:
        # What fails lacks a name, and so does what uses it: that argument is left to others.
        with contextlib.suppress(Exception):
            exec(compile(ast.Module([statement], []), "call", "exec"), space)  # noqa: S102 - pure by `Purity`
    parameters = list(named_parameters(signature_of(target)))
    values: dict[str, Any] = {}
    for name, node in [*zip(parameters, site.positional, strict=False), *site.named.items()]:
        if node is None:
            continue
        with contextlib.suppress(Exception):
            value = eval(compile(ast.Expression(node), "call", "eval"), space)  # noqa: S307 - likewise
            if not isinstance(value, NotThere):
                values[name] = value
    return values


def _classes(slicer: Slicer) -> str:
    nodes = [entry.node for entry in slicer.file(slicer.path).unit.entries if isinstance(entry.node, Definition)]
    classes = [node.name for node in nodes if isinstance(node, ast.ClassDef)]
    functions = [node.name for node in nodes if not isinstance(node, ast.ClassDef)]
    told = [f"classes: {listing(classes, most=20)}"] if classes else []
    told += [f"functions: {listing(functions, most=20)}"] if functions else []
    return "; ".join(told) or "the file defines no classes and no functions"


def _not_found(spec: Spec, slicer: Slicer) -> CheckpointError:
    kept = slicer.file(slicer.path)
    broken = [str(text) for text in kept.unit.parsed.broken if spec.names[0] in text.block]
    known = [name for name in kept.unit.makers if kept.unit.definition(name) is not None]
    close = difflib.get_close_matches(spec.names[0], known, n=1, cutoff=0.5)
    reason = f": {broken[0]}" if broken else ""
    lost = kept.unresolved.get(spec.names[0], "")
    if not reason and lost and "not made in" not in lost:
        reason = f": {lost}"
    hint = "make it Python 3 first" if broken else f"did you mean {close[0]}? " if close else ""
    return CheckpointError(
        f"no {printable(spec.name)} in {printable(slicer.path.name)}{reason}",
        hint=hint if broken else f"{hint}{_classes(slicer)}",
    )


def _imported(spec: Spec) -> Named:
    """A class of an installed package, imported as anybody would."""
    try:
        with harmless(_CPU):
            module = importlib.import_module(spec.module)
    except CheckpointError:
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise CheckpointError(
            f"--model: cannot import {printable(spec.module)}: {type(error).__name__}: {said(error)}",
            hint="install the package, or name the file: --model path/to/file.py:Class",
        ) from error
    found: Any = module
    for name in spec.names:
        if not hasattr(found, name):
            known = [key for key, value in vars(found).items() if callable(value) and not key.startswith("_")]
            close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are: {listing(known)}"
            raise CheckpointError(f"no {printable(name)} in {printable(spec.module)}", hint=hint)
        found = getattr(found, name)
    if not callable(found):
        raise CheckpointError(f"{spec.name}: expected a class or a function, found {type(found).__name__}")
    return Named(
        target=found,
        name=spec.name,
        place=f"{spec.module}:{spec.name}",
        text=_text_of(found),
        assumptions=(
            Assumption(what="code that was run", value=f"the module {spec.module}, imported", source="option --model"),
        ),
    )


def _text_of(target: Any) -> str:
    """The source of a class, of what it derives from, and of their modules."""
    texts: list[str] = []
    for kind in inspect.getmro(target) if isinstance(target, type) else (target,):
        module = sys.modules.get(getattr(kind, "__module__", ""))
        file = getattr(module, "__file__", None)
        if file and not kind.__module__.startswith(("torch.", "builtins")):
            texts.append(Path(file).read_text(encoding="utf-8", errors="replace"))
    return "\n".join(dict.fromkeys(texts))
