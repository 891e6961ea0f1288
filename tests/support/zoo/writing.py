"""The containers in which people keep weights."""

from __future__ import annotations

import json
import os
import struct
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from support.zoo.entry import Entry

Writer = Callable[[nn.Module, Entry, Path], None]


def folder() -> Path:
    """Where the trained zoo is."""
    return Path(os.environ.get("VAE_ANALYZE_ZOO", str(Path(tempfile.gettempdir()) / "zoo")))


def write(network: nn.Module, entry: Entry, path: Path, *, container: str = "") -> None:
    """Save a network in the entry's container or another."""
    CONTAINERS[container or entry.container](network, entry, path)


def _state(network: nn.Module, prefix: str = "") -> dict[str, Tensor]:
    return {prefix + name: value.detach().clone() for name, value in network.state_dict().items()}


def _bare(network: nn.Module, entry: Entry, path: Path) -> None:
    torch.save(network.state_dict(), path)


def _legacy(network: nn.Module, entry: Entry, path: Path) -> None:
    torch.save(network.state_dict(), path, _use_new_zipfile_serialization=False)


def _beside_optimiser(network: nn.Module, entry: Entry, path: Path) -> None:
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for weight in network.parameters():
        weight.grad = torch.zeros_like(weight)
    optimiser.step()  # so that it has moments, tensors of the same shapes as the weights
    content = {"epoch": entry.epochs, "model_state_dict": network.state_dict(), "loss": 104.2}
    torch.save(content | {"optimizer_state_dict": optimiser.state_dict()}, path)


def _hyper(network: nn.Module, entry: Entry, path: Path) -> None:
    torch.save({"state_dict": network.state_dict()} | dict(entry.stated), path)


def _prefixed(prefix: str) -> Writer:
    def write_prefixed(network: nn.Module, entry: Entry, path: Path) -> None:
        torch.save(_state(network, prefix), path)

    return write_prefixed


def _lightning(network: nn.Module, entry: Entry, path: Path) -> None:
    content = {
        "epoch": entry.epochs - 1,
        "global_step": 71 * entry.epochs,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": _state(network, "model."),
        "loops": {},
        "callbacks": {"ModelCheckpoint{'monitor': None, 'mode': 'min'}": {"best_model_path": "epoch=2.ckpt"}},
        "optimizer_states": [{"state": {}, "param_groups": [{"lr": 1e-3, "params": [0, 1]}]}],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"learning_rate": 1e-3, "batch_size": 128} | dict(entry.stated),
    }
    torch.save(content, path)


def _pickled(network: nn.Module, entry: Entry, path: Path) -> None:
    with _as_main(type(network), "VAE"):
        torch.save(network, path)


@contextmanager
def _as_main(cls: type, name: str) -> Iterator[None]:
    """A class as if it were defined in the script that saves it."""
    main, before = sys.modules["__main__"], (cls.__module__, cls.__qualname__, cls.__name__)
    held = getattr(main, name, None)
    cls.__module__, cls.__qualname__, cls.__name__ = "__main__", name, name
    setattr(main, name, cls)
    try:
        yield
    finally:
        cls.__module__, cls.__qualname__, cls.__name__ = before
        if held is None:
            delattr(main, name)
        else:
            setattr(main, name, held)


def _ema(network: nn.Module, entry: Entry, path: Path) -> None:
    """The averaged weights are those of the truth; the raw ones beside them are a little off."""
    generator = torch.Generator().manual_seed(5)
    state = _state(network)
    raw = {name: value + 0.01 * torch.randn(value.shape, generator=generator) for name, value in state.items()}
    torch.save({"model": raw, "ema": state, "step": 213}, path)


def _parts(network: nn.Module, entry: Entry, path: Path) -> None:
    """Encoder with its heads, and decoder, as two state_dicts."""
    state = _state(network)
    decoder = {name.removeprefix("decoder."): value for name, value in state.items() if name.startswith("decoder.")}
    encoder = {name: value for name, value in state.items() if not name.startswith("decoder.")}
    torch.save({"encoder": encoder, "decoder": decoder}, path)


def _safetensors(network: nn.Module, entry: Entry, path: Path) -> None:
    """A length, a JSON header of names, types, shapes and offsets, then the numbers."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, value in _state(network).items():
        kind = {torch.float32: "F32", torch.int64: "I64"}[value.dtype]
        raw = value.contiguous().numpy().tobytes()
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


CONTAINERS: dict[str, Writer] = {
    "bare": _bare,
    "legacy": _legacy,
    "model_state_dict": _beside_optimiser,
    "hyper": _hyper,
    "module.": _prefixed("module."),
    "_orig_mod.": _prefixed("_orig_mod."),
    "_orig_mod.module.": _prefixed("_orig_mod.module."),
    "lightning": _lightning,
    "pickled": _pickled,
    "ema": _ema,
    "parts": _parts,
    "safetensors": _safetensors,
}
