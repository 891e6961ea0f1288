"""Every attempt starts from the same values: a class that changes its lists in place changes no later attempt.

``layer_sizes[0] += n_labels`` and ``hidden_dims.reverse()`` are common in constructors. Training called them once; a
search calls them thousands of times, on what was stated, on the class's own defaults and on constants of its file.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, final

from vae_analyze.loading.code.execution import CommandLine

_OWN = "_named_code_"  # how modules made of a person's file are called
_KINDS = (list, dict, set, SimpleNamespace, CommandLine)
_MOST = 10_000  # entries; a table of this size is no argument
_Place = tuple[Any, str]  # an object and the attribute of it that holds a value that may be changed


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values that may be changed without changing these; what cannot be copied is passed on as it is."""
    try:
        return copy.deepcopy(dict(values))  # at once: what is one object under two names stays one
    except Exception:  # noqa: BLE001 - foreign objects may refuse in any way
        return {name: _copied(value) for name, value in values.items()}


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # noqa: BLE001 - likewise
        return value


@final
class Snapshot:
    """The lists and the like that making a network may change, as they were.

    Args:
        target: The class or function that makes it.
    """

    def __init__(self, target: Callable[..., Any]) -> None:
        self._places = list(dict.fromkeys(_places(target)))
        self._before = _copies([getattr(owner, name) for owner, name in self._places])

    def restore(self) -> None:
        """Put everything back, as new objects: networks made before keep what they hold."""
        for (owner, name), value in zip(self._places, _copies(self._before), strict=True):
            setattr(owner, name, value)


def _copies(values: list[Any]) -> list[Any]:
    return list(copied({str(at): value for at, value in enumerate(values)}).values())


def _places(target: Callable[..., Any]) -> Iterator[_Place]:
    start = sys.modules.get(getattr(target, "__module__", "") or "")
    if start is None or not start.__name__.startswith(_OWN):
        yield from _defaults(getattr(target, "__init__", None) if isinstance(target, type) else target)
        return
    waiting, seen = [start], set[int]()
    while waiting:
        module = waiting.pop()
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name, value in [*vars(module).items()]:
            if _changes(value) and not name.startswith("__"):
                yield module, name
            yield from _inside(value)
            owner = value if type(value) is ModuleType else sys.modules.get(_module(value))
            if owner is not None and owner.__name__.startswith(_OWN):
                waiting.append(owner)


def _inside(value: Any) -> Iterator[_Place]:
    """Of a function its defaults, of a class its attributes and the defaults of its functions."""
    if not isinstance(value, type):
        yield from _defaults(value)
        return
    if not value.__module__.startswith(_OWN):
        return
    for name, held in [*vars(value).items()]:
        if _changes(held) and not name.startswith("__"):
            yield value, name
        yield from _inside(getattr(held, "__func__", held))


def _defaults(value: Any) -> Iterator[_Place]:
    if isinstance(value, FunctionType):
        if any(_changes(default) for default in value.__defaults__ or ()):
            yield value, "__defaults__"
        if any(_changes(default) for default in (value.__kwdefaults__ or {}).values()):
            yield value, "__kwdefaults__"


def _changes(value: Any) -> bool:
    return type(value) in _KINDS and (not hasattr(value, "__len__") or len(value) <= _MOST)


def _module(value: Any) -> str:
    return str(value.__module__ or "") if isinstance(value, (type, FunctionType)) else ""
