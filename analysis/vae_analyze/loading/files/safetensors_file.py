"""The safetensors container: a JSON header with names, shapes and offsets, then plain numbers. Nothing can be executed.

References:
    https://huggingface.co/docs/safetensors (the format; read and written here without its library).
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.strict_json import loads

_LONGEST_HEADER = 100 << 20
_MOST_DIMENSIONS = 32
_DTYPES: dict[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_AGAIN = "the download or the saving was interrupted, or the file was changed; get it again"


def is_safetensors(head: bytes) -> bool:
    """Whether a file begins like a safetensors file: eight bytes of length, then a JSON object."""
    return len(head) > 8 and head[8:9] == b"{" and 2 <= struct.unpack("<Q", head[:8])[0] <= _LONGEST_HEADER


def packed(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """Tensors and texts as the bytes of a safetensors file, the same bytes for the same content.

    Raises:
        CheckpointError: A tensor is of a number format that the container does not have.
    """
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    pieces: list[bytes] = []
    at = 0
    for name, tensor in sorted(tensors.items()):
        if tensor.dtype not in _NAMES:
            raise CheckpointError(f"{printable(name)}: safetensors cannot hold numbers of the format {tensor.dtype}")
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        piece = flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""
        header[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [at, at + len(piece)],
        }
        pieces.append(piece)
        at += len(piece)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=True).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([struct.pack("<Q", len(text)), text, *pieces])


def unpacked(content: Tensor, *, where: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors and the texts in the bytes of a safetensors file.

    Args:
        content: The bytes, uint8.
        where: What the messages call the file.

    Raises:
        CheckpointError: Cut off, damaged, or claiming more than it holds.
    """
    header, start = _header(content, where)
    texts = header.pop("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(value, str) for value in texts.values()):
        raise _damaged(where, "its metadata are not texts by name")
    body = content[start:]
    tensors: dict[str, Tensor] = {}
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        tensors[name], span = _tensor(body, name, entry, where)
        spans.append(span)
    spans.sort()
    for (_, end), (begin, _) in zip([(0, 0), *spans], [*spans, (len(body), len(body))], strict=True):
        if end != begin:
            raise _damaged(where, "its tensors overlap or leave gaps")
    return tensors, texts


def described(path: Path, *, where: str) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """Shapes and number formats by name, from the header of a file; its numbers are not read.

    Args:
        path: The file.
        where: What the messages call it.

    Raises:
        CheckpointError: Cut off, damaged, or claiming more than it holds.
    """
    try:
        content = torch.from_numpy(np.memmap(path, dtype=np.uint8, mode="c"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot read {where}: {printable(error)}", hint="check the path") from error
    return described_in(content, where=where)


def described_in(content: Tensor, *, where: str) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """As `described`, of the bytes of a file."""
    header, start = _header(content, where)
    header.pop("__metadata__", None)
    facts = {name: _entry(name, entry, len(content) - start, where) for name, entry in header.items()}
    return {name: (shape, dtype) for name, (shape, dtype, _) in facts.items()}


def _header(content: Tensor, where: str) -> tuple[dict[str, Any], int]:
    if len(content) < 8:
        raise _damaged(where, "it is shorter than its header")
    length = struct.unpack("<Q", content[:8].numpy().tobytes())[0]
    if length > min(_LONGEST_HEADER, len(content) - 8):
        raise _damaged(where, f"its header claims {length:,} bytes and the file holds {len(content):,}")
    try:
        header = loads(content[8 : 8 + length].numpy().tobytes().decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _damaged(where, f"its header is not JSON ({printable(error)})") from error
    if not isinstance(header, dict):
        raise _damaged(where, "its header is not a JSON object")
    return header, 8 + length


def _entry(name: str, entry: Any, held: int, where: str) -> tuple[tuple[int, ...], torch.dtype, tuple[int, int]]:
    """Shape, number format and place of one tensor, held against the bytes that are there."""
    shown = printable(name, limit=60)
    if not isinstance(entry, dict) or entry.get("dtype") not in _DTYPES:
        found = entry.get("dtype") if isinstance(entry, dict) else entry
        raise _damaged(where, f"the tensor {shown} has an unknown number format, {printable(found, limit=40)}")
    dtype, shape = _DTYPES[entry["dtype"]], _whole(entry.get("shape"), most=_MOST_DIMENSIONS)
    offsets = _whole(entry.get("data_offsets"), most=2)
    if shape is None or offsets is None or len(offsets) != 2:
        raise _damaged(where, f"the tensor {shown} has no proper shape and place")
    begin, end = offsets
    if not begin <= end <= held or end - begin != math.prod(shape) * dtype.itemsize:
        raise _damaged(where, f"the tensor {shown} claims the shape {tuple(shape)} in {end - begin:,} bytes")
    return tuple(shape), dtype, (begin, end)


def _tensor(body: Tensor, name: str, entry: Any, where: str) -> tuple[Tensor, tuple[int, int]]:
    shape, dtype, (begin, end) = _entry(name, entry, len(body), where)
    raw = body[begin:end].clone()
    if dtype is torch.bool:
        return raw.ne(0).reshape(shape), (begin, end)
    return (raw.view(dtype) if len(raw) else torch.empty(0, dtype=dtype)).reshape(shape), (begin, end)


def _whole(values: Any, *, most: int) -> list[int] | None:
    if not isinstance(values, list) or len(values) > most:
        return None
    fit = all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 48 for value in values)
    return values if fit else None


def _damaged(where: str, what: str) -> CheckpointError:
    return CheckpointError(f"{where} is not a whole safetensors file: {what}", hint=_AGAIN)
