"""What a loaded model does with the person's own data, as the checks need it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import final

import torch
from torch import Tensor

from vae_analyze.loading.settling.convention import ConditionalConventional, Convention, Conventional
from vae_analyze.loading.settling.cost import (
    LEAST_SAMPLES,
    MOST_SAMPLES,
    batches,
    budget_of,
    evenly,
    operations_of,
    place,
    samples_within,
)
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.trial import STRETCHES, mean_sample_error, squared_error
from vae_analyze.vae import VAE, ConditionalVAE

_SEED = 20262
_PASSES = 5  # own reconstructions, samples, few of the data in other ranges, draws from the prior
_FEW = 64  # for what is a matter of large factors
_FEWEST = 16
_FEW_PASSES = 15
# Of large samples fewer do: what is compared pixel by pixel then costs as much as the network.
_NUMBERS, _FEW_NUMBERS = 2**19, 2**17
# Of the budget: where the least number of samples already takes more.
_BEYOND, _FAR_BEYOND = 5, 100
# So many for a verdict on the reconstruction, where they take no more than the first of these.
ENOUGH = 32
_DRAWS = 128  # of the prior; that few samples are already no more than the budget allows
_MOST_LATENTS = 64
_USED = 0.5
_SURE = 3.0  # standard errors of a correlation
_MOST_CLASSES = 20


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Cycle:
    """Draws from the prior, decoded and encoded again.

    Args:
        used: How many latents come back as anything: correlated with some latent, at least 0.5 and
            beyond chance.
        kept: Share of those that come back as themselves, more than as any other; 1.0 for a healthy model, next to
            none where encoder and decoder are strangers.
        agreement: Median correlation with themselves of those used; 0 where none is.
        spread: Mean squared distance of the decodings from their mean.
    """

    used: int
    kept: float
    agreement: float
    spread: float


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measured:
    """Errors are mean squared errors per sample, float64 ``(n,)``.

    Args:
        name: Spec of the data.
        x: Data ``(n, *input_shape)`` on the CPU.
        value_range: Lowest and highest value that data can have; None when unbounded.
        mean: Posterior means ``(n, d)``, float64.
        logvar: Log variances ``(n, d)``.
        x_hat: Decoded posterior means, float64.
        repeats: Whether encode and decode give the same when asked again.
        own: Errors of the decoded posterior means.
        sampled: Errors of a decoded draw from each posterior.
        shuffled: Errors of the posterior means of other samples, decoded.
        mean_sample: Errors of the mean of the other samples, of the same class where the model is given the class.
        other_ranges: Errors on a few of the data, mapped to another range first, by what that range is.
        here: Errors on the same few as they are; of both at the best stretch of the codes.
        classes: Errors on a few of the data given each class, ``(m, classes)``; None for a model without labels.
        given: The classes of those few.
        input_range: What the loader makes of the data's range before they are encoded; None where it does not say.
        output: What it does to decoded numbers, "" where nothing or it does not say.
        cycle: Of draws from the prior.
    """

    name: str
    x: Tensor
    value_range: tuple[float, float] | None
    mean: Tensor
    logvar: Tensor
    x_hat: Tensor
    repeats: bool
    own: Tensor
    sampled: Tensor
    shuffled: Tensor
    mean_sample: Tensor
    here: Tensor
    cycle: Cycle
    other_ranges: dict[str, Tensor] = field(default_factory=dict)
    classes: Tensor | None = None
    given: Tensor | None = None
    input_range: tuple[float, float] | None = None
    output: str = ""

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.x)


def measure(model: VAE | ConditionalVAE, evidence: Evidence, x: Tensor) -> Measured:
    """Send data through a model.

    Args:
        model: In evaluation mode.
        evidence: The data; with labels for a model that needs them.
        x: They, in the model's shape.

    Raises:
        TooLargeError: A few samples would take minutes.
    """
    operations, budget = operations_of(model, lambda: _once(model, x[:1]), tuple(x.shape[1:])), budget_of(model)
    if operations * LEAST_SAMPLES * _PASSES > _FAR_BEYOND * budget:
        raise TooLargeError(f"one sample takes {operations:.1e} operations")
    features = max(1, x[0].numel())
    most = max(_FEW, min(MOST_SAMPLES, _NUMBERS // features))
    patient = samples_within(operations, _PASSES, most=min(ENOUGH, most), budget=_BEYOND * budget)
    index = evenly(len(x), max(patient, samples_within(operations, _PASSES, most=most, budget=budget)))
    labels = evidence.labels[index] if evidence.labels is not None and isinstance(model, ConditionalVAE) else None
    few = samples_within(operations, _FEW_PASSES, most=max(_FEWEST, min(_FEW, _FEW_NUMBERS // features)), budget=budget)
    # In other ranges only where that is cheap too: it takes most of the time, and finds what `settle` has settled.
    mapped = operations * few * _FEW_PASSES <= _BEYOND * budget
    with torch.no_grad():
        return _measured(_Runner(model), evidence, x[index], labels, few=few, mapped=mapped)


@final
class TooLargeError(Exception):
    """A model that takes too long to be checked in passing."""


@final
class _Runner:
    """A model that takes any number of samples on the CPU and answers there, in float64."""

    def __init__(self, model: VAE | ConditionalVAE) -> None:
        self.model = model
        self.device, self.dtype = place(model)

    def encode(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        found = [vae.encode(part) for vae, part in self._parts(x, labels)]
        means, logvars = [part.mean for part in found], [part.logvar for part in found]
        return torch.cat(means).cpu().double(), torch.cat(logvars).cpu().double()

    def decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return torch.cat([vae.decode(part).cpu().double() for vae, part in self._parts(z, labels)])

    def reconstruct(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.decode(self.encode(x, labels)[0], labels)

    def _parts(self, values: Tensor, labels: Tensor | None) -> list[tuple[VAE, Tensor]]:
        # A copy of every part: some models write to their input.
        return [
            (_bound(self.model, numbers, self.device), part.to(self.device, self.dtype, copy=True))
            for part, numbers in batches(values, labels)
        ]


def _bound(model: VAE | ConditionalVAE, labels: Tensor | None, device: torch.device) -> VAE:
    if not isinstance(model, ConditionalVAE):
        return model
    assert labels is not None, "a conditional model is measured with labels"
    return model.given(labels.to(device))


def _once(model: VAE | ConditionalVAE, x: Tensor) -> None:
    _Runner(model).reconstruct(x, torch.zeros(1, dtype=torch.int64))


def _measured(
    run: _Runner, evidence: Evidence, x: Tensor, labels: Tensor | None, *, few: int, mapped: bool
) -> Measured:
    generator = torch.Generator().manual_seed(_SEED)
    mean, logvar = run.encode(x, labels)
    x_hat = run.decode(mean, labels)
    noise = torch.randn(mean.shape, generator=generator, dtype=torch.float64)
    # Wide readings of a second output overflow; their samples then err infinitely, which is what they should.
    sampled = run.decode(mean + (0.5 * logvar).exp().clamp(max=1e6) * noise, labels)
    others = _shuffled(len(x))
    elsewhere = x_hat[others] if labels is None else run.decode(mean[others], labels)
    some = evenly(len(x), few)
    x_few, few_labels = x[some], None if labels is None else labels[some]
    ranges = other_ranges(x_few, evidence.value_range) if mapped else {}
    convention = _convention(run.model)
    return Measured(
        name=evidence.name,
        x=x,
        value_range=evidence.value_range,
        mean=mean.flatten(1),
        logvar=logvar.flatten(1),
        x_hat=x_hat,
        repeats=_repeats(run, x_few, few_labels, mean[some], x_hat[some]),
        own=squared_error(x, x_hat),
        sampled=squared_error(x, sampled),
        shuffled=squared_error(x, elsewhere),
        mean_sample=_left_out_error(x, labels),
        here=_stretched(run, x_few, x_few, few_labels) if ranges else squared_error(x_few, x_hat[some]),
        other_ranges={name: _stretched(run, x_few, other, few_labels) for name, other in ranges.items()},
        classes=_by_class(run, x_few, few_labels, evidence.classes),
        given=few_labels,
        input_range=None if convention is None else convention.input_range,
        output="" if convention is None or convention.output == "prob" else convention.output,
        cycle=_cycle(run, mean[:_DRAWS].shape, None if labels is None else labels[:_DRAWS], generator),
    )


def _convention(model: VAE | ConditionalVAE) -> Convention | None:
    """How the loader reads a network; None where it reads nothing, or a program does."""
    if isinstance(model, Conventional | ConditionalConventional) and model.value_range is not None:
        return model.convention
    return None


def _repeats(run: _Runner, x: Tensor, labels: Tensor | None, mean: Tensor, x_hat: Tensor) -> bool:
    again, decoded = run.encode(x, labels)[0], run.decode(mean, labels)
    pairs = ((again, mean), (decoded, x_hat))
    # Other batches may round otherwise, by far less than any draw.
    return all(bool(torch.allclose(new, old, rtol=1e-3, atol=1e-4, equal_nan=True)) for new, old in pairs)


def _stretched(run: _Runner, x: Tensor, mapped: Tensor, labels: Tensor | None) -> Tensor:
    """Errors of the codes of mapped data, at the best stretch."""
    mean = run.encode(mapped, labels)[0]
    return min(
        (squared_error(x, run.decode(mean * stretch, labels)) for stretch in STRETCHES),
        key=lambda errors: float(errors.mean()),
    )


def _shuffled(n: int) -> Tensor:
    """Every sample's place taken by another's, half the data away: data are often ordered by class."""
    return (torch.arange(n) + math.ceil(n / 2)) % n


def _left_out_error(x: Tensor, labels: Tensor | None) -> Tensor:
    """Errors of the mean of the other samples, or of those of the same class."""
    groups = torch.zeros(len(x), dtype=torch.int64) if labels is None else labels
    errors = _corrected(x)
    for group in set(groups.tolist()):
        members = groups == group
        if int(members.sum()) > 1:
            errors[members] = torch.minimum(errors[members], _corrected(x[members]))
    return errors


def _corrected(x: Tensor) -> Tensor:
    n = len(x)
    # A sample's distance from the mean of the others is n/(n - 1) times that from the mean of all.
    return mean_sample_error(x) * (n / max(n - 1, 1)) ** 2


def other_ranges(x: Tensor, value_range: tuple[float, float] | None) -> dict[str, Tensor]:
    """The data as a model would want them that is fed the wrong range, by what was done to them."""
    if value_range is None:
        return {}
    low, high = value_range
    unit, width = (x - low) / (high - low), high - low
    mapped = {"2x - 1": 2 * unit - 1, "(x + 1) / 2": (unit + 1) / 2}
    if x.ndim == 4 and x.shape[1] == 1:
        mapped |= {"(x - 0.1307) / 0.3081": (unit - 0.1307) / 0.3081, "0.3081x + 0.1307": 0.3081 * unit + 0.1307}
    return {name: low + width * values for name, values in mapped.items()}


def _by_class(run: _Runner, x: Tensor, labels: Tensor | None, classes: int) -> Tensor | None:
    if labels is None or not 2 <= classes <= _MOST_CLASSES:
        return None
    every = [torch.full_like(labels, number) for number in range(classes)]
    return torch.stack([squared_error(x, run.reconstruct(x, given)) for given in every], dim=1)


def _cycle(run: _Runner, shape: torch.Size, labels: Tensor | None, generator: torch.Generator) -> Cycle:
    z = torch.randn(shape, generator=generator, dtype=torch.float64)
    x_hat = run.decode(z, labels)
    latents = evenly(z.flatten(1).shape[1], _MOST_LATENTS)
    before, after = z.flatten(1)[:, latents], run.encode(x_hat, labels)[0].flatten(1)[:, latents]
    table = _correlations(before, after)
    size = table.abs()
    used = size.max(dim=1).values >= max(_USED, _SURE / math.sqrt(len(z)))
    own = table.diagonal()
    kept = (size.argmax(dim=1) == torch.arange(len(own))) & (own > 0)
    return Cycle(
        used=int(used.sum()),
        kept=float(kept[used].double().mean()) if bool(used.any()) else 0.0,
        agreement=float(own[used].median()) if bool(used.any()) else 0.0,
        spread=float(mean_sample_error(x_hat).mean()),
    )


def _correlations(a: Tensor, b: Tensor) -> Tensor:
    """Between the columns of both, ``(d, d)``; 0 for a constant one."""
    a, b = a - a.mean(dim=0), b - b.mean(dim=0)
    size = a.norm(dim=0)[:, None] * b.norm(dim=0)[None, :]
    return torch.where(size > 0, a.T @ b / size.clamp(min=1e-300), 0.0)
