"""ONNX files written by hand, field by field, and a stand-in for the runtime, where neither library is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

Sizes = tuple[int | str, ...]
Function = Callable[..., dict[str, Any]]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def value(name: str, sizes: Sizes, kind: int = 1) -> bytes:
    dims = b"".join(field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in sizes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def node(op: str, inputs: list[str], outputs: list[str], *, domain: str = "", attributes: bytes = b"") -> bytes:
    content = b"".join(field(1, name) for name in inputs) + b"".join(field(2, name) for name in outputs)
    return content + field(4, op) + attributes + (field(7, domain) if domain else b"")


def attribute(name: str, *, number: int | None = None, graph: bytes = b"", tensor: bytes = b"") -> bytes:
    content = field(1, name) + (b"" if number is None else field(3, number))
    return field(5, content + (field(6, graph) if graph else b"") + (field(5, tensor) if tensor else b""))


def tensor(name: str, sizes: tuple[int, ...], *, kind: int = 1, location: str = "", packed: bool = True) -> bytes:
    dims = field(1, b"".join(varint(size) for size in sizes)) if packed else b"".join(field(1, s) for s in sizes)
    content = dims + field(2, kind) + field(8, name)
    if location:
        return content + field(13, field(1, "location") + field(2, location)) + field(14, 1)
    return content + field(9, b"\0" * 4 * int(np.prod(sizes)))


def graph(nodes: list[bytes], inputs: list[bytes], outputs: list[bytes], tensors: list[bytes] | None = None) -> bytes:
    content = b"".join(field(1, one) for one in nodes) + field(2, "main")
    content += b"".join(field(5, one) for one in tensors or [])
    return content + b"".join(field(11, one) for one in inputs) + b"".join(field(12, one) for one in outputs)


def model(main: bytes, *more: bytes) -> bytes:
    """A whole file."""
    return field(1, 8) + field(2, "by hand") + field(7, main) + b"".join(more) + field(8, field(1, "") + field(2, 17))


def one_node(op: str, given: dict[str, Sizes], gives: dict[str, Sizes], **words: Any) -> bytes:
    """A file with one operation."""
    kinds = words.pop("kinds", {})
    inputs = [value(name, sizes, kinds.get(name, 1)) for name, sizes in given.items()]
    outputs = [value(name, sizes, kinds.get(name, 1)) for name, sizes in gives.items()]
    return model(graph([node(op, list(given), list(gives), **words)], inputs, outputs))


class FakeRuntime:
    """What the loader asks of onnxruntime: the graphs are functions by the name of their file."""

    def __init__(self, **functions: Function) -> None:
        self.functions = functions
        self.opened: list[str] = []
        self.__version__ = "1.0"

    def disable_telemetry_events(self) -> None:
        """Nothing to disable."""

    def SessionOptions(self) -> Any:
        return SimpleNamespace(add_session_config_entry=lambda key, text: None)

    def InferenceSession(self, path: str, options: Any, *, providers: list[str]) -> Any:
        assert providers == ["CPUExecutionProvider"]
        self.opened.append(Path(path).name)
        function = self.functions[Path(path).stem]

        def run(names: list[str], feeds: dict[str, Any]) -> list[Any]:
            answers = function(**feeds)
            return [np.asarray(answers[name]) for name in names]

        return SimpleNamespace(run=run)
