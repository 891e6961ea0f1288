"""What not to trust in the numbers of interpolation, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vae_analyze.analyzers.interpolation.journey import LINEAR
from vae_analyze.analyzers.interpolation.scalars import MEAN
from vae_analyze.stats.bootstrap import SMALLEST_N

if TYPE_CHECKING:
    from vae_analyze.analyzers.interpolation.findings import Travels
    from vae_analyze.findings import Findings, Scalar

_FEW_REAL = 500


def warnings(travels: Travels, found: Findings) -> tuple[str, ...]:
    """From what takes meaning away to what narrows it."""
    return (*_average(travels, found), *_size(travels), *_pairs(travels), *_model(travels))


def _average(travels: Travels, found: Findings) -> list[str]:
    """Whether nearness to data can be had by being average."""
    lead = travels.leading
    if not lead.paths or travels.setting.reference.alike:
        return []
    ours = found.scalar("midpoint_distance", path=LINEAR, pairs=lead.pairs.kind)
    average = found.scalar("yardstick_distance", of=MEAN)
    if not uninformative(ours, average):
        return []
    return [
        f"The mean of the data is itself {average.value:.2f} times as far from the nearest real sample as a "
        f"reconstruction is, no farther than midpoints ({ours.value:.2f}): blurring alone achieves that, and nearness "
        "to data says nothing for these paths. Look at the pictures, the holes, and the "
        "return of the midpoints."
    ]


def uninformative(ours: Scalar, average: Scalar) -> bool:
    """Whether midpoints are no nearer to data, beyond chance, than the mean of the data is."""
    most = ours.high if math.isfinite(ours.high) else ours.value
    return math.isfinite(most) and math.isfinite(average.value) and most >= average.value


def _size(travels: Travels) -> list[str]:
    said, reference, codes = [], travels.setting.reference, travels.setting.codes
    if len(reference) < _FEW_REAL:
        said.append(
            f"The nearest real sample is sought among only {len(reference)}: it is far from everything, also from "
            "reconstructions, so that only gross departures from the data show."
        )
    if len(reference) < reference.asked:
        said.append(f"Of samples this large only {len(reference)} of {reference.asked} fit into memory as reference.")
    elif len(reference) < len(codes):
        said.append(
            f"The nearest real sample is sought among {len(reference)} of {len(codes)} samples, evenly spread "
            "(--reference)."
        )
    if len(codes) + codes.broken < codes.total:
        said.append(f"Pairs are drawn from {len(codes)} of {codes.total} samples, evenly spread.")
    if codes.broken:
        said.append(f"{codes.broken} samples have codes that are not finite: no path starts or ends there.")
    return said


def _pairs(travels: Travels) -> list[str]:
    said = []
    asked = travels.options.pairs
    for kind in travels.kinds:
        few = len(kind.pairs)
        if few < asked:
            said.append(f"{few} of {asked} pairs ({kind.pairs.kind}): {kind.pairs.reason}.")
        if 0 < few < SMALLEST_N:
            said.append(f"{few} pairs ({kind.pairs.kind}) are too few for intervals.")
    return [*said, *_straightened(travels)]


def _straightened(travels: Travels) -> list[str]:
    straight = sum(kind.straightened for kind in travels.kinds)
    every = sum(len(kind.pairs) for kind in travels.kinds)
    if not 0 < straight < every:  # where all are, a reading says so
        return []
    return [f"{straight} of {every} spherical paths go straight: their codes span no plane with the origin."]


def _model(travels: Travels) -> list[str]:
    said = []
    context = travels.setting.context
    if context.card.conditional:
        said.append("The model needs a label: all pairs are of one class, and the path is decoded with it.")
    return said
