"""Sentences made from the numbers of interpolation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.interpolation.journey import LINEAR, PIXEL, SPHERICAL
from vae_analyze.analyzers.interpolation.measures import JUMP, holes, jumps
from vae_analyze.analyzers.interpolation.pairs import DIFFERENT, NEAREST, RANDOM, SAME
from vae_analyze.analyzers.interpolation.scalars import MEAN
from vae_analyze.analyzers.interpolation.tables import jumping
from vae_analyze.analyzers.interpolation.warnings import uninformative
from vae_analyze.analyzers.words import listed

if TYPE_CHECKING:
    from vae_analyze.analyzers.interpolation.findings import Travels
    from vae_analyze.findings import Findings, Scalar

_PHRASE = {RANDOM: "two random samples", SAME: "two samples of one class", NEAREST: "two neighbours"}


def readings(travels: Travels, found: Findings) -> tuple[str, ...]:
    """What a reader should remember, most important first."""
    lead = travels.leading
    if not lead.paths:
        return (f"There is no path to follow: {lead.pairs.reason}.",)
    reference = travels.setting.reference
    if reference.alike:
        return (
            "All samples are reconstructed alike: there is nothing between them to look at. Reconstructions differ by "
            f"{reference.varied / reference.spread:.2g} of how much the data do.",
        )
    made = [_halfway(travels, found), _back(travels, found), _smooth(travels, found), _jumps(travels), _holes(travels),
            _kinds(travels, found), _spherical(travels, found)]  # fmt: skip
    ours, average = _of(found, travels, "midpoint_distance", LINEAR), found.scalar("yardstick_distance", of=MEAN)
    if uninformative(ours, average):
        made[0], made[1] = made[1], made[0]
    return tuple(sentence for sentence in made if sentence)


def _of(found: Findings, travels: Travels, name: str, path: str) -> Scalar:
    return found.scalar(name, path=path, pairs=travels.leading.pairs.kind)


def _halfway(travels: Travels, found: Findings) -> str:
    lead = travels.leading.pairs.kind
    ours, blend = (_of(found, travels, "midpoint_distance", path) for path in (LINEAR, PIXEL))
    average = found.scalar("yardstick_distance", of=MEAN)
    apart = found.scalar("midpoint_distance_difference", paths="linear - pixel", pairs=lead)
    if not all(math.isfinite(one.value) for one in (ours, blend, average, apart)):
        return ""
    said = (
        f"Half way between {_PHRASE[lead]} the decoder's output is {ours.value:.2f}{_between(ours)} times as far from "
        f"the nearest real sample as a reconstruction is; the {_blend(travels)} is at {blend.value:.2f}, the mean of "
        f"the data at {average.value:.2f}"
    )
    if uninformative(ours, average):
        return f"{said}: no nearer than blurring alone achieves, so that this says nothing of the paths."
    if math.isfinite(apart.low):
        said += f". {_verdict(apart)}"
    return f"{said}."


def _verdict(apart: Scalar) -> str:
    size = f"by {_size(apart)}"
    if apart.high < 0:
        return f"The latent path stays closer to data than the blend, {size}"
    if apart.low > 0:
        return f"The latent path strays farther from data than the blend, {size}"
    return f"The latent path is no closer to data than the blend: the difference is {apart.value:.2g}{_between(apart)}"


def _smooth(travels: Travels, found: Findings) -> str:
    length, ssim = _of(found, travels, "path_length", LINEAR), _of(found, travels, "smoothness", LINEAR)
    if not math.isfinite(length.value):
        return "The ends of the paths decode to the same point: there is no way between them to be smooth or not."
    said = f"The decoded linear path is {length.value:.2f}{_between(length)} times as long as the line between its ends"
    if math.isfinite(ssim.value):
        least, blend = (_of(found, travels, "least_neighbour_ssim", path) for path in (LINEAR, PIXEL))
        said += (
            f"; neighbouring points have an SSIM of {ssim.value:.2f} on average and {least.value:.2f} at the least "
            f"(along the {_blend(travels)} {_of(found, travels, 'smoothness', PIXEL).value:.2f} and {blend.value:.2f})"
        )
    return f"{said}."


def _blend(travels: Travels) -> str:
    return "pixel blend" if len(travels.setting.context.data.input_shape) == 3 else "blend of the data"


def _jumps(travels: Travels) -> str:
    lead = travels.leading
    walked, at = lead.paths[LINEAR], jumping(lead)
    known = jumps(walked)
    known = known[np.isfinite(known)]
    if at < 0 or not len(known):
        return ""
    ends = travels.setting.codes.index[[lead.pairs.first[at], lead.pairs.second[at]]]
    count = int(known.sum())
    how_many = f"{count or 'None'} of {len(known)} linear paths between {_plural(lead.pairs.kind)}"
    verb = "jump" if count > 1 else "jumps"
    return (
        f"{how_many} {verb} (a step more than {JUMP:g} times the mean); the largest step, {walked.jump[at]:.1f} times "
        f"the mean, is at alpha {walked.place[at]:.2f} between samples {ends[0]} and {ends[1]}."
    )


def _holes(travels: Travels) -> str:
    lead, reference = travels.leading, travels.setting.reference
    counts = {}
    for path in (LINEAR, PIXEL):
        known = holes(lead.paths[path], reference)
        known = known[np.isfinite(known)]
        if not len(known):
            return ""
        counts[path] = f"{int(known.sum())} of {len(known)}"
    return (
        f"{counts[LINEAR]} linear paths go through a hole, a point farther from data than 99 % of reconstructions; "
        f"of the {_blend(travels)}s {counts[PIXEL]} do."
    )


def _back(travels: Travels, found: Findings) -> str:
    ratio, blend = (_of(found, travels, "round_trip_ratio", path) for path in (LINEAR, PIXEL))
    drift, rate = (_of(found, travels, name, LINEAR) for name in ("code_drift", "rate_difference"))
    parts = []
    if math.isfinite(ratio.value) and math.isfinite(blend.value):
        parts.append(
            f"comes back with {ratio.value:.2f}{_between(ratio)} times the squared error of the reconstructions at the "
            f"ends (the {_blend(travels)} with {blend.value:.2f}{_between(blend)})"
        )
    if math.isfinite(drift.value):
        parts.append(f"lands {drift.value:.2f} of the ends' distance from where it was decoded")
    if math.isfinite(rate.value):
        where = "nearer to the prior than" if rate.value < 0 else "farther from the prior than"
        parts.append(f"has a posterior {_size(rate)} nats {where} theirs")
    return f"Encoded and decoded again, the midpoint {listed(parts)}." if parts else ""


def _size(scalar: Scalar) -> str:
    """A difference without its sign, and its interval likewise."""
    if scalar.value >= 0:
        return f"{scalar.value:.2f}{_between(scalar)}"
    around = f" [{-scalar.high:.2f}, {-scalar.low:.2f}]" if math.isfinite(scalar.low) else ""
    return f"{-scalar.value:.2f}{around}"


def _kinds(travels: Travels, found: Findings) -> str:
    values = {
        kind.pairs.kind: found.scalar("midpoint_distance", path=LINEAR, pairs=kind.pairs.kind)
        for kind in travels.kinds
        if kind.paths
    }
    others = {kind: one for kind, one in values.items() if kind != travels.leading.pairs.kind}
    said = [
        f"at {one.value:.2f}{_between(one)} between {_plural(kind)}"
        for kind, one in others.items()
        if math.isfinite(one.value)
    ]
    return f"By the distance to data, midpoints are {listed(said)}." if said else ""


def _spherical(travels: Travels, found: Findings) -> str:
    lead = travels.leading
    if lead.straightened == len(lead.pairs):
        return "Spherical paths are the linear ones: no two codes span a plane with the origin."
    apart = found.scalar("midpoint_distance_difference", paths=f"{SPHERICAL} - {LINEAR}", pairs=lead.pairs.kind)
    if not math.isfinite(apart.low):
        return ""
    which = "closer to" if apart.high < 0 else "farther from" if apart.low > 0 else ""
    if not which:
        return f"Spherical paths are as close to data as linear ones (difference {apart.value:.2g}{_between(apart)})."
    return f"Spherical paths lie {which} data than linear ones, by {_size(apart)} half way."


def _plural(kind: str) -> str:
    return {RANDOM: "random samples", NEAREST: "neighbours", SAME: "samples of one class",
            DIFFERENT: "samples of different classes"}[kind]  # fmt: skip


def _between(scalar: Scalar) -> str:
    return f" [{scalar.low:.2f}, {scalar.high:.2f}]" if math.isfinite(scalar.low) else ""
