"""Scalars of the traversals, each with unit, interval over anchors and definition."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.traversal.estimate import Estimate, counted, over_anchors
from vae_analyze.analyzers.traversal.measured import BESIDE, JUMP
from vae_analyze.findings import Scalar

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured

Mask = NDArray[np.bool_]
_UNIT = "data unit per latent unit"
_NOT_FINITE = "a decoded value is not finite"
_VISIBLE = (
    f"one feature of the output that changes by 1/255 of the data's range and by {100 * BESIDE:.0f} % of what the mean "
    "active dimension changes one, or more, mean over anchors"
)


@final
@dataclass(frozen=True, slots=True)
class Definition:
    """What a number is: unit, a sentence, and whether a summary shows it."""

    unit: str
    text: str
    headline: bool = False


_MEANS = {
    "movement_live": (
        "per_unit",
        Definition(
            _UNIT,
            "root mean square change of the output along a traversal over the way of z, mean over active dimensions",
            headline=True,
        ),
    ),
    "movement_dead": (
        "per_unit",
        Definition(_UNIT, "the same, mean over dead dimensions; 0 where the decoder ignores them", headline=True),
    ),
    "step_mse_live": (
        "step_mse",
        Definition("data unit²", "squared difference of neighbouring frames, mean over active dimensions"),
    ),
    "step_dssim_live": (
        "step_dssim",
        Definition("1", "1 - SSIM of neighbouring frames, mean over active dimensions"),
    ),
    "monotonicity": (
        "monotonicity",
        Definition(
            "1",
            "Spearman correlation of frame number and distance to the first frame, mean over active dimensions that "
            "move the output; 1: what has changed does not change back",
            headline=True,
        ),
    ),
    "straightness": (
        "straightness",
        Definition(
            "1",
            "distance of the end frames over the length of the path, mean over active dimensions that move the "
            "output; 1: a straight line in data space",
            headline=True,
        ),
    ),
    "unevenness": (
        "unevenness",
        Definition(
            "1",
            "speed of the fastest step over the mean speed, mean over active dimensions that move the output; 1: as "
            "fast everywhere",
            headline=True,
        ),
    ),
}


def scalars(measured: Measured) -> tuple[Scalar, ...]:
    """Means over dimensions, counts of dimensions, and what they follow."""
    return (*_means(measured), *_counts(measured), *_where(measured))


def _means(measured: Measured) -> list[Scalar]:
    made = []
    for name, (field, definition) in _MEANS.items():
        if name == "movement_dead" and not measured.gathered.deterministic and not measured.activity.dead.any():
            continue  # no dimension is dead: there is nothing to measure, and nothing to doubt
        of, missing = _which(measured, name)
        values = getattr(measured.moved, field)[:, of]
        m = len(measured.chosen.measured)
        if not of.any():
            made.append(
                _undefined(
                    name, replace(definition, headline=definition.headline and name != "movement_dead"), m, missing
                )
            )
            continue
        defined = np.isfinite(values)
        means = np.where(defined, values, 0).sum(axis=1) / np.where(defined.any(axis=1), defined.sum(axis=1), np.nan)
        found = over_anchors(measured.chosen.measured.index, means[:, None], seed=measured.gathered.context.seed)[0]
        made.append(_scalar(name, found, definition, reason=_why(name, measured)))
    return made


def _which(measured: Measured, name: str) -> tuple[Mask, str]:
    """Over which dimensions a mean is taken, and what to say where there are none."""
    if name == "movement_dead":
        dead = int(measured.activity.dead.sum())
        some = f"none of the {dead} dead dimensions is among the {len(measured)} traversed"
        none = "the model is deterministic: without a posterior no dimension is called dead"
        return measured.dead, some if dead else none
    if field_of(name) in ("monotonicity", "straightness", "unevenness"):
        return measured.active & measured.moves, "no active dimension moves the output"
    return measured.active, "no dimension is active"


def field_of(name: str) -> str:
    """Which measurement a scalar is the mean of."""
    return _MEANS[name][0]


def _why(name: str, measured: Measured) -> str:
    if name == "step_dssim_live" and len(measured.gathered.context.data.input_shape) != 3:
        return "the data are not images"
    if name == "step_dssim_live":
        return "the pictures are smaller than the smallest window, or a decoded value is not finite"
    return f"{_NOT_FINITE}, or the values of z do not differ"


def _counts(measured: Measured) -> list[Scalar]:
    index, seed = measured.chosen.measured.index, measured.gathered.context.seed
    swing, threshold = measured.moved.swing, measured.visible
    made = []
    for name, of, moving, headline in (
        ("live_dimensions_that_move", measured.active, True, True),
        ("live_dimensions_that_do_not_move", measured.active, False, False),
        ("dead_dimensions_that_move", measured.dead, True, False),
    ):
        found = counted(index, swing[:, of], threshold, seed=seed)
        if not moving:
            total = int(of.sum())
            found = Estimate(total - found.value, total - found.high, total - found.low, found.se, found.n)
        state = "active" if "live" in name else "dead"
        verb = "with" if moving else "without"
        text = f"{state} dimensions, of those traversed, {verb} {_VISIBLE}"
        scalar = _scalar(name, found, Definition("dimensions", text, headline=headline), reason=_NOT_FINITE)
        lost = int((~np.isfinite(swing[:, of])).all(axis=0).sum())
        if lost and not scalar.reason:
            words = "dimension is" if lost == 1 else "dimensions are"
            scalar = replace(scalar, status="warning", reason=f"{lost} {words} not counted: {_NOT_FINITE}")
        made.append(scalar)
    jumps = sum(measured.jump(k) is not None for k in range(len(measured)))
    text = f"dimensions that move the output and whose fastest step is {JUMP:g} times as fast as the mean or more"
    whole = Estimate(float(jumps), math.nan, math.nan, math.nan, len(index))
    made.append(_scalar("dimensions_that_jump", whole, Definition("dimensions", text), reason="a count: no interval"))
    return made


def _where(measured: Measured) -> list[Scalar]:
    of = np.flatnonzero(measured.active & measured.moves)
    share = [measured.heat.share(int(k)) for k in of]
    text = "participation ratio of squared derivatives over the number of places, mean over active dimensions that move"
    definition = Definition("1", text)
    m = len(measured.chosen.measured)
    made = [_mean("pixel_share", share, m, definition, "no active dimension moves the output", of="anchors")]
    text = (
        "share of a code's variance that the label or factor it follows most explains (epsilon squared, corrected for "
        "chance), mean over active dimensions"
    )
    followed = [measured.followed.best(int(k))[1] for k in np.flatnonzero(measured.active)]
    missing = "no dimension is active" if measured.followed.names else "the data have no labels or factors that vary"
    followed = followed if measured.followed.names else []
    definition = Definition("1", text, headline=True)
    made.append(_mean("followed_share", followed, measured.followed.n, definition, missing, of="samples"))
    return made


def _mean(name: str, values: list[float], n: int, definition: Definition, missing: str, *, of: str) -> Scalar:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return _undefined(name, definition, n, missing if not values else "too few samples, or derivatives that vanish")
    found = Estimate(sum(finite) / len(finite), math.nan, math.nan, math.nan, n)
    return _scalar(name, found, definition, reason=f"it is made of all {of} together: no interval")


def _scalar(name: str, found: Estimate, definition: Definition, *, reason: str) -> Scalar:
    known = math.isfinite(found.value)
    return Scalar(
        name=name,
        value=found.value,
        unit=definition.unit,
        direction="none",
        n=found.n,
        low=found.low,
        high=found.high,
        se=found.se,
        reason=reason if not known or (not math.isfinite(found.low) and "interval" in reason) else "",
        definition=definition.text,
        headline=definition.headline,
    )


def _undefined(name: str, definition: Definition, n: int, reason: str) -> Scalar:
    return Scalar(
        name=name,
        value=math.nan,
        unit=definition.unit,
        direction="none",
        n=n,
        reason=reason,
        definition=definition.text,
        headline=definition.headline,
    )
