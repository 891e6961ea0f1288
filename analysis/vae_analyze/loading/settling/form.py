"""In what shapes an unknown network answers, and with what labels it answers at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.settling.convention import Convention, Core, Labels, prepared
from vae_analyze.loading.settling.cost import place, small_shapes

Arrangement = Literal["mean", "both", "pair"]
_ALL: tuple[Labels, ...] = ("none", "index", "onehot")
SAMPLES = 3  # not 1 and not 2: an axis of that length is the batch and nothing else
_SEED = 20261


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """How a network answers.

    Args:
        arrangement: The encoder gives the mean alone, mean and second in one output of twice the size, or a pair.
        labels: What it takes beside the data without failing; not empty.
    """

    arrangement: Arrangement
    labels: tuple[Labels, ...]


def form_of(core: Core, labels: tuple[Labels, ...] = (), *, classes: int = 0) -> Form:
    """Send three made-up samples through a network.

    Args:
        core: The network.
        labels: What it may be given beside the data; empty: everything is tried.
        classes: Length of one-hot labels; 0 when not known.

    Raises:
        CheckpointError: It fails, or answers in shapes that are none of mean, mean and second, or both in one.
    """
    found: dict[Labels, Arrangement] = {}
    failures: list[str] = []
    for way in labels or _ALL:
        if way == "onehot" and classes == 0:
            continue
        try:
            found[way] = _answered(core, Convention(labels=way, classes=classes))
            if way == "none":
                break  # it needs none; one that takes labels and ignores them is not a question
        except CheckpointError:
            raise
        except Exception as error:  # noqa: BLE001 - a foreign network may fail in any way
            failures.append(f"{_LABELS[way]}: {type(error).__name__}: {printable(error, limit=200)}")
    if not found:
        raise CheckpointError(f"the network fails on {SAMPLES} samples; {'; '.join(failures)}", hint=_HINT)
    first = next(iter(found.values()))
    return Form(arrangement=first, labels=tuple(way for way, kind in found.items() if kind == first))


_LABELS: dict[Labels, str] = {"none": "without labels", "index": "with class numbers", "onehot": "with one-hot labels"}
_HINT = "say what it is given beside the data with --labels, or write an adapter file (--adapter FILE.py)"


def _answered(core: Core, convention: Convention) -> Arrangement:
    device, dtype = place(core)
    sample, code = small_shapes(core) or (tuple(core.input_shape), tuple(core.latent_shape))
    x = torch.rand(SAMPLES, *sample, generator=torch.Generator().manual_seed(_SEED)).to(device, dtype)
    numbers = torch.arange(SAMPLES, device=device) % max(convention.classes, 1)
    with torch.no_grad():
        outputs = core.outputs(x, prepared(numbers, convention))
        arrangement = _arrangement(code, outputs)
        z = torch.zeros(SAMPLES, *code, device=device, dtype=dtype)
        decoded = core.decoded(z, prepared(numbers, convention))
    if tuple(decoded.shape) != (SAMPLES, *sample):
        raise CheckpointError(
            f"expected the decoder to give samples of shape {sample}, found {tuple(decoded.shape[1:])}"
        )
    return arrangement


def _arrangement(code: tuple[int, ...], outputs: tuple[Tensor, ...]) -> Arrangement:
    shapes = [tuple(output.shape[1:]) for output in outputs]
    if shapes == [code]:
        return "mean"
    if shapes == [code, code]:
        return "pair"
    if shapes == [(2 * code[0], *code[1:])]:
        return "both"
    raise CheckpointError(
        f"expected the encoder to give a code of shape {code}, two of them, or both in one, found {shapes}",
        hint="say how it is to be called in an adapter file (--adapter FILE.py)",
    )
