"""How sharply the decoder answers to each latent: what the posterior's variances must follow if they are variances.

At the optimum of the ELBO the variance of a latent is ``1 / (1 + h)``, where ``h`` is the curvature of the negative
log-likelihood along it: to first order the squared change of the decoded data per unit of the code, times one
constant for the whole model. So ``log h`` against ``log(1 / variance - 1)`` is a line of slope 1. Read with the wrong
meaning, half a log variance for a whole one, the slope is 2 or a half.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vae_analyze.loading.settling.cost import evenly

# Of a code's own spread: wide enough for float32, narrow enough to be a derivative.
_STEP = 0.05
_LEAST_STEP = 0.01
_MOST_LATENTS = 24
_MOST_SAMPLES = 16
# Of wider posteriors the first order says little: the decoder bends within them.
WIDEST = 0.35


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Curvature:
    """Squared change of the decoded data per unit of single latents, at the codes of some samples.

    Args:
        log_h: Its logarithm, float64 ``(m, k)`` for m samples and k latents.
        samples: Which samples, ``(m,)``.
        latents: Which latents of the flattened code, ``(k,)``.
    """

    log_h: Tensor
    samples: Tensor
    latents: Tensor

    def of(self, values: Tensor) -> Tensor:
        """The same samples and latents of other values ``(n, *latent_shape)``, as float64 ``(m, k)``."""
        return values.detach().cpu().double().flatten(1)[self.samples][:, self.latents]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Log curvature against the logarithm of excess precision under one reading.

    Args:
        slope: Of the reduced major axis: 1 for the right reading; NaN with too few points.
        r: Correlation.
        points: How many.
    """

    slope: float
    r: float
    points: int


def curvature(
    decode: Callable[[Tensor, Tensor], Tensor], mean: Tensor, *, most_decoded: int = _MOST_SAMPLES * _MOST_LATENTS * 2
) -> Curvature:
    """By central differences at posterior means.

    Args:
        decode: Codes ``(m, *latent_shape)`` and which samples they belong to ``(m,)``, as data ``(m, ...)``.
        mean: Posterior means ``(n, *latent_shape)``.
        most_decoded: How many codes may be decoded in all.
    """
    codes = mean.detach().flatten(1)
    latents = evenly(codes.shape[1], _MOST_LATENTS)
    samples = evenly(len(codes), max(2, min(_MOST_SAMPLES, most_decoded // (2 * len(latents)))))
    spread = codes.std(dim=0) if len(codes) > 1 else torch.zeros_like(codes[0])
    columns = []
    for latent in latents.tolist():
        step = max(_STEP * float(spread[latent]), _LEAST_STEP)
        up, down = codes[samples].clone(), codes[samples].clone()
        up[:, latent] += step
        down[:, latent] -= step
        shape = (-1, *mean.shape[1:])
        change = (decode(up.reshape(shape), samples) - decode(down.reshape(shape), samples)).detach().cpu().double()
        columns.append((change.flatten(1) / (2 * step)).square().sum(dim=1))
    return Curvature(log_h=torch.stack(columns, dim=1).clamp(min=1e-30).log(), samples=samples, latents=latents)


def line(found: Curvature, variance: Tensor, widest: Tensor) -> Line:
    """How log curvature goes with the variances of a reading.

    Args:
        found: The curvature.
        variance: Posterior variances ``(n, *latent_shape)`` under the reading.
        widest: The largest variances under any reading that it is compared with, same shape: both are judged by the
            same points.
    """
    spread = found.of(variance).flatten()
    kept = torch.isfinite(spread) & (spread > 1e-12) & (spread < WIDEST) & (found.of(widest).flatten() < WIDEST)
    x, y = (1 / spread[kept] - 1).log(), found.log_h.flatten()[kept]
    if len(x) < 3 or float(x.std()) == 0 or float(y.std()) == 0:
        return Line(slope=math.nan, r=0.0, points=len(x))
    r = float(torch.corrcoef(torch.stack([x, y]))[0, 1])
    return Line(slope=math.copysign(float(y.std() / x.std()), r), r=r, points=len(x))
