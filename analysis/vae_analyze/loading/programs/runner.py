"""A stored program made ready to run: each step a torch operator from the fixed vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.programs.graph import Graph, Node, named
from vae_analyze.loading.programs.operators import resolve

_LARGEST_WHOLE = 1 << 63


@final
@dataclass(slots=True)
class _Frame:
    """The values of one run."""

    values: dict[str, Any]
    weights: Mapping[str, Tensor]
    dtype: torch.dtype
    device: torch.device


_Argument = Callable[[_Frame], Any]


@final
@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    function: Callable[..., Any]
    args: tuple[_Argument, ...]
    kwargs: dict[str, _Argument]
    done_with: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True)
class Runner:
    """A program that can be called.

    Args:
        graph: The program.

    Raises:
        CheckpointError: It uses an operator that is not in the vocabulary, or that this torch does not have.
    """

    graph: Graph
    _steps: tuple[_Step, ...] = field(init=False)

    def __post_init__(self) -> None:
        last = {name: at for at, node in enumerate(self.graph.nodes) for name in named(node, "ref")}
        ends: dict[int, list[str]] = {}
        for name, at in last.items():
            if name not in self.graph.outputs:
                ends.setdefault(at, []).append(name)
        steps = tuple(_step(node, tuple(ends.get(at, ()))) for at, node in enumerate(self.graph.nodes))
        object.__setattr__(self, "_steps", steps)

    def __call__(self, inputs: Sequence[Tensor], weights: Mapping[str, Tensor], *, most: int = 0) -> tuple[Any, ...]:
        """The program's outputs.

        Args:
            inputs: One tensor per input; the first decides number format and device.
            weights: The stored tensors by name.
            most: Numbers that may be held on the way at any time; 0 for no limit.

        Raises:
            CheckpointError: A limit is passed.
        """
        values: dict[str, Any] = dict(zip(self.graph.inputs, inputs, strict=True))
        frame = _Frame(values, weights, inputs[0].dtype, inputs[0].device)
        held: dict[str, int] = {}
        total = 0
        for step in self._steps:
            args = [argument(frame) for argument in step.args]
            kwargs = {name: argument(frame) for name, argument in step.kwargs.items()}
            result = step.function(*args, **kwargs)
            if isinstance(result, int) and abs(result) >= _LARGEST_WHOLE:
                raise _beyond("a whole number beyond 64 bits", step)
            frame.values[step.name] = result
            if most:
                held[step.name] = _numbers(result)
                total += held[step.name]
                if total > most:
                    raise _beyond(f"tensors of {total:,} numbers at a time", step)
            for name in step.done_with:
                frame.values.pop(name, None)
                total -= held.pop(name, 0)
        return tuple(frame.values[name] for name in self.graph.outputs)


def _step(node: Node, done_with: tuple[str, ...]) -> _Step:
    function = resolve(node.op)
    kwargs = dict(node.kwargs)
    if _makes_from_nothing(function):  # else it would be made on the CPU, wherever the model is
        kwargs.setdefault("device", {"device": True})
    return _Step(
        name=node.name,
        function=function,
        args=tuple(_argument(value) for value in node.args),
        kwargs={name: _argument(value) for name, value in kwargs.items()},
        done_with=done_with,
    )


def _makes_from_nothing(function: Callable[..., Any]) -> bool:
    """Whether an operator makes a tensor without being given one."""
    if not isinstance(function, torch._ops.OpOverload):
        return False
    arguments = {argument.name: str(argument.type) for argument in function._schema.arguments}
    return "device" in arguments and not any("Tensor" in kind for kind in arguments.values())


def _argument(value: Any) -> _Argument:
    """How to get one argument in a run."""
    if isinstance(value, list):
        items = [_argument(item) for item in value]
        return lambda frame: [item(frame) for item in items]
    if not isinstance(value, dict):
        return lambda _: value
    ((kind, what),) = value.items()
    if kind == "ref":
        return lambda frame: frame.values[what]
    if kind == "weight":
        return lambda frame: frame.weights[what]
    if kind == "device":
        return lambda frame: frame.device
    if kind == "dtype" and what == "compute":
        return lambda frame: frame.dtype
    constant = float(what) if kind == "float" else getattr(torch, what)
    return lambda _: constant


def _numbers(result: Any) -> int:
    made = result if isinstance(result, (list, tuple)) else [result]
    return sum(value.numel() for value in made if isinstance(value, Tensor))


def _beyond(what: str, step: _Step) -> CheckpointError:
    return CheckpointError(
        f"the program makes {what} in its step {printable(step.name, limit=60)}",
        hint="do not trust this file if you do not know where it is from",
    )
