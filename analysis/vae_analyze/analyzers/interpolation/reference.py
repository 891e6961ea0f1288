"""Real samples in memory: how far anything is from the nearest of them, and how far reconstructions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.vae import unflatten

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.interpolation.codes import CodeTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_MOST_NUMBERS = 2**25  # features of all reference samples: 128 MiB, and twice that while PCA is fitted
_READ = 256
_BLOCK = 2**22  # numbers in a block of differences
_CANDIDATES = 4
_ALIKE = 0.01


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reference:
    """Real samples, and three yardsticks of distance from them. All distances are root mean squares over features.

    Args:
        index: Sample indices, ascending, ``(r,)``.
        x: The samples less their mean, float32 ``(r, D)``.
        mean: Their mean, float64 ``(D,)``.
        reconstructions: Distance of each sample's reconstruction to the nearest other sample, ``(r,)``.
        centred: Distance of each reconstruction to the mean, ``(r,)``.
        samples: Distance of each sample to the nearest other one, ``(r,)``.
        varied: Root mean square distance of the reconstructions to their own mean.
        asked: How many samples were asked for.
        bounds: The least and the largest value among the samples.
    """

    index: Ints
    x: Tensor
    mean: Tensor
    reconstructions: Floats
    centred: Floats
    samples: Floats
    varied: float
    asked: int
    bounds: tuple[float, float]

    def __len__(self) -> int:
        return len(self.index)

    @property
    def spread(self) -> float:
        """Root mean square distance of the samples to their mean."""
        return float(self.x.double().square().mean().sqrt())

    @property
    def alike(self) -> bool:
        """Whether the model makes the same of all samples, to a hundredth of how much they differ."""
        return self.varied < _ALIKE * self.spread

    @property
    def far(self) -> float:
        """The distance beyond which 1 % of reconstructions are; NaN where it is unknown."""
        known = self.reconstructions[np.isfinite(self.reconstructions)]
        return float(np.quantile(known, 0.99)) if len(known) else float("nan")

    def nearest(self, points: Tensor, apart: Ints) -> Floats:
        """Distance of each point to the nearest sample, ``(m,)``; NaN without one, and for points that are not finite.

        Args:
            points: ``(m, D)``.
            apart: Sample indices that do not count, ``(m, k)``.
        """
        return nearest(self.x, (points.cpu().double() - self.mean).float(), self._places(apart))

    def to_mean(self, points: Tensor) -> Floats:
        """Distance of each point ``(m, D)`` to the mean of the samples, ``(m,)``."""
        return np.asarray((points.cpu().double() - self.mean).square().mean(dim=1).sqrt().numpy())

    def _places(self, apart: Ints) -> Ints:
        at = np.searchsorted(self.index, apart).clip(max=len(self.index) - 1)
        return np.where(self.index[at] == apart, at, -1)


def reference_of(context: Context, codes: CodeTable, most: int) -> Reference:
    """At most ``most`` samples evenly spread over those that have a code."""
    features = int(np.prod(context.data.input_shape))
    count = min(len(codes), most, max(2, _MOST_NUMBERS // features))
    at = np.arange(count) * len(codes) // count
    x = torch.empty(count, features)
    made = torch.empty(count, features)
    mean = torch.zeros(features, dtype=torch.float64)
    for start in range(0, count, _READ):
        some = at[start : start + _READ]
        here = slice(start, start + len(some))
        x[here] = context.read(codes.index[some]).x.flatten(start_dim=1).float().cpu()
        z = codes.mean[torch.from_numpy(some)].to(device=context.device, dtype=context.dtype)
        z = unflatten(z, tuple(context.card.latent_shape))
        made[here] = context.decode(z, labels=codes.labels_at(some, context)).flatten(start_dim=1).float().cpu()
        mean += x[here].double().sum(dim=0)
    mean /= count
    bounds = (float(x.min()), float(x.max()))
    for block in (*torch.split(x, _READ), *torch.split(made, _READ)):
        block.copy_(block.double() - mean)
    own = np.arange(count)[:, None]
    return Reference(
        index=codes.index[at],
        x=x,
        mean=mean,
        reconstructions=nearest(x, made, own),
        centred=np.asarray(made.double().square().mean(dim=1).sqrt().numpy()),
        samples=nearest(x, x, own),
        varied=float((made - made.mean(dim=0)).double().square().mean().sqrt()),
        asked=min(most, len(codes)),
        bounds=bounds,
    )


def nearest(x: Tensor, points: Tensor, apart: Ints) -> Floats:
    """Root mean square distance of each point to the nearest sample, ``(m,)``.

    A float32 product ranks the samples; the distance to the best few is then taken from their differences, where
    nothing cancels.

    Args:
        x: Samples ``(r, D)`` about a mean of zero.
        points: ``(m, D)``.
        apart: Places in ``x`` that do not count, -1 for none, ``(m, k)``.
    """
    found = np.empty(len(points))
    squares = x.square().sum(dim=1)
    few = min(_CANDIDATES, len(x))
    rows = max(1, min(512, _BLOCK // (few * x.shape[1])))
    for start in range(0, len(points), rows):
        some = points[start : start + rows]
        score = squares - 2 * some @ x.T
        for column in apart[start : start + rows].T:
            known = np.flatnonzero(column >= 0)
            score[torch.from_numpy(known), torch.from_numpy(column[known])] = torch.inf
        least, at = score.topk(few, dim=1, largest=False)
        exact = (x[at] - some[:, None]).double().square().mean(dim=2)
        best = exact.masked_fill(~torch.isfinite(least), torch.inf).min(dim=1).values.sqrt()
        found[start : start + rows] = best.masked_fill(torch.isinf(best), torch.nan).numpy()
    return found
