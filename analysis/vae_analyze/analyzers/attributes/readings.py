"""Sentences made from the numbers of attributes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.attributes.groups import LABELS
from vae_analyze.analyzers.attributes.scalars import UNRELIABLE, mean_gain
from vae_analyze.analyzers.words import listed, percent
from vae_analyze.stats.share import wilson

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.survey import Measured, Survey

_MOVES = 0.1  # change of a probability that is worth a sentence
_LOST = 0.25  # share of the change at the code that must survive the decoder


def readings(survey: Survey) -> tuple[str, ...]:
    """What a reader should remember, most important first."""
    if not survey.known:
        reasons = dict.fromkeys(survey.unknown.values())
        return (f"Nothing can be said of any attribute: {'; '.join(reasons) or 'the data have none that vary'}.",)
    made = (*_told(survey), _separable(survey), _arithmetic(survey), _ignored(survey), _side_effects(survey),
            _reliable(survey), _undefined(survey))  # fmt: skip
    return tuple(sentence for sentence in made if sentence)


def _told(survey: Survey) -> list[str]:
    found = []
    for told in survey.told:
        n, hits = len(told.correct), int(told.correct.sum())
        low, high = wilson(hits, n)
        what = "labels" if told.name == LABELS else f"levels of {told.name}"
        verb = "are told apart" if low > told.chance else "are not told apart better than chance"
        found.append(
            f"The {told.groups} {what} {verb} by a linear probe on the code: held-out accuracy {hits / n:.2f} "
            f"[{low:.2f}, {high:.2f}], chance {told.chance:.2f}."
        )
    return found


def _separable(survey: Survey) -> str:
    known = sorted(survey.known, key=lambda one: one.separability.auc)
    above = [one for one in known if one.separability.above_chance]
    if not above:
        auc = [one.separability.auc for one in known]
        return (
            f"None of {len(known)} attributes can be read off the code by a linear probe: AUC {min(auc):.2f} to "
            f"{max(auc):.2f}, chance 0.5."
        )
    better = "better than chance (by its AUC)"
    text = f"{len(above)} of {len(known)} attributes can be read off the code by a linear probe {better}"
    best, worst = known[-1], known[0]
    text += f", best {_told_as(best)}"
    if len(known) > 1:
        text += f"; worst {_told_as(worst)}"
    missed = [one.said for one in known if not one.separability.above_chance]
    return text + (f". Not: {listed(missed)}." if missed else ".")


def _told_as(one: Measured) -> str:
    found = one.separability
    low, high = found.accuracy_interval
    accuracy = f"accuracy {found.accuracy:.2f} [{low:.2f}, {high:.2f}] (chance {found.chance:.2f})"
    return f"{one.said}: {accuracy}, AUC {found.auc:.2f}"


def _arithmetic(survey: Survey) -> str:
    known = [one for one in survey.known if len(one.shift.flipped)]
    if not known:
        return ""
    known.sort(key=lambda one: float(one.shift.flipped.mean()))
    flipped = float(np.mean([one.shift.flipped.mean() for one in known]))
    chance = float(np.mean([one.shift.flipped_by_chance.mean() for one in known]))
    beside = f"a vector of the same length from permuted labels turns {percent(chance)}"
    if flipped == 0:
        return (
            f"Adding an attribute's vector to codes without it turns none of them, decoded and encoded again, into "
            f"what the probe calls the attribute{_gained(survey)}; {beside}."
        )
    text = (
        f"Adding an attribute's vector to codes without it, decoding and encoding again, turns {percent(flipped)} of "
        f"them into what the probe calls the attribute{_gained(survey)}; {beside}"
    )
    if len(known) == 1:
        return f"{text}: {known[0].said}."
    best, worst = known[-1], known[0]
    return (
        f"{text}, on average; most for {best.said}, {percent(float(best.shift.flipped.mean()))}, least for "
        f"{worst.said}, {percent(float(worst.shift.flipped.mean()))}."
    )


def _gained(survey: Survey) -> str:
    mean = mean_gain(survey)
    if not math.isfinite(mean.value):
        return ""
    text = f" (probability {mean.value:+.2f} [{mean.low:+.2f}, {mean.high:+.2f}]"
    if not math.isfinite(mean.low):
        return f" (probability {mean.value:+.2f})"
    return f"{text}: nothing can be told)" if mean.low < 0 < mean.high else f"{text})"


def _ignored(survey: Survey) -> str:
    """Vectors that move the probe at the code, and no longer after the decoder."""
    lost = [one for one in survey.known if is_lost(one)]
    if not lost:
        return ""
    worst = min(lost, key=lambda one: float(one.shift.gain.mean()))
    direct, again = float(worst.shift.direct_gain.mean()), float(worst.shift.gain.mean())
    return (
        f"What the code says of {listed([one.said for one in lost])} the decoder does not show: the probability "
        f"changes by {direct:+.2f} at the code ({worst.said}) and by {again:+.2f} after decoding and encoding again."
    )


def is_lost(one: Measured) -> bool:
    """Whether the attribute moves at the code and hardly after decoding and encoding."""
    direct, again = float(one.shift.direct_gain.mean()), float(one.shift.gain.mean())
    return direct >= _MOVES and again < _LOST * direct


def _side_effects(survey: Survey) -> str:
    parts = []
    strayed = [
        (float(one.shift.strayed.mean()), one.said) for one in survey.known
        if one.shift.groups > 2 and len(one.shift.strayed)
    ]  # fmt: skip
    if max(strayed, default=(0.0, ""))[0] > 0:
        share, name = max(strayed)
        parts.append(
            f"{percent(float(np.mean([part for part, _ in strayed])))} of moved samples turn into a third group (most "
            f"along {name}, {percent(share)})"
        )
    others = [(float(one.shift.others.mean()), one.said) for one in survey.known]
    others = [one for one in others if math.isfinite(one[0])]
    if max(others, default=(0.0, ""))[0] > 0:
        share, name = max(others)
        parts.append(
            f"{percent(float(np.mean([part for part, _ in others])))} of the other groupings change their group (most "
            f"along {name}, {percent(share)})"
        )
    return f"What else changes: {'; '.join(parts)}." if parts else ""


def _reliable(survey: Survey) -> str:
    known = [(one.vector.reliability, one.said) for one in survey.known if math.isfinite(one.vector.reliability)]
    if not known:
        return ""
    low, name = min(known)
    high = max(known)[0]
    if len(known) == 1:
        return f"The vectors of {name} from two halves of the data have a cosine of {low:.2f}."
    none = ": no direction is well known" if high < UNRELIABLE else ""
    return f"Vectors from two halves of the data have cosines of {low:.2f} ({name}) to {high:.2f}{none}."


def _undefined(survey: Survey) -> str:
    missing = list(survey.unknown)
    return (
        f"Nothing can be said of {listed([repr(name) for name in missing])}: {survey.unknown[missing[0]]}."
        if missing
        else ""
    )
