"""Files that the loading tests share: healthy, damaged and hostile ones."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from vae_analyze.loading.architectures.mlp import MLP, MLPOptions
from vae_analyze.loading.own_files.own import save


def small_mlp(*, seed: int = 0, deterministic: bool = False) -> MLP:
    """A network of a few hundred numbers, drawn from a seed."""
    network = MLP(MLPOptions(input_shape=(1, 4, 4), hidden=(8, 6), latent_dim=3, deterministic=deterministic))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in network.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) / 2)
    return network.eval()


def written(path: Path, change: Callable[[dict[str, Any]], None] | None = None) -> Path:
    """An own checkpoint, its content changed before it is written."""
    save(path, small_mlp(), name="small", data="digits:train", command="python train.py", seed=3)
    if change is not None:
        content = torch.load(path, weights_only=True)
        change(content)
        torch.save(content, path)
    return path


class Hostile:
    """Unpickling it the ordinary way creates a file."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def hostile_torch_file(path: Path, trace: Path, *, legacy: bool = False) -> Path:
    """A torch file whose unpickling would run a command."""
    torch.save({"weight": Hostile(trace)}, path, _use_new_zipfile_serialization=not legacy)
    return path


def hostile_pickle(path: Path, trace: Path, *, protocol: int) -> Path:
    """A bare pickle whose unpickling would run a command."""
    path.write_bytes(pickle.dumps(Hostile(trace), protocol=protocol))
    return path


def rezipped(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A copy of a zip archive with changed records."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return target
