"""The person's own data, by which the loader settles what a file does not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from torch import Tensor


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evidence:
    """Some samples of the data that a model is about to be analysed on.

    Args:
        name: The spec of the data, for messages.
        x: Float32 on the CPU, ``(n, *shape)``; images ``(n, c, h, w)`` in [0, 1].
        value_range: Lowest and highest value a sample can have; None when unbounded.
        labels: Class numbers, int64 ``(n,)``, or None.
        classes: How many classes there are; 0 without labels.
        resize: The same images at another height and width, resized as the analysis would; None for other data.
    """

    name: str
    x: Tensor
    value_range: tuple[float, float] | None = None
    labels: Tensor | None = None
    classes: int = 0
    resize: Callable[[int, int], Tensor] | None = None

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.x.shape[1:])

    def at(self, shape: tuple[int, ...]) -> Tensor | None:
        """The samples in another shape: as they are, resized, or flattened; None where that cannot be."""
        if shape == self.shape:
            return self.x
        if len(shape) == len(self.shape) == 3 and shape[0] == self.shape[0] and self.resize is not None:
            return self.resize(shape[1], shape[2])
        return None
