"""Figures of attributes, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.attributes.groups import LABELS
from vae_analyze.analyzers.attributes.scalars import UNRELIABLE
from vae_analyze.analyzers.attributes.vectors import SHARES
from vae_analyze.analyzers.sheet import sheet
from vae_analyze.findings import Axis, Cell, Figure, Table

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.survey import Measured, Survey

_PANELS, _LINES = 9, 6
DIRECT, AGAIN, TARGET = "the code itself", "decoded and encoded again", "samples that have it"


def figures(survey: Survey, steps: Table) -> tuple[Figure, ...]:
    """Separability, arithmetic, cosines between vectors, and their convergence."""
    if not survey.known:
        return ()
    made = (_separability(survey), _arithmetic(survey, steps), _cosines(survey), _convergence(survey))
    return tuple(figure for figure in made if figure is not None)


def _separability(survey: Survey) -> Figure:
    rows: list[tuple[Cell, ...]] = []
    ranked = []
    for one in survey.known:
        found = one.separability
        low, high = found.accuracy_interval
        rows.append((one.name, "linear probe", found.accuracy, low, high, found.auc))
        rows.append((one.name, "chance", found.chance, math.nan, math.nan, 0.5))
        ranked.append((found.auc, found.accuracy, found.chance, one.said))
    ranked.sort()
    title = "What a linear probe reads off the code"
    said = [f"{name}: accuracy {accuracy:.2f}, chance {chance:.2f}, AUC {auc:.2f}"
            for auc, accuracy, chance, name in (ranked[-1], ranked[0])]  # fmt: skip
    n = len(survey.streamed.index)
    return Figure(
        name="separability",
        kind="bars",
        title=title,
        alt=f"Of {len(ranked)} attributes the one told best is {said[0]}; the one told worst is {said[-1]}.",
        table=sheet("separability", title, ("attribute", ""), ("by", ""), ("accuracy", "1"), ("low", "1"),
                     ("high", "1"), ("auc", "1"), rows=rows),
        x=Axis(column="attribute", label="attribute"),
        y=Axis(column="accuracy", label="held-out accuracy", unit="1"),
        series="by",
        low="low",
        high="high",
        caption=f"Logistic regression on the codes of n = {n} samples, 5 folds, each with against without; 95 % Wilson "
        "intervals. Chance: always saying what is more frequent, which for a rare attribute is often right.",
    )  # fmt: skip


def _arithmetic(survey: Survey, steps: Table) -> Figure:
    shown = {one.name for one in _spread_by_gain(survey)}
    rows: list[tuple[Cell, ...]] = []
    for name, alpha, again, low, high, direct, direct_low, direct_high, target, _ in steps.rows:
        if name in shown:
            rows.append((name, alpha, AGAIN, again, low, high))
            rows.append((name, alpha, DIRECT, direct, direct_low, direct_high))
            rows.append((name, alpha, TARGET, target, math.nan, math.nan))
    # Panels by attribute, and within one a line after the other.
    rows.sort(key=lambda row: (_position(survey, str(row[0])), (AGAIN, DIRECT, TARGET).index(str(row[2]))))
    gains = sorted((_gain(one), one.said) for one in survey.known)
    (least, last), (most, first) = gains[0], gains[-1]
    title = "Adding the vector: what the probe says of the result"
    left = f" {len(shown)} of {len(survey.known)} attributes, spread by their gain." if len(shown) < len(gains) else ""
    return Figure(
        name="arithmetic",
        kind="curves",
        title=title,
        alt=f"From alpha 0 to 1 the probability of the attribute, after decoding and encoding again, changes by "
        f"{most:+.2f} for {first}, the most, and by {least:+.2f} for {last}, the least.",
        table=sheet("arithmetic", title, ("attribute", ""), ("alpha", "1"), ("where", ""), ("probability", "1"),
                     ("low", "1"), ("high", "1"), rows=rows),
        x=Axis(column="alpha", label="alpha", unit="1"),
        y=Axis(column="probability", label="probability of the attribute", unit="1"),
        series="where",
        panel="attribute",
        low="low",
        high="high",
        caption="Samples without the attribute, moved along its vector; vector and probe are made from "
        "different folds, neither of them the sample's own. At the "
        "code itself a linear probe rises along any vector that is known: only the other curve says what the decoder "
        f"shows. Band: 95 % interval over samples and refits.{left}",
    )  # fmt: skip


def _gain(one: Measured) -> float:
    value = float(np.mean(one.shift.gain))
    return value if math.isfinite(value) else -math.inf


def _position(survey: Survey, name: str) -> int:
    return [one.name for one in survey.known].index(name)


def _spread_by_gain(survey: Survey) -> list[Measured]:
    ranked = sorted(survey.known, key=_gain)
    if len(ranked) <= _PANELS:
        return ranked
    return [ranked[round(at * (len(ranked) - 1) / (_PANELS - 1))] for at in range(_PANELS)]


def _cosines(survey: Survey) -> Figure | None:
    known, cosines = survey.known, survey.cosines()
    pairs = [(abs(cosines[i, j]), i, j) for i in range(len(known)) for j in range(i) if math.isfinite(cosines[i, j])]
    if not pairs:
        return None
    rows: list[tuple[Cell, ...]] = [
        (one.name, other.name, round(float(cosines[i, j]), 3) + 0.0)
        for i, one in enumerate(known)
        for j, other in enumerate(known)
    ]
    _, i, j = max(pairs)
    title = "Cosines between vectors"
    return Figure(
        name="cosines",
        kind="heatmap",
        title=title,
        alt=f"The vectors of {known[j].said} and {known[i].said} are closest to one line, cosine {cosines[i, j]:.2f}; "
        f"the median size is {sorted(pair[0] for pair in pairs)[len(pairs) // 2]:.2f}.",
        table=sheet("cosines", title, ("attribute", ""), ("other", ""), ("cosine", "1"), rows=rows),
        x=Axis(column="other", label="attribute"),
        y=Axis(column="attribute", label="attribute"),
        value=Axis(column="cosine", label="cosine", unit="1"),
        caption=expected_cosines(survey),
    )


def expected_cosines(survey: Survey) -> str:
    """What the cosines of vectors of one group against the rest are by construction, in sentences."""
    said = []
    for told in survey.told:
        one = "class" if told.name == LABELS else f"level of {told.name}"
        said.append(
            f"Each {one} is held against the rest, so that these vectors depend on each other: {told.groups} equally "
            f"large and equally distant groups have cosines of -1/{told.groups - 1} = {-1 / (told.groups - 1):.2f}."
        )
    if len(survey.groups.groupings) > 1:
        said.append("Vectors of different factors that are at right angles can be added independently.")
    return " ".join(said)


def _convergence(survey: Survey) -> Figure | None:
    finite = [one for one in survey.known if math.isfinite(one.vector.reliability)]
    known = sorted(finite, key=lambda one: one.vector.reliability)
    if not known:
        return None
    shown = known if len(known) <= _LINES else [*known[: _LINES // 2], *known[-_LINES // 2 :]]
    n = survey.streamed.total - survey.streamed.broken
    rows: list[tuple[Cell, ...]] = []
    for one in reversed(shown):
        vector = one.vector
        rows += [(one.name, share * n, vector.agreement[share], "measured") for share in SHARES]
        rows.append((one.name, float(n), vector.extrapolated, "extrapolated"))
    worst, best = known[0], known[-1]
    title = "How fast the vectors converge"
    return Figure(
        name="convergence",
        kind="curves",
        title=title,
        alt=f"The cosine between the vectors of two halves of the data is highest for {best.said}, "
        f"{best.vector.reliability:.2f}, and lowest for {worst.said}, {worst.vector.reliability:.2f}; "
        f"{sum(one.vector.reliability < UNRELIABLE for one in known)} of {len(known)} are "
        f"below {UNRELIABLE}.",
        table=sheet("convergence", title, ("attribute", ""), ("samples", ""), ("cosine", "1"), ("how", ""), rows=rows),
        x=Axis(column="samples", label="samples used"),
        y=Axis(column="cosine", label="cosine of disjoint shares", unit="1"),
        series="attribute",
        caption="Cosine between the vectors of two shares of this size that have no sample in common, mean over pairs; "
        "the last point, for two sets of the size of all samples, is extrapolated from the halves (Spearman and Brown)."
        + (
            f" The {_LINES // 2} most and the {_LINES // 2} least reliable of {len(known)}."
            if len(shown) < len(known)
            else ""
        ),
    )
