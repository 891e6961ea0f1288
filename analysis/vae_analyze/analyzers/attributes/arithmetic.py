"""What the probes say of codes moved along an attribute's vector, before and after the decoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.moved import Path, Traveller, rows_to_move
from vae_analyze.analyzers.attributes.probes import Judge, judge

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.groups import Attribute, Groups
    from vae_analyze.analyzers.attributes.vectors import Vector

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
BROKEN = -1  # what a code is called that is not finite
Key = tuple[int, int | None]  # grouping, and the level where one is held against all others


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shift:
    """Samples without an attribute, moved along its vector.

    Args:
        rows: Their places in memory, ``(r,)``.
        index: Their sample indices, ``(r,)``.
        direct: Probability of the attribute at z + alpha v itself, ``(r, steps)``.
        again: The same after decoding and encoding, ``(r, steps)``.
        called: The most probable group after decoding and encoding, ``(r, steps)``.
        level: The group that is the attribute.
        groups: How many groups the probe tells apart.
        others: Share of the other groupings whose most probable group is another at the end, ``(r,)``; NaN without any.
    """

    rows: Integers
    index: Integers
    direct: Floats
    again: Floats
    called: Integers
    level: int
    groups: int
    others: Floats

    @property
    def gain(self) -> Floats:
        """Probability at the end less that at the start, after decoding and encoding, ``(r,)``."""
        return np.asarray(self.again[:, -1] - self.again[:, 0])

    @property
    def direct_gain(self) -> Floats:
        """The same at the code itself, ``(r,)``."""
        return np.asarray(self.direct[:, -1] - self.direct[:, 0])

    @property
    def could_flip(self) -> NDArray[np.bool_]:
        """Which are not called so at the start, ``(r,)``."""
        return np.asarray((self.called[:, 0] != self.level) & (self.called != BROKEN).all(axis=1))

    @property
    def flipped(self) -> NDArray[np.bool_]:
        """Which of these are called so at the end."""
        return np.asarray(self.called[self.could_flip, -1] == self.level)

    @property
    def strayed(self) -> NDArray[np.bool_]:
        """Which of these are called neither so nor what they were called at the start."""
        first, last = self.called[self.could_flip, 0], self.called[self.could_flip, -1]
        return np.asarray((last != self.level) & (last != first))


def shifts(
    traveller: Traveller, groups: Groups, vectors: Mapping[int, Vector], *, most: int, alphas: Floats
) -> dict[int, Shift]:
    """Arithmetic with every vector.

    Neither the vector that moves a sample nor the probe that judges it has seen the sample's fold.

    Args:
        traveller: The model and the codes in memory.
        groups: What the samples are.
        vectors: By number of the attribute.
        most: Samples moved per attribute.
        alphas: ``(steps,)``, the first 0, the last 1.
    """
    streamed, paths = traveller.streamed, {}
    for at, vector in vectors.items():
        attribute = groups.attributes[at]
        numbers = groups.groupings[attribute.grouping].numbers[streamed.rows]
        rows = rows_to_move(numbers != attribute.level, most)
        paths[at] = traveller.path(rows, vector.held_out[streamed.fold(attribute.grouping)[rows]], alphas)
    verdicts = _verdicts(traveller, groups, paths)
    return {at: _shift(traveller, groups, at, path, verdicts) for at, path in paths.items()}


def judges(traveller: Traveller, groups: Groups) -> dict[Key, Judge]:
    """A probe for every grouping, and for every attribute of one with too many groups for a probe."""
    found = {}
    for at, grouping in enumerate(groups.groupings):
        own = [one.level for one in groups.attributes if one.grouping == at]
        levels: list[int | None] = [None] if grouping.judged_together else [*own]
        for level in levels:
            found[at, level] = judge(traveller.streamed, grouping, at, level=level, seen=traveller.seen)
    return found


def key_of(groups: Groups, attribute: Attribute) -> Key:
    """Which probe judges an attribute."""
    together = groups.groupings[attribute.grouping].judged_together
    return attribute.grouping, None if together else attribute.level


def _verdicts(traveller: Traveller, groups: Groups, paths: Mapping[int, Path]) -> dict[tuple[Key, int, str], Floats]:
    """Probabilities of all groups by (probe, attribute, what was asked); one fit per fold for all questions."""
    found: dict[tuple[Key, int, str], Floats] = {}
    for key, probe in judges(traveller, groups).items():
        asked: dict[tuple[Key, int, str], Floats] = {}
        for at, path in paths.items():
            if key_of(groups, groups.attributes[at]) == key:
                asked[key, at, "direct"] = path.codes
                asked[key, at, "again"] = path.again
            elif key[1] is None and groups.attributes[at].grouping != key[0]:
                asked[key, at, "other"] = path.again[:, [0, -1]]
        if not asked:
            continue
        fold = traveller.streamed.fold(key[0])
        folds = [np.repeat(fold[paths[at].rows], codes.shape[1]) for (_, at, _), codes in asked.items()]
        flat = [codes.reshape(-1, codes.shape[-1]) for codes in asked.values()]
        given = probe.probability(np.concatenate(flat), np.concatenate(folds))
        ends = np.cumsum([len(one) for one in flat])[:-1]
        for (name, codes), part in zip(asked.items(), np.split(given, ends), strict=True):
            found[name] = part.reshape(*codes.shape[:2], -1)
    return found


def _shift(
    traveller: Traveller, groups: Groups, at: int, path: Path, verdicts: Mapping[tuple[Key, int, str], Floats]
) -> Shift:
    attribute = groups.attributes[at]
    key = key_of(groups, attribute)
    again = verdicts[key, at, "again"]
    level = attribute.level if key[1] is None else 1
    others = [called(given) for (_, of, what), given in verdicts.items() if of == at and what == "other"]
    changed = [np.where((one == BROKEN).any(axis=1), math.nan, one[:, 0] != one[:, 1]) for one in others]
    return Shift(
        rows=path.rows,
        index=traveller.streamed.index[path.rows],
        direct=verdicts[key, at, "direct"][..., level],
        again=again[..., level],
        called=called(again),
        level=level,
        groups=again.shape[-1],
        others=np.mean(changed, axis=0) if changed else np.full(len(path.rows), math.nan),
    )


def called(probability: Floats) -> Integers:
    """The most probable group; `BROKEN` for a code that is not finite."""
    whole = np.asarray(np.isfinite(probability).all(axis=-1))
    return np.where(whole, np.where(whole[..., None], probability, 0.0).argmax(axis=-1), BROKEN).astype(np.int64)
