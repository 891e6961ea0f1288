"""A program as plain data: inputs, a list of operators on named values, outputs. What JSON can hold and nothing else.

Arguments are numbers, texts, null and lists of such as they are; everything else is an object with one key:
``ref`` a value computed before, ``weight`` a stored tensor, ``dtype`` a number format (``compute``: that of the first
input), ``device`` that of the first input, ``memory`` a memory format, ``float`` an infinity or not-a-number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.fields import Fields
from vae_analyze.loading.files.printable import printable

MOST_NODES = 100_000
_DEEPEST = 8
_LONGEST = 200  # of a name or a text
_MOST_ITEMS = 4096
DTYPES = (
    "compute",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "bool",
    "complex64",
    "complex128",
)
MEMORY = ("contiguous_format", "preserve_format", "channels_last", "channels_last_3d")
FLOATS = ("inf", "-inf", "nan")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One operator applied.

    Args:
        name: Of its result.
        op: The operator, such as ``aten.linear.default``.
        args: Its arguments, as the module says.
        kwargs: Those given by name.
    """

    name: str
    op: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Graph:
    """One program.

    Args:
        inputs: Names of what it is given.
        nodes: What it does, in order.
        outputs: Names of what it gives.
    """

    inputs: tuple[str, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the stored tensors it uses, each once, in order of first use."""
        return tuple(dict.fromkeys(name for node in self.nodes for name in named(node, "weight")))

    def with_weights(self, names: dict[str, str]) -> Graph:
        """The same program with other names for its stored tensors."""
        nodes = tuple(
            Node(
                name=node.name,
                op=node.op,
                args=tuple(_renamed(value, names) for value in node.args),
                kwargs={name: _renamed(value, names) for name, value in node.kwargs.items()},
            )
            for node in self.nodes
        )
        return Graph(inputs=self.inputs, nodes=nodes, outputs=self.outputs)

    def to_plain(self) -> dict[str, Any]:
        """The program for JSON."""
        nodes = [
            {"name": node.name, "op": node.op, "args": list(node.args), "kwargs": node.kwargs} for node in self.nodes
        ]
        return {"inputs": list(self.inputs), "nodes": nodes, "outputs": list(self.outputs)}

    @classmethod
    def from_plain(cls, plain: object, *, where: str) -> Graph:
        """The program that a file holds, every reference checked.

        Raises:
            CheckpointError: Malformed, or it refers to values that are not there.
        """
        fields = Fields.of(where, plain)
        raw = fields.values.get("nodes")
        if not isinstance(raw, list) or len(raw) > MOST_NODES:
            raise _wrong(where, f"a list of at most {MOST_NODES} steps", raw)
        graph = cls(
            inputs=_names(fields.values.get("inputs"), where),
            nodes=tuple(_node(step, where) for step in raw),
            outputs=_names(fields.values.get("outputs"), where),
        )
        _check_order(graph, where)
        return graph


def named(node: Node, kind: str) -> Iterator[str]:
    """The names that a node's arguments refer to: ``ref`` or ``weight``."""
    stack: list[Any] = [*node.args, *node.kwargs.values()]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack += value
        elif isinstance(value, dict) and kind in value:
            yield value[kind]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return {"weight": names[value["weight"]]} if isinstance(value, dict) and "weight" in value else value


def _node(step: Any, where: str) -> Node:
    fields = Fields.of(f"{where}, a step", step)
    args, kwargs = fields.values.get("args"), fields.values.get("kwargs")
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise _wrong(where, "a step with args and kwargs", args)
    for value in [args, *kwargs.values()]:
        _check_value(value, where, depth=0)
    name = fields.text("name")
    return Node(name=name, op=fields.text("op"), args=tuple(args), kwargs={str(key): kwargs[key] for key in kwargs})


def _check_value(value: Any, where: str, *, depth: int) -> None:
    if isinstance(value, list) and depth < _DEEPEST and len(value) <= _MOST_ITEMS:
        for item in value:
            _check_value(item, where, depth=depth + 1)
    elif isinstance(value, dict):
        if len(value) != 1 or not _known(*next(iter(value.items()))):
            raise _wrong(where, "an argument of a known kind", printable(value, limit=60))
    elif isinstance(value, str):
        if len(value) > _LONGEST:
            raise _wrong(where, f"texts of at most {_LONGEST} characters", value)
    elif isinstance(value, int):
        if abs(value) >= 1 << 63:
            raise _wrong(where, "whole numbers of 64 bits", value)
    elif value is not None and not isinstance(value, float):
        raise _wrong(where, f"arguments nested at most {_DEEPEST} deep", value)


def _known(kind: Any, value: Any) -> bool:
    if kind in ("ref", "weight"):
        return isinstance(value, str) and 0 < len(value) <= _LONGEST
    choices = {"dtype": DTYPES, "memory": MEMORY, "float": FLOATS}
    return value is True if kind == "device" else kind in choices and value in choices[kind]


def _check_order(graph: Graph, where: str) -> None:
    known = set(graph.inputs)
    for node in graph.nodes:
        missing = [name for name in named(node, "ref") if name not in known]
        if missing:
            raise _wrong(where, "values that were computed before they are used", missing[0])
        if node.name in known:
            raise _wrong(where, "one value per name", node.name)
        known.add(node.name)
    if not graph.inputs or not graph.outputs or not known.issuperset(graph.outputs):
        raise _wrong(where, "inputs and outputs that exist", graph.outputs)


def _names(raw: Any, where: str) -> tuple[str, ...]:
    if not isinstance(raw, list) or len(raw) > 8 or len(set(map(str, raw))) != len(raw):
        raise _wrong(where, "a list of at most 8 names", raw)
    if not all(isinstance(name, str) and 0 < len(name) <= _LONGEST for name in raw):
        raise _wrong(where, "names that are texts", raw)
    return tuple(raw)


def _wrong(where: str, expected: str, found: object) -> CheckpointError:
    return CheckpointError(
        f"{where}: expected {expected}, found {printable(found, limit=60)}",
        hint="the file is damaged or was edited by hand; write it again",
    )
