"""What passes between the modules and methods of a model while it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, final

from torch import Tensor, nn

from vae_analyze.loading.code.outputs import Part, parts

ENCODES = re.compile(
    r"enc|infer|recog|posterior|latent|embed|compress|(^|_)qz?(_|$)|get_z|get_mu|get_dist|bottleneck", re.IGNORECASE
)
_NOT_ENCODES = re.compile(r"dec|loss|sample|prior|train|step|freq|sequence|configur|generat|interp|plot", re.IGNORECASE)
DECODES = re.compile(r"de[cr]|gen|recon|likelihood|(^|_)px?(_|$)|to_ima?ge?|from_latent|synth|upsampl", re.IGNORECASE)
_NOT_DECODES = re.compile(
    r"loss|train|step|order|device|render|plot|optim|enc(?!.*dec)|freeze|parameter", re.IGNORECASE
)
_USUAL = ("encode", "encoder", "decode", "decoder", "enc", "dec")


@final
@dataclass(slots=True)
class Event:
    """One call.

    Args:
        where: Path of a module or of a method of one.
        method: Whether it is a method.
        given: Its first tensor.
        result: What it returned.
    """

    where: str
    method: bool
    given: Tensor
    result: list[Part] = field(default_factory=list)


def person_modules(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The modules whose class is not torch's own, by path."""
    for path, module in model.named_modules():
        if not type(module).__module__.startswith("torch."):
            yield path, module


def methods(model: nn.Module, words: re.Pattern[str], but: re.Pattern[str]) -> Iterator[str]:
    """Methods with such names, of the model and of the modules in it, by path."""
    for path, module in person_modules(model):
        for name in _own_names(type(module)):
            if words.search(name) and not but.search(name) and callable(getattr(type(module), name, None)):
                yield f"{path}.{name}" if path else name


def _own_names(kind: type) -> list[str]:
    found: dict[str, None] = {}
    for base in kind.__mro__:
        if base.__module__.startswith("torch.") or base is object or base.__name__ == "StandInModule":
            break
        found |= dict.fromkeys(name for name in vars(base) if not name.startswith("__") and name != "forward")
    return list(found)


def encoders(model: nn.Module) -> list[str]:
    """What may encode, the likeliest first: methods before modules, outer before inner, usual names first."""
    modules = [path for path, _ in model.named_modules() if path and _named(path, ENCODES, _NOT_ENCODES)]
    return _ranked(list(methods(model, ENCODES, _NOT_ENCODES)), modules)


def decoders(model: nn.Module) -> list[str]:
    """What may decode, likewise."""
    modules = [path for path, _ in model.named_modules() if path and _named(path, DECODES, _NOT_DECODES)]
    return _ranked(list(methods(model, DECODES, _NOT_DECODES)), modules)


def _named(path: str, words: re.Pattern[str], but: re.Pattern[str]) -> bool:
    last = path.rpartition(".")[2]
    return bool(words.search(last)) and not but.search(last)


def _ranked(first: list[str], then: list[str]) -> list[str]:
    def rank(where: str) -> tuple[int, int]:
        last = where.rpartition(".")[2].lower()
        return (where.count("."), _USUAL.index(last) if last in _USUAL else len(_USUAL))

    return [*sorted(first, key=rank), *sorted(then, key=rank)]


def at(model: nn.Module, where: str) -> Callable[..., Any]:
    """The module or method at a path; the model itself for ""."""
    found: Any = model
    for part in where.split(".") if where else ():
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]  # named by `recording`, so it can be called


@contextmanager
def recorded(model: nn.Module, batch: int) -> Iterator[list[Event]]:
    """While this holds, calls of inner modules and of decoding methods are written down in their order."""
    events: list[Event] = []
    handles = [
        handle for path, module in model.named_modules() if path for handle in _hooks(module, path, events, batch)
    ]
    wrapped = [(*_owner(model, where), where) for where in methods(model, DECODES, _NOT_DECODES)]
    for owner, name, where in wrapped:
        object.__setattr__(owner, name, _wrapper(getattr(owner, name), where, events, batch))
    try:
        yield events
    finally:
        for handle in handles:
            handle.remove()
        for owner, name, _ in wrapped:
            owner.__dict__.pop(name, None)


def _owner(model: nn.Module, where: str) -> tuple[nn.Module, str]:
    path, _, name = where.rpartition(".")
    return model.get_submodule(path), name


def _hooks(module: nn.Module, path: str, events: list[Event], batch: int) -> Iterator[Any]:
    running: list[Event | None] = []

    def before(_: nn.Module, args: Any, kwargs: Any) -> None:
        running.append(_event(path, args, kwargs, events, batch, method=False))

    def after(_: nn.Module, __: Any, result: Any) -> None:
        event = running.pop() if running else None
        if event is not None:
            event.result = parts(result, batch=batch)

    yield module.register_forward_pre_hook(before, with_kwargs=True)
    yield module.register_forward_hook(after)


def _wrapper(function: Callable[..., Any], where: str, events: list[Event], batch: int) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        event = _event(where, args, kwargs, events, batch, method=True)
        result = function(*args, **kwargs)
        if event is not None:
            event.result = parts(result, batch=batch)
        return result

    return call


def _event(where: str, args: Any, kwargs: Any, events: list[Event], batch: int, *, method: bool) -> Event | None:
    tensors = parts((*args, *kwargs.values()), batch=batch)
    if not tensors:
        return None
    events.append(Event(where, method, tensors[0].tensor))
    return events[-1]
