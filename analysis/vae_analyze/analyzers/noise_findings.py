"""From the gathered values of a noise sweep to scalars with intervals, tables and sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.noise_figures import figures, sigma_axis
from vae_analyze.analyzers.noise_readings import readings, warnings
from vae_analyze.analyzers.noise_sweep import UNITS, Layout, params_of
from vae_analyze.analyzers.spanned import spanned
from vae_analyze.findings import Cell, Column, Direction, Findings, Param, Scalar, Table
from vae_analyze.metrics import trapezoid_weights
from vae_analyze.stats.bootstrap import (
    SMALLEST_N,
    UNDEFINED,
    BootstrappedMeans,
    Interval,
    bootstrap_means,
    interval,
)
from vae_analyze.stats.moments import Moments
from vae_analyze.stats.rows import Chunk

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.noise_sweep import NoiseSweep

Floats = NDArray[np.float64]
Statistic = Callable[[Floats, Floats], Floats]
NO_POSTERIOR = "the model is deterministic: it has no posterior"
LARGEST_TABLE = 64  # latent dimensions listed one by one; beyond, channels are

DEFINITIONS: dict[str, tuple[str, Direction, str]] = {
    # name: unit, direction, definition
    "latent_mse": (UNITS["latent_mse"], "lower", "mean over latent dimensions of (mu(x') - mu(x))^2"),
    "latent_nmse": (
        "1",
        "lower",
        "latent MSE over the aggregate posterior's variance Var(mu) + E[sigma^2], averaged over dimensions; "
        "comparable between models of different latent scale",
    ),
    "latent_mse_over_code_variance": (
        "1",
        "lower",
        "latent MSE over the variance of the posterior means, averaged over dimensions; 2 = as far as two samples"
        " are apart",
    ),
    "posterior_skl": ("nat", "lower", "(KL(q(z|x) || q(z|x')) + KL(q(z|x') || q(z|x))) / 2, summed over dimensions"),
    "reconstruction_mse": (UNITS["reconstruction_mse"], "lower", "mean over features of (g(mu(x')) - g(mu(x)))^2"),
    "reconstruction_nmse": (
        "1",
        "lower",
        "reconstruction MSE over the mean squared difference of two samples' reconstructions; 1 = another sample",
    ),
    "denoising_mse": (UNITS["denoising_mse"], "lower", "mean over features of (g(mu(x')) - x)^2, against the clean x"),
    "denoising_ratio": (
        "1",
        "lower",
        "denoising MSE over input MSE; below 1 the round trip removes more noise than its own error adds",
    ),
    "input_mse": (UNITS["input_mse"], "none", "mean over features of (x' - x)^2: the noise that really arrived"),
    "clean_mse": (UNITS["clean_mse"], "lower", "mean over features of (g(mu(x)) - x)^2, without noise"),
    "latent_sampling_floor": (
        "latent unit²",
        "none",
        "2 E[sigma^2], averaged over dimensions: how far two draws from one posterior are apart without any noise",
    ),
    "aggregate_posterior_variance": ("latent unit²", "none", "Var(mu) + E[sigma^2], averaged over dimensions"),
    "code_variance": ("latent unit²", "none", "Var(mu), averaged over dimensions"),
}
AREA = "mean height over sigma from 0 to sigma_max by trapezoids, of: "
AREAS = ("latent_mse", "latent_nmse", "reconstruction_mse", "denoising_mse")
HEADLINE_AREAS = ("latent_nmse", "reconstruction_mse")


@final
@dataclass(frozen=True, slots=True)
class Spread:
    """How much codes and reconstructions vary over the data, without noise.

    Args:
        codes: Bootstrapped means of (squared deviation of the mean code, posterior variance), averaged over dimensions.
        reconstruction: Mean squared difference of two samples' reconstructions.
    """

    codes: BootstrappedMeans
    reconstruction: float


def findings(sweep: NoiseSweep) -> Findings:
    """Everything that `robustness` reports."""
    means = bootstrap_means(sweep.rows, len(sweep.rows.columns), seed=sweep.context.seed)
    n = means.n
    spread = Spread(
        bootstrap_means(_code_spread(sweep.context, sweep.codes), 2, seed=sweep.context.seed),
        2 * float(sweep.reconstructions.variance(ddof=1).mean()) if n > 1 else math.nan,
    )
    scalars = _Scalars(sweep, means, spread).all()
    per_dimension = dimension_table(sweep)
    found = Findings(
        scalars=scalars,
        tables=(
            spanned(level_table(sweep.layout, scalars), "latent_mse", "the movement of codes", "sigma", "clipped"),
            spanned(
                per_dimension,
                "latent_mse",
                "the movement of codes along one",
                per_dimension.columns[0].name,
                "sigma",
                "clipped",
            ),
        ),
        figures=figures(sweep, scalars, per_dimension),
        rows=sweep.rows,
    )
    return Findings(
        scalars=found.scalars,
        tables=found.tables,
        figures=found.figures,
        rows=found.rows,
        readings=readings(sweep.layout, found),
        warnings=warnings(sweep, found),
    )


@final
class _Scalars:
    """Scalars of a sweep; a statistic is a function of the means, applied to every replicate as well."""

    def __init__(self, sweep: NoiseSweep, means: BootstrappedMeans, spread: Spread) -> None:
        self._sweep = sweep
        self._layout = sweep.layout
        self._means = means
        self._spread = spread

    def all(self) -> tuple[Scalar, ...]:
        found = [self._make("clean_mse", lambda rows, _: rows[..., 0], {}, headline=True)]
        for setting, (sigma, clipped) in enumerate(self._layout.settings):
            params = params_of(sigma, clipped=clipped)
            found += [
                self._make(name, self._statistic(name, setting), params) for name in DEFINITIONS if name in _AT_LEVEL
            ]
        for clipped in self._layout.clippings:
            found += [self._area(name, clipped=clipped) for name in AREAS]
        found += [
            self._make("latent_sampling_floor", lambda _, codes: 2 * codes[..., 1], {}),
            self._make("aggregate_posterior_variance", lambda _, codes: codes.sum(axis=-1), {}),
            self._make("code_variance", lambda _, codes: codes[..., 0], {}),
        ]
        return tuple(found)

    def _statistic(self, name: str, setting: int) -> Statistic:
        """A quantity at a setting as a function of (means of rows, means of code spread)."""
        at = self._layout.position

        def of(quantity: str) -> Statistic:
            return lambda rows, _: rows[..., at(quantity, setting)]

        if name == "latent_nmse":
            return lambda rows, codes: rows[..., at("latent_mse", setting)] / codes.sum(axis=-1)
        if name == "latent_mse_over_code_variance":
            return lambda rows, codes: rows[..., at("latent_mse", setting)] / codes[..., 0]
        if name == "reconstruction_nmse":
            return lambda rows, _: rows[..., at("reconstruction_mse", setting)] / self._spread.reconstruction
        if name == "denoising_ratio":
            return lambda rows, _: rows[..., at("denoising_mse", setting)] / rows[..., at("input_mse", setting)]
        return of(name)

    def _area(self, name: str, *, clipped: bool) -> Scalar:
        levels = np.array([0.0, *self._layout.sigmas])
        weights = trapezoid_weights(levels)
        settings = [at for at, (_, is_clipped) in enumerate(self._layout.settings) if is_clipped == clipped]
        statistics = [self._statistic(name, setting) for setting in settings]

        def area(rows: Floats, codes: Floats) -> Floats:
            # Without noise nothing moves, and what is left against the clean sample is the clean error.
            start = rows[..., 0] if name == "denoising_mse" else np.zeros(rows.shape[:-1])
            heights = [start, *(statistic(rows, codes) for statistic in statistics)]
            return np.asarray(sum(weight * height for weight, height in zip(weights, heights, strict=True)))

        params: dict[str, Param] = {"sigma_max": self._layout.sigmas[-1]}
        if clipped:
            params["clipped"] = True
        headline = name in HEADLINE_AREAS and not clipped
        return self._make(name, area, params, suffix="_auc", prefix=AREA, headline=headline)

    def _make(
        self,
        name: str,
        statistic: Statistic,
        params: dict[str, Param],
        *,
        suffix: str = "",
        prefix: str = "",
        headline: bool = False,
    ) -> Scalar:
        unit, direction, definition = DEFINITIONS[name]
        n = self._means.n
        value = float(statistic(self._means.mean, self._spread.codes.mean))
        replicates = np.asarray(statistic(self._means.replicates, self._spread.codes.replicates))
        # The spread of the reconstructions is known as one number, not per sample, so it cannot be resampled.
        resampled = name != "reconstruction_nmse"
        found = interval(value, replicates, n=n) if resampled else UNDEFINED
        return Scalar(
            name=name + suffix,
            value=value,
            unit=unit,
            direction=direction,
            n=n,
            params=params,
            low=found.low,
            high=found.high,
            se=found.se,
            reason=self._reason(name, value) or self._no_interval(found, resampled=resampled),
            definition=prefix + definition,
            headline=headline,
        )

    def _no_interval(self, found: Interval, *, resampled: bool) -> str:
        if math.isfinite(found.low):
            return ""
        if not resampled:
            return "no interval: the spread of the reconstructions is not resampled"
        if self._means.n < SMALLEST_N:
            return f"no interval: it needs {SMALLEST_N} samples"
        return "no interval: it rests on so few samples that many resamples leave it undefined"

    def _reason(self, name: str, value: float) -> str:
        if math.isfinite(value):
            return ""
        if name in ("posterior_skl", "latent_sampling_floor") and self._layout.deterministic:
            return NO_POSTERIOR
        if self._sweep.broken:
            return f"{self._sweep.broken} of {self._means.n} samples gave codes or reconstructions that are not finite"
        if name == "posterior_skl":
            return "a posterior variance vanished or overflowed"
        if name == "denoising_ratio":
            return "the noise vanished in rounding, so there is nothing to compare with"
        return "codes or reconstructions do not vary over the data, so there is nothing to compare with"


_AT_LEVEL = frozenset(DEFINITIONS) - {
    "clean_mse",
    "latent_sampling_floor",
    "aggregate_posterior_variance",
    "code_variance",
}


def _code_spread(context: Context, codes: Moments) -> Iterator[Chunk]:
    """Per sample: mean over dimensions of (mu - mean of mu)^2 and of sigma^2.

    The deviations are from the mean of all samples, so their replicates leave out the replicate's own mean: a relative
    difference of 1/n.
    """
    n = codes.count
    unbiased = n / (n - 1) if n > 1 else math.nan
    for index, mean, logvar in context.codes.chunks():
        deviation = np.square(mean.reshape(len(index), -1) - codes.mean).mean(axis=1) * unbiased
        variance = np.exp(logvar.reshape(len(index), -1).astype(np.float64)).mean(axis=1)
        yield Chunk(index, np.stack([deviation, variance], axis=1))


def level_table(layout: Layout, scalars: tuple[Scalar, ...]) -> Table:
    """A row per noise level and way of adding it, a column per quantity with its interval."""
    names = [name for name in DEFINITIONS if name in _AT_LEVEL]
    by_key = {(scalar.name, tuple(scalar.params.items())): scalar for scalar in scalars}
    sigma_unit = sigma_axis(layout).unit
    columns = [
        Column(name="sigma", unit=sigma_unit, description="standard deviation of the noise"),
        Column(name="clipped", description="whether the noisy input was clipped to the data's range"),
    ]
    for name in names:
        unit, direction, definition = DEFINITIONS[name]
        columns.append(Column(name=name, unit=unit, direction=direction, description=definition))
        columns += [Column(name=f"{name}_{end}", unit=unit, description=f"{end} end, 95 %") for end in ("low", "high")]
    rows: list[tuple[Cell, ...]] = []
    for sigma, clipped in layout.settings:
        key = tuple(params_of(sigma, clipped=clipped).items())
        found = [by_key[name, key] for name in names]
        rows.append((sigma, clipped, *(value for s in found for value in (s.value, s.low, s.high))))
    return Table(
        name="levels",
        title="By noise level",
        columns=tuple(columns),
        rows=tuple(rows),
        caption=f"Means over samples, {layout.draws} noise draws each; 95 % bootstrap intervals over samples.",
    )


def dimension_table(sweep: NoiseSweep) -> Table:
    """Latent movement per dimension (per channel where there are too many) and noise level."""
    shape = sweep.context.card.latent_shape
    settings, sigma_unit = sweep.layout.settings, sigma_axis(sweep.layout).unit
    d = int(np.prod(shape))
    by_channel = d > LARGEST_TABLE and len(shape) > 1
    groups = shape[0] if by_channel else d

    def grouped(values: Floats) -> Floats:
        return np.asarray(values.reshape(*values.shape[:-1], groups, -1).mean(axis=-1))

    movement = grouped(sweep.movement.mean.reshape(len(settings), d))
    # Positions of a channel move together, so the error of a channel's mean is not that of independent positions.
    error = grouped(sweep.movement.standard_error().reshape(len(settings), d))
    variance = grouped(sweep.codes.variance(ddof=1)) + grouped(sweep.variances.mean)
    total = movement.sum(axis=1, keepdims=True)
    share, relative = movement / total, movement / variance
    what = "channel" if by_channel else "dimension"
    parts = (movement, error, relative, share)
    rows: list[tuple[Cell, ...]] = [
        (f"z{k}", sigma, clipped, *(float(part[at, k]) for part in parts))
        for at, (sigma, clipped) in enumerate(settings)
        for k in range(groups)
    ]
    return Table(
        name="dimensions",
        title=f"By latent {what}",
        columns=(
            Column(name=what, description=f"latent {what}"),
            Column(name="sigma", unit=sigma_unit, description="standard deviation of the noise"),
            Column(name="clipped", description="whether the noisy input was clipped to the data's range"),
            Column(name="latent_mse", unit="latent unit²", direction="lower", description="mean squared movement"),
            Column(name="se", unit="latent unit²", description="standard error over samples"),
            Column(
                name="latent_nmse",
                unit="1",
                direction="lower",
                description="movement over this dimension's aggregate posterior variance Var(mu) + E[sigma^2]",
            ),
            Column(name="share", unit="1", description="of the movement of all dimensions"),
        ),
        rows=tuple(rows),
        caption=f"Squared movement of the posterior mean per latent {what}, n = {sweep.movement.count} samples.",
    )
