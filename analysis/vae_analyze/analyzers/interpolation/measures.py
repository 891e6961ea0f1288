"""The numbers that each kind of pairs and each path gets: what they are called, what they mean, how they are made."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.interpolation.estimates import Estimate, mean_of, ratio_of, sample_mean, share_of
from vae_analyze.analyzers.interpolation.journey import LATENT_PATHS, LINEAR, PATHS, PIXEL, SPHERICAL
from vae_analyze.stats.bootstrap import BootstrappedMeans

if TYPE_CHECKING:
    from vae_analyze.analyzers.interpolation.reference import Reference
    from vae_analyze.analyzers.interpolation.walked import Kind, Walked
    from vae_analyze.findings import Direction

Floats = NDArray[np.float64]
JUMP = 3.0  # times the mean step, from which the largest is called a jump
FEWEST_FOR_JUMP = 5  # points: with four the largest step is never more than three times the mean
DIFFERENCES = {"linear - pixel": (LINEAR, PIXEL), "spherical - linear": (SPHERICAL, LINEAR)}


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Scale:
    """What numbers are set against.

    Args:
        reference: Real samples.
        reconstructions: Mean distance of a reconstruction to the nearest other real sample.
        centred: Mean distance of a reconstruction to the mean of the data.
        seed: Of the resampling.
    """

    reference: Reference
    reconstructions: BootstrappedMeans
    centred: BootstrappedMeans
    seed: int

    @property
    def average(self) -> float:
        """Distance of the mean of the data to the nearest real sample; NaN where it is not finite."""
        return float(self.reference.nearest(self.reference.mean[None], np.full((1, 1), -1))[0])


def scale_of(reference: Reference, seed: int) -> Scale:
    """The yardsticks with their replicates."""
    return Scale(
        reference=reference,
        reconstructions=sample_mean(reference.reconstructions, reference.index, seed),
        centred=sample_mean(reference.centred, reference.index, seed),
        seed=seed,
    )


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One number per kind of pairs and path.

    Args:
        name: Of the scalar.
        unit: Of the scalar.
        direction: Which way is better.
        text: One sentence.
        made: From the pairs and the name of the path.
        paths: That have it.
        headline: Paths for which a summary shows it, of random pairs.
    """

    name: str
    unit: str
    direction: Direction
    text: str
    made: Callable[[Kind, str, Scale], Estimate]
    paths: tuple[str, ...] = PATHS
    headline: tuple[str, ...] = ()


def jumps(walked: Walked) -> Floats:
    """Whether the largest step is a jump, 1 or 0; NaN where that is undefined, ``(m,)``."""
    if walked.step.shape[1] + 1 < FEWEST_FOR_JUMP:
        return np.full(len(walked.step), math.nan)
    return np.where(np.isnan(walked.jump), np.nan, walked.jump > JUMP)


def holes(walked: Walked, reference: Reference) -> Floats:
    """Whether a point between the ends is farther from data than 99 % of reconstructions, ``(m,)``."""
    between = walked.distance[:, 1:-1].max(axis=1)
    return np.where(np.isnan(between) | np.isnan(reference.far), np.nan, between > reference.far)


def _smoothness(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].likeness.mean(axis=1), scale.seed)


def _least(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].likeness.min(axis=1), scale.seed)


def _length(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].length, scale.seed)


def _jump(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].jump, scale.seed)


def _jump_share(kind: Kind, path: str, scale: Scale) -> Estimate:
    del scale
    return share_of(jumps(kind.paths[path]))


def _hole_share(kind: Kind, path: str, scale: Scale) -> Estimate:
    return share_of(holes(kind.paths[path], scale.reference))


def _halfway(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].halfway, scale.seed, over=scale.reconstructions)


def _centred(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].centred, scale.seed, over=scale.centred)


def _round_trip(kind: Kind, path: str, scale: Scale) -> Estimate:
    assert kind.ends is not None
    return ratio_of(kind.paths[path].back.mse, kind.ends.mse, scale.seed)


def _rate(kind: Kind, path: str, scale: Scale) -> Estimate:
    assert kind.ends is not None
    return mean_of(kind.paths[path].back.rate - kind.ends.rate, scale.seed)


def _elbo(kind: Kind, path: str, scale: Scale) -> Estimate:
    assert kind.ends is not None
    return mean_of(kind.paths[path].back.elbo - kind.ends.elbo, scale.seed)


def _drift(kind: Kind, path: str, scale: Scale) -> Estimate:
    return mean_of(kind.paths[path].back.drift, scale.seed)


MEASURES = (
    Measure(
        name="midpoint_distance",
        unit="1",
        direction="lower",
        text="distance of the midpoint to the nearest real sample other than the ends, root mean square over features, "
        "over the mean distance of reconstructions to the nearest real sample other than their own; 1: as close to "
        "data as reconstructions",
        made=_halfway,
        headline=(LINEAR, PIXEL),
    ),
    Measure(
        name="midpoint_distance_to_mean",
        unit="1",
        direction="none",
        text="distance of the midpoint to the mean of the data over that of reconstructions; below 1 it is nearer to "
        "the average than reconstructions are",
        made=_centred,
    ),
    Measure(
        name="hole_share",
        unit="1",
        direction="lower",
        text="share of paths with a point between the ends that is farther from the nearest real sample than 99 % of "
        "reconstructions are",
        made=_hole_share,
        headline=(LINEAR,),
    ),
    Measure(
        name="jump_share",
        unit="1",
        direction="lower",
        text=f"share of paths whose largest step is more than {JUMP:g} times the mean step",
        made=_jump_share,
        paths=LATENT_PATHS,
        headline=(LINEAR,),
    ),
    Measure(
        name="largest_jump",
        unit="1",
        direction="lower",
        text="largest step over the mean step of the path, in data space; 1 for any blend in data space",
        made=_jump,
        paths=LATENT_PATHS,
    ),
    Measure(
        name="path_length",
        unit="1",
        direction="none",
        text="length of the decoded path over the straight line between its decoded ends; 1 for a blend in data space",
        made=_length,
        paths=LATENT_PATHS,
        headline=(LINEAR,),
    ),
    Measure(
        name="smoothness",
        unit="1",
        direction="higher",
        text="mean SSIM of neighbouring points along the path",
        made=_smoothness,
    ),
    Measure(
        name="least_neighbour_ssim",
        unit="1",
        direction="higher",
        text="least SSIM of neighbouring points along the path",
        made=_least,
    ),
    Measure(
        name="round_trip_ratio",
        unit="1",
        direction="lower",
        text="squared error of the midpoint encoded and decoded again, over that of the reconstructions at both ends",
        made=_round_trip,
        headline=(LINEAR, PIXEL),
    ),
    Measure(
        name="rate_difference",
        unit="nat",
        direction="none",
        text="KL divergence of the posterior of the midpoint to the prior, less the mean over the reconstructions at "
        "both ends",
        made=_rate,
    ),
    Measure(
        name="elbo_difference",
        unit="nat",
        direction="higher",
        text="ELBO at the posterior mean of the midpoint, less the mean over the reconstructions at both ends",
        made=_elbo,
    ),
    Measure(
        name="code_drift",
        unit="1",
        direction="lower",
        text="distance between the midpoint's code and the posterior mean of what was decoded from it, over the "
        "distance of the two ends' codes",
        made=_drift,
        paths=LATENT_PATHS,
    ),
)
