"""What not to trust in the numbers of attributes, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.attributes.probes import MOST_FEATURES
from vae_analyze.analyzers.attributes.scalars import UNRELIABLE
from vae_analyze.analyzers.attributes.streamed import PARTS
from vae_analyze.analyzers.words import listed

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.survey import Measured, Survey

_ALIGNED = 0.7  # cosine from which vectors of different factors are named
_SMALL = 30  # samples on the smaller side
_ASSOCIATED = 0.3  # correlation of two attributes in the data that is said


def warnings(survey: Survey) -> tuple[str, ...]:
    """What not to trust, and why."""
    made = (_collapsed(survey), _alike(survey), _broken(survey), _few(survey), _unreliable(survey),
            _aligned(survey), _saturated(survey), _conditional(survey), *_left_out(survey))  # fmt: skip
    return tuple(sentence for sentence in made if sentence)


def _collapsed(survey: Survey) -> str:
    if not survey.collapsed:
        return ""
    return (
        "No latent dimension follows the data (the variance of every one is at most 0.01): the vectors are differences "
        "of almost equal codes, and a probe, which standardises, may still read from them what the decoder cannot."
    )


def _alike(survey: Survey) -> str:
    found = [one for one in survey.known if one.vector.alike]
    if not found:
        return ""
    vector = found[0].vector
    return (
        f"{vector.alike} of {vector.read} codes are the very same: the directions of "
        f"{listed([one.said for one in found])} are those of the few others, and have no reliability."
    )


def _broken(survey: Survey) -> str:
    found = [(int(one.shift.broken.sum()), one) for one in survey.known]
    count, worst = max(found, key=lambda pair: pair[0], default=(0, None))
    if worst is None or count == 0:
        return ""
    return (
        f"Some moved codes are not finite, decoded and encoded again ({count} of {len(worst.shift.rows)} along "
        f"{worst.said}, the most): shares are of the others, which are not a random part."
    )


def _few(survey: Survey) -> str:
    small = [one for one in survey.known if min(one.attribute.present, one.attribute.absent) < _SMALL]
    if not small:
        return ""
    least = min(small, key=lambda one: min(one.attribute.present, one.attribute.absent))
    return (
        f"Few samples on one side, fewer than {_SMALL}: {listed([one.said for one in small])}; least "
        f"{min(least.attribute.present, least.attribute.absent)} for {least.said}. Their vectors and probes are rough."
    )


def _unreliable(survey: Survey) -> str:
    known = [(one.vector.reliability, one.said) for one in survey.known]
    found = sorted(pair for pair in known if math.isfinite(pair[0]))
    low = [(value, name) for value, name in found if value < UNRELIABLE]
    if not low:
        return ""
    said = listed([f"{name} ({value:.2f})" for value, name in low])
    return (
        f"The directions of {said} are not well known: the split-half cosine is below {UNRELIABLE}. More samples would "
        "be needed, or an attribute that the code holds."
    )


def _aligned(survey: Survey) -> str:
    known, cosines = survey.known, survey.cosines()
    # A direction that is not known has a cosine that is not known.
    sure = [i for i, one in enumerate(known) if one.vector.reliability >= UNRELIABLE]
    pairs = sorted(
        (
            (abs(float(cosines[i, j])), i, j)
            for i in sure
            for j in sure
            if j < i and known[i].attribute.grouping != known[j].attribute.grouping and abs(cosines[i, j]) > _ALIGNED
        ),
        reverse=True,
    )
    if not pairs:
        return ""
    said = [f"{known[j].said} and {known[i].said} (cosine {cosines[i, j]:.2f}{_together(survey, known[i], known[j])})"
            for _, i, j in pairs]  # fmt: skip
    return f"Vectors of different factors lie along one line, and are moved along together: {listed(said)}."


def _together(survey: Survey, one: Measured, other: Measured) -> str:
    """How far two attributes go together in the data themselves."""
    rows = survey.streamed.rows
    has = [
        survey.groups.groupings[each.attribute.grouping].numbers[rows] == each.attribute.level for each in (one, other)
    ]
    phi = float(np.corrcoef(has[0], has[1])[0, 1])
    if not math.isfinite(phi) or abs(phi) < _ASSOCIATED:
        return ", though they do not go together in the data"
    return f"; in the data they go together, correlation {phi:.2f}"


def _saturated(survey: Survey) -> str:
    full = [one.said for one in survey.known if one.separability.correct.all()]
    if not full:
        return ""
    return f"The probe makes no error on {listed(full)}: how far beyond the boundary samples lie is not told."


def _conditional(survey: Survey) -> str:
    if not survey.context.card.conditional:
        return ""
    return (
        "The model is given the label of every sample, also of moved ones: what the label says need not be in the "
        "code, and moving the code need not change it."
    )


def _left_out(survey: Survey) -> list[str]:
    streamed, said = survey.streamed, list(survey.groups.notes)
    if len(streamed.index) < streamed.total - streamed.broken:
        said.append(
            f"Probes are fitted to and judged on {len(streamed.index)} of {streamed.total} samples, evenly spread; the "
            "vectors are of all."
        )
    if streamed.broken:
        said.append(f"{streamed.broken} of {streamed.total} codes are not finite and are left out.")
    if streamed.d > MOST_FEATURES:
        said.append(
            f"Probes are given the {MOST_FEATURES} of {streamed.d} dimensions with the largest variance: what others "
            "hold is not seen."
        )
    if streamed.total < PARTS * PARTS:
        said.append(f"Only {streamed.total} samples: probes and split halves rest on very few.")
    return said
