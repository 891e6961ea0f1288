"""Every reading of a foreign network tried on the person's own data: how well does each reconstruct them?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from vae_analyze.loading.settling.convention import (
    Convention,
    Core,
    Labels,
    Output,
    finished,
    mapped,
    posterior,
    prepared,
)
from vae_analyze.loading.settling.cost import batches, evenly

__all__ = ["STRETCHES", "Bench", "Trial", "finished", "mean_sample_error", "run_trials", "scaled", "squared_error"]


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Bench:
    """The data that readings are tried on.

    Args:
        name: Spec, for messages.
        x: Samples ``(n, *input_shape)`` in the data's own range.
        value_range: Lowest and highest value that data can have; None when unbounded.
        labels: Class numbers ``(n,)``, or None.
    """

    name: str
    x: Tensor
    value_range: tuple[float, float] | None
    labels: Tensor | None = None

    def __len__(self) -> int:
        return len(self.x)

    def some(self, most: int) -> Bench:
        """At most so many of the samples, evenly spread."""
        index = evenly(len(self.x), most)
        return replace(self, x=self.x[index], labels=None if self.labels is None else self.labels[index])


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trial:
    """One reading and what came of it.

    Args:
        convention: The reading.
        errors: Mean squared error of the decoded posterior mean per sample, float64 ``(n,)``; infinity where the
            network gives numbers that are not finite.
        codes: Posterior means ``(n, d)``, float64.
    """

    convention: Convention
    errors: Tensor
    codes: Tensor

    @property
    def error(self) -> float:
        """Mean over the samples."""
        return float(self.errors.mean())


# A strongly regularised model's posterior means are shrunk: decoded, they err less when they are stretched. A reading
# that stretches the data does just that and would win by it, so readings that differ in the data's scale are compared
# each at its best stretch.
STRETCHES = (1.0, 1.7, 3.0)


def run_trials(
    core: Core, bench: Bench, conventions: Sequence[Convention], *, stretches: Sequence[float] = (1.0,)
) -> tuple[Trial, ...]:
    """Encode and decode under every convention; those that share an input or a code share the work.

    Args:
        core: The network.
        bench: The data.
        conventions: The readings.
        stretches: What the codes are multiplied by before they are decoded; the best of them counts.
    """
    inputs: dict[tuple[tuple[float, float], Labels], list[Convention]] = {}
    for convention in conventions:
        inputs.setdefault((convention.input_range, convention.labels), []).append(convention)
    with torch.no_grad():
        return tuple(trial for alike in inputs.values() for trial in _alike(core, bench, alike, stretches))


def _alike(core: Core, bench: Bench, conventions: Sequence[Convention], stretches: Sequence[float]) -> list[Trial]:
    """Trials of conventions that encode the same numbers."""
    codes: dict[Convention, list[Tensor]] = {}
    errors: dict[tuple[Convention, float], list[Tensor]] = {}
    layouts: dict[Convention, list[Output]] = {}
    for convention in conventions:
        layouts.setdefault(replace(convention, output="prob"), []).append(convention.output)
    for x, numbers in batches(bench.x, bench.labels):
        labels = None if numbers is None else prepared(numbers, conventions[0])
        outputs = core.outputs(scaled(x, bench.value_range, conventions[0].input_range), labels)
        for layout, stretch in itertools.product(layouts, stretches):
            mean = posterior(outputs, layout).mean
            if stretch == stretches[0]:
                codes.setdefault(layout, []).append(mean.cpu().double().flatten(1))
            raw = core.decoded(mean * stretch, labels)
            for way in layouts[layout]:
                key = (replace(layout, output=way), stretch)
                errors.setdefault(key, []).append(
                    squared_error(x, finished(raw, way, bench.value_range, layout.input_range))
                )
    return [
        Trial(
            convention=convention,
            errors=min((torch.cat(errors[convention, stretch]) for stretch in stretches), key=_mean),
            codes=torch.cat(codes[replace(convention, output="prob")]),
        )
        for convention in conventions
    ]


def _mean(errors: Tensor) -> float:
    return float(errors.mean())


def scaled(x: Tensor, value_range: tuple[float, float] | None, input_range: tuple[float, float]) -> Tensor:
    """Data as the network wants them; a copy, because some write to their input."""
    return (x if value_range is None else mapped(x, value_range, input_range)).clone()


def squared_error(x: Tensor, x_hat: Tensor) -> Tensor:
    """Mean squared error per sample, float64 ``(n,)``; infinity where it is not a number."""
    gap = (x.detach().cpu().double() - x_hat.detach().cpu().double()).flatten(1).square().mean(dim=1)
    return torch.where(torch.isfinite(gap), gap, torch.inf)


def mean_sample_error(x: Tensor) -> Tensor:
    """Mean squared error of the mean sample as the only reconstruction, per sample, float64 ``(n,)``."""
    flat = x.detach().cpu().double().flatten(1)
    return (flat - flat.mean(dim=0)).square().mean(dim=1)
