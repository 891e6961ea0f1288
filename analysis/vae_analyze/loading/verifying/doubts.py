"""What the measurements on the person's data say of a model: checks with numbers, and warnings."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_analyze.loading.card import Card, Check
from vae_analyze.loading.settling.questions import output_like
from vae_analyze.loading.settling.ruling import CLEAR_RATIO, CLEAR_Z, FEWEST, against
from vae_analyze.loading.settling.second import moment, second_of
from vae_analyze.loading.verifying.diagnosis import (
    ACTIVE,
    Verdict,
    active_latents,
    diagnosed,
    failed,
    kl_of,
    passed,
    points,
    untold,
)
from vae_analyze.loading.verifying.measured import Measured

AUTOENCODER = "a plain autoencoder: it has no posterior, so nothing about variances or the KL applies to it"
# Of every latent: deviations below 0.0025, a point for all that the decoder can tell.
POINT_LOGVAR = -12.0
# Codes spread so many times as widely as the prior, in variance, or so much less: hasty training comes to 5.
SPREAD_FACTOR = 8.0
# A draw from the posterior must not reconstruct worse than the mean sample where its mean does so much better.
TELLING = 1.5
# Of the data's range: how far beyond it decoded values may lie, and what share of them beyond that. Linear outputs
# overshoot edges by less.
BEYOND, SHARE_BEYOND = 0.25, 0.02


def judged(found: Measured, card: Card, signs: tuple[str, ...]) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """All checks, and the warnings of those that failed.

    Args:
        found: What was measured.
        card: What is known of the model.
        signs: That it was never trained.
    """
    explained = [_input_range(found), _output(found)]
    explained += [_told(_labels(found), found)] if found.given is not None else []
    verdicts = [
        _repeats(found),
        *explained,
        diagnosed(found, signs, explained=any(warning for _, warning in explained)),
        _posterior(found, card),
        _told(_second(found, card), found),
        _told(_codes(found), found),
    ]
    return tuple(check for check, _ in verdicts), tuple(dict.fromkeys(warning for _, warning in verdicts if warning))


def _told(verdict: Verdict, found: Measured) -> Verdict:
    """A verdict over samples, unless it speaks against the model and there are hardly any."""
    check, _ = verdict
    return untold(check.what, found, check.value) if check.outcome == "failed" and found.n < FEWEST else verdict


def _repeats(found: Measured) -> Verdict:
    what = "the same answer twice"
    if found.repeats:
        return passed(what, "encode and decode give the same when asked again")
    return failed(
        what, "other numbers", "encode or decode gives other numbers when asked again: the model draws random numbers"
    )


def _clearly_better(other: Tensor, errors: Tensor) -> bool:
    ratio, z = against(other, errors)
    return ratio >= CLEAR_RATIO and z >= CLEAR_Z and len(errors) >= FEWEST


def _input_range(found: Measured) -> Verdict:
    what = "input range"
    if not found.other_ranges:
        reason = "the data have no bounds" if found.value_range is None else "the model is too large to try others"
        return Check(what=what, value=reason, outcome="not made"), ""
    name = min(found.other_ranges, key=lambda way: float(found.other_ranges[way].mean()))
    other, own = found.other_ranges[name], found.here
    value = f"error {_mean(own)} with the data as they are, {_mean(other)} with {name}"
    if _clearly_better(other, own) and float(other.mean()) < float(found.mean_sample.mean()):
        return failed(what, value, f"the model wants data in another range: {value}; name it with --range")
    return passed(what, value)


def _output(found: Measured) -> Verdict:
    """Whether what is decoded would fit the data better with a sigmoid more or less, or from another range."""
    what = "decoder output"
    if found.value_range is None:
        return Check(what=what, value="the data have no bounds to hold it against", outcome="not made"), ""
    low, high = found.value_range
    values = (found.x_hat - low) / (high - low)
    beyond = float(((values < -BEYOND) | (values > 1 + BEYOND)).double().mean())
    value = f"{low + float(values.min()) * (high - low):.3g} to {low + float(values.max()) * (high - low):.3g}"
    value += f", data {low:g} to {high:g}"
    unit = (found.x.double() - low) / (high - low)
    others = {word: _error(unit, read) for word, read in _other_outputs(values, found)}
    word = min(others, key=lambda pair: float(others[pair].mean()))
    own = _error(unit, values)
    if _clearly_better(others[word], own) and float(others[word].mean()) < float(_scaled_mean(found)):
        return failed(what, value, f"the decoder gives something else than data ({value}): try --output {word[1]}")
    if beyond > SHARE_BEYOND:
        return failed(
            what,
            f"{value}; {beyond:.0%} far outside",
            f"{beyond:.0%} of the decoded values lie far outside the data's range ({value}): name it with --output",
        )
    return passed(what, value)


def _other_outputs(values: Tensor, found: Measured) -> list[tuple[tuple[str, str], Tensor]]:
    """Decoded data read otherwise: what was done to them undone, and something else done, by both.

    In the units that the encoder is given only where these are known and no other word says the same.
    """
    undone = {"prob": values, "logits": values.clamp(1e-6, 1 - 1e-6).logit(), "tanh": 2 * values - 1}
    low, high = given = found.input_range or (0.0, 1.0)
    units = found.input_range is not None and output_like(given, found.value_range) == "same"
    undone |= {"same": low + values * (high - low)} if units else {}
    return [
        ((was, now), _finished(raw, now, given))
        for was, raw in undone.items()
        if not found.output or was == found.output
        for now in undone
        if was != now
    ]


def _finished(raw: Tensor, output: str, given: tuple[float, float]) -> Tensor:
    """Decoder output from 0 to 1, over the data's range."""
    low, high = (-1.0, 1.0) if output == "tanh" else given if output == "same" else (0.0, 1.0)
    return raw.sigmoid() if output == "logits" else (raw - low) / (high - low)


def _error(x: Tensor, x_hat: Tensor) -> Tensor:
    return (x - x_hat).flatten(1).square().mean(dim=1)


def _scaled_mean(found: Measured) -> float:
    low, high = found.value_range or (0.0, 1.0)
    return float(found.mean_sample.mean()) / (high - low) ** 2


def _labels(found: Measured) -> Verdict:
    what = "labels"
    if found.classes is None or found.given is None:
        return Check(what=what, value="too many classes to try each", outcome="not made"), ""
    right = found.classes.gather(1, found.given[:, None])[:, 0]
    wrong = (found.classes.sum(dim=1) - right) / (found.classes.shape[1] - 1)
    best = float((found.classes.argmin(dim=1) == found.given).double().mean())
    value = f"error {_mean(right)} with the data's labels, {_mean(wrong)} with others; best of all for {best:.0%}"
    matter = float((found.classes.max(dim=1).values / found.classes.min(dim=1).values.clamp(min=1e-30)).median())
    if matter >= TELLING and best < 0.5 and not _clearly_better(right, wrong):
        return failed(what, value, f"the data's labels are not those that the model was trained with: {value}")
    return passed(what, value)


def _posterior(found: Measured, card: Card) -> Verdict:
    what = "posterior"
    without = points(found)
    if bool(torch.isneginf(found.logvar).all()):
        said = any("plain autoencoder" in warning for warning in card.warnings)
        return failed(what, "none: a deterministic code", "" if said else AUTOENCODER)
    largest = float(found.logvar.max())
    if largest < POINT_LOGVAR:
        value = f"log variances of at most {largest:.1f}"
        return failed(what, value, f"behaves as a plain autoencoder: its posteriors are points ({value})")
    spared = _without(found)
    if bool(without.all()):
        return passed(what, spared)
    kl = kl_of(found)[:, ~without].mean(dim=0)
    return passed(
        what,
        f"{spared}{'; of the others ' if spared else ''}KL {float(kl.sum()):.3g} nats in all, {float(kl.min()):.2g} to "
        f"{float(kl.max()):.2g} per latent; log variances {float(found.logvar[:, ~without].mean()):.2g} on average",
    )


def _without(found: Measured) -> str:
    """How many latents are points, in words; "" where none is."""
    without = points(found)
    if not bool(without.any()):
        return ""
    sometimes = "" if bool(torch.isneginf(found.logvar[:, without]).all()) else " for some samples"
    return f"{int(without.sum())} of {without.numel()} dimensions have no variance{sometimes}"


def _second(found: Measured, card: Card) -> Verdict:
    """Whether the variances are plausible: the codes spread as the prior, and draws still reconstruct."""
    what = "second output"
    without = points(found)
    if bool(without.all()):
        value = "a deterministic code has none" if bool(torch.isneginf(found.logvar).all()) else _without(found)
        return Check(what=what, value=value, outcome="not made"), ""
    mean, logvar = found.mean[:, ~without], found.logvar[:, ~without]
    spread = moment(mean, logvar.clamp(max=80).exp()).typical
    value = f"var(mean) + mean(variance) is {spread:.2f} per latent, 1 expected; error of draws {_mean(found.sampled)}"
    value = f"{_without(found)}; of the others {value}" if bool(without.any()) else value
    hint = _second_hint(card)
    telling = against(found.own, found.mean_sample)[0] >= TELLING
    if telling and _clearly_better(found.mean_sample, found.sampled):
        return failed(
            what,
            value,
            f"draws from the posterior reconstruct worse than the mean sample ({_mean(found.sampled)} against "
            f"{_mean(found.mean_sample)}): the variances are too large{hint}",
        )
    if better := _better_reading(mean, logvar):
        return failed(what, value, f"the second output looks like {better}; name it with --second")
    if not 1 / SPREAD_FACTOR <= spread <= SPREAD_FACTOR:
        return failed(
            what,
            value,
            f"the codes are not spread as the prior: var(mean) + mean(variance) is {spread:.3g} per latent, 1 "
            f"expected; draws from the prior will not look like the data{hint}",
        )
    return passed(what, value)


def _better_reading(mean: Tensor, logvar: Tensor) -> str:
    """What the numbers that were read as log variances, or log deviations, are rather; "" where they may be that."""
    for raw in (logvar, 0.5 * logvar):
        reading = second_of(mean, raw)
        if reading.second == "std" and reading.decided:
            return reading.source
    return ""


def _second_hint(card: Card) -> str:
    doubted = any(known.what == "second output" and known.guess for known in card.assumptions)
    return ", or the second output is something else: name it with --second" if doubted else ""


def _codes(found: Measured) -> Verdict:
    active = active_latents(found)
    value = f"{int(active.sum())} of {active.numel()} latents active (variance of the mean above {ACTIVE:g})"
    # That a model without an active latent is collapsed is said where its reconstruction is judged.
    return passed("active latents", value) if bool(active.any()) else failed("active latents", value, "")


def _mean(errors: Tensor) -> str:
    return f"{float(errors.mean()):.3g}"
