"""The points of paths between pairs, decoded: in latent space straight and spherical, in data space as blends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from vae_analyze.analyzers.interpolation.curves import spherical, straight
from vae_analyze.vae import flatten, unflatten

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.interpolation.codes import CodeTable
    from vae_analyze.analyzers.interpolation.pairs import Pairs
    from vae_analyze.analyzers.interpolation.reference import Reference
    from vae_analyze.metrics import Principal
    from vae_analyze.vae import DiagonalGaussian

LINEAR, SPHERICAL, PIXEL, PCA = "linear", "spherical", "pixel", "pca"
PATHS = (LINEAR, SPHERICAL, PIXEL, PCA)
LATENT_PATHS = (LINEAR, SPHERICAL)
_NUMBERS = 2**23  # features of the points of one path that are in memory at once


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Setting:
    """What all paths have in common.

    Args:
        context: Model and data.
        codes: Where pairs come from.
        reference: Real samples.
        principal: Components fitted to these less their mean, as many as the code has numbers.
        steps: Points along a path, with both ends.
        binary: Whether p(x | z) is known to be Bernoulli.
    """

    context: Context
    codes: CodeTable
    reference: Reference
    principal: Principal
    steps: int
    binary: bool

    @property
    def alphas(self) -> Tensor:
        """Where on the way every point is, float64 ``(steps,)``, and behind them one half, if it is not among them."""
        along = torch.linspace(0, 1, self.steps, dtype=torch.float64)
        return along if self.steps % 2 else torch.cat((along, torch.tensor([0.5], dtype=torch.float64)))

    @property
    def middle(self) -> int:
        """Which of the alphas is one half."""
        return self.steps // 2 if self.steps % 2 else self.steps

    @property
    def bounds(self) -> tuple[float, float]:
        """The range of the data; where they state none, that of the real samples."""
        stated = self.context.data.value_range
        if stated is not None:
            return float(stated[0]), float(stated[1])
        low, high = self.reference.bounds
        return (low, high) if high > low else (low, low + 1.0)

    def at_once(self) -> int:
        """Pairs whose points fit into memory."""
        features = int(self.reference.x.shape[1])
        return max(1, _NUMBERS // (features * len(self.alphas)))

    def fitted(self, x: Tensor) -> Tensor:
        """What the principal components make of data ``(n, D)``: float64."""
        mean = self.reference.mean
        return mean + self.principal.reconstruct(self.principal.project(x.double() - mean))

    def on_device(self, values: Tensor) -> Tensor:
        """In the model's place and format."""
        return values.to(device=self.context.device, dtype=self.context.dtype)


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Journey:
    """The paths of some pairs.

    Args:
        first: Sample indices of one end, ``(m,)``.
        second: Of the other, ``(m,)``.
        real: The samples at both ends, ``(m, 2, D)``.
        posteriors: Theirs, at the first and at the second end.
        z: Codes on the latent paths, by path, float64 ``(m, p, d)``.
        points: Data on all paths, by path, ``(m, p, D)``, p alphas each; float32 unless the model's format is wider.
        straightened: Whether the spherical path had to go straight, ``(m,)``.
        labels: A conditional model's label of each pair, or None.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    real: Tensor
    posteriors: tuple[DiagonalGaussian, DiagonalGaussian]
    z: dict[str, Tensor]
    points: dict[str, Tensor]
    straightened: Tensor
    labels: Tensor | None


def travel(setting: Setting, pairs: Pairs, which: slice | NDArray[np.int64]) -> Journey:
    """Decode the paths of some of the pairs."""
    context, codes = setting.context, setting.codes
    first, second = pairs.first[which], pairs.second[which]
    ends = codes.index[first], codes.index[second]
    batches = [context.read(end) for end in ends]
    real = torch.stack([flatten(batch.x).cpu() for batch in batches], dim=1)
    a, b = codes.mean[torch.from_numpy(first)], codes.mean[torch.from_numpy(second)]
    arc, straightened = spherical(a, b, setting.alphas)
    z = {LINEAR: straight(a, b, setting.alphas), SPHERICAL: arc}
    labels = codes.labels_at(first, context)
    repeated = None if labels is None else labels.repeat_interleave(len(setting.alphas))
    points = {path: _decoded(setting, z[path], repeated) for path in LATENT_PATHS}
    made = points[LINEAR][:, 0], points[LINEAR][:, setting.steps - 1]
    points[PIXEL] = straight(*made, setting.alphas)
    fitted = [setting.fitted(real[:, end]).to(made[0]) for end in (0, 1)]
    points[PCA] = straight(fitted[0], fitted[1], setting.alphas)
    return Journey(
        first=ends[0],
        second=ends[1],
        real=real,
        posteriors=(batches[0].posterior, batches[1].posterior),
        z=z,
        points=points,
        straightened=straightened,
        labels=labels,
    )


def _decoded(setting: Setting, z: Tensor, labels: Tensor | None) -> Tensor:
    m, p, _ = z.shape
    codes = unflatten(setting.on_device(z.flatten(end_dim=1)), tuple(setting.context.card.latent_shape))
    x_hat = flatten(setting.context.decode(codes, labels=labels)).cpu()
    wide = x_hat if x_hat.dtype == torch.float64 else x_hat.float()
    return wide.reshape(m, p, -1)
