"""What the probes say of codes moved along an attribute's vector, before and after the decoder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.moved import Path, Traveller, rows_to_move, scrambled
from vae_analyze.analyzers.attributes.probes import Judge, judge
from vae_analyze.analyzers.attributes.streamed import JUDGES

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.groups import Attribute, Groups
    from vae_analyze.analyzers.attributes.vectors import Vector

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
BROKEN = -1  # what a code is called that is not finite
Key = tuple[int, int | None]  # grouping, and the level where one is held against all others
Question = tuple[int, str]  # attribute, and what is asked of the samples moved along its vector


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Moved:
    """Samples on the way along an attribute's vector, and at the end of one that chance alone made."""

    path: Path
    chance: Path


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Asked:
    """Codes ``(r, k, f)`` of which a probe is asked, and the places in memory of their samples, ``(r,)``."""

    rows: Integers
    codes: Floats


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Shift:
    """Samples without an attribute, moved along its vector.

    Args:
        rows: Their places in memory, ``(r,)``.
        index: Their sample indices, ``(r,)``.
        folds: Their folds, ``(r,)``: those of one fold share vector and judge.
        direct: Probability of the attribute at z + alpha v itself, ``(r, steps)``.
        again: The same after decoding and encoding, ``(r, steps)``.
        called: The most probable group after decoding and encoding, ``(r, steps)``.
        chance: Probability after decoding and encoding z + u, u a vector of the same length made from permuted labels,
            another for every sample, ``(r,)``.
        called_by_chance: The most probable group there, ``(r,)``.
        level: The group that is the attribute.
        groups: How many groups the probe tells apart.
        others: Share of the other groupings whose most probable group is another at the end, ``(r,)``; NaN without any.
        target: Mean probability of the attribute among held-out samples that have it, by the same judges.
    """

    rows: Integers
    index: Integers
    folds: Integers
    direct: Floats
    again: Floats
    called: Integers
    chance: Floats
    called_by_chance: Integers
    level: int
    groups: int
    others: Floats
    target: float

    @property
    def gain(self) -> Floats:
        """Probability at the end less that at the start, after decoding and encoding, ``(r,)``."""
        return np.asarray(self.again[:, -1] - self.again[:, 0])

    @property
    def direct_gain(self) -> Floats:
        """The same at the code itself, ``(r,)``."""
        return np.asarray(self.direct[:, -1] - self.direct[:, 0])

    @property
    def chance_gain(self) -> Floats:
        """Probability after a move of the same length that chance made less that at the start, ``(r,)``."""
        return np.asarray(self.chance - self.again[:, 0])

    @property
    def broken(self) -> NDArray[np.bool_]:
        """Which are somewhere decoded and encoded again to what is not finite, ``(r,)``."""
        return np.asarray((self.called == BROKEN).any(axis=1) | (self.called_by_chance == BROKEN))

    @property
    def could_flip(self) -> NDArray[np.bool_]:
        """Which are not called so at the start, and are finite to the end, ``(r,)``."""
        return np.asarray((self.called[:, 0] != self.level) & ~self.broken)

    @property
    def flipped(self) -> NDArray[np.bool_]:
        """Which of these are called so at the end."""
        return np.asarray(self.called[self.could_flip, -1] == self.level)

    @property
    def flipped_by_chance(self) -> NDArray[np.bool_]:
        """Which of these are called so after a move of the same length that chance made."""
        return np.asarray(self.called_by_chance[self.could_flip] == self.level)

    @property
    def strayed(self) -> NDArray[np.bool_]:
        """Which of these are called neither so nor what they were called at the start."""
        first, last = self.called[self.could_flip, 0], self.called[self.could_flip, -1]
        return np.asarray((last != self.level) & (last != first))


def shifts(
    traveller: Traveller, groups: Groups, vectors: Mapping[int, Vector], *, most: int, alphas: Floats, seed: int
) -> dict[int, Shift]:
    """Arithmetic with every vector.

    The vector that moves a sample and the probe that judges it are made from different folds, neither of them its own.

    Args:
        traveller: The model and the codes in memory.
        groups: What the samples are.
        vectors: By number of the attribute.
        most: Samples moved per attribute.
        alphas: ``(steps,)``, the first 0, the last 1.
        seed: Of the permuted labels.
    """
    streamed, paths = traveller.streamed, {}
    for at, vector in vectors.items():
        attribute = groups.attributes[at]
        present = _numbers(traveller, groups, attribute) == attribute.level
        rows = rows_to_move(~present, most)
        along = vector.moving[streamed.fold(attribute.grouping)[rows]]
        rng = np.random.default_rng([seed, attribute.grouping, attribute.level])
        chance = scrambled(streamed.codes, int(present.sum()), np.linalg.norm(along, axis=1), rng)
        paths[at] = _Moved(path=traveller.path(rows, along, alphas), chance=traveller.path(rows, chance, alphas[-1:]))
    verdicts = _verdicts(traveller, groups, paths)
    return {at: _shift(traveller, groups, at, moved.path, verdicts) for at, moved in paths.items()}


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


def _questions(traveller: Traveller, groups: Groups, paths: Mapping[int, _Moved], key: Key) -> dict[Question, _Asked]:
    """What one probe is asked of its own attributes, or of all others."""
    found = {}
    for at, moved in paths.items():
        attribute, path = groups.attributes[at], moved.path
        if key_of(groups, attribute) == key:
            has = np.flatnonzero(_numbers(traveller, groups, attribute) == attribute.level)
            held = traveller.streamed.codes[has][:, None, traveller.seen]
            found[at, "direct"] = _Asked(rows=path.rows, codes=path.codes)
            found[at, "again"] = _Asked(rows=path.rows, codes=path.again)
            found[at, "chance"] = _Asked(rows=path.rows, codes=moved.chance.again)
            found[at, "target"] = _Asked(rows=has, codes=held)
        elif key[1] is None and attribute.grouping != key[0]:
            found[at, f"other {key[0]}"] = _Asked(rows=path.rows, codes=path.again[:, [0, -1]])
    return found


def _verdicts(traveller: Traveller, groups: Groups, paths: Mapping[int, _Moved]) -> dict[Question, Floats]:
    """Probabilities of all groups for every question; one fit per fold and probe for all of them."""
    found: dict[Question, Floats] = {}
    for key, probe in judges(traveller, groups).items():
        fold = traveller.streamed.fold(key[0])
        asked = _questions(traveller, groups, paths, key)
        own = {name: one for name, one in asked.items() if not name[1].startswith("other")}
        others = {name: one for name, one in asked.items() if name not in own}
        # No vector was made from what tells the groups of another grouping apart.
        for questions, asking in ((own, replace(probe, apart=JUDGES)), (others, probe)):
            if questions:
                found |= _answers(asking, questions, fold)
    return found


def _answers(probe: Judge, asked: Mapping[Question, _Asked], fold: Integers) -> dict[Question, Floats]:
    flat = [one.codes.reshape(-1, one.codes.shape[-1]) for one in asked.values()]
    folds = [np.repeat(fold[one.rows], one.codes.shape[1]) for one in asked.values()]
    given = probe.probability(np.concatenate(flat), np.concatenate(folds))
    ends = np.cumsum([len(one) for one in flat])[:-1]
    return {
        name: part.reshape(*one.codes.shape[:2], -1)
        for (name, one), part in zip(asked.items(), np.split(given, ends), strict=True)
    }


def _shift(traveller: Traveller, groups: Groups, at: int, path: Path, verdicts: Mapping[Question, Floats]) -> Shift:
    attribute = groups.attributes[at]
    level = attribute.level if key_of(groups, attribute)[1] is None else 1
    again, chance = verdicts[at, "again"], verdicts[at, "chance"][:, 0]
    others = [called(given) for (of, what), given in verdicts.items() if of == at and what.startswith("other")]
    changed = [np.where((one == BROKEN).any(axis=1), math.nan, one[:, 0] != one[:, 1]) for one in others]
    return Shift(
        rows=path.rows,
        index=traveller.streamed.index[path.rows],
        folds=traveller.streamed.fold(attribute.grouping)[path.rows],
        direct=verdicts[at, "direct"][..., level],
        again=again[..., level],
        called=called(again),
        chance=chance[:, level],
        called_by_chance=called(chance),
        level=level,
        groups=again.shape[-1],
        others=np.mean(changed, axis=0) if changed else np.full(len(path.rows), math.nan),
        target=float(verdicts[at, "target"][..., level].mean()),
    )


def _numbers(traveller: Traveller, groups: Groups, attribute: Attribute) -> Integers:
    return groups.groupings[attribute.grouping].numbers[traveller.streamed.rows]


def called(probability: Floats) -> Integers:
    """The most probable group; `BROKEN` for a code that is not finite."""
    whole = np.asarray(np.isfinite(probability).all(axis=-1))
    return np.where(whole, np.where(whole[..., None], probability, 0.0).argmax(axis=-1), BROKEN).astype(np.int64)
