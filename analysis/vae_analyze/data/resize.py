"""Images of another size."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np

from vae_analyze.data.dataset import Dataset, Factor, Samples
from vae_analyze.data.digest import digest_text
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Resized"]


@final
class Resized:
    """A dataset whose images are resized when they are read.

    Bilinear interpolation with pixel middles aligned (PyTorch's ``interpolate``, ``align_corners=False``); when either
    side shrinks the kernel is widened to the scale, so that fine detail is averaged and not aliased
    (``antialias=True``). Images of the right size pass through untouched.

    Args:
        base: The images.
        size: Height and width, or one number for both.

    Raises:
        DataError: The data are not images, or a size is not positive.
    """

    def __init__(self, base: Dataset, size: int | tuple[int, int]) -> None:
        height, width = (size, size) if isinstance(size, int) else size
        if len(base.input_shape) != 3:
            raise DataError(
                f"expected images to resize in {base.name}, found samples of shape {base.input_shape}",
                hint="only images (c, h, w) have a size; use data with the model's own number of features",
            )
        if height < 1 or width < 1:
            raise DataError(f"expected a size of at least 1x1, found {height}x{width}")
        self._base = base
        self._size = (int(height), int(width))

    @property
    def name(self) -> str:
        """The spec of the images before resizing."""
        return self._base.name

    @property
    def description(self) -> str:
        """One line for people: the images, and from what size they were brought."""
        _, height, width = self._base.input_shape
        if (height, width) == self._size:
            return self._base.description
        return (
            f"{self._base.description}; resized from {height}x{width} to {self._size[0]}x{self._size[1]} "
            f"(bilinear{', antialiased' if self._shrinks else ''})"
        )

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(c, h, w)`` after resizing."""
        return (self._base.input_shape[0], *self._size)

    @property
    def value_range(self) -> tuple[float, float] | None:
        """That of the images before: interpolation stays between its inputs."""
        return self._base.value_range

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the fingerprint before and of the size; the fingerprint before where nothing changes."""
        if self._base.input_shape[1:] == self._size:
            return self._base.fingerprint
        return digest_text(self._base.fingerprint, "bilinear", str(self._shrinks), str(self._size))

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of the classes."""
        return self._base.label_names

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """The ground-truth factors."""
        return self._base.factors

    def __len__(self) -> int:
        return len(self._base)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices, in this order, resized.

        Raises:
            DataError: A sample cannot be read.
            IndexError: An index is not in ``range(len(self))``.
        """
        found = self._base.read(index)
        if self._base.input_shape[1:] == self._size:
            return found
        return Samples(index=found.index, x=self._interpolated(found.x), labels=found.labels, factors=found.factors)

    @property
    def _shrinks(self) -> bool:
        _, height, width = self._base.input_shape
        return self._size[0] < height or self._size[1] < width

    def _interpolated(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch
        from torch.nn.functional import interpolate

        if not len(x):
            return np.zeros((0, *self.input_shape), dtype=np.float32)
        resized = interpolate(
            torch.from_numpy(np.ascontiguousarray(x)),
            size=self._size,
            mode="bilinear",
            align_corners=False,
            antialias=self._shrinks,
        ).numpy()
        low, high = self.value_range or (-np.inf, np.inf)
        # Weights that sum to 1 only up to rounding may step over the end of the range.
        clipped: NDArray[np.float32] = np.clip(resized, low, high).astype(np.float32, copy=False)
        return clipped
