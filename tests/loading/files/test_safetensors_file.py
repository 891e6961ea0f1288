from __future__ import annotations

import json
import struct
from typing import Any

import pytest
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.safetensors_file import is_safetensors, packed, unpacked

TENSORS = {
    "a.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
    "b": torch.tensor([True, False]),
    "c": torch.tensor(3, dtype=torch.int64),
    "d": torch.zeros(0, 4, dtype=torch.float64),
    "e": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
}


def bytes_of(content: bytes) -> Tensor:
    return torch.frombuffer(bytearray(content), dtype=torch.uint8) if content else torch.empty(0, dtype=torch.uint8)


def test_what_is_packed_comes_back() -> None:
    content = packed(TENSORS, {"format": "pt"})
    assert is_safetensors(content[:4096])
    tensors, texts = unpacked(bytes_of(content), where="here")
    assert texts == {"format": "pt"}
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert torch.equal(tensors[name], value)
        assert tensors[name].dtype == value.dtype


def test_the_library_reads_what_is_packed() -> None:
    library = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    found = library.load(packed(TENSORS, {"format": "pt"}))
    assert all(torch.equal(found[name], value) for name, value in TENSORS.items())
    again, _ = unpacked(bytes_of(library.save(TENSORS)), where="here")
    assert all(torch.equal(again[name], value) for name, value in TENSORS.items())


def file_of(header: Any, body: bytes = b"\0" * 8) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def entry(**changes: Any) -> dict[str, Any]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | changes}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "shorter than its header"),
        (struct.pack("<Q", 1 << 60) + b"{}", "its header claims"),
        (file_of(b"{nope"), "not JSON"),
        (file_of(b"[1, 2]"), "not a JSON object"),
        (file_of(b"\xff\xff"), "not JSON"),
        (file_of({"__metadata__": {"a": 1}}), "not texts by name"),
        (file_of({"a": 1}), "unknown number format"),
        (file_of(entry(dtype="Q4")), "unknown number format, Q4"),
        (file_of(entry(shape=[-2])), "no proper shape"),
        (file_of(entry(shape=[1 << 50])), "no proper shape"),
        (file_of(entry(shape=[1] * 40)), "no proper shape"),
        (file_of(entry(data_offsets=[0])), "no proper shape and place"),
        (file_of(entry(shape=[1 << 40])), "claims the shape"),
        (file_of(entry(data_offsets=[8, 16])), "claims the shape"),
        (file_of(entry(), b"\0" * 12), "overlap or leave gaps"),
        (file_of({**entry(), "b": entry()["a"]}), "overlap or leave gaps"),
    ],
)
def test_damaged_files_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(CheckpointError, match=f"here is not a whole safetensors file: .*{said}"):
        unpacked(bytes_of(content), where="here")


def test_complex_numbers_cannot_be_packed() -> None:
    with pytest.raises(CheckpointError, match="a: safetensors cannot hold"):
        packed({"a": torch.zeros(1, dtype=torch.complex64)}, {})
