"""How the output moves along traversals: how far, how steadily, how straight, how evenly."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.traversal.strips import blocks, strips
from vae_analyze.metrics import mean_squared_difference, ssim
from vae_analyze.stats.moments import as_float64

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.traversal.anchors import Anchors

Floats = NDArray[np.float64]
ROUNDING = 1e-5  # of the data's scale: a shorter path has no shape, only rounding errors


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Movement:
    """Per anchor and dimension, ``(m, d)`` each; distances are root mean squares over the features of the output.

    Args:
        swing: Largest change of any one feature along the way: a small place counts as much as the whole picture.
        path: Sum of the lengths of all steps.
        per_unit: Path over the way of z: movement per latent unit.
        step_mse: Mean over steps of the squared difference of neighbouring frames.
        step_dssim: Mean over steps of 1 - SSIM of neighbouring frames; NaN unless the data are images.
        monotonicity: Spearman correlation of frame number and distance to the first frame.
        straightness: Distance of the ends over the path.
        unevenness: Largest speed of a step over the mean speed.
        speeds: Length of each step over that of its way in z, ``(m, d, steps - 1)``.
    """

    swing: Floats
    path: Floats
    per_unit: Floats
    step_mse: Floats
    step_dssim: Floats
    monotonicity: Floats
    straightness: Floats
    unevenness: Floats
    speeds: Floats


def movement_of(
    context: Context, anchors: Anchors, dimensions: NDArray[np.int64], values: Floats, *, scale: float
) -> Movement:
    """Movement of the output for every anchor and dimension."""
    parts = []
    for pairs in blocks(context, len(anchors), len(dimensions), values.shape[1]):
        frames = strips(context, anchors, pairs, dimensions, values)
        parts.append(_measure(frames, np.diff(values, axis=1)[pairs[:, 1]], scale))
    shape = (len(anchors), len(dimensions))
    whole = {}
    for field in fields(Movement):
        joined = np.concatenate([getattr(part, field.name) for part in parts])
        whole[field.name] = joined.reshape(*shape, *joined.shape[1:])
    return Movement(**whole)


def _measure(frames: Tensor, way: Floats, scale: float) -> Movement:
    """Of strips ``(p, steps, *shape)`` whose z moves by ``way``, ``(p, steps - 1)``."""
    squared = _between(frames[:, 1:], frames[:, :-1])
    from_first = np.sqrt(_between(frames, frames[:, :1].expand_as(frames)))
    length, total = np.sqrt(squared), way.sum(axis=1)
    path = length.sum(axis=1)
    speeds = np.divide(length, way, out=np.full_like(length, np.nan), where=way > 0)
    per_unit = np.divide(path, total, out=np.full_like(path, np.nan), where=total > 0)
    fastest = np.where(np.isnan(speeds).all(axis=1), np.nan, np.nan_to_num(speeds).max(axis=1))
    shaped = path > ROUNDING * scale
    return Movement(
        swing=as_float64((frames.amax(dim=1) - frames.amin(dim=1)).flatten(start_dim=1).amax(dim=1)),
        path=path,
        per_unit=per_unit,
        step_mse=squared.mean(axis=1),
        step_dssim=_dissimilarity(frames, scale).mean(axis=1),
        monotonicity=np.where(shaped, _spearman_with_order(from_first), np.nan),
        straightness=np.where(shaped, from_first[:, -1] / path, np.nan),
        unevenness=np.where(shaped, fastest / per_unit, np.nan),
        speeds=speeds,
    )


def _between(a: Tensor, b: Tensor) -> Floats:
    p, steps = a.shape[:2]
    return as_float64(mean_squared_difference(a.flatten(0, 1), b.flatten(0, 1))).reshape(p, steps)


def _dissimilarity(frames: Tensor, scale: float) -> Floats:
    """1 - SSIM of neighbouring frames, ``(p, steps - 1)``."""
    p, steps = frames.shape[0], frames.shape[1] - 1
    if frames.ndim != 5:
        return np.full((p, steps), np.nan)
    similarity = ssim(frames[:, 1:].flatten(0, 1), frames[:, :-1].flatten(0, 1), data_range=scale)
    return 1 - as_float64(similarity).reshape(p, steps)


def _spearman_with_order(distance: Floats) -> Floats:
    """Spearman correlation of each row ``(p, steps)`` with its positions; NaN for a constant or undefined row."""
    from scipy.stats import rankdata

    ranks = rankdata(distance, axis=1)
    centred = ranks - ranks.mean(axis=1, keepdims=True)
    position = np.arange(distance.shape[1]) - (distance.shape[1] - 1) / 2
    spread = np.sqrt(np.square(centred).sum(axis=1) * np.square(position).sum())
    found = np.divide(centred @ position, spread, out=np.full(len(distance), np.nan), where=spread > 0)
    return np.where(np.isfinite(distance).all(axis=1), found, np.nan)


def scale_of(x_hat: Tensor, bounds: tuple[float, float] | None) -> float:
    """The size of the data, against which movements are large or small.

    Args:
        x_hat: Decoded anchors ``(m, *shape)``.
        bounds: The range of the data; its width is the scale.

    Returns:
        Without a range the root mean square deviation of the decoded anchors from their mean; 1 where that is zero.
    """
    if bounds is not None:
        return float(bounds[1] - bounds[0])
    flat = as_float64(x_hat.flatten(start_dim=1))
    flat = flat[np.isfinite(flat).all(axis=1)]
    spread = float(np.sqrt(np.square(flat - flat.mean(axis=0)).mean())) if len(flat) else 0.0
    return spread if spread > 0 else 1.0
