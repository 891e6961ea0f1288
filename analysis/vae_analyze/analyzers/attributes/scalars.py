"""Every number of the attributes, with its interval and definition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.refitted import Moved, refit_error, shared_error, widened
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


_SHARES = ("flipped_share", "flipped_share_chance", "strayed_share")
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
        "at z; samples without the attribute; vector and probe are made from different folds, none the sample's own",
        headline=True,
    ),
    "moved_probability_chance": Number(
        "1", "none", "the same at z + u, u of the length of v and made from permuted labels, another for every sample"
    ),
    "moved_probability_direct": Number(
        "1",
        "none",
        "moved_probability by the probe at z + v itself, without the decoder: large for every vector that is known",
    ),
    "flipped_share": Number(
        "1",
        "higher",
        "share of samples that the probe calls so at z + v, decoded and encoded again, of those not called so at z",
        headline=True,
    ),
    "flipped_share_chance": Number(
        "1",
        "none",
        "share of the same samples that the probe calls so at z + u, u of the length of v and from permuted labels",
        headline=True,
    ),
    "strayed_share": Number(
        "1", "lower", "share of the same samples that are called neither so nor what they were called: a third group"
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
        reason=value.reason or _why_no_interval(name, value, attribute),
        definition=number.text if attribute else f"mean over attributes: {number.text}",
        headline=number.headline and not attribute,
    )


def _why_no_interval(name: str, value: Value, attribute: str) -> str:
    if not math.isfinite(value.value) or math.isfinite(value.low):
        return ""
    if not attribute:
        return "a mean over attributes, which share samples: no interval"
    return (
        "a property of the labels: no interval" if name == "chance" else "too few samples, or one number: no interval"
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
    found = {
        **_vector(one.vector, n),
        **_separability(one.separability),
        **_shift(one.shift, peers_of(one, survey), survey.context.seed),
    }
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
    few = (
        f"{vector.alike} of {vector.read} codes are the very same, most of those with and of those without: the "
        "direction is that of the few others"
    )
    reason = none or (
        few if vector.alike else "" if known else "no half of the samples has the attribute on both sides"
    )
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
    return {
        "probe_accuracy": Value(value=found.accuracy, n=n, low=low, high=high),
        "probe_balanced_accuracy": _balanced(found),
        "probe_auc": _normal(found.auc, found.auc_error, n, most=1.0),
        "chance": Value(value=found.chance, n=n),
    }


def _balanced(found: Separability) -> Value:
    """With the interval of a mean of two independent shares, by Wilson's of each (Newcombe 1998)."""
    sides = [found.correct[side] for side in (found.present, ~found.present)]
    value, error = found.balanced, math.sqrt(sum(float(side.var()) / len(side) for side in sides)) / 2
    ends = np.array([wilson(int(side.sum()), len(side)) for side in sides])
    below, above = np.linalg.norm(ends - np.array([[float(side.mean())] for side in sides]), axis=0) / 2
    return Value(value=value, n=len(found.correct), low=value - float(below), high=value + float(above), se=error)


def peers_of(one: Measured, survey: Survey) -> list[Shift]:
    """What was moved along the vectors of all attributes of the same grouping."""
    return [peer.shift for peer in survey.known if peer.attribute.grouping == one.attribute.grouping]


def _gains(shift: Shift) -> dict[str, Floats]:
    return {
        "moved_probability": shift.gain,
        "moved_probability_chance": shift.chance_gain,
        "moved_probability_direct": shift.direct_gain,
        "others_changed": shift.others,
    }


def _flips(shift: Shift) -> dict[str, NDArray[np.bool_]]:
    return {
        "flipped_share": shift.flipped,
        "flipped_share_chance": shift.flipped_by_chance,
        "strayed_share": shift.strayed,
    }


def _shift(shift: Shift, peers: Sequence[Shift], seed: int) -> dict[str, Value]:
    columns = _gains(shift)
    means = bootstrap_means([Chunk(shift.index, np.stack(list(columns.values()), axis=1))], len(columns), seed=seed)
    moved = {name: [Moved(values=_gains(one)[name], folds=one.folds) for one in peers] for name in columns}
    errors = {name: shared_error(Moved(values=own, folds=shift.folds), moved[name]) for name, own in columns.items()}
    found = {name: _bootstrapped(means, at, errors[name]) for at, name in enumerate(columns)}
    flips = [(one, _flips(one)) for one in peers]
    for name, hits in _flips(shift).items():
        error = shared_error(_as_moved(shift, hits), [_as_moved(one, own[name]) for one, own in flips])
        found[name] = _share(hits, shift, error)
    return found


def _bootstrapped(means: BootstrappedMeans, at: int, error: float) -> Value:
    value = float(means.mean[at])
    spread = interval(value, means.replicates[:, at], n=means.n)
    low, high = widened(value, spread.low, spread.high, error)
    reason = "" if math.isfinite(value) else NOT_FINITE
    return Value(value=value, n=means.n, low=low, high=high, se=math.hypot(spread.se, error), reason=reason)


def _share(hits: NDArray[np.bool_], shift: Shift, error: float) -> Value:
    reason = broken(shift)
    if len(hits) == 0:
        return Value(value=math.nan, n=0, reason=NOT_FINITE if shift.broken.all() else NONE_TO_FLIP)
    value = float(hits.mean())
    low, high = widened(value, *wilson(int(hits.sum()), len(hits)), error, least=0.0)
    return Value(value=value, n=len(hits), low=low, high=high, reason=reason, warning=bool(reason))


def _as_moved(shift: Shift, hits: NDArray[np.bool_]) -> Moved:
    return Moved(values=hits.astype(np.float64), folds=shift.folds[shift.could_flip])


def broken(shift: Shift) -> str:
    """What is left of the moved samples where some are not finite; "" where all are."""
    n, lost = len(shift.rows), int(shift.broken.sum())
    return f"{lost} of {n} moved samples are not finite, decoded and encoded again: of the other {n - lost}" * (
        lost > 0
    )


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
        mean = resampled[name](survey, value, n) if name in resampled else Value(value=value, n=n)
        doubt = next((one.reason for one in finite if one.warning), "") if name in _SHARES else ""
        found[name] = replace(mean, reason=f"of some attributes {doubt}", warning=True) if doubt else mean
    return found


def _mean_accuracy(survey: Survey, value: float, n: int) -> Value:
    told = np.mean([one.separability.correct for one in survey.known], axis=0)
    rows = Chunk(survey.streamed.index, told[:, None])
    return _spread(value, n, bootstrap_means([rows], 1, seed=survey.context.seed).replicates[:, 0])


def _mean_gain(survey: Survey, value: float, n: int) -> Value:
    shifts = [one.shift for one in survey.known if np.isfinite(one.shift.gain).all()]
    error = refit_error([Moved(values=one.gain, folds=one.folds) for one in shifts])
    return _resampled(survey, value, n, [Chunk(one.index, one.gain[:, None]) for one in shifts], error, least=-1.0)


def mean_gain(survey: Survey) -> Value:
    """The mean of moved_probability over the attributes of which it is defined."""
    gains = [float(one.shift.gain.mean()) for one in survey.known if np.isfinite(one.shift.gain).all()]
    return _mean_gain(survey, float(np.mean(gains)), survey.streamed.total) if gains else Value(value=math.nan, n=0)


def _mean_flipped(survey: Survey, value: float, n: int) -> Value:
    shifts = [one.shift for one in survey.known if one.shift.could_flip.any()]
    every = [_as_moved(one, one.flipped) for one in shifts]
    if len(shifts) == 1:
        return _share(shifts[0].flipped, shifts[0], refit_error(every))
    if value in (0.0, 1.0):  # nothing to resample: as if all attributes had been moved from the same samples
        low, high = wilson(round(value * n), n)
        return Value(value=value, n=n, low=low, high=high)
    error = refit_error(every)
    moved = [Chunk(one.index[one.could_flip], one.flipped[:, None].astype(np.float64)) for one in shifts]
    return _resampled(survey, value, n, moved, error, least=0.0)


def _resampled(survey: Survey, value: float, n: int, moved: list[Chunk], error: float, *, least: float) -> Value:
    """A sample has the same weight wherever it is moved, so that what attributes have in common stays in the spread."""
    replicates = [bootstrap_means([one], 1, seed=survey.context.seed).replicates[:, 0] for one in moved]
    spread = _spread(value, n, np.mean(replicates, axis=0))
    low, high = widened(value, spread.low, spread.high, error, least=least)
    return replace(spread, low=low, high=high, se=math.hypot(spread.se, error))


def _spread(value: float, n: int, replicates: Floats) -> Value:
    spread = interval(value, replicates, n=n)
    return Value(value=value, n=n, low=spread.low, high=spread.high, se=spread.se)
