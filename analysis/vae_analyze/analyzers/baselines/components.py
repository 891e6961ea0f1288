"""PCA as a model of the same data, cross-fitted: each sample is reconstructed by components that have not seen it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.baselines.compared import PIECE, noisy
from vae_analyze.metrics import Principal, mean_squared_difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.baselines.compared import Compared

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MOST = 512  # components


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class CrossFitted:
    """PCA on samples that it was not fitted to.

    Args:
        curve: Squared error per sample, mean over features, with 0, 1, ... K components, ``(n, K + 1)``.
        denoising: Squared error of noisy samples reconstructed with ``k`` components, to the clean ones, ``(n,)``.
        k: The model's latent size, or as many components as there are.
        fitted: Samples that each PCA was fitted to, at least.
        shown: Reconstructions and denoised samples of those that are shown, ``(m, D)`` each, with ``k`` components.
    """

    curve: Floats
    denoising: Floats
    k: int
    fitted: int
    shown: tuple[Tensor, Tensor]

    @property
    def most(self) -> int:
        """The largest number of components tried."""
        return int(self.curve.shape[1]) - 1


def cross_fitted(
    context: Context, compared: Compared, x: Tensor, folds: Integers, shown: Integers, noise: float
) -> CrossFitted | None:
    """Fit PCA to all folds but one and reconstruct that one, for each fold.

    Args:
        context: To read the samples with their noise.
        compared: The samples.
        x: Their data, ``(n, D)``.
        folds: Of each sample, ``(n,)``.
        shown: Rows whose reconstructions are kept.
        noise: Of the noisy samples.

    Returns:
        None where a fold is all there is.
    """
    least = min((int((folds != fold).sum()) for fold in np.unique(folds)), default=0)
    if least == 0:
        return None
    n, features = x.shape
    most = min(least - 1, features, max(MOST, compared.d))
    k = min(compared.d, most)
    curve, denoising = np.empty((n, most + 1)), np.empty(n)
    kept = torch.empty((2, len(shown), features), dtype=torch.float64)
    for fold in np.unique(folds):
        fitted = Principal.fit(x[torch.from_numpy(folds != fold)], most)
        few = Principal(fitted.mean, fitted.components[:k], fitted.variances[:k])
        for rows in _pieces(np.flatnonzero(folds == fold)):
            curve[rows] = held_out_errors(fitted, x[rows])
            batch = context.read(compared.index[rows])
            denoised = few.reconstruct(few.project(noisy(batch, context, noise).flatten(start_dim=1)))
            denoising[rows] = mean_squared_difference(denoised, x[rows].double()).numpy()
            for at, row in enumerate(shown):
                if row in rows:
                    inside = int(np.flatnonzero(rows == row)[0])
                    kept[0, at] = few.reconstruct(few.project(x[rows[inside : inside + 1]]))[0]
                    kept[1, at] = denoised[inside]
    return CrossFitted(curve=curve, denoising=denoising, k=k, fitted=least, shown=(kept[0], kept[1]))


def held_out_errors(fitted: Principal, x: Tensor) -> Floats:
    """Squared error of samples ``(m, D)`` with 0, 1, ... K components, mean over features, ``(m, K + 1)``.

    By Pythagoras from the coordinates: one projection gives all of them, and no error grows with a component more.
    """
    total = (x.double() - fitted.mean).square().sum(dim=1, keepdim=True)
    explained = fitted.project(x).square().cumsum(dim=1)
    left = torch.cat((total, total - explained), dim=1).clamp_min(0) / x.shape[1]
    found: Floats = left.numpy()
    return found


def _pieces(rows: Integers) -> Iterator[Integers]:
    for start in range(0, len(rows), PIECE):
        yield rows[start : start + PIECE]
