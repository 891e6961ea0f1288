"""From pairs and paths to scalars with intervals, tables, figures and sentences."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

from vae_analyze.analyzers.interpolation.codes import codes_of
from vae_analyze.analyzers.interpolation.figures import figures
from vae_analyze.analyzers.interpolation.gallery import galleries
from vae_analyze.analyzers.interpolation.journey import Setting
from vae_analyze.analyzers.interpolation.measures import Scale, scale_of
from vae_analyze.analyzers.interpolation.pairs import RANDOM, kinds_of, pairs_of
from vae_analyze.analyzers.interpolation.readings import readings
from vae_analyze.analyzers.interpolation.reference import reference_of
from vae_analyze.analyzers.interpolation.scalars import scalars
from vae_analyze.analyzers.interpolation.tables import paths_table, worst_table
from vae_analyze.analyzers.interpolation.walked import Kind, walk
from vae_analyze.analyzers.interpolation.warnings import warnings
from vae_analyze.analyzers.spanned import spanned
from vae_analyze.findings import Findings
from vae_analyze.metrics import Principal

if TYPE_CHECKING:
    from vae_analyze.analyzers.interpolation.gathered import Gathered
    from vae_analyze.analyzers.interpolation.question import Interpolation


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Travels:
    """Everything that is known of the paths before it is put into words.

    Args:
        options: Of the analyzer.
        setting: What all paths have in common.
        scale: What numbers are set against.
        kinds: The pairs and their paths.
    """

    options: Interpolation
    setting: Setting
    scale: Scale
    kinds: tuple[Kind, ...]

    @property
    def leading(self) -> Kind:
        """The kind that headlines and sentences are about: random pairs where there are any."""
        return next((kind for kind in self.kinds if kind.pairs.kind == RANDOM), self.kinds[0])


def findings(gathered: Gathered) -> Findings:
    """Everything that `interpolation` reports."""
    travels = _travels(gathered)
    found = Findings(
        scalars=scalars(travels),
        tables=(
            spanned(paths_table(travels), "midpoint_distance", "the distance of midpoints to data", "path", "pairs"),
            spanned(worst_table(travels), "largest_jump", "the largest jump of a path", "first", "second"),
        ),
        figures=(*galleries(travels), *figures(travels)),
    )
    return replace(found, readings=readings(travels, found), warnings=warnings(travels, found))


def _travels(gathered: Gathered) -> Travels:
    options, context = gathered.options, gathered.context
    codes = codes_of(context)
    reference = reference_of(context, codes, options.reference)
    setting = Setting(
        context=context,
        codes=codes,
        reference=reference,
        principal=Principal.fit(reference.x, int(codes.mean.shape[1])),
        steps=options.steps,
        binary=context.card.likelihood == "bernoulli",
    )
    kinds = kinds_of(labelled=codes.labels is not None, conditional=context.card.conditional)
    drawn = (pairs_of(kind, codes.mean, codes.labels, options.pairs, context) for kind in kinds)
    return Travels(
        options=options,
        setting=setting,
        scale=scale_of(reference, context.seed),
        kinds=tuple(walk(setting, pairs) for pairs in drawn),
    )
