"""Which attributes there are: classes, levels of categorical factors, and halves of ordered ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vae_analyze.data.dataset import Factor

Integers = NDArray[np.int64]
LABELS = "label"
_ONE = {"have it": "has it", "do not have it": "does not have it"}
LEAST = 5  # samples on either side, below which nothing is said
MOST_LEVELS = 20  # of a categorical factor, beyond which it is left out
MOST_JUDGED = 50  # classes that one probe tells apart


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Grouping:
    """One way in which samples fall into groups.

    Args:
        name: "label", or the factor's name.
        levels: Names of its groups, such as ``("square", "ellipse")`` or ``("scale ≤ 0.7", "scale > 0.7")``.
        names: The attribute that each group is, called so that it is understood alone.
        numbers: Group of each sample in the order of the codes, ``(n,)``.
    """

    name: str
    levels: tuple[str, ...]
    names: tuple[str, ...]
    numbers: Integers

    @property
    def judged_together(self) -> bool:
        """Whether one probe tells all of its groups apart."""
        return 2 <= len(self.levels) <= MOST_JUDGED

    @property
    def one_against_rest(self) -> bool:
        """Whether its attributes are each group against all others."""
        return len(self.levels) > 2


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Attribute:
    """Samples that have something, and samples that do not.

    Args:
        name: What they have.
        grouping: Number of the grouping it belongs to.
        level: Number of the group within it that has it.
        present: How many samples have it.
        absent: How many do not.
    """

    name: str
    grouping: int
    level: int
    present: int
    absent: int

    @property
    def reason(self) -> str:
        """Why nothing can be said; "" if something can."""
        for count, what in ((self.present, "have it"), (self.absent, "do not have it")):
            if count < LEAST:
                has = f"sample {_ONE[what]}" if count == 1 else f"samples {what}"
                return f"only {count} {has}; at least {LEAST} are needed on either side"
        return ""


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Groups:
    """All groupings of the data and the attributes that are looked at.

    Args:
        groupings: From labels and factors.
        attributes: In the order of the groupings.
        notes: What was left out, in sentences.
    """

    groupings: tuple[Grouping, ...]
    attributes: tuple[Attribute, ...]
    notes: tuple[str, ...]


def groups_of(
    labels: Integers | None,
    label_names: Sequence[str],
    values: NDArray[np.float64] | None,
    factors: Sequence[Factor],
    *,
    most: int,
) -> Groups:
    """Groupings and attributes of the analysed samples.

    Args:
        labels: Class numbers, ``(n,)``, or None.
        label_names: Names of the classes.
        values: Factor values, ``(n, k)``, or None.
        factors: The k factors.
        most: Attributes at most.
    """
    notes: list[str] = []
    found: list[Grouping] = []
    for column, factor in zip(() if values is None else values.T, factors, strict=False):
        grouping, note = _of_factor(factor, column)
        found += [] if grouping is None else [grouping]
        notes += [note] if note else []
    if labels is not None:
        classes = _of_labels(labels, label_names)
        same = next((one for one in found if _same(one.numbers, classes.numbers)), None)
        if same is None:
            found.insert(0, classes)
        else:
            notes.append(f"The labels are the factor {same.name}: they are looked at once.")
    attributes = _apart([one for at, grouping in enumerate(found) for one in _attributes(at, grouping)], found)
    chosen, left = _largest(attributes, most)
    if left:
        notes.append(
            f"{len(left)} of {len(attributes)} attributes are left out, those with the fewest samples on their smaller "
            f"side: {_some([one.name for one in left])}."
        )
    return Groups(groupings=tuple(found), attributes=tuple(chosen), notes=tuple(notes))


def _of_labels(labels: Integers, names: Sequence[str]) -> Grouping:
    present, numbers = np.unique(labels, return_inverse=True)
    said = tuple(names[k] if 0 <= k < len(names) else str(k) for k in present.tolist())
    return Grouping(name=LABELS, levels=said, names=said, numbers=numbers.reshape(-1).astype(np.int64))


def _of_factor(factor: Factor, column: NDArray[np.float64]) -> tuple[Grouping | None, str]:
    levels = factor.levels
    if len(levels) < 2:
        return None, f"{factor.name} takes one value and is left out."
    if len(levels) > 2 and factor.kind != "categorical":
        cut = float(levels[(len(levels) - 1) // 2])
        sides = (f"{factor.name} ≤ {cut:.3g}", f"{factor.name} > {cut:.3g}")
        return Grouping(name=factor.name, levels=sides, names=sides, numbers=(column > cut).astype(np.int64)), ""
    if len(levels) > MOST_LEVELS:
        return None, f"{factor.name} has {len(levels)} levels, more than {MOST_LEVELS}, and is left out."
    present, numbers = np.unique(column, return_inverse=True)
    words = [_word(factor, float(value)) for value in present]
    said = tuple(f"{factor.name} = {word}" for word in words)
    # A yes-or-no factor is called by its name: "smiling", not "smiling = 1".
    yes = len(levels) == 2 and not factor.level_names and float(levels[1]) == 1 and float(levels[0]) in (0.0, -1.0)
    names = tuple(factor.name if yes and value == 1 else word for word, value in zip(said, present, strict=True))
    return Grouping(
        name=factor.name, levels=tuple(words), names=names, numbers=numbers.reshape(-1).astype(np.int64)
    ), ""


def _word(factor: Factor, value: float) -> str:
    at = int(np.searchsorted(factor.levels, value))
    return factor.level_names[at] if at < len(factor.level_names) else f"{value:.3g}"


def _same(some: Integers, others: Integers) -> bool:
    """Whether two groupings differ in the names of their groups only."""
    pairs = np.unique(np.stack([some, others]), axis=1).shape[1]
    return bool(pairs == len(np.unique(some)) == len(np.unique(others)))


def _attributes(at: int, grouping: Grouping) -> list[Attribute]:
    n = len(grouping.numbers)
    counts = np.bincount(grouping.numbers, minlength=len(grouping.levels))
    # Of two groups one is the lack of the other.
    of = range(1, 2) if len(grouping.levels) == 2 else range(len(grouping.levels))
    return [
        Attribute(
            name=grouping.names[k], grouping=at, level=k, present=int(counts[k]), absent=n - int(counts[k])
        )
        for k in of
    ]  # fmt: skip


def _apart(attributes: list[Attribute], groupings: list[Grouping]) -> list[Attribute]:
    """With names that are all different."""
    taken = [one.name for one in attributes]
    return [
        one
        if taken.count(one.name) == 1
        else Attribute(
            name=f"{groupings[one.grouping].name} {one.name}",
            grouping=one.grouping,
            level=one.level,
            present=one.present,
            absent=one.absent,
        )
        for one in attributes
    ]


def _largest(attributes: list[Attribute], most: int) -> tuple[list[Attribute], list[Attribute]]:
    ranked = sorted(range(len(attributes)), key=lambda at: -min(attributes[at].present, attributes[at].absent))
    kept = set(ranked[:most])
    return (
        [one for at, one in enumerate(attributes) if at in kept],
        [one for at, one in enumerate(attributes) if at not in kept],
    )


def _some(words: list[str]) -> str:
    return ", ".join(words[:6]) + (f" and {len(words) - 6} more" if len(words) > 6 else "")
