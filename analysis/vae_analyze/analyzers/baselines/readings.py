"""Sentences made from the numbers of the comparison, most important first."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from vae_analyze.analyzers.baselines.paired import NOTHING
from vae_analyze.analyzers.baselines.scalars import accuracy
from vae_analyze.analyzers.baselines.sheet import of
from vae_analyze.analyzers.words import listed, percent

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.comparison import Comparison
    from vae_analyze.analyzers.baselines.paired import Estimate
    from vae_analyze.findings import Param


_MOST_TOLD = 3  # factors that have a sentence of their own; the table has all

_ROUNDING = 1e-9  # of the error of the mean
_percent = partial(percent, digits=1)


def readings(found: Comparison) -> tuple[str, ...]:
    """What a reader should remember."""
    made = (_verdict(found), _reconstruction(found), _against(found), *_probes(found), _retrieval(found),
            _denoising(found), _subspace(found), _nothing_told(found))  # fmt: skip
    return tuple(sentence for sentence in made if sentence)


def gains(found: Comparison, over: str) -> dict[str, Estimate]:
    """By what is compared: how much better the model is than another, above zero where it is."""
    paired, made = found.paired, {}
    for name, words in (("reconstruction_mse", "reconstruction"), ("denoising_mse", "denoising")):
        asked = name != "denoising_mse" or found.options.noise > 0  # without noise nothing is removed
        if asked and paired.has(name, by=over):
            made[words] = paired.difference(name, {"by": over}, {"by": "model"})
    if over in found.retrieval:
        params: dict[str, Param] = {"k": found.ks[len(found.ks) // 2], **of(found.targets[0])}
        made["retrieval"] = paired.difference("precision", {"by": "codes", **params}, {"by": over, **params})
    if found.hits and (over, "linear") in found.hits[0].by:
        for probe, words in (("linear", "a linear probe"), ("neighbours", "a nearest-neighbour probe")):
            params = {"probe": probe, **of(found.hits[0].target)}
            made[words] = paired.difference("probe_accuracy", {"by": "codes", **params}, {"by": over, **params})
    return {words: gain for words, gain in made.items() if math.isfinite(gain.value)}


def _verdict(found: Comparison) -> str:
    if found.pca is None:
        return f"{len(found.compared)} sample is too few to fit a simpler model to."
    if not found.active:
        return (
            "No latent dimension is active: the codes do not follow the data, and the mean of the data does as much as "
            "the model."
        )
    compared = {words: gain for words, gain in gains(found, "pca").items() if math.isfinite(gain.spread.low)}
    gain, curve = compared.get("reconstruction", NOTHING), found.curve
    if curve is not None and abs(gain.value) <= _ROUNDING * curve.errors[0].value:
        compared["reconstruction"] = NOTHING  # both exact: what is left is rounding, which an interval is sure of
    sure = [words for words, gain in compared.items() if gain.sure and gain.value > 0]
    worse = [words for words, gain in compared.items() if gain.sure and gain.value < 0]
    even = [words for words in compared if words not in (*sure, *worse)]
    parts = [("is better at", sure), ("is worse at", worse), ("cannot be told from it at", even)]
    said = "; ".join(f"{verb} {listed(words)}" for verb, words in parts if words)
    return f"Against PCA with {_count(found.pca.k, 'component')} the model {said}." if said else ""


def _reconstruction(found: Comparison) -> str:
    if found.pca is None or found.curve is None:
        return ""
    fewest, k = found.curve.to_match, found.pca.k
    ratio = found.paired.ratio("reconstruction_mse", {"by": "pca"}, {"by": "model"})
    gain = found.paired.difference("reconstruction_mse", {"by": "pca"}, {"by": "model"})
    if not math.isfinite(gain.value):
        return ""
    if abs(gain.value) <= _ROUNDING * found.curve.errors[0].value:
        return f"The model reconstructs exactly as PCA with {_count(k, 'component')} does."
    model = f"The model reconstructs with {_count(found.d, 'dimension')}"
    if 0 < found.active < found.d:
        model += f" ({found.active} of them active)"
    if gain.sure and gain.value < 0:
        text = f"{model} worse than PCA with as many components"
        if math.isfinite(fewest.value) and fewest.value < k:
            text += f", and no better than PCA with {fewest.value:.0f}{_between(fewest, '.0f')}"
    elif math.isfinite(fewest.value):
        text = f"{model} as well as PCA with {fewest.value:.0f}{_between(fewest, '.0f')}"
    else:
        text = f"{model} better than PCA with {found.pca.most}, the most that were tried"
    times = f"{ratio.value:.3g}{_between(ratio)} times the model's" if math.isfinite(ratio.value) else "larger"
    return (
        f"{text}; with {_count(k, 'component')} PCA's error is {times} (paired difference "
        f"{gain.value:.2g}{_between(gain, '.2g')})."
    )


def _against(found: Comparison) -> str:
    if found.other is None:
        return ""
    name = f"{found.other.name} ({_count(found.other.d, 'dimension')})"
    if found.other.same:
        return f"{name} is the model itself: every difference is zero."
    gain = found.paired.difference("reconstruction_mse", {"by": "against"}, {"by": "model"})
    if not math.isfinite(gain.value):
        return f"The reconstructions of {name} are not all finite: there is nothing to compare."
    ours, theirs = (found.paired.mean("reconstruction_mse", by=by).value for by in ("model", "against"))
    verb = "cannot be told from" if not gain.sure else "is better than" if gain.value > 0 else "is worse than"
    text = (
        f"At reconstruction the model {verb} {name}: MSE {ours:.3g} against {theirs:.3g}, paired difference "
        f"{gain.value:.2g}{_between(gain, '.2g')}"
    )
    others = {words: one for words, one in gains(found, "against").items() if words != "reconstruction"}
    better = [words for words, one in others.items() if one.sure and one.value > 0]
    worse = [words for words, one in others.items() if one.sure and one.value < 0]
    more = [f"better at {listed(better)}"] if better else []
    more += [f"worse at {listed(worse)}"] if worse else []
    return f"{text}; it is {' and '.join(more)}." if more else f"{text}."


def _probes(found: Comparison) -> list[str]:
    said = []
    for told in found.hits[:_MOST_TOLD]:
        shares = {by: accuracy(found, told, by, "linear") for by in ("codes", "pca", "pixels")}
        if not all(math.isfinite(share.value) for share in shares.values()):
            continue
        codes = shares["codes"]
        said.append(
            f"A linear probe tells the {told.target.words} from codes for {_percent(codes.value)} "
            f"[{_percent(codes.spread.low)}, {_percent(codes.spread.high)}] of samples, from as many principal "
            f"components for {_percent(shares['pca'].value)}, from {_pixels(found)} for "
            f"{_percent(shares['pixels'].value)}; the most frequent class for {_percent(float(told.majority.mean()))}."
        )
    return said


def _retrieval(found: Comparison) -> str:
    if found.chance is None:
        return ""
    middle = len(found.ks) // 2
    k, target = found.ks[middle], of(found.targets[0])
    shares = {by: found.paired.mean("precision", by=by, k=k, **target) for by in ("codes", "pca", "pixels")}
    by_chance = _percent(float(found.chance.precision[:, middle].mean()))
    nearest = "the nearest other sample is" if k == 1 else f"the {k} nearest others are"
    return (
        f"By distance of codes {nearest} of the same class in {_percent(shares['codes'].value)}"
        f"{_between_percent(shares['codes'])} of cases, by principal components in {_percent(shares['pca'].value)}, by "
        f"{_pixels(found)} in {_percent(shares['pixels'].value)}, by chance in {by_chance}."
    )


def _denoising(found: Comparison) -> str:
    errors = {by: found.paired.mean("denoising_mse", by=by).value for by in ("model", "input")}
    if not all(map(math.isfinite, errors.values())) or errors["input"] == 0:
        return ""
    share = errors["model"] / errors["input"]
    text = (
        f"Of noisy samples (σ = {found.options.noise:g}{_clipped(found)}) the model leaves an error of "
        f"{errors['model']:.3g}, {share:.2f} times that of the noise itself"
    )
    if found.pca is None:
        return f"{text}."
    theirs = found.paired.mean("denoising_mse", by="pca").value
    return f"{text}; PCA with {_count(found.pca.k, 'component')} leaves {theirs:.3g}."


def _clipped(found: Comparison) -> str:
    return ", clipped to the data's range" if found.context.data.value_range is not None else ""


def _subspace(found: Comparison) -> str:
    one = found.alignment[-1]
    if not one.k:
        return ""
    return (
        f"The {_count(one.k, 'main direction')} of the reconstructions and as many principal components of the data "
        f"share {_percent(one.cosine2)} of their span (mean squared cosine; a random subspace {_percent(one.chance)}), "
        f"the largest angle is {one.angles[-1]:.0f}°."
    )


def _nothing_told(found: Comparison) -> str:
    return f"Retrieval and probes say nothing here: {found.no_targets}." if found.no_targets else ""


def _pixels(found: Comparison) -> str:
    return "pixels" if len(found.context.data.input_shape) == 3 else "the data themselves"


def _between(estimate: Estimate, form: str = ".3g") -> str:
    low, high = estimate.spread.low, estimate.spread.high
    return f" [{low:{form}}, {high:{form}}]" if math.isfinite(low) else ""


def _between_percent(estimate: Estimate) -> str:
    low, high = estimate.spread.low, estimate.spread.high
    return f" [{_percent(low)}, {_percent(high)}]" if math.isfinite(low) else ""


def _count(k: int, word: str) -> str:
    return f"{k} {word}{'' if k == 1 else 's'}"
