"""What was found of every attribute, and of every step along its vector, as tables."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.refitted import Moved, shared_error, widened
from vae_analyze.analyzers.attributes.scalars import NUMBERS, peers_of
from vae_analyze.findings import Cell, Column, Table
from vae_analyze.stats.bootstrap import bootstrap_means, interval
from vae_analyze.stats.rows import Chunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vae_analyze.analyzers.attributes.arithmetic import Shift
    from vae_analyze.analyzers.attributes.groups import Attribute
    from vae_analyze.analyzers.attributes.scalars import Numbers, Value
    from vae_analyze.analyzers.attributes.survey import Survey

Floats = NDArray[np.float64]
_INTERVALS = ("probe_accuracy", "probe_balanced_accuracy", "probe_auc", "moved_probability", "flipped_share")


def attribute_table(survey: Survey, numbers: Numbers) -> Table:
    """A row per attribute: samples, vector, probe, arithmetic."""
    shown = [name for name in NUMBERS if any(name in own for own in numbers.values())]
    streamed = survey.streamed
    return Table(
        name="attributes",
        title="By attribute",
        columns=(
            Column(name="attribute", description="what some samples have"),
            Column(name="grouping", description="label, or the factor it is a value of"),
            Column(name="with", description="samples that have it"),
            Column(name="without", description="samples that do not"),
            *(column for name in shown for column in _columns(name)),
            Column(name="separation", unit="1", direction="higher",
                   description="length of the vector over the standard deviation along it within the two groups"),
            Column(name="note", description="why there is nothing"),
        ),
        rows=tuple(_row(one, survey, numbers[one.name], shown) for one in survey.groups.attributes),
        caption=(
            f"Vectors from {streamed.total - streamed.broken} samples, probes from {len(streamed.index)}, at most "
            f"{survey.gathered.options.moved} samples moved per attribute. Intervals 95 %."
        ),
    )  # fmt: skip


def _columns(name: str) -> tuple[Column, ...]:
    number = NUMBERS[name]
    value = Column(name=name, unit=number.unit, direction=number.direction, description=number.text)
    if name not in _INTERVALS:
        return (value,)
    return value, Column(name=f"{name}_low", unit=number.unit), Column(name=f"{name}_high", unit=number.unit)


def _row(attribute: Attribute, survey: Survey, numbers: Mapping[str, Value], shown: list[str]) -> tuple[Cell, ...]:
    cells: list[Cell] = []
    for name in shown:
        value = numbers.get(name)
        cells.append(value.value if value is not None else None)
        if name in _INTERVALS:
            cells += [value.low, value.high] if value is not None else [None, None]
    vector = next((one.vector for one in survey.known if one.attribute == attribute), None)
    separation = vector.length / vector.spread if vector is not None and vector.spread > 0 else math.nan
    counts = (survey.groups.groupings[attribute.grouping].name, attribute.present, attribute.absent)
    return (attribute.name, *counts, *cells, separation, survey.unknown.get(attribute.name, ""))


def _along(shift: Shift) -> Floats:
    return np.concatenate([shift.again, shift.direct], axis=1)


def steps_table(survey: Survey) -> Table:
    """A row per attribute and alpha: the probability of the attribute after decoding and encoding, and before."""
    rows: list[tuple[Cell, ...]] = []
    for one in survey.known:
        shift = one.shift
        steps = len(survey.alphas)
        columns = _along(shift)
        means = bootstrap_means([Chunk(shift.index, columns)], 2 * steps, seed=survey.context.seed)
        spread = []
        for at, column in enumerate(columns.T):
            own = interval(float(means.mean[at]), means.replicates[:, at], n=means.n)
            every = [Moved(values=_along(peer)[:, at], folds=peer.folds) for peer in peers_of(one, survey)]
            error = shared_error(Moved(values=column, folds=shift.folds), every)
            spread.append(widened(float(means.mean[at]), own.low, own.high, error, least=0.0))
        for at, alpha in enumerate(survey.alphas):
            ends = (*spread[at], *spread[steps + at])
            again, direct = float(means.mean[at]), float(means.mean[steps + at])
            rows.append((one.name, float(alpha), again, *ends[:2], direct, *ends[2:], shift.target, means.n))
    return Table(
        name="arithmetic",
        title="Along every vector",
        columns=(
            Column(name="attribute"),
            Column(name="alpha", unit="1", description="how much of the vector is added"),
            Column(name="probability", unit="1", direction="higher",
                   description="mean probability of the attribute after decoding and encoding again"),
            Column(name="low", unit="1"),
            Column(name="high", unit="1"),
            Column(name="direct", unit="1", description="the same at the code itself, without the decoder"),
            Column(name="direct_low", unit="1"),
            Column(name="direct_high", unit="1"),
            Column(name="target", unit="1", description="mean probability among held-out samples that have it"),
            Column(name="n", description="samples moved"),
        ),
        rows=tuple(rows),
        caption="Means over moved samples; vector and probe are made from different folds, neither of them the "
        "sample's own. 95 % intervals over samples and refits of both.",
    )  # fmt: skip
