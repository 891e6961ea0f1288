"""Where each dimension acts: derivatives of the decoder along unit vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.analyzers.traversal.strips import blocks
from vae_analyze.metrics import pushforward
from vae_analyze.stats.moments import as_float64
from vae_analyze.vae import unflatten

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.traversal.anchors import Anchors

Floats = NDArray[np.float64]
CHECKED = 9  # anchors at which derivatives are held against differences
APART = 0.05  # relative difference from which they disagree
_RESOLVED = 1e-4  # of the data's scale: what central differences in float32 resolve


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Heat:
    """Derivatives of the output by each dimension.

    Args:
        maps: Root mean square over anchors and channels, data unit per latent unit, ``(d, h, w)`` or ``(d, features)``.
        at_anchors: Root mean square over the features of the output at each anchor, ``(m, d)``.
        exact: By forward-mode derivatives; else by central differences.
        disagreement: Relative difference of the two in random directions; NaN where there is only one.
    """

    maps: Floats
    at_anchors: Floats
    exact: bool
    disagreement: float

    def centre(self, k: int) -> tuple[float, float]:
        """Row and column around which a dimension acts, counted from 1; weights are squared derivatives."""
        energy = np.square(self.maps[k])
        if energy.ndim != 2 or not energy.sum() > 0:
            return math.nan, math.nan
        rows, columns = (np.arange(1, side + 1) for side in energy.shape)
        total = energy.sum()
        return float(energy.sum(axis=1) @ rows / total), float(energy.sum(axis=0) @ columns / total)

    def share(self, k: int) -> float:
        """Share of places a dimension acts on: (sum e)^2 / (N sum e^2) of the squared derivatives e."""
        energy = np.square(self.maps[k]).ravel()
        largest = energy.max()
        if not largest > 0:
            return math.nan
        energy = energy / largest  # squares of small numbers vanish
        return float(energy.sum() ** 2 / np.square(energy).sum() / len(energy))

    def strongest(self, k: int) -> str:
        """Where the derivative is largest, counted from 1 in pictures and from 0 in vectors."""
        energy = self.maps[k]
        if not energy.max() > 0:
            return ""
        at = np.unravel_index(int(energy.argmax()), energy.shape)
        return f"row {at[0] + 1}, column {at[1] + 1}" if len(at) == 2 else f"feature {at[0]}"


def heat_of(context: Context, anchors: Anchors, dimensions: NDArray[np.int64], *, scale: float) -> Heat:
    """Derivatives at every anchor along every dimension; central differences where forward mode is wrong."""
    disagreement, exact = _held_against_differences(context, anchors, dimensions, scale)
    exact = exact and not disagreement > APART
    totals: list[Floats] = [np.zeros(0)] * len(dimensions)
    counts = np.zeros(len(dimensions))
    at_anchors = np.full((len(anchors), len(dimensions)), np.nan)
    for pairs in blocks(context, len(anchors), len(dimensions), 1):
        along = _unit_vectors(pairs[:, 1], dimensions, anchors.codes.shape[1])
        value = _derivative(context, anchors, pairs[:, 0], along, exact=exact)[0]
        squares = np.square(as_float64(value))
        means = squares.reshape(len(squares), -1).mean(axis=1)
        at_anchors[pairs[:, 0], pairs[:, 1]] = np.sqrt(means)
        channels = squares.mean(axis=1) if squares.ndim == 4 else squares
        for (_, k), square, mean in zip(pairs, channels, means, strict=True):
            if math.isfinite(mean):
                totals[k] = square if not counts[k] else totals[k] + square
                counts[k] += 1
    empty = np.zeros(_places(tuple(context.card.input_shape)))
    maps = np.stack([np.sqrt(total / count) if count else empty for total, count in zip(totals, counts, strict=True)])
    return Heat(maps=maps, at_anchors=at_anchors, exact=exact, disagreement=disagreement)


def _places(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[1:] if len(shape) == 3 else (math.prod(shape),)


def _unit_vectors(which: NDArray[np.int64], dimensions: NDArray[np.int64], d: int) -> Tensor:
    along = torch.zeros((len(which), d))
    along[torch.arange(len(which)), torch.from_numpy(dimensions[which])] = 1
    return along


def _derivative(
    context: Context, anchors: Anchors, of: NDArray[np.int64], along: Tensor, *, exact: bool
) -> tuple[Tensor, bool]:
    """Derivatives along ``(p, d)`` at the anchors ``of``, on the CPU, and whether they are exact."""
    shape, rows = tuple(context.card.latent_shape), torch.from_numpy(of)
    z, tangent = (
        unflatten(part.to(device=context.device, dtype=context.dtype), shape) for part in (anchors.codes[rows], along)
    )
    labels = None if anchors.labels is None else anchors.labels[rows].to(context.device)
    if exact:
        found = context.derivative(z, tangent, labels=labels, scale=anchors.spread)
    else:
        found = pushforward(partial(context.decode, labels=labels), z, tangent, exact=False, scale=anchors.spread)
    return found.value.detach().cpu(), found.exact


def _held_against_differences(
    context: Context, anchors: Anchors, dimensions: NDArray[np.int64], scale: float
) -> tuple[float, bool]:
    """How far forward-mode derivatives are from central differences, and whether there are any.

    A model that detaches a part of its output from the code has derivatives, and they are wrong.
    """
    of = np.arange(min(CHECKED, len(anchors)))
    along = torch.zeros((len(of), anchors.codes.shape[1]))
    noise = torch.randn((len(of), len(dimensions)), generator=context.generator("direction of the check"))
    along[:, torch.from_numpy(dimensions)] = noise / noise.norm(dim=1, keepdim=True)
    forward, exact = _derivative(context, anchors, of, along, exact=True)
    if not exact:
        return math.nan, False
    central, _ = _derivative(context, anchors, of, along, exact=False)
    a, b = (as_float64(part.flatten(start_dim=1)) for part in (forward, central))
    apart, size = (np.sqrt(np.square(part).mean(axis=1)) for part in (a - b, np.maximum(np.abs(a), np.abs(b))))
    with np.errstate(invalid="ignore", divide="ignore"):
        off = np.where(apart * anchors.spread <= _RESOLVED * scale, 0.0, apart / size)
    # At the median anchor: between two pieces of a piecewise linear decoder the difference is the one that is wrong.
    return float(np.nanmedian(off)) if np.isfinite(off).any() else 0.0, True
