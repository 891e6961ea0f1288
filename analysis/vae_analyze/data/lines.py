"""Lines: one anti-aliased segment per image, whose length, colour, angle and width are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from vae_analyze.data.dataset import Factor
from vae_analyze.data.factorial import DrawnDataset
from vae_analyze.data.info import DataInfo

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["LINES", "lines"]

_SIDE_PIXELS = 32
_MIDDLE = (_SIDE_PIXELS - 1) / 2

_FACTORS = (
    Factor(name="length", kind="continuous", levels=np.linspace(6.0, 24.0, 10)),
    Factor(name="colour", kind="continuous", levels=np.linspace(0.3, 1.0, 8)),
    # Half a turn brings a line back to itself; the end of the range is its beginning and therefore left out.
    Factor(name="angle", kind="periodic", levels=np.linspace(0.0, np.pi, 36, endpoint=False)),
    Factor(name="width", kind="continuous", levels=np.linspace(1.0, 5.0, 5)),
)

LINES = DataInfo(
    name="lines",
    description="anti-aliased lines, 32x32 grey, every combination of length, colour, angle and width "
    "(drawn on demand)",
    size=14_400,
    shape=(1, _SIDE_PIXELS, _SIDE_PIXELS),
    has_labels=False,
    has_factors=True,
)


def lines() -> DrawnDataset:
    """14,400 images, 32x32: a line through the middle of a black image.

    Factors, slowest first: length (10 values, 6 to 24 pixels between the centres of its round ends), colour (8 grey
    levels, 0.3 to 1), angle (36 values over half a turn, counter-clockwise from the horizontal, in radians) and width
    (5 values, 1 to 5 pixels).
    """
    return DrawnDataset(
        name="lines:all",
        description=LINES.description,
        factors=_FACTORS,
        input_shape=(1, _SIDE_PIXELS, _SIDE_PIXELS),
        render=_draw,
    )


def _draw(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The part of each pixel that the line covers, to first order: half a pixel plus its distance from the edge."""
    length, colour, angle, width = (values[:, i, None, None] for i in range(4))
    pixel = np.arange(_SIDE_PIXELS) - _MIDDLE
    x, y = pixel[None, None, :], -pixel[None, :, None]
    along = np.abs(np.cos(angle) * x + np.sin(angle) * y)
    across = np.cos(angle) * y - np.sin(angle) * x
    distance = np.hypot(np.maximum(along - length / 2, 0.0), across)
    image = colour * np.clip(width / 2 + 0.5 - distance, 0.0, 1.0)
    return cast("NDArray[np.float32]", image.astype(np.float32)[:, None])
