"""A file that was just written, read back and held against the live model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError, UsageError
from vae_analyze.loading.card import Card
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.own import OWN
from vae_analyze.loading.own_files.program import OWN_PROGRAM
from vae_analyze.loading.own_files.torchscript import TORCHSCRIPT
from vae_analyze.loading.source import Source
from vae_analyze.loading.verifying.subject import Subject
from vae_analyze.vae import VAE, ConditionalVAE

_FORMATS: dict[str, Format] = {"weights": OWN, "program": OWN_PROGRAM, "torchscript": TORCHSCRIPT}
_MOST = 256
# Largest difference relative to the largest number: sums in another order, another device, fewer digits.
_SAME, _SAME_ELSEWHERE, _SAME_HALF = 2e-5, 5e-3, 5e-2


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """What the live model gives, float32 on the CPU.

    Args:
        x: Samples ``(n, *input_shape)``.
        labels: A class number per sample, or None.
        mean: Posterior means.
        logvar: Log variances; minus infinity for a deterministic code.
        x_hat: The decoded means.
        tolerance: Relative difference that is still the same model.
    """

    x: Tensor
    labels: Tensor | None
    mean: Tensor
    logvar: Tensor
    x_hat: Tensor
    tolerance: float

    @classmethod
    def of(cls, subject: Subject) -> Reference:
        """Ask the live model twice.

        Raises:
            UsageError: It answers differently, or not in numbers.
        """
        x = subject.x[:_MOST]
        labels = None if subject.labels is None else subject.labels[:_MOST]
        answers: list[tuple[Tensor, Tensor, Tensor]] = []
        for _ in range(2):
            vae = subject.vae(labels)
            posterior = vae.encode(x.clone())
            answers.append((posterior.mean, posterior.logvar, vae.decode(posterior.mean.clone())))
        (mean, logvar, x_hat), again = answers
        if not bool(torch.isfinite(mean).all() and torch.isfinite(x_hat).all()) or bool(logvar.isnan().any()):
            raise UsageError("the model gives NaN or infinity for the example", hint="the training diverged")
        tolerance = _SAME if x.device.type == "cpu" else _SAME_ELSEWHERE
        tolerance = _SAME_HALF if x.dtype in (torch.float16, torch.bfloat16) else tolerance
        for what, first, second in zip(("mean", "second output", "decoded data"), answers[0], again, strict=True):
            if _difference(first, second) > tolerance:
                raise UsageError(
                    f"asked twice, the model gives another {what} for the same samples: it draws random numbers",
                    hint="encode must return the mean, not a sample; give encode=lambda x: (mean, second)",
                )
        return cls(
            x=x.cpu().float(),
            labels=None if labels is None else labels.cpu(),
            mean=mean.cpu().float(),
            logvar=logvar.cpu().float(),
            x_hat=x_hat.cpu().float(),
            tolerance=tolerance,
        )


def read_back(written: Path, kind: str, reference: Reference, target: Path) -> Card:
    """Load a file and compare its codes and data with the live model's, for the whole batch and for one sample.

    Returns:
        The card as it will be read from the target.

    Raises:
        CheckpointError: It cannot be loaded, or gives something else.
    """
    source = Source.open(written)
    form = _FORMATS[kind]
    if not form.recognise(source):
        raise CheckpointError(f"the written file is not recognised as {form.name}")
    loaded = form.read(source, LoadOptions())
    model = loaded.vae
    with torch.no_grad():
        for n in (len(reference.x), 1, 2):
            labels = None if reference.labels is None else reference.labels[:n]
            vae: VAE = model.given(labels) if isinstance(model, ConditionalVAE) and labels is not None else model  # type: ignore[assignment]  # a model without labels is a VAE
            try:
                posterior = vae.encode(reference.x[:n].clone())
                x_hat = vae.decode(reference.mean[:n].clone())
            except RuntimeError as error:
                raise CheckpointError(
                    f"the written model fails for a batch of {n}: {str(error).strip().splitlines()[-1][:200]}",
                    hint="a size is fixed somewhere in the network; try kind='program'",
                ) from error
            for what, found, expected in (
                ("means", posterior.mean, reference.mean),
                ("log variances", posterior.logvar, reference.logvar),
                ("data", x_hat, reference.x_hat),
            ):
                _compare(what, found, expected[:n], reference.tolerance)
    return replace(loaded.card, path=str(target))


def _compare(what: str, found: Tensor, expected: Tensor, tolerance: float) -> None:
    if found.shape != expected.shape:
        raise CheckpointError(
            f"read back, the file gives {what} of shape {tuple(found.shape)}, the model {tuple(expected.shape)}"
        )
    difference = _difference(found, expected)
    if not difference <= tolerance:
        raise CheckpointError(
            f"read back, the file gives other {what} for the example than the model: relative difference "
            f"{difference:.2g}; nothing was written",
            hint="something in the network depends on more than its input; give encode= and decode= without it, or try "
            "another kind=",
        )


def _difference(found: Tensor, expected: Tensor) -> float:
    same = found == expected  # minus infinity among them
    gap = torch.where(same, torch.zeros_like(found), found - expected).double().abs()
    scale = 1.0 + float(torch.where(expected.isinf(), torch.zeros_like(expected), expected).double().abs().max())
    return float(gap.max()) / scale
