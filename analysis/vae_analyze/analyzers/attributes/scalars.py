"""Every number of the attributes, with its interval and definition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.findings import Direction, Scalar
from vae_analyze.stats.bootstrap import BootstrappedMeans, bootstrap_means, interval
from vae_analyze.stats.normal import around
from vae_analyze.stats.rows import Chunk
from vae_analyze.stats.share import wilson

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.arithmetic import Shift
    from vae_analyze.analyzers.attributes.groups import Attribute
    from vae_analyze.analyzers.attributes.probes import Separability
    from vae_analyze.analyzers.attributes.survey import Measured, Survey, Told
    from vae_analyze.analyzers.attributes.vectors import Vector

Floats = NDArray[np.float64]
UNRELIABLE = 0.8  # split-half cosine, below which a direction is named as not known
NO_VECTOR = "the vector has no length: the codes do not differ"
NOT_FINITE = "a code that was decoded and encoded again is not finite"
NONE_TO_FLIP = "the probe calls every sample so before it is moved"
NOTHING = "no attribute has enough samples on both sides"


@final
@dataclass(frozen=True, slots=True)
class Number:
    """What a number is: unit, direction, a sentence; and whether its mean over attributes heads the summary."""

    unit: str
    direction: Direction
    text: str
    headline: bool = False


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """A number with its uncertainty, or why there is none."""

    value: float
    n: int
    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    reason: str = ""
    warning: bool = False


Numbers = Mapping[str, Mapping[str, Value]]  # by attribute and name

NUMBERS = {
    "probe_accuracy": Number(
        "1", "higher", "share of held-out samples whose attribute a linear probe tells rightly, 5 folds", headline=True
    ),
    "probe_balanced_accuracy": Number(
        "1", "higher", "mean of that share among samples with and samples without; 0.5 by chance"
    ),
    "probe_auc": Number(
        "1", "higher", "area under the ROC curve of the probe's held-out probabilities; 0.5 by chance", headline=True
    ),
    "chance": Number("1", "none", "accuracy of always saying what is more frequent in the other folds", headline=True),
    "moved_probability": Number(
        "1",
        "higher",
        "probability of the attribute, by a probe on the code that is decoded and encoded again, at z + v less that "
        "at z; samples without the attribute, neither vector nor probe has seen them",
        headline=True,
    ),
    "moved_probability_direct": Number(
        "1", "none", "the same by the probe at z + v itself, without the decoder: large for every vector that is known"
    ),
    "flipped_share": Number(
        "1",
        "higher",
        "share of samples that the probe calls so at z + v, decoded and encoded again, of those not called so at z",
        headline=True,
    ),
    "strayed_share": Number(
        "1", "lower", "share of these that are called neither so nor what they were called: a third group"
    ),
    "others_changed": Number(
        "1", "lower", "share of the other groupings, each by its own probe, that change between z and z + v; mean"
    ),
    "vector_length": Number(
        "latent unit", "none", "length of mean(z | with) - mean(z | without), z the posterior mean; all samples"
    ),
    "vector_length_corrected": Number(
        "latent unit", "none", "√max(0, |v|² - what sampling adds to it): the length without the part owed to chance"
    ),
    "vector_reliability": Number(
        "1",
        "higher",
        "cosine between the vectors of two random halves of the samples, mean over the 126 ways to halve ten parts",
        headline=True,
    ),
    "vector_reliability_extrapolated": Number(
        "1",
        "higher",
        "2r / (1 + r) of the split-half cosine r: cosine between the vectors of two datasets of this size",
    ),
}


def scalars(survey: Survey, per_attribute: Numbers) -> tuple[Scalar, ...]:
    """Means over attributes, then groupings, then every attribute."""
    found = [_scalar(name, mean) for name, mean in _means(survey, per_attribute).items()]
    for told in survey.told:
        found += _grouping(told, headline=told is survey.told[0])
    for attribute, numbers in per_attribute.items():
        found += [_scalar(name, value, attribute=attribute) for name, value in numbers.items()]
    return tuple(found)


def _scalar(name: str, value: Value, *, attribute: str = "") -> Scalar:
    number = NUMBERS[name]
    return Scalar(
        name=name,
        value=value.value,
        unit=number.unit,
        direction=number.direction,
        n=value.n,
        params={"attribute": attribute} if attribute else {},
        low=value.low,
        high=value.high,
        se=value.se,
        status="warning" if value.warning else "ok",
        reason=value.reason,
        definition=number.text if attribute else f"mean over attributes: {number.text}",
        headline=number.headline and not attribute,
    )


def values(survey: Survey) -> Numbers:
    """All numbers of every attribute."""
    known = {one.name: one for one in survey.known}
    found: dict[str, dict[str, Value]] = {}
    for attribute in survey.groups.attributes:
        one = known.get(attribute.name)
        numbers = _undefined(attribute, survey) if one is None else _defined(one, survey)
        found[attribute.name] = {name: value for name, value in numbers.items() if _applies(name, attribute, survey)}
    return found


def _undefined(attribute: Attribute, survey: Survey) -> dict[str, Value]:
    n, reason = attribute.present + attribute.absent, survey.unknown[attribute.name]
    return {name: Value(value=math.nan, n=n, reason=reason) for name in NUMBERS}


def _defined(one: Measured, survey: Survey) -> dict[str, Value]:
    n = survey.streamed.total - survey.streamed.broken
    found = {**_vector(one.vector, n), **_separability(one.separability), **_shift(one.shift, survey.context.seed)}
    return {name: found[name] for name in NUMBERS}


def _applies(name: str, attribute: Attribute, survey: Survey) -> bool:
    if name == "strayed_share":
        grouping = survey.groups.groupings[attribute.grouping]
        return grouping.one_against_rest and grouping.judged_together
    return name != "others_changed" or len(survey.groups.groupings) > 1


def _vector(vector: Vector, n: int) -> dict[str, Value]:
    length, error = vector.length, vector.error
    half, whole = vector.reliability, vector.extrapolated
    none = "" if length > 0 else NO_VECTOR
    known = math.isfinite(half)
    reason = none or ("" if known else "no half of the samples has the attribute on both sides")
    short = none or "no longer than chance makes it: there is no interval"
    low = known and half < UNRELIABLE
    doubt = f"below {UNRELIABLE}: the direction is not well known" if low else ""
    return {
        "vector_length": _normal(length, error, n) if vector.corrected > 0 else Value(value=length, n=n, reason=short),
        "vector_length_corrected": _normal(vector.corrected, error if vector.corrected > 0 else math.nan, n),
        "vector_reliability": Value(value=half, n=n, reason=reason or doubt, warning=low),
        "vector_reliability_extrapolated": Value(value=whole, n=n, reason=reason),
    }


def _normal(value: float, error: float, n: int, *, most: float = math.inf) -> Value:
    low, high = around(value, error)
    low, high = max(0.0, low), min(most, high)
    low, high = (low, high) if math.isfinite(error) else (math.nan, math.nan)
    return Value(value=value, n=n, low=low, high=high, se=error, reason="" if math.isfinite(value) else NO_VECTOR)


def _separability(found: Separability) -> dict[str, Value]:
    n = len(found.correct)
    low, high = found.accuracy_interval
    shares = [(float(found.correct[side].mean()), int(side.sum())) for side in (found.present, ~found.present)]
    error = math.sqrt(sum(share * (1 - share) / count for share, count in shares)) / 2
    return {
        "probe_accuracy": Value(value=found.accuracy, n=n, low=low, high=high),
        "probe_balanced_accuracy": Value(value=found.balanced, n=n, se=error),
        "probe_auc": _normal(found.auc, found.auc_error, n, most=1.0),
        "chance": Value(value=found.chance, n=n),
    }


def _shift(shift: Shift, seed: int) -> dict[str, Value]:
    columns = np.stack([shift.gain, shift.direct_gain, shift.others], axis=1)
    means = bootstrap_means([Chunk(shift.index, columns)], columns.shape[1], seed=seed)
    names = ("moved_probability", "moved_probability_direct", "others_changed")
    found = {name: _bootstrapped(means, at) for at, name in enumerate(names)}
    return {**found, "flipped_share": _share(shift.flipped), "strayed_share": _share(shift.strayed)}


def _bootstrapped(means: BootstrappedMeans, at: int) -> Value:
    value = float(means.mean[at])
    spread = interval(value, means.replicates[:, at], n=means.n)
    reason = "" if math.isfinite(value) else NOT_FINITE
    return Value(value=value, n=means.n, low=spread.low, high=spread.high, se=spread.se, reason=reason)


def _share(hits: NDArray[np.bool_]) -> Value:
    if len(hits) == 0:
        return Value(value=math.nan, n=0, reason=NONE_TO_FLIP)
    low, high = wilson(int(hits.sum()), len(hits))
    return Value(value=float(hits.mean()), n=len(hits), low=low, high=high)


def _grouping(told: Told, *, headline: bool) -> list[Scalar]:
    n, hits = len(told.correct), int(told.correct.sum())
    low, high = wilson(hits, n)
    text = f"share of held-out samples whose group, of {told.groups}, one linear probe tells rightly, 5 folds"
    chance = "accuracy of always saying the group that is most frequent in the other folds"
    params = {"grouping": told.name}
    return [
        Scalar(name="grouping_accuracy", value=hits / n, unit="1", direction="higher", n=n, params=params, low=low,
               high=high, definition=text, headline=headline),
        Scalar(name="grouping_chance", value=told.chance, unit="1", direction="none", n=n, params=params,
               definition=chance),
    ]  # fmt: skip


def _means(survey: Survey, per_attribute: Numbers) -> dict[str, Value]:
    """Means over the attributes for which a number is defined; intervals where samples can be resampled."""
    resampled = {"probe_accuracy": _mean_accuracy, "moved_probability": _mean_gain, "flipped_share": _mean_flipped}
    found = {}
    for name in NUMBERS:
        every = [numbers[name] for numbers in per_attribute.values() if name in numbers]
        finite = [one for one in every if math.isfinite(one.value)]
        if not finite:
            if every:
                found[name] = Value(value=math.nan, n=every[0].n, reason=every[0].reason or NOTHING)
            elif not per_attribute and NUMBERS[name].headline:
                found[name] = Value(value=math.nan, n=survey.streamed.total, reason=NOTHING)
            continue
        value = float(np.mean([one.value for one in finite]))
        n = max(one.n for one in finite)
        found[name] = resampled[name](survey, value, n) if name in resampled else Value(value=value, n=n)
    return found


def _mean_accuracy(survey: Survey, value: float, n: int) -> Value:
    told = np.mean([one.separability.correct for one in survey.known], axis=0)
    rows = Chunk(survey.streamed.index, told[:, None])
    return _spread(value, n, bootstrap_means([rows], 1, seed=survey.context.seed).replicates[:, 0])


def _mean_gain(survey: Survey, value: float, n: int) -> Value:
    return _resampled(survey, value, n, [Chunk(one.shift.index, one.shift.gain[:, None]) for one in survey.known])


def _mean_flipped(survey: Survey, value: float, n: int) -> Value:
    shifts = [one.shift for one in survey.known]
    return _resampled(
        survey, value, n, [Chunk(one.index[one.could_flip], one.flipped[:, None].astype(np.float64)) for one in shifts]
    )


def _resampled(survey: Survey, value: float, n: int, moved: list[Chunk]) -> Value:
    """A sample has the same weight wherever it is moved, so that what attributes have in common stays in the spread."""
    replicates = [
        bootstrap_means([one], 1, seed=survey.context.seed).replicates[:, 0]
        for one in moved
        if len(one.index) and np.isfinite(one.values).all()
    ]
    return _spread(value, n, np.mean(replicates, axis=0)) if replicates else Value(value=value, n=n)


def _spread(value: float, n: int, replicates: Floats) -> Value:
    spread = interval(value, replicates, n=n)
    return Value(value=value, n=n, low=spread.low, high=spread.high, se=spread.se)
