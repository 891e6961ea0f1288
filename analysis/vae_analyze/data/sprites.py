"""Sprites: a white square, ellipse or heart on black whose shape, scale, orientation and place are known.

The design (three shapes, 64x64 binary images, the factors and their levels, the order of the samples) is that of
dSprites (Matthey, Higgins, Hassabis and Lerchner 2017, https://github.com/google-deepmind/dsprites-dataset, Apache
License 2.0). No image of it is contained or copied: the images are drawn here from the outlines below, whose sizes were
fitted to 100 frames of the original.

In pixels at scale 1, from the centre, before turning (``u`` to the right, ``v`` downwards):

- square: ``max(|u|, |v|) <= 9.595``;
- ellipse, lying: ``(u / 12.75)^2 + (v / 7.2)^2 <= 1``;
- heart, upright: inside the curve ``u = 9.59 sin^3 t``, ``v = -1.435 - 0.6625 (13 cos t - 5 cos 2t - 2 cos 3t -
  cos 4t)``, which has the middle of its height, not its centroid, near the centre.

A pixel is white when its middle is inside. The centre moves from pixel 15.5 to 47.5 in 31 equal steps of 32/31 pixels
along either axis, so that every place has its own sub-pixel phase. x grows to the right, y downwards; orientation turns
clockwise. The original's frames carry no factor values, so that the senses of y and of orientation are conventions
here (those of the drawing library that it used), not measurements. As in the original the first and the last of the 40
orientations are the same angle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.data.dataset import Factor
from vae_analyze.data.factorial import DrawnDataset
from vae_analyze.data.info import DataInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SPRITES", "sprites"]

_SIDE_PIXELS = 64
_FIRST_CENTRE = 15.5
_TRAVEL_PIXELS = 32.0

_SQUARE_HALF_SIDE = 9.595
_ELLIPSE_HALF_WIDTH = 12.75
_ELLIPSE_HALF_HEIGHT = 7.2
_HEART_HALF_WIDTH = 9.59
_HEART_SHIFT = -1.435
_HEART_STRETCH = 0.6625

# No shape reaches further from its centre than half the diagonal of the square, 13.6 pixels.
_BEFORE = 13
_WINDOW = 28
# Fine enough that the steepest part of the heart's outline is met to 0.03 pixels.
_HEART_STEPS = 8192

_TWO_PI = 2.0 * np.pi

_FACTORS = (
    Factor(name="shape", kind="categorical", levels=np.arange(3.0), level_names=("square", "ellipse", "heart")),
    Factor(name="scale", kind="continuous", levels=np.linspace(0.5, 1.0, 6)),
    Factor(name="orientation", kind="periodic", levels=np.linspace(0.0, _TWO_PI, 40)),
    Factor(name="x", kind="continuous", levels=np.linspace(0.0, 1.0, 32)),
    Factor(name="y", kind="continuous", levels=np.linspace(0.0, 1.0, 32)),
)

SPRITES = DataInfo(
    name="sprites",
    description="squares, ellipses and hearts, 64x64 binary, after the design of dSprites (Matthey et al. 2017), "
    "every combination of shape, scale, orientation, x and y (drawn on demand)",
    size=737_280,
    shape=(1, _SIDE_PIXELS, _SIDE_PIXELS),
    has_labels=True,
    has_factors=True,
)


def sprites() -> DrawnDataset:
    """737,280 images, 64x64, each exactly 0 or 1; the class of a sample is its shape.

    Factors, slowest first: shape (square, ellipse, heart), scale (6 values, 0.5 to 1), orientation (40 values, 0 to 2
    pi radians, both ends), x and y (32 values each, 0 to 1).
    """
    return DrawnDataset(
        name="sprites:all",
        description=SPRITES.description,
        factors=_FACTORS,
        input_shape=(1, _SIDE_PIXELS, _SIDE_PIXELS),
        render=_draw,
        labelled=True,
    )


def _heart_edges() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Upper and lower edge of the heart over |u|, at the middles of equal steps from 0 to its half width.

    Every column of the heart is one interval: ``t`` from 0 to pi / 2 runs along its upper edge, and pi - t below it.
    """
    u = (np.arange(_HEART_STEPS) + 0.5) / _HEART_STEPS
    t = np.arcsin(np.cbrt(u))
    upper, lower = (
        _HEART_SHIFT - _HEART_STRETCH * (13 * np.cos(a) - 5 * np.cos(2 * a) - 2 * np.cos(3 * a) - np.cos(4 * a))
        for a in (t, np.pi - t)
    )
    # One entry more, where nothing is inside, stands for every |u| beyond the half width.
    outside = np.float32(np.inf), np.float32(-np.inf)
    return np.append(upper.astype(np.float32), outside[0]), np.append(lower.astype(np.float32), outside[1])


_UPPER, _LOWER = _heart_edges()


def _inside_square(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
    half = np.float32(_SQUARE_HALF_SIDE)
    return (np.abs(u) <= half) & (np.abs(v) <= half)


def _inside_ellipse(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
    a, b = np.float32(1 / _ELLIPSE_HALF_WIDTH), np.float32(1 / _ELLIPSE_HALF_HEIGHT)
    inside: NDArray[np.bool_] = (u * a) ** 2 + (v * b) ** 2 <= np.float32(1.0)
    return inside


def _inside_heart(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.bool_]:
    step = np.abs(u) * np.float32(_HEART_STEPS / _HEART_HALF_WIDTH)
    place = np.minimum(step, np.float32(_HEART_STEPS)).astype(np.int32)
    inside: NDArray[np.bool_] = (v >= _UPPER[place]) & (v <= _LOWER[place])
    return inside


_INSIDE = (_inside_square, _inside_ellipse, _inside_heart)


def _draw(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Images ``(n, 1, 64, 64)`` of factor values: each shape is tried on a window of 28 pixels about its centre."""
    images = np.zeros((len(values), 1, _SIDE_PIXELS, _SIDE_PIXELS), dtype=np.float32)
    centre = _FIRST_CENTRE + _TRAVEL_PIXELS * values[:, 3:5]
    corner = np.floor(centre).astype(np.int64) - _BEFORE
    offset = corner[:, :, None] + np.arange(_WINDOW) - centre[:, :, None]
    scale = values[:, 1, None]
    # The last orientation is the first one again, to the bit: 2 pi has a sine of -2e-16.
    angle = np.where(values[:, 2] == _TWO_PI, 0.0, values[:, 2])[:, None]
    cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
    dx, dy = offset[:, 0], offset[:, 1]
    cos_x, sin_x = (cos * dx).astype(np.float32)[:, None, :], (sin * dx).astype(np.float32)[:, None, :]
    cos_y, sin_y = (cos * dy).astype(np.float32)[:, :, None], (sin * dy).astype(np.float32)[:, :, None]
    for shape, inside in enumerate(_INSIDE):
        rows = np.flatnonzero(values[:, 0] == shape)
        window = inside(cos_x[rows] + sin_y[rows], cos_y[rows] - sin_x[rows])
        for row, image in zip(rows.tolist(), window, strict=True):
            left, top = corner[row].tolist()
            images[row, 0, top : top + _WINDOW, left : left + _WINDOW] = image
    return images
