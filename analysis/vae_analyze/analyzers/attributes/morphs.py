"""Codes between examples of groups, and what a probe says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.arithmetic import called, judges

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.survey import Survey

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_PAIRS = 6
_FOLD = 0  # examples come from one fold, so that one probe has seen none of them


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Morph:
    """Codes that are weighted means of those of a few samples.

    Args:
        name: Between what.
        corners: Places in memory of the samples, ``(k,)``.
        levels: Group of each.
        weights: Of the corners at each code, ``(steps, k)``.
        codes: ``(steps, d)``.
        rows: The sample whose label a conditional model is given, ``(steps,)``.
        probability: Of each group, after decoding and encoding, ``(steps, groups)``.
        called: Name of the most probable one.
    """

    name: str
    corners: tuple[int, ...]
    levels: tuple[int, ...]
    weights: Floats
    codes: Floats
    rows: Integers
    probability: Floats
    called: tuple[str, ...]


def ends(survey: Survey) -> tuple[Morph, ...]:
    """Lines between typical samples of different groups: each group and the next one, at most six."""
    at = _grouping(survey)
    if at is None:
        return ()
    examples = _examples(survey, at)
    levels = list(examples)
    if len(levels) < 2:
        return ()
    following = list(zip(levels, levels[1:] + levels[:1], strict=True))[: _PAIRS if len(levels) > 2 else 1]
    pairs = [((one, examples[one][0]), (other, examples[other][0])) for one, other in following]
    if len(levels) == 2:
        both = zip(examples[levels[0]][1:], examples[levels[1]][1:], strict=False)
        pairs += [((levels[0], one), (levels[1], other)) for one, other in both]
    weights = np.stack([1 - survey.alphas, survey.alphas], axis=1)
    return _morphs(survey, at, pairs, weights, between=" to ")


def corners(survey: Survey) -> Morph | None:
    """The bilinear grid between typical samples of four groups, or twice the same groups where there are fewer."""
    at = _grouping(survey)
    if at is None:
        return None
    examples = _examples(survey, at)
    levels = list(examples)
    spread = [levels[place * len(levels) // 4] for place in range(4)] if len(levels) >= 4 else (levels * 4)[:4]
    chosen: list[tuple[int, int]] = []
    for level in spread:
        unused = [row for row in examples[level] if row not in {used for _, used in chosen}]
        if not unused:
            return None
        chosen.append((level, unused[0]))
    if len(set(spread)) < 2:
        return None
    u = survey.alphas
    down, right = (part.reshape(-1) for part in np.meshgrid(u, u, indexing="ij"))
    weights = np.stack([(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right], axis=1)
    return _morphs(survey, at, [tuple(chosen)], weights, between=", ")[0]


def _grouping(survey: Survey) -> int | None:
    """The first one whose groups one probe tells apart, of more than two groups if there is one."""
    usable = {one.attribute.grouping for one in survey.known}
    at = [k for k in sorted(usable) if survey.groups.groupings[k].judged_together]
    many = [k for k in at if survey.groups.groupings[k].one_against_rest]
    return next(iter((*many, *at)), None)


def _examples(survey: Survey, at: int) -> dict[int, list[int]]:
    """Up to three samples of each group of at least two, nearest to the median distance to the group's mean code."""
    streamed = survey.streamed
    numbers, fold = survey.groups.groupings[at].numbers[streamed.rows], streamed.fold(at)
    found: dict[int, list[int]] = {}
    for level in np.unique(numbers).tolist():
        own = np.flatnonzero(numbers == level)
        distance = np.linalg.norm(streamed.codes[own] - streamed.codes[own].mean(axis=0), axis=1)
        usual = np.abs(distance - np.median(distance))
        order = own[np.lexsort((streamed.index[own], usual))]
        held = [int(row) for row in order if fold[row] == _FOLD]
        if held:
            found[int(level)] = held[:3]
    return found


def _morphs(
    survey: Survey, at: int, every: Sequence[tuple[tuple[int, int], ...]], weights: Floats, *, between: str
) -> tuple[Morph, ...]:
    """One for each choice of corners (group, place in memory); the probe is fitted once for all."""
    grouping, streamed, traveller = survey.groups.groupings[at], survey.streamed, survey.traveller
    steps = len(weights)
    codes = np.concatenate([weights @ streamed.codes[[row for _, row in corners]] for corners in every])
    rows = np.repeat([corners[0][1] for corners in every], steps)
    again = traveller.encoded(traveller.decoded(codes, rows), rows)
    given = judges(traveller, survey.groups)[at, None].probability(again, np.full(len(again), _FOLD))
    names = [grouping.levels[k] if k >= 0 else "not finite" for k in called(given).tolist()]
    return tuple(
        Morph(
            name=between.join(f"{grouping.levels[k]} (sample {streamed.index[row]})" for k, row in corners),
            corners=tuple(row for _, row in corners),
            levels=tuple(level for level, _ in corners),
            weights=weights,
            codes=codes[part],
            rows=rows[part],
            probability=given[part],
            called=tuple(names[part]),
        )
        for corners, part in ((one, slice(k * steps, (k + 1) * steps)) for k, one in enumerate(every))
    )
