"""The numbers of interpolation, with their intervals and reasons."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.interpolation.estimates import Estimate, mean_of
from vae_analyze.analyzers.interpolation.journey import LATENT_PATHS
from vae_analyze.analyzers.interpolation.measures import (
    DIFFERENCES,
    FEWEST_FOR_JUMP,
    MEASURES,
    Measure,
    Scale,
)
from vae_analyze.findings import Scalar
from vae_analyze.metrics import ssim_window
from vae_analyze.stats.bootstrap import interval

if TYPE_CHECKING:
    from vae_analyze.analyzers.interpolation.findings import Travels
    from vae_analyze.analyzers.interpolation.walked import Kind
    from vae_analyze.findings import Direction

MEAN, REAL = "mean of the data", "real samples"
_NO_POSTERIOR = "the model is deterministic: it has no posterior"
_NO_LIKELIHOOD = "p(x | z) is not known: the checkpoint names no likelihood with a density"
_SAME = "the two ends decode to the same point"


def scalars(travels: Travels) -> tuple[Scalar, ...]:
    """Every number: by path and kind of pairs, yardsticks, and differences between paths."""
    found = [
        _scalar(travels, kind, path, measure)
        for measure in MEASURES
        for kind in travels.kinds
        for path in measure.paths
    ]
    return (*found, *_yardsticks(travels.scale), *_differences(travels))


def _scalar(travels: Travels, kind: Kind, path: str, measure: Measure) -> Scalar:
    made = measure.made(kind, path, travels.scale) if kind.paths else Estimate()
    reason = _reason(travels, kind, measure.name, path)
    known = math.isfinite(made.value)
    doubt = f"{made.of - made.n} of {made.of} pairs are left out: {reason}" if made.n < made.of else ""
    if travels.setting.reference.alike:
        doubt = "all samples are reconstructed alike" + (f"; {doubt}" if doubt else "")
    return Scalar(
        name=measure.name,
        value=made.value,
        unit=measure.unit,
        direction=measure.direction,
        n=made.n,
        params={"path": path, "pairs": kind.pairs.kind},
        low=made.low,
        high=made.high,
        se=made.se,
        status="warning" if known and doubt else "ok",
        reason=doubt if known else reason,
        definition=measure.text,
        headline=path in measure.headline and kind is travels.leading,
    )


def _reason(travels: Travels, kind: Kind, name: str, path: str) -> str:
    """Why a number is undefined, if it is."""
    if not kind.paths:
        return f"there is no such pair: {kind.pairs.reason}"
    context = travels.setting.context
    if name == "rate_difference" and context.card.deterministic:
        return _NO_POSTERIOR
    if name == "elbo_difference" and (context.card.deterministic or not travels.setting.binary):
        return _NO_POSTERIOR if context.card.deterministic else _NO_LIKELIHOOD
    if name in ("smoothness", "least_neighbour_ssim"):
        shape = context.data.input_shape
        if len(shape) != 3:
            return "SSIM is of images"
        if ssim_window((shape[1], shape[2])) is None:
            return f"{shape[1]} by {shape[2]} pixels are too few for SSIM"
    if name == "jump_share" and travels.setting.steps < FEWEST_FOR_JUMP:
        return f"it takes at least {FEWEST_FOR_JUMP} points along a path: --steps"
    broken = not np.isfinite(kind.paths[path].step).all()
    if broken:
        return "a decoded value is not finite"
    return _WHY.get(name, "a value on the way is not finite")


_WHY = {
    "jump_share": _SAME,
    "largest_jump": _SAME,
    "path_length": _SAME,
    "midpoint_distance": "there is no real sample but the two ends",
    "hole_share": "there is no real sample but the two ends",
    "midpoint_distance_to_mean": "all reconstructions are the mean of the data",
    "round_trip_ratio": "the reconstructions at the ends come back without any error",
    "code_drift": _SAME,
}


def _yardsticks(scale: Scale) -> list[Scalar]:
    """The mean of the data and real samples, held against data as midpoints are."""
    reference, over = scale.reference, scale.reconstructions
    measure = next(one for one in MEASURES if one.name == "midpoint_distance")
    every = scale.average / np.concatenate((over.mean, over.replicates[:, 0]))
    spread = interval(float(every[0]), every[1:], n=over.n)
    of_mean = Estimate(value=float(every[0]), low=spread.low, high=spread.high, se=spread.se, n=over.n, of=over.n)
    of_real = mean_of(reference.samples, scale.seed, over=over)
    texts = {
        MEAN: "distance of the mean of the data to the nearest real sample, over the mean distance of reconstructions: "
        "what blurring alone achieves",
        REAL: "mean distance of real samples to the nearest other real sample, over that of reconstructions",
    }
    return [
        Scalar(
            name="yardstick_distance",
            value=made.value,
            unit=measure.unit,
            direction="none",
            n=made.n,
            params={"of": of},
            low=made.low,
            high=made.high,
            se=made.se,
            reason="" if math.isfinite(made.value) else "there are too few real samples, or reconstructions are exact",
            definition=texts[of],
        )
        for of, made in ((MEAN, of_mean), (REAL, of_real))
    ]


def _differences(travels: Travels) -> list[Scalar]:
    """Paired differences of two paths between the same ends."""
    found = []
    for kind in travels.kinds:
        for words, paths in DIFFERENCES.items():
            found.append(_difference(travels, kind, words, paths, ("midpoint_distance", "lower")))
            found.append(_difference(travels, kind, words, paths, ("smoothness", "higher")))
    return found


def _difference(travels: Travels, kind: Kind, words: str, paths: tuple[str, str], of: tuple[str, Direction]) -> Scalar:
    name, direction = of
    made = Estimate()
    if kind.paths:
        first, second = (kind.paths[path] for path in paths)
        if name == "smoothness":
            made = mean_of((first.likeness - second.likeness).mean(axis=1), travels.scale.seed)
        else:
            made = mean_of(first.halfway - second.halfway, travels.scale.seed, over=travels.scale.reconstructions)
    return Scalar(
        name=f"{name}_difference",
        value=made.value,
        unit="1",
        direction=direction,
        n=made.n,
        params={"paths": words, "pairs": kind.pairs.kind},
        low=made.low,
        high=made.high,
        se=made.se,
        reason="" if math.isfinite(made.value) else _reason(travels, kind, name, LATENT_PATHS[0]),
        definition=f"{name} of the one path less that of the other between the same ends, mean over pairs",
    )
