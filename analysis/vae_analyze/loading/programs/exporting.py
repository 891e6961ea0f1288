"""A live network as a stored program: traced by ``torch.export``, then written down as plain data.

Why not the file that ``torch.export.save`` writes: reading one back unpickles what it finds, looks functions up by
dotted name in ``torch`` (and so in everything that torch imports, ``os`` among them) and evaluates text as expressions
(torch 2.13, ``torch._export.serde.serialize``); and torch does not promise that a later version reads it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, fx, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.programs.graph import DTYPES, Graph, Node
from vae_analyze.loading.programs.operators import ARITHMETIC, is_random, resolve

_FACTORIES = ("zeros", "ones", "full", "arange", "eye", "linspace", "logspace", "scalar_tensor", "empty")
_OTHERWISE = (
    "try kind='torchscript', or give encode= and decode= that go through the network without this step; "
    "a copy of the network without it is as good"
)


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Exported:
    """A program and the tensors it uses.

    Args:
        graph: The program.
        tensors: Its weights and constants by name, on the CPU.
        parameters: Names of those that were trained.
    """

    graph: Graph
    tensors: dict[str, Tensor]
    parameters: frozenset[str]

    def renamed(self, short: Callable[[str], str]) -> Exported:
        """The same with other names for parameters and buffers of the network; constants keep theirs."""
        names = {name: short(name) for name in self.tensors}
        return Exported(
            graph=self.graph.with_weights(names),
            tensors={names[name]: value for name, value in self.tensors.items()},
            parameters=frozenset(names[name] for name in self.parameters),
        )


def export(module: nn.Module, inputs: tuple[Tensor, ...], *, what: str) -> Exported:
    """Trace a module for any batch size and write down what it does.

    Args:
        module: In evaluation mode; nothing about it is changed.
        inputs: Batches of at least two samples.
        what: "encode" or "decode", for messages and for the names of constants.

    Raises:
        CheckpointError: It cannot be traced for any batch size, draws random numbers, or uses operators outside the
            vocabulary.
    """
    batch = torch.export.Dim("batch", min=1)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            program = torch.export.export(
                module, inputs, dynamic_shapes=tuple({0: batch} for _ in inputs), strict=False
            ).run_decompositions({})
    except Exception as error:  # tracing a foreign network raises almost anything
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise CheckpointError(
            f"{what} cannot be exported for any batch size: {type(error).__name__}: "
            f"{printable(' '.join(lines), limit=300)}",
            hint=_OTHERWISE,
        ) from error
    return _Writer(program, what, inputs[0].dtype).exported()


@final
class _Writer:
    """Turns one exported program into plain data."""

    def __init__(self, program: torch.export.ExportedProgram, what: str, dtype: torch.dtype) -> None:
        self._program = program
        self._what = what
        self._dtype = dtype
        signature = program.graph_signature
        self._weights: dict[str, str] = {}
        self._tensors: dict[str, Tensor] = {}
        for spec in signature.input_specs:
            if spec.target is not None:
                self._hold(spec)
        self._parameters = frozenset(signature.parameters)

    def exported(self) -> Exported:
        """The program without what its outputs do not need."""
        nodes = list(self._program.graph.nodes)
        returned = next(node for node in nodes if node.op == "output").args[0]
        outputs = [value for value in returned if isinstance(value, fx.Node)]
        if len(outputs) != len(returned):
            raise CheckpointError(f"{self._what} gives something else than tensors", hint=_OTHERWISE)
        needed = _needed(outputs)
        inputs = [node.name for node in nodes if node.op == "placeholder" and node.name not in self._weights]
        steps = tuple(self._node(node) for node in nodes if node in needed and node.op != "placeholder")
        graph = Graph(inputs=tuple(inputs), nodes=steps, outputs=tuple(self._output(node) for node in outputs))
        used = set(graph.weights)
        return Exported(
            graph=graph,
            tensors={name: self._tensors[name] for name in graph.weights},
            parameters=frozenset(name for name in used if name in self._parameters),
        )

    def _hold(self, spec: Any) -> None:
        source = self._program.state_dict
        name = spec.target
        if spec.target not in source:
            source = self._program.constants
            name = f"{self._what}.{spec.target}"  # constants are numbered per program
        value = source.get(spec.target)
        if not isinstance(value, Tensor):
            raise CheckpointError(
                f"{self._what} uses {printable(spec.target)}, which is not a tensor ({type(value).__name__})",
                hint=_OTHERWISE,
            )
        self._weights[spec.arg.name] = name
        self._tensors[name] = value.detach().cpu().contiguous().clone()

    def _output(self, node: fx.Node) -> str:
        if node.name in self._weights:
            raise CheckpointError(f"{self._what} gives the same whatever it is given", hint="check encode and decode")
        return node.name

    def _node(self, node: fx.Node) -> Node:
        op = self._operator(node)
        kwargs = {name: self._value(value) for name, value in node.kwargs.items() if name not in _LEFT_OUT}
        base = op.split(".")[1] if "." in op else op
        if base in _FACTORIES and "dtype" not in kwargs:
            kwargs["dtype"] = self._value(node.meta["val"].dtype)
        if op == "size":
            kwargs = {}
        return Node(name=node.name, op=op, args=tuple(self._value(value) for value in node.args), kwargs=kwargs)

    def _operator(self, node: fx.Node) -> str:
        target = node.target
        name = str(target)
        if name.startswith("aten.sym_size"):
            return "size"
        for short, function in ARITHMETIC.items():
            if target is function:
                return short
        short = getattr(target, "__name__", name)
        if isinstance(target, torch._ops.OpOverload) and is_random(name.split(".")[1]):
            raise CheckpointError(
                f"{self._what} draws random numbers ({printable(name)}) that change its result",
                hint="encode must return the mean and the second output, not a sample; use the mean where one is drawn",
            )
        try:
            resolve(name)
        except CheckpointError as error:
            raise CheckpointError(
                f"{self._what} uses {printable(short if name.startswith('<') else name, limit=80)}, "
                "which a stored program may not use",
                hint=_OTHERWISE,
            ) from error
        return name

    def _value(self, value: Any) -> Any:
        if isinstance(value, fx.Node):
            held = self._weights.get(value.name)
            return {"ref": value.name} if held is None else {"weight": held}
        if isinstance(value, (list, tuple)):
            return [self._value(item) for item in value]
        if isinstance(value, float) and not math.isfinite(value):
            return {"float": str(value)}
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        for kind, write in _WRITERS.items():
            if isinstance(value, kind):
                return write(value, self._dtype)
        raise CheckpointError(
            f"{self._what} uses an argument of the kind {printable(type(value).__name__)}", hint=_OTHERWISE
        )


# They say where and how memory is laid out, not what is computed.
_LEFT_OUT = ("layout", "pin_memory", "non_blocking")


def _dtype(value: torch.dtype, compute: torch.dtype) -> dict[str, Any]:
    name = str(value).removeprefix("torch.")
    if value == compute:
        return {"dtype": "compute"}
    if name not in DTYPES:
        raise CheckpointError(f"a stored program cannot use numbers of the format {name}", hint=_OTHERWISE)
    return {"dtype": name}


_WRITERS: dict[type, Callable[[Any, torch.dtype], Any]] = {
    torch.dtype: _dtype,
    torch.device: lambda _value, _compute: {"device": True},
    torch.memory_format: lambda value, _compute: {"memory": str(value).removeprefix("torch.")},
    torch.layout: lambda _value, _compute: None,
}


def _needed(outputs: list[fx.Node]) -> set[fx.Node]:
    found: set[fx.Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack += node.all_input_nodes
    return found
