"""Scalars of the comparison, each with unit, interval and definition."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from vae_analyze.analyzers.baselines.paired import NOTHING, Estimate
from vae_analyze.analyzers.baselines.probed import NEIGHBOURS, PROBES
from vae_analyze.analyzers.baselines.sheet import of
from vae_analyze.findings import Direction, Scalar
from vae_analyze.stats.bootstrap import Interval
from vae_analyze.stats.share import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from vae_analyze.analyzers.baselines.comparison import Comparison
    from vae_analyze.analyzers.baselines.probed import Hits
    from vae_analyze.analyzers.baselines.subspace import Alignment
    from vae_analyze.findings import Param

    Floats = NDArray[np.float64]

BROKEN = "a code or a decoded value is not finite"
FEW = "one sample leaves none to fit PCA to"


@final
@dataclass(frozen=True, slots=True)
class Definition:
    """What a number is: unit, direction, a sentence."""

    unit: str
    direction: Direction
    text: str


_ERROR = Definition(
    "data unit²",
    "lower",
    "mean over features and samples of (reconstruction - x)²; pca: with as many components as the model has latent "
    "dimensions, fitted to the other folds; pca_active: as many as it has active ones; mean: with none",
)
_DENOISING = Definition(
    "data unit²",
    "lower",
    "mean over features and samples of (reconstruction of the noisy x - x)²; input: of the noisy x itself",
)
_GAIN = {
    "reconstruction": Definition("data unit²", "higher", "the other's reconstruction MSE less the model's, paired"),
    "denoising": Definition("data unit²", "higher", "the other's denoising MSE less the model's, paired"),
    "recall": Definition("1", "higher", "recall by codes less that by the other, paired"),
    "precision": Definition("1", "higher", "precision by codes less that by the other, paired"),
    "probe": Definition("1", "higher", "accuracy of the probe on codes less that on the other, paired"),
}
_RATIO = Definition("1", "higher", "the other's reconstruction MSE over the model's; above 1 the model is better")
_MATCH = Definition(
    "components", "none", "the fewest principal components whose held-out MSE is not above the model's on these samples"
)
_COSINE = Definition(
    "1",
    "none",
    "mean squared cosine of the principal angles between as many principal components and the decoder's span: of its "
    "Jacobian at the middle of the latent space, or of its reconstructions; 1 is the same subspace, random that of a "
    "random one, k / D",
)
_RECALL = Definition(
    "1", "higher", "share of samples of whose k nearest others at least one is of their class; distances as named"
)
_PRECISION = Definition("1", "higher", "mean share of the k nearest others that are of the sample's class")
_PROBE = Definition(
    "1",
    "higher",
    "share of samples whose class a probe fitted to the other folds tells: linear, or "
    f"{NEIGHBOURS} nearest neighbours; majority: always the most frequent class of all",
)


def scalars(found: Comparison) -> tuple[Scalar, ...]:
    """Every number."""
    made = [*_errors(found, "reconstruction_mse", _ERROR), *_ratios(found), _matching(found)]
    made += [*_subspaces(found.alignment, len(found.compared)), *_errors(found, "denoising_mse", _DENOISING)]
    made += _retrieval(found)
    for told in found.hits:
        made += _told(found, told)
    return (*made, *_untold(found))


def _scalar(
    name: str,
    definition: Definition,
    estimate: Estimate,
    n: int,
    params: Mapping[str, Param],
    *,
    reason: str = BROKEN,
    headline: bool = False,
) -> Scalar:
    return Scalar(
        name=name,
        value=estimate.value,
        unit=definition.unit,
        direction=definition.direction,
        n=n,
        params=params,
        low=estimate.spread.low,
        high=estimate.spread.high,
        se=estimate.spread.se,
        reason="" if math.isfinite(estimate.value) else reason,
        definition=definition.text,
        headline=headline,
    )


def rivals(found: Comparison, name: str) -> list[str]:
    """Whom the model's errors are held against."""
    return [
        str(column.params["by"])
        for column in found.paired.columns
        if column.name == name and column.params["by"] != "model"
    ]


def _errors(found: Comparison, name: str, definition: Definition) -> list[Scalar]:
    """An error of every model, and how much smaller the model's is."""
    paired, n, kind = found.paired, len(found.compared), name.removesuffix("_mse")
    made = [
        _scalar(name, definition, paired.mean(name, by=by), n, {"by": by}, headline=by == "model")
        for by in ("model", *rivals(found, name))
    ]
    if found.pca is None:
        made.append(_scalar(name, definition, NOTHING, n, {"by": "pca"}, reason=FEW))
    for other in rivals(found, name):
        gain = paired.difference(name, {"by": other}, {"by": "model"})
        headline = kind == "reconstruction" and other == "against"
        made.append(_scalar(f"{kind}_gain", _GAIN[kind], gain, n, {"over": other}, headline=headline))
    return made


def _ratios(found: Comparison) -> list[Scalar]:
    name, n = "reconstruction_mse", len(found.compared)
    perfect = found.paired.mean(name, by="model").value == 0
    reason = "the model's error is zero" if perfect else BROKEN
    made = []
    for other in rivals(found, name):
        ratio = found.paired.ratio(name, {"by": other}, {"by": "model"})
        params: dict[str, Param] = {"over": other}
        made.append(_scalar("reconstruction_ratio", _RATIO, ratio, n, params, reason=reason, headline=other == "pca"))
    return made


def _matching(found: Comparison) -> Scalar:
    fewest, reason = (NOTHING, FEW) if found.curve is None else (found.curve.to_match, found.curve.reason)
    return _scalar("pca_components_to_match", _MATCH, fewest, len(found.compared), {}, reason=reason, headline=True)


def _subspaces(alignment: tuple[Alignment, ...], n: int) -> list[Scalar]:
    name, none = "subspace_cosine2", NOTHING.spread
    made = [
        _scalar(
            name, _COSINE, Estimate(one.cosine2, none), n, {"of": one.of},
            reason=one.reason, headline=one.of == "reconstructions",
        )
        for one in alignment
    ]  # fmt: skip
    known = [one for one in alignment if one.k]
    if known:
        made.append(_scalar(name, _COSINE, Estimate(known[-1].chance, none), n, {"of": "random"}))
    return made


def _retrieval(found: Comparison) -> list[Scalar]:
    if found.chance is None:
        return []
    return [
        *_retrieved(found, "recall", _RECALL, found.chance.recall),
        *_retrieved(found, "precision", _PRECISION, found.chance.precision),
    ]


def _retrieved(found: Comparison, name: str, definition: Definition, by_chance: Floats) -> list[Scalar]:
    paired, n, target = found.paired, len(found.compared), of(found.targets[0])
    middle, made = found.ks[len(found.ks) // 2], []
    for at, k in enumerate(found.ks):
        by_codes: dict[str, Param] = {"by": "codes", "k": k, **target}
        for by in found.retrieval:
            params = by_codes | {"by": by}
            headline = name == "precision" and by == "codes" and k == middle
            made.append(_scalar(name, definition, paired.mean(name, **params), n, params, headline=headline))
        value = Estimate(float(by_chance[:, at].mean()), NOTHING.spread)
        made.append(_scalar(name, definition, value, n, by_codes | {"by": "chance"}))
        for by in list(found.retrieval)[1:]:
            gain = paired.difference(name, by_codes, by_codes | {"by": by})
            made.append(_scalar(f"{name}_gain", _GAIN[name], gain, n, {"over": by, "k": k, **target}))
    return made


def accuracy(found: Comparison, told: Hits, by: str, probe: str) -> Estimate:
    """Of a probe, with Wilson's interval."""
    mean = found.paired.mean("probe_accuracy", by=by, probe=probe, **of(told.target))
    return _share(mean.value, len(found.compared), mean.spread.se)


def _share(value: float, n: int, se: float = math.nan) -> Estimate:
    low, high = wilson(round(value * n), n) if math.isfinite(value) else (math.nan, math.nan)
    return Estimate(value, Interval(low, high, se))


def _told(found: Comparison, told: Hits) -> list[Scalar]:
    n, target, name = len(found.compared), of(told.target), "probe_accuracy"
    few, first, made = "some classes or folds have too few samples", told is found.hits[0], []
    for probe in PROBES:
        by_codes: dict[str, Param] = {"by": "codes", "probe": probe, **target}
        for by in told.representations:
            value, headline = accuracy(found, told, by, probe), first and probe == "linear" and by == "codes"
            made.append(_scalar(name, _PROBE, value, n, by_codes | {"by": by}, reason=few, headline=headline))
        for by in told.representations[1:]:
            gain = found.paired.difference(name, by_codes, by_codes | {"by": by})
            over: dict[str, Param] = {"over": by, "probe": probe, **target}
            made.append(_scalar("probe_gain", _GAIN["probe"], gain, n, over, reason=few))
    usual = _share(float(told.majority.mean()), n)
    made.append(_scalar(name, _PROBE, usual, n, {"by": "majority", **target}, reason=few))
    return made


def _untold(found: Comparison) -> list[Scalar]:
    """What could not be told from codes, and why."""
    n, made = len(found.compared), []
    if found.chance is None:
        asked = min(found.options.neighbours)
        reason = found.no_targets or f"{n} samples are too few for the {asked} nearest others"
        for name, definition in (("recall", _RECALL), ("precision", _PRECISION)):
            made.append(_scalar(name, definition, NOTHING, n, {"by": "codes", "k": asked}, reason=reason))
    if not found.hits:
        reason = found.no_targets or "it was not asked for: --no-probes"
        made += [
            _scalar("probe_accuracy", _PROBE, NOTHING, n, {"by": "codes", "probe": probe}, reason=reason)
            for probe in PROBES
        ]
    return made
