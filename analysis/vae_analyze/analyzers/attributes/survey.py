"""Everything that is known of the attributes before it is put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.activity import ACTIVE
from vae_analyze.analyzers.attributes.arithmetic import Shift, shifts
from vae_analyze.analyzers.attributes.groups import LEAST, Attribute, Groups, groups_of
from vae_analyze.analyzers.attributes.moved import Traveller
from vae_analyze.analyzers.attributes.probes import Separability, seen_by_probes, separability
from vae_analyze.analyzers.attributes.streamed import Streamed, streamed
from vae_analyze.analyzers.attributes.vectors import Vector, cosine, vector_of
from vae_analyze.metrics.probe import linear_probe, majority

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.gathered import Gathered
    from vae_analyze.analyzers.base import Context

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measured:
    """One attribute and what was found of it.

    Args:
        attribute: Which.
        vector: The difference of the mean codes.
        separability: By a linear probe.
        shift: By moving samples along the vector.
    """

    attribute: Attribute
    vector: Vector
    separability: Separability
    shift: Shift

    @property
    def name(self) -> str:
        """Of the attribute."""
        return self.attribute.name

    @property
    def said(self) -> str:
        """The same within a sentence: a class may be called 2."""
        return f"'{self.name}'"


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Told:
    """How well one probe tells all groups of a grouping apart.

    Args:
        name: Of the grouping.
        grouping: Its number.
        groups: How many groups it has.
        correct: Whether each held-out sample was told rightly, ``(m,)``.
        chance: Accuracy of always saying what is most frequent in the other folds.
    """

    name: str
    grouping: int
    groups: int
    correct: NDArray[np.bool_]
    chance: float


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Survey:
    """All attributes.

    Args:
        gathered: Options and context.
        groups: What the samples are.
        traveller: The model and the codes in memory.
        known: Attributes of which something was found.
        unknown: Why nothing was found of the others, by name.
        told: One per grouping of more than two groups that one probe tells apart.
        alphas: How far samples were moved.
    """

    gathered: Gathered
    groups: Groups
    traveller: Traveller
    known: tuple[Measured, ...]
    unknown: Mapping[str, str]
    told: tuple[Told, ...]
    alphas: Floats

    @property
    def context(self) -> Context:
        """The model and the data."""
        context: Context = self.gathered.context
        return context

    @property
    def streamed(self) -> Streamed:
        """What is kept of the table of codes."""
        return self.traveller.streamed

    @property
    def collapsed(self) -> bool:
        """Whether no dimension of the code follows the data."""
        return not bool((self.streamed.whole.variance() > ACTIVE).any())

    def cosines(self) -> Floats:
        """Cosines between the vectors of `known`, ``(k, k)``; NaN for a vector of no length."""
        vectors = [one.vector.value for one in self.known]
        return np.array([[cosine(one, other) for other in vectors] for one in vectors]).reshape(
            len(vectors), len(vectors)
        )


def survey(gathered: Gathered) -> Survey:
    """Look at everything once."""
    options, context = gathered.options, gathered.context
    labels, values, data = context.codes.labels(), context.codes.factors(), context.data
    groups = groups_of(labels, data.label_names or (), values, data.factors or (), most=options.attributes)
    given = labels if context.card.conditional else None
    kept = streamed(context.codes, groups, given, probed=options.probed, seed=context.seed)
    traveller = Traveller(context=context, streamed=kept, seen=seen_by_probes(kept))
    alphas = np.linspace(0, 1, options.steps)
    reasons = [_reason(one, kept, groups) for one in groups.attributes]
    vectors = {
        at: vector_of(one, kept, _present(one, kept, groups))
        for at, one in enumerate(groups.attributes)
        if not reasons[at]
    }
    found = shifts(traveller, groups, vectors, most=options.moved, alphas=alphas, seed=context.seed)
    told = tuple(_told(groups, kept, kept.codes[:, traveller.seen]))
    return Survey(
        gathered=gathered,
        groups=groups,
        traveller=traveller,
        known=tuple(_measured(groups, traveller, at, vector, found[at]) for at, vector in vectors.items()),
        unknown={one.name: reasons[at] for at, one in enumerate(groups.attributes) if reasons[at]},
        told=told,
        alphas=alphas,
    )


def _measured(groups: Groups, traveller: Traveller, at: int, vector: Vector, shift: Shift) -> Measured:
    attribute, kept = groups.attributes[at], traveller.streamed
    present = _present(attribute, kept, groups)
    found = separability(kept.codes[:, traveller.seen], present, kept.fold(attribute.grouping))
    return Measured(attribute=attribute, vector=vector, separability=found, shift=shift)


def _present(attribute: Attribute, kept: Streamed, groups: Groups) -> NDArray[np.bool_]:
    return np.asarray(groups.groupings[attribute.grouping].numbers[kept.rows] == attribute.level)


def _reason(attribute: Attribute, kept: Streamed, groups: Groups) -> str:
    if attribute.reason:
        return attribute.reason
    present = _present(attribute, kept, groups)
    for count, what in ((int(present.sum()), "have it"), (int((~present).sum()), "do not have it")):
        if count < LEAST:
            return f"only {count} of the {len(present)} samples given to the probe {what}; {LEAST} are needed"
    return ""


def _told(groups: Groups, kept: Streamed, seen: Floats) -> list[Told]:
    found = []
    for at, grouping in enumerate(groups.groupings):
        if not (grouping.one_against_rest and grouping.judged_together):
            continue
        numbers, folds = grouping.numbers[kept.rows], kept.fold(at)
        probed = linear_probe(seen, numbers, folds)
        found.append(
            Told(
                name=grouping.name,
                grouping=at,
                groups=len(grouping.levels),
                correct=probed.predicted == numbers,
                chance=float((majority(numbers, folds) == numbers).mean()),
            )
        )
    return found
