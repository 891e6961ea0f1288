"""Tensors and plain data out of a file of weights; the only place where such a file is opened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.kinds import refuse_foreign
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.files.safetensors_file import is_safetensors, unpacked
from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.files.torchfile import read_torch

_DEEPEST = 200
_MOST_PLACES = 100_000


def read_weights(path: Path, head: bytes) -> Any:
    """What ``torch.save`` or ``pickle.dump`` wrote, or the tensors of a safetensors file, on the CPU.

    Nothing is imported or run: an object of a class becomes an `Inert` with its name and what it was given.

    Args:
        path: The file.
        head: Its first bytes.

    Returns:
        Of a safetensors file with facts beside the weights: ``{"state_dict": tensors, "metadata": texts}``.

    Raises:
        CheckpointError: Not such a file, damaged, or it asks for what runs programs or code.
    """
    refuse_foreign(path, head)
    try:
        content = _safetensors(path) if is_safetensors(head) else read_torch(path, head)
    except OSError as error:
        raise CheckpointError(
            f"cannot read {printable(path, limit=300)}: {printable(error.strerror)}", hint="check the path"
        ) from error
    _check_depth(path, content)
    return content


def tensors_in(content: Any, prefix: str = "", *, depth: int = 4) -> dict[str, torch.Tensor]:
    """Every tensor in nested mappings and sequences, by its path of keys joined by dots."""
    found: dict[str, torch.Tensor] = {}
    waiting, places = [(prefix, content, depth)], 0
    while waiting and places < _MOST_PLACES:
        at, value, left = waiting.pop()
        places += 1
        if isinstance(value, torch.Tensor):
            found[at] = value
        elif left and isinstance(value, (dict, list, tuple)):
            items = list(value.items() if isinstance(value, dict) else enumerate(value))[:_MOST_PLACES]
            waiting += [(f"{at}.{key}" if at else str(key), item, left - 1) for key, item in reversed(items)]
    return found


def _safetensors(path: Path) -> Any:
    content = torch.from_numpy(np.fromfile(path, dtype=np.uint8))
    tensors, texts = unpacked(content, where=printable(path, limit=300))
    facts = {name: text for name, text in texts.items() if name != "format"}
    return {"state_dict": tensors, "metadata": facts} if facts else tensors


def _check_depth(path: Path, content: Any) -> None:
    """Refuse what is nested so deep that following it would overrun the stack."""
    level, seen = [content], set[int]()
    for _ in range(_DEEPEST):
        level = [inner for value in level for inner in _within(value) if _unseen(inner, seen)]
        if not level:
            return
    raise CheckpointError(
        f"{printable(path)} holds data nested more than {_DEEPEST} levels deep; no checkpoint does",
        hint="the file is damaged or hostile; get it again from where you trust it",
    )


def _unseen(value: Any, seen: set[int]) -> bool:
    if not isinstance(value, (dict, list, tuple, Inert)) or id(value) in seen:
        return False
    seen.add(id(value))
    return True


def _within(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, Inert):
        return [value.state, value.arguments, value.pairs, value.appended]
    return list(value) if isinstance(value, (list, tuple)) else []
