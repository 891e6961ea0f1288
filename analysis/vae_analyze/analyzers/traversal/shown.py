"""The traversals that are shown: from the prior mean and from some samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.analyzers.pixels import averaged_down
from vae_analyze.analyzers.traversal.anchors import NO_SAMPLE, Anchors
from vae_analyze.analyzers.traversal.strips import blocks, decoded, strips
from vae_analyze.analyzers.traversal.values import levels_of
from vae_analyze.metrics import mean_squared_difference
from vae_analyze.stats.moments import as_float64

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Strip:
    """One anchor and the traversals through it.

    Args:
        name: Of the anchor.
        note: Which sample it is, and its reconstruction error.
        own: The anchor's own values of the drawn dimensions, ``(k,)``.
        anchor: The decoded anchor, ``(*shape)``, averaged down if it is large.
        frames: Likewise, ``(k, steps, *shape)``.
        change: Squared difference of every frame to the decoded anchor, ``(k, steps)``, of whole pictures.
    """

    name: str
    note: str
    own: NDArray[np.float64]
    anchor: Tensor
    frames: Tensor
    change: NDArray[np.float64]

    def column_of_anchor(self, values: NDArray[np.float64]) -> int | None:
        """The frame at which every dimension has the anchor's own value, if there is one."""
        same = (np.abs(values - self.own[:, None]) < 1e-6).all(axis=0)
        return int(np.flatnonzero(same)[0]) if same.any() else None


def strips_of(measured: Measured) -> list[Strip]:
    """Traversals of the drawn dimensions from every shown anchor, the prior mean first."""
    chosen = measured.chosen
    found = [_strip(measured, chosen.centre, 0, _of_centre(measured))]
    for at, error in enumerate(chosen.errors):
        note = f"sample {chosen.shown.index[at]}, reconstructed with an MSE of {error:.3g}"
        found.append(_strip(measured, chosen.shown, at, note))
    return found


def _of_centre(measured: Measured) -> str:
    chosen = measured.chosen
    what = "all codes at zero" if not measured.gathered.deterministic else "the mean of all codes"
    return what if chosen.centre_label == NO_SAMPLE else f"{what}, with the label of sample {chosen.centre_label}"


def _strip(measured: Measured, anchors: Anchors, at: int, note: str) -> Strip:
    context, drawn = measured.gathered.context, np.array(measured.drawn)
    dimensions, values = measured.dimensions[drawn], measured.values[drawn]
    one = Anchors(
        names=anchors.names[at : at + 1],
        index=anchors.index[at : at + 1],
        codes=anchors.codes[at : at + 1],
        labels=None if anchors.labels is None else anchors.labels[at : at + 1],
    )
    anchor = decoded(context, one.codes, one.labels)
    frames, change = [], []
    for pairs in blocks(context, 1, len(dimensions), values.shape[1]):
        block = strips(context, one, pairs, dimensions, values).flatten(0, 1)
        difference = as_float64(mean_squared_difference(block, anchor.expand_as(block)))
        change.append(difference.reshape(len(pairs), -1))
        frames.append(_small(block).reshape(len(pairs), values.shape[1], *_small(block[:1]).shape[1:]))
    return Strip(
        name=anchors.names[at],
        note=note,
        own=one.codes[0].double().numpy()[dimensions],
        anchor=_small(anchor)[0],
        frames=torch.cat(frames),
        change=np.concatenate(change),
    )


def _small(images: Tensor) -> Tensor:
    """Float32 ``(n, ...)``; pictures averaged down, so that a strip of large ones stays small."""
    return averaged_down(images.float()) if images.ndim == 4 else images.float()


def column_names(measured: Measured) -> tuple[str, ...]:
    """What the frames of a strip are called: values of z, or the quantiles that they are."""
    options = measured.options
    if options.spacing == "posterior":
        return tuple(f"{100 * level:.3g} %" for level in levels_of(options.steps, options.extent))
    return tuple(f"{value:.3g}" for value in measured.values[0] + 0.0)
