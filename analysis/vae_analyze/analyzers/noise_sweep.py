"""The measurement behind `robustness`: what is gathered per sample and per dimension at every noise level.

For a sample x, noise level sigma and draw eta ~ N(0, I), with the data's range [lo, hi] and
x' = x + sigma (hi - lo) eta:

- *as it is*: x' itself. This is the headline: the noise has exactly the stated energy, the same for every image and
  model, and closed forms exist. *Clipped*: x' clipped to [lo, hi], as a stored image would be. Clipping lowers the
  pixel error and can raise the latent one, because what is left on a black background is a bias; so both are measured.
- input MSE: mean over features of (x' - x)^2.
- latent MSE: mean over latent dimensions of (mu(x') - mu(x))^2.
- posterior symmetrised KL: (KL(q(z|x) || q(z|x')) + KL(q(z|x') || q(z|x))) / 2, summed over dimensions, in nats.
- reconstruction MSE: mean over features of (g(mu(x')) - g(mu(x)))^2.
- denoising MSE: mean over features of (g(mu(x')) - x)^2, against the clean sample.

Draws are the same at every level (common random numbers) and are averaged within a sample; samples are the unit of
resampling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.option import transient
from vae_analyze.metrics import mean_squared_difference, symmetrised_kl
from vae_analyze.stats.moments import Moments, as_float64
from vae_analyze.stats.rows import RowColumn, Rows
from vae_analyze.vae import DiagonalGaussian, flatten

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Batch, Context
    from vae_analyze.findings import Findings, Param

QUANTITIES = ("latent_mse", "posterior_skl", "reconstruction_mse", "denoising_mse", "input_mse")
UNITS = {
    "latent_mse": "latent unit²",
    "posterior_skl": "nat",
    "reconstruction_mse": "data unit²",
    "denoising_mse": "data unit²",
    "input_mse": "data unit²",
    "clean_mse": "data unit²",
}


@final
@dataclass(frozen=True, slots=True)
class Layout:
    """Noise levels and ways of adding noise, in the order in which values are kept.

    Args:
        sigmas: Ascending, as a share of the data's range.
        draws: Per sample and level.
        bounds: The data's range; None when unbounded: then there is nothing to clip to, and sigma is in data units.
        deterministic: Whether there is no posterior.
    """

    sigmas: tuple[float, ...]
    draws: int
    bounds: tuple[float, float] | None
    deterministic: bool

    @property
    def span(self) -> float:
        """Data units per unit of sigma."""
        return 1.0 if self.bounds is None else self.bounds[1] - self.bounds[0]

    @property
    def clippings(self) -> tuple[bool, ...]:
        """Whether noise is clipped: no, and, where there is a range, yes."""
        return (False,) if self.bounds is None else (False, True)

    @property
    def settings(self) -> list[tuple[float, bool]]:
        """Every (sigma, clipped), in order."""
        return [(sigma, clipped) for clipped in self.clippings for sigma in self.sigmas]

    def columns(self) -> tuple[RowColumn, ...]:
        """What is kept per sample."""
        clean = RowColumn(name="clean_mse", unit=UNITS["clean_mse"])
        noisy = [
            RowColumn(name=name, params=params_of(sigma, clipped=clipped), unit=UNITS[name])
            for sigma, clipped in self.settings
            for name in QUANTITIES
        ]
        return (clean, *noisy)

    def position(self, name: str, setting: int) -> int:
        """Number of the column of a quantity at a setting."""
        return 1 + setting * len(QUANTITIES) + QUANTITIES.index(name)


def params_of(sigma: float, *, clipped: bool) -> dict[str, Param]:
    """How a noise level is named: the headline by sigma alone."""
    return {"sigma": sigma, "clipped": True} if clipped else {"sigma": sigma}


def layout_for(sigmas: tuple[float, ...], draws: int, context: Context) -> Layout:
    """The layout for a model and data."""
    return Layout(sigmas, draws, context.data.value_range, context.card.deterministic)


@final
@dataclass(slots=True)
class NoiseSweep:
    """What the sweep gathers.

    Args:
        rows: Values per sample, see `Layout.columns`.
        movement: Squared movement per setting and latent dimension, draws averaged, ``settings x d`` features.
        codes: Posterior means, d features.
        variances: Posterior variances, d features.
        reconstructions: Clean reconstructions, one feature per data feature.
        inputs: The data, one feature per data feature.
        broken: Samples with a value that is not finite.
        layout: Noise levels.
        context: Model and data.
    """

    layout: Layout = transient()
    context: Any = transient()
    rows: Rows = field(default_factory=lambda: Rows(()))
    movement: Moments = field(default_factory=Moments)
    codes: Moments = field(default_factory=Moments)
    variances: Moments = field(default_factory=Moments)
    reconstructions: Moments = field(default_factory=Moments)
    inputs: Moments = field(default_factory=Moments)
    broken: int = 0

    @classmethod
    def empty(cls, layout: Layout, context: Context) -> NoiseSweep:
        """Nothing gathered yet."""
        return cls(layout=layout, context=context, rows=Rows(layout.columns()))

    def update(self, batch: Batch, /) -> None:
        """Add noise to a batch at every level and take the differences."""
        values = np.zeros((len(batch), len(self.rows.columns)))
        values[:, 0] = mean_squared_difference(batch.reconstruction, batch.x)
        movement = np.zeros((len(batch), len(self.layout.settings), flatten(batch.posterior.mean).shape[1]))
        noise = torch.empty_like(batch.x)  # filled again for every level: allocating costs more than filling
        for draw in range(self.layout.draws):
            # A stream of its own per draw: the first draws are the same however many follow.
            eta = batch.normal(batch.x.shape[1:], tag=f"noise {draw}")
            moved, found = self._levels(batch, eta, noise)
            movement += moved
            values[:, 1:] += found
        values[:, 1:] /= self.layout.draws
        self._keep(batch, values, movement / self.layout.draws)

    def _levels(self, batch: Batch, eta: Tensor, noise: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Squared movement ``(n, settings, d)`` and the quantities of every setting ``(n, settings * quantities)``.

        What is done with codes is done for all settings at once: codes are small, and many small operations cost more
        than the arithmetic.
        """
        pixels, posteriors = [], []
        for sigma, clipped in self.layout.settings:
            noisy = self._add(batch.x, eta, sigma, clipped=clipped, out=noise)
            arrived = mean_squared_difference(noisy, batch.x)
            posterior = batch.encode(noisy, consume=True)
            x_hat = batch.decode(posterior.mean)
            back, denoised = (mean_squared_difference(x_hat, other) for other in (batch.reconstruction, batch.x))
            pixels.append(torch.stack((back, denoised, arrived)))
            posteriors.append(posterior)
        settings, n = len(posteriors), len(batch)
        mean = torch.cat([posterior.mean for posterior in posteriors])
        logvar = torch.cat([posterior.logvar for posterior in posteriors])
        clean = DiagonalGaussian(
            *(torch.cat([part] * settings) for part in (batch.posterior.mean, batch.posterior.logvar))
        )
        moved = np.square(as_float64(flatten(mean - clean.mean))).reshape(settings, n, -1)
        skl = as_float64(flatten(symmetrised_kl(clean, DiagonalGaussian(mean, logvar))).sum(dim=1))
        codes = np.stack((moved.mean(axis=2), skl.reshape(settings, n)), axis=1)
        found = np.concatenate((codes, as_float64(torch.stack(pixels))), axis=1)  # in the order of QUANTITIES
        return moved.transpose(1, 0, 2), found.transpose(2, 0, 1).reshape(n, -1)

    def merge(self, other: NoiseSweep, /) -> None:
        """Take in what another sweep has gathered."""
        self.rows.merge(other.rows)
        self.movement.merge(other.movement)
        self.codes.merge(other.codes)
        self.variances.merge(other.variances)
        self.reconstructions.merge(other.reconstructions)
        self.inputs.merge(other.inputs)
        self.broken += other.broken

    def finish(self) -> Findings:
        """Means with intervals, tables, figures and sentences."""
        from vae_analyze.analyzers.noise_findings import findings

        # What is not finite stays so and is reported as undefined with its reason; warnings would add nothing.
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            return findings(self)

    def _add(self, x: Tensor, eta: Tensor, sigma: float, *, clipped: bool, out: Tensor) -> Tensor:
        noisy = torch.add(x, eta, alpha=sigma * self.layout.span, out=out)
        return noisy.clamp_(*self.layout.bounds) if clipped and self.layout.bounds is not None else noisy

    def _keep(self, batch: Batch, values: NDArray[np.float64], movement: NDArray[np.float64]) -> None:
        if self.layout.deterministic:
            for setting in range(len(self.layout.settings)):
                values[:, self.layout.position("posterior_skl", setting)] = np.nan
        skl = [at for at, column in enumerate(self.rows.columns) if column.name == "posterior_skl"]
        self.broken += int((~np.isfinite(np.delete(values, skl, axis=1)).all(axis=1)).sum())
        self.rows.append(batch.index, values)
        self.movement.update(movement)
        self.codes.update(batch.posterior.mean)
        self.variances.update(np.exp(as_float64(batch.posterior.logvar)))
        self.inputs.update(batch.x)
        self.reconstructions.update(batch.reconstruction)
