"""What an ONNX file says of itself, read by hand from its bytes: nothing is built, run or looked up elsewhere.

An ONNX file is a protocol buffer (onnx.proto3, ``ModelProto``). Of its fields only those are read that say what goes
in and out, which operations there are, how many numbers were trained and which other files are named.
"""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.libraries.protobuf import MalformedError, Reader, message, numbers, text

_DEEPEST = 12
_NEGATIVE = 1 << 63  # as an unsigned number, a negative one is at least this
_RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
)
_CARRIED = frozenset({"Identity", "Cast", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze"})
_FLOATS = frozenset({1, 10, 11, 16})
_AGAIN = "the download or the export was interrupted; get the file again"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One input or output.

    Args:
        name: As the graph calls it.
        kind: ONNX element type: 1 float, 7 int64, 10 half, 11 double; 0 where it is no tensor.
        dims: Sizes; None where any size is accepted.
    """

    name: str
    kind: int
    dims: tuple[int | None, ...]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One operation; what its subgraphs use counts as its inputs."""

    op: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    random: bool
    training: bool


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class OnnxGraph:
    """What one file holds.

    Args:
        inputs: What it must be given; initialised inputs are left out.
        outputs: What it gives.
        nodes: In the order in which they are computed.
        parameters: Trained numbers: elements of its floating point tensors.
        external: Files that it names, as they stand there.
        operations: Domain and name of all operations, in subgraphs too, but for those that it defines itself.
        producer: Who wrote it.
    """

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    parameters: int
    external: tuple[str, ...]
    operations: frozenset[tuple[str, str]]
    producer: str

    def drawn(self) -> frozenset[str]:
        """The values that depend on random numbers."""
        tainted: set[str] = set()
        for node in self.nodes:
            if node.random or not tainted.isdisjoint(node.inputs):
                tainted.update(node.outputs)
        return frozenset(tainted)

    def last_operation(self, output: str) -> str:
        """The operation that an output comes from, past those that only reshape."""
        makers = {name: node for node in self.nodes for name in node.outputs}
        wanted = output
        for _ in range(16):
            node = makers.get(wanted)
            if node is None:
                return ""
            if node.op not in _CARRIED or not node.inputs:
                return node.op
            wanted = node.inputs[0]
        return ""


def is_graph(path: Path, head: bytes) -> bool:
    """Whether a file is an ONNX model by its content, whatever its name."""
    if not head.startswith(b"\x08") or len(head) < 8:  # field 1, a number: the version of the format comes first
        return False
    try:
        return bool(read_graph(path).nodes)
    except CheckpointError:
        return False


def read_graph(path: Path) -> OnnxGraph:
    """What an ONNX file says of itself.

    Raises:
        CheckpointError: It cannot be read, or is no ONNX file.
    """
    try:
        with path.open("rb") as file:
            content = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {printable(path, limit=300)}: {printable(error)}") from error
    scan = _Scan()
    try:
        scan.model(content)
    except MalformedError as error:
        raise CheckpointError(f"{printable(path)} is not a whole ONNX file: {error}", hint=_AGAIN) from error
    return scan.result()


@final
@dataclass(slots=True)
class _Scan:
    """Fields collected on one way through the bytes."""

    reader: Reader = field(default_factory=Reader)
    producer: str = ""
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    initialised: set[str] = field(default_factory=set)
    parameters: int = 0
    external: list[str] = field(default_factory=list)
    operations: set[tuple[str, str]] = field(default_factory=set)
    functions: dict[tuple[str, str], list[Node]] = field(default_factory=dict)

    def result(self) -> OnnxGraph:
        """What was collected."""
        drawing = self._drawing()
        return OnnxGraph(
            inputs=tuple(value for value in self.inputs if value.name not in self.initialised),
            outputs=tuple(self.outputs),
            nodes=tuple(_as_random(node) if (node.domain, node.op) in drawing else node for node in self.nodes),
            parameters=self.parameters,
            external=tuple(dict.fromkeys(self.external)),
            operations=frozenset(self.operations - set(self.functions)),
            producer=self.producer,
        )

    def model(self, content: memoryview) -> None:
        for number, value in self.reader.fields(content):
            if number == 2:
                self.producer = printable(text(value), limit=40)
            elif number == 7:
                self._main(message(value))
            elif number == 20:  # training information: two graphs that are never run here, but may name files
                for _, inner in self.reader.fields(message(value)):
                    if isinstance(inner, memoryview):
                        self._graph(inner, 1)
            elif number == 25:
                self._function(message(value))

    def _main(self, content: memoryview) -> None:
        for number, value in self.reader.fields(content):
            if number == 1:
                self.nodes.append(self._node(message(value), 1))
            elif number == 5:
                name, trained = self._tensor(message(value))
                self.initialised.add(name)
                self.parameters += trained
            elif number == 11:
                self.inputs.append(self._value(message(value)))
            elif number == 12:
                self.outputs.append(self._value(message(value)))
            elif number == 15:
                self._sparse(message(value))

    def _graph(self, content: memoryview, depth: int) -> list[Node]:
        """The nodes of a subgraph."""
        if depth > _DEEPEST:
            raise MalformedError("subgraphs within subgraphs without end")
        found = []
        for number, value in self.reader.fields(content):
            if number == 1:
                found.append(self._node(message(value), depth))
            elif number == 5:
                self._tensor(message(value))
            elif number == 15:
                self._sparse(message(value))
        return found

    def _function(self, content: memoryview) -> None:
        name, domain, nodes = "", "", []
        for number, value in self.reader.fields(content):
            if number == 1:
                name = text(value)
            elif number == 7:
                nodes.append(self._node(message(value), 1))
            elif number == 10:
                domain = text(value)
            elif number == 11:
                self._attribute(message(value), 1)
        self.functions[domain, name] = nodes

    def _node(self, content: memoryview, depth: int) -> Node:
        inputs, outputs, inner = [], [], []
        op, domain, training = "", "", False
        for number, value in self.reader.fields(content):
            if number == 1:
                inputs.append(text(value))
            elif number == 2:
                outputs.append(text(value))
            elif number == 4:
                op = text(value)
            elif number == 5:
                nodes, stated = self._attribute(message(value), depth)
                inner += nodes
                training = training or stated
            elif number == 7:
                domain = text(value)
        used = [name for node in inner for name in node.inputs]
        domain = "" if domain == "ai.onnx" else domain
        self.operations.add((domain, op))
        return Node(
            op=op,
            domain=domain,
            inputs=(*inputs, *used),
            outputs=tuple(outputs),
            random=op in _RANDOM or any(node.random for node in inner),
            training=(training and op == "BatchNormalization") or any(node.training for node in inner),
        )

    def _attribute(self, content: memoryview, depth: int) -> tuple[list[Node], bool]:
        """The nodes of the subgraphs in an attribute, and whether it switches a training mode on."""
        nodes: list[Node] = []
        name, number_stated = "", 0
        for number, value in self.reader.fields(content):
            if number == 1:
                name = text(value)
            elif number == 3 and isinstance(value, int):
                number_stated = value
            elif number in (5, 10):
                self._tensor(message(value))
            elif number in (6, 11):
                nodes += self._graph(message(value), depth + 1)
            elif number in (22, 23):
                self._sparse(message(value))
        return nodes, name == "training_mode" and number_stated != 0

    def _tensor(self, content: memoryview) -> tuple[str, int]:
        """Its name, and how many trained numbers it holds."""
        name, kind, dims = "", 0, []
        for number, value in self.reader.fields(content):
            if number == 1:
                dims += numbers(value)
            elif number == 2 and isinstance(value, int):
                kind = value
            elif number == 8:
                name = text(value)
            elif number == 13:
                self._elsewhere(message(value))
        return name, math.prod(dims) if kind in _FLOATS and dims else 0

    def _elsewhere(self, content: memoryview) -> None:
        entry = {number: text(value) for number, value in self.reader.fields(content) if number in (1, 2)}
        if entry.get(1) == "location":
            self.external.append(entry.get(2, ""))

    def _sparse(self, content: memoryview) -> None:
        for number, value in self.reader.fields(content):
            if number in (1, 2):
                name, trained = self._tensor(message(value))
                self.initialised.add(name)
                self.parameters += trained if number == 1 else 0

    def _value(self, content: memoryview) -> Value:
        name, kind = "", 0
        dims: list[int | None] = []
        for number, value in self.reader.fields(content):
            if number == 1:
                name = text(value)
            elif number == 2:
                for at, tensor in self.reader.fields(message(value)):
                    if at == 1:
                        kind, dims = self._type(message(tensor))
        return Value(name=name, kind=kind, dims=tuple(dims))

    def _type(self, content: memoryview) -> tuple[int, list[int | None]]:
        kind = 0
        dims: list[int | None] = []
        for number, value in self.reader.fields(content):
            if number == 1 and isinstance(value, int):
                kind = value
            elif number == 2:
                dims = [self._size(message(size)) for at, size in self.reader.fields(message(value)) if at == 1]
        return kind, dims

    def _size(self, content: memoryview) -> int | None:
        found = [value for number, value in self.reader.fields(content) if number == 1 and isinstance(value, int)]
        return found[-1] if found and 0 < found[-1] < _NEGATIVE else None

    def _drawing(self) -> set[tuple[str, str]]:
        """The functions of the file that draw random numbers, themselves or through others."""
        found: set[tuple[str, str]] = set()
        for _ in range(len(self.functions)):
            more = {
                key
                for key, nodes in self.functions.items()
                if any(node.random or (node.domain, node.op) in found for node in nodes)
            }
            if more == found:
                break
            found = more
        return found


def _as_random(node: Node) -> Node:
    return Node(
        op=node.op,
        domain=node.domain,
        inputs=node.inputs,
        outputs=node.outputs,
        random=True,
        training=node.training,
    )
