"""A model and data made ready in one process, with the settings of the pass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.data.dataset import Dataset, Samples
from vae_analyze.engine.allocator import keep_freed_memory
from vae_analyze.engine.evaluator import Evaluator, Tick, no_tick
from vae_analyze.errors import DataError
from vae_analyze.loading.card import Loaded

if TYPE_CHECKING:
    from pathlib import Path

DTYPES = {"float32": torch.float32, "float64": torch.float64}
# Numbers of input at once. On a CPU what passes between two layers, some ten times that, then stays in its caches:
# convolutions on 64x64 colour images take 256 at once in 1.3 times the time per image that they take for 32.
_NUMBERS_AT_ONCE = {"cpu": 2**19}
_NUMBERS_AT_ONCE_ELSEWHERE = 2**24
LARGEST_BATCH = 256


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a pass needs to know besides model, data and analyzers; plain and picklable.

    Args:
        seed: Of every random number.
        device: "cpu", "cuda", "cuda:1", "mps".
        dtype: "float32" or "float64".
        batch_size: Largest number of samples in memory at once.
        cache: Folder of finished units.
    """

    seed: int
    device: str
    dtype: str
    batch_size: int
    cache: Path


@final
@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """Everything a process needs to work off shards."""

    loaded: Loaded
    data: Dataset
    settings: Settings

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return torch.device(self.settings.device)

    @property
    def dtype(self) -> torch.dtype:
        """The model's number format."""
        return DTYPES[self.settings.dtype]

    def __post_init__(self) -> None:
        keep_freed_memory()

    def evaluator(self, *, batch_size: int | None = None, tick: Tick = no_tick, of: Loaded | None = None) -> Evaluator:
        """The model, or another one, to be called."""
        return Evaluator(of or self.loaded, batch_size=batch_size or self.settings.batch_size, tick=tick)

    def read(self, index: NDArray[np.int64]) -> Samples:
        """Samples of the data.

        Raises:
            DataError: A sample is not finite, or outside the range that the data state.
        """
        samples = self.data.read(index)
        flat = samples.x.reshape(len(samples), -1)
        # One sum finds a NaN or infinity in a single pass; the search for it is needed only then.
        with np.errstate(invalid="ignore", over="ignore"):
            total = flat.sum(dtype=np.float64)
        if not np.isfinite(total):
            broken = samples.index[~np.isfinite(flat).all(axis=1)]
            if len(broken):
                raise DataError(
                    f"expected finite values, found NaN or infinity in sample {broken.min()} of {self.data.name}",
                    hint="remove or repair that sample",
                )
        self._check_range(samples)
        return samples

    def _check_range(self, samples: Samples) -> None:
        bounds = self.data.value_range
        if bounds is None or len(samples) == 0:
            return
        low, high = float(samples.x.min()), float(samples.x.max())
        # float32 data may miss a bound by a rounding.
        slack = 1e-5 * (bounds[1] - bounds[0])
        if low < bounds[0] - slack or high > bounds[1] + slack:
            raise DataError(
                f"expected values from {bounds[0]:g} to {bounds[1]:g} in {self.data.name}, found {low:g} to {high:g}",
                hint="scale the data to the range they state, or state the range they have",
            )


def automatic_batch_size(input_shape: tuple[int, ...], device: str) -> int:
    """The batch size tried first: a power of two that depends on shape and device only, so that results repeat."""
    fitting = max(1, _NUMBERS_AT_ONCE.get(device, _NUMBERS_AT_ONCE_ELSEWHERE) // max(1, math.prod(input_shape)))
    return min(LARGEST_BATCH, 1 << (fitting.bit_length() - 1))
