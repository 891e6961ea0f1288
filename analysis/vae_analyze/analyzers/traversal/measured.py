"""Everything that is known of the dimensions before it is put into words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.traversal.anchors import Chosen, choose
from vae_analyze.analyzers.traversal.estimate import Estimate, over_anchors
from vae_analyze.analyzers.traversal.follows import Followed, followed_of
from vae_analyze.analyzers.traversal.heat import Heat, heat_of
from vae_analyze.analyzers.traversal.movement import Movement, movement_of, scale_of
from vae_analyze.analyzers.traversal.strips import decoded
from vae_analyze.analyzers.traversal.values import values_of

if TYPE_CHECKING:
    from vae_analyze.analyzers.activity import Activity
    from vae_analyze.analyzers.traversal.gathered import Gathered

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
GREY_LEVEL = 1 / 255  # of the data's scale: a dimension with which no pixel changes by more moves nothing one could see
BESIDE = 0.1  # of the mean active dimension's swing (without one, of the data's scale): likewise, beside the others
JUMP = 3.0  # times its mean speed: a step so fast is a jump
_ESTIMATED = ("swing", "per_unit", "step_mse", "step_dssim", "monotonicity", "straightness", "unevenness")


@final
@dataclass(frozen=True, slots=True)
class Jump:
    """Where a dimension jumps: from and to which value of z, how fast, and at how many of the anchors just there."""

    start: float
    end: float
    ratio: float
    anchors: int


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Measured:
    """Of the traversed dimensions, by falling KL; ``k`` numbers them, ``dimensions[k]`` is the latent dimension.

    Args:
        gathered: Per sample and moments.
        activity: Of all dimensions.
        chosen: The anchors.
        dimensions: ``(d,)``.
        values: That each takes, ``(d, steps)``.
        scale: Size of the data, `movement.scale_of`.
        moved: At the measured anchors.
        centre: At the prior mean.
        estimates: Means of `moved` over anchors by field, one per dimension.
        heat: Derivatives.
        followed: Labels and factors.
    """

    gathered: Gathered
    activity: Activity
    chosen: Chosen
    dimensions: NDArray[np.int64]
    values: Floats
    scale: float
    moved: Movement
    centre: Movement
    estimates: dict[str, list[Estimate]]
    heat: Heat
    followed: Followed

    def __len__(self) -> int:
        return len(self.dimensions)

    @property
    def options(self) -> Any:
        """Of the analyzer."""
        return self.gathered.options

    @property
    def active(self) -> Mask:
        """Whether the code moves with the data, ``(d,)``."""
        return self.activity.active[self.dimensions]

    @property
    def dead(self) -> Mask:
        """Whether the posterior is the prior, ``(d,)``."""
        return self.activity.dead[self.dimensions]

    @property
    def visible(self) -> float:
        """The smallest swing, on average over anchors, that is called a movement, in data units."""
        live = [one.value for one, active in zip(self.estimates["swing"], self.active, strict=True) if active]
        finite = [swing for swing in live if math.isfinite(swing)]
        return max(GREY_LEVEL * self.scale, BESIDE * (float(np.mean(finite)) if finite else self.scale))

    @property
    def moves(self) -> Mask:
        """Whether the output moves with a dimension, ``(d,)``: see `visible`."""
        threshold = self.visible
        return np.array([one.value >= threshold for one in self.estimates["swing"]])

    @property
    def still(self) -> Mask:
        """Whether the output does not move with a dimension; neither this nor `moves` where that is not known."""
        known = [math.isfinite(one.value) for one in self.estimates["swing"]]
        return np.asarray(~self.moves & np.array(known))

    @property
    def drawn(self) -> list[int]:
        """Dimensions worth a strip: dead ones that move nothing are not."""
        return [int(k) for k in np.flatnonzero(~self.dead | ~self.still)]

    @property
    def by_movement(self) -> list[int]:
        """Dimensions that move the output, most first."""
        movement = np.array([one.value for one in self.estimates["per_unit"]])
        return [int(k) for k in np.argsort(-np.nan_to_num(movement), kind="stable") if self.moves[k]]

    @property
    def falling(self) -> str:
        """What dimensions are ordered by."""
        return "variance of the code" if self.gathered.deterministic else "KL"

    def name(self, k: int) -> str:
        """As people write it: "z4"."""
        return f"z{self.dimensions[k]}"

    def label(self, k: int) -> str:
        """Name and what it carries: "z4 · 3.1 nat"."""
        j = self.dimensions[k]
        if self.gathered.deterministic:
            return f"{self.name(k)} · variance {self.activity.code_variance[j]:.2g}"
        kl = float(self.activity.kl[j])
        return f"{self.name(k)} · {kl:.1f} nat" if not kl < 1 else f"{self.name(k)} · {kl:.2g} nat"

    def jump(self, k: int) -> Jump | None:
        """The fastest step of a dimension that moves, if it is `JUMP` times as fast as the mean or more."""
        ratio = self.estimates["unevenness"][k].value
        if not (self.moves[k] and ratio >= JUMP):
            return None
        speeds = self.moved.speeds[:, k]
        fastest = np.nan_to_num(speeds[np.isfinite(speeds).any(axis=1)]).argmax(axis=1)
        counts = np.bincount(fastest)
        at = int(counts.argmax())
        return Jump(float(self.values[k, at]), float(self.values[k, at + 1]), ratio, int(counts[at]))


def measured_of(gathered: Gathered) -> Measured:
    """Choose anchors, decode traversals, take derivatives, and hold codes against labels and factors."""
    options, context = gathered.options, gathered.context
    activity = gathered.activity.finish()
    dimensions = activity.order[: options.dimensions].astype(np.int64)
    chosen = choose(gathered)
    values = values_of(
        dimensions,
        steps=options.steps,
        extent=options.extent,
        spacing=options.spacing,
        codes=context.codes,
        deterministic=gathered.deterministic,
    )
    measured = chosen.measured
    scale = scale_of(decoded(context, measured.codes, measured.labels), context.data.value_range)
    moved = movement_of(context, measured, dimensions, values, scale=scale)
    means = np.nan_to_num(gathered.activity.means.mean[dimensions])
    return Measured(
        gathered=gathered,
        activity=activity,
        chosen=chosen,
        dimensions=dimensions,
        values=values,
        scale=scale,
        moved=moved,
        centre=movement_of(context, chosen.centre, dimensions, values, scale=scale),
        estimates={name: over_anchors(measured.index, getattr(moved, name), seed=context.seed) for name in _ESTIMATED},
        heat=heat_of(context, measured, dimensions, scale=scale),
        followed=followed_of(context, dimensions, means),
    )


def largest(values: torch.Tensor) -> float:
    """The largest finite size; 0 where there is none."""
    finite = values[torch.isfinite(values)]
    return float(finite.abs().max()) if len(finite) else 0.0


def percent(share: float) -> str:
    """A share as people read it."""
    if not math.isfinite(share):
        return "an unknown share"
    return f"{100 * share:.0f} %" if share >= 0.01 else f"{100 * share:.1g} %"
