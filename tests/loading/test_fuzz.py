"""Files changed at random: read or refused in one sentence, nothing run, in bounded memory."""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from loading.audit import watched
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.kinds import container
from vae_analyze.loading.files.pickled import scan
from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.files.weights import read_weights, tensors_in
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.unwrapping.choice import chosen
from vae_analyze.loading.unwrapping.foreign import foreign
from vae_analyze.loading.unwrapping.unwrap import unwrap

_MEBIBYTES = 300


class Command:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch never",)


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(6, 4), nn.LeakyReLU(0.3))
        self.mu, self.logvar, self.dec = nn.Linear(4, 2), nn.Linear(4, 2), nn.Linear(2, 6)


def saved(content: Any, *, zipped: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def whole_files() -> list[bytes]:
    torch.manual_seed(0)
    state = Tiny().state_dict()
    wrapped = {"state_dict": state, "hyper_parameters": argparse.Namespace(latent_dim=2), "epoch": 3, Tiny: [1.0]}
    return [
        saved(state, zipped=True),
        saved(state, zipped=False),
        saved(wrapped, zipped=True),
        saved(wrapped, zipped=False),
        saved(Tiny(), zipped=True),
        saved({"w": state, "x": Command()}, zipped=True),
        saved([Command()], zipped=False),
        packed(dict(state), {"latent_dim": "2"}),
    ]


def mutated(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A few changes: bytes and bits flipped, pieces cut off, removed, repeated, taken from another file, fields set."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 5, 20])):
        at = rng.randrange(len(changed))
        kind = rng.randrange(8)
        if kind <= 1:
            changed[at] = rng.randrange(256)
        elif kind == 2:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            del changed[at : at + rng.randrange(1, 40)]
        elif kind == 4:
            changed[at:at] = changed[at : at + rng.randrange(1, 200)]
        elif kind == 5:
            other = rng.choice(others)
            start = rng.randrange(len(other))
            changed[at:at] = other[start : start + rng.randrange(1, 200)]
        elif kind == 6:
            width = rng.choice([1, 2, 4, 8])
            changed[at : at + width] = rng.choice([b"\xff", b"\x7f", b"\x00", b"\x80"]) * width
        elif rng.random() < 0.1:
            del changed[at + 1 :]
        if len(changed) < 20:
            break
    return bytes(changed)


def rezipped(content: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """Another archive of the same records, one of them changed: the checksums are right, the content is not."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        names = old.namelist()
        victim = rng.choice([names[0], rng.choice(names)])
        for name in names:
            record = old.read(name)
            new.writestr(name, mutated(record, others, rng) if name == victim and len(record) > 1 else record)
    return buffer.getvalue()


def outcome(path: Path) -> str:
    head = path.read_bytes()[:4096]
    scan(path, head)
    try:
        raw = read_weights(path, head)
        tensors_in(raw)
        content = unwrap(raw, LoadOptions(), container=container(head))
        foreign(chosen(content, LoadOptions()).tensors)
    except CheckpointError as error:
        told = error
    else:
        return "read"
    assert told.message
    assert told.hint
    return "hostile" if "Nothing was executed" in told.message else "refused"


def peak() -> int:
    """Mebibytes that the process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


@pytest.mark.parametrize("rounds", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_changed_files_are_read_or_refused_and_never_run(tmp_path: Path, rounds: int) -> None:
    rng, wholes = random.Random(7), whole_files()
    path, before = tmp_path / "mutant.pt", peak()
    seen: dict[str, int] = {"hostile": 0, "refused": 0, "read": 0}
    with watched() as ran:
        for at in range(rounds):
            whole = wholes[at % len(wholes)]
            change = rezipped if whole.startswith(b"PK") and rng.random() < 0.6 else mutated
            mutant = change(whole, wholes, rng)
            ran.clear()  # the writing of the mutant was heard as well
            path.write_bytes(mutant)
            ran.clear()
            seen[outcome(path)] += 1
            assert ran == []
    assert min(seen.values()) > rounds // 50, seen
    assert peak() - before < _MEBIBYTES
    assert not (tmp_path / "never").exists()
    assert not Path("never").exists()
