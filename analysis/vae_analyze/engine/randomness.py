"""Random numbers that are functions of what they belong to, never of when they were drawn.

Every stream is a Philox counter generator whose 128-bit key is a hash of (seed, name, tag) and the sample index, so
that numbers do not depend on batch size, shards, workers or on which other analyzers ran. They are drawn on the CPU
and moved: every device sees the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

Draw = Callable[[np.random.Generator, NDArray[np.float32]], object]


def key(seed: int, name: str, tag: str) -> int:
    """The 64-bit key of a stream."""
    # Lengths keep ("ab", "c") and ("a", "bc") apart.
    text = f"{seed}\0{len(name)}\0{name}\0{tag}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


@final
class Streams:
    """Per-sample generators of one analyzer.

    Args:
        seed: Of the run.
        name: Of the analyzer, or of a draw that is shared.
    """

    def __init__(self, seed: int, name: str) -> None:
        self._seed = seed
        self._name = name

    def normal(self, index: NDArray[np.int64], shape: Sequence[int], *, tag: str = "") -> torch.Tensor:
        """Standard normal float32 numbers ``(n, *shape)``, row i from the stream of sample ``index[i]``."""
        return self._rows(index, shape, tag, _normal)

    def uniform(self, index: NDArray[np.int64], shape: Sequence[int], *, tag: str = "") -> torch.Tensor:
        """Uniform float32 numbers in [0, 1), ``(n, *shape)``, row i from the stream of sample ``index[i]``."""
        return self._rows(index, shape, tag, _uniform)

    def whole(self, tag: str = "") -> torch.Generator:
        """A torch generator for draws that belong to no sample."""
        # Torch takes 63 bits of seed without complaint on every platform.
        return torch.Generator().manual_seed(key(self._seed, self._name, f"whole\0{tag}") >> 1)

    def _rows(self, index: NDArray[np.int64], shape: Sequence[int], tag: str, draw: Draw) -> torch.Tensor:
        stream = key(self._seed, self._name, tag)
        bits = np.random.Philox(key=[0, 0])
        generator = np.random.Generator(bits)
        # Setting the state of one generator is ten times cheaper than making one per sample.
        state: Any = bits.state
        # Filled row by row as vectors: also a single number per sample needs an array to be written into.
        out = np.empty((len(index), int(np.prod(shape))), dtype=np.float32)
        for row, sample in enumerate(index):
            state["state"]["key"] = np.array([stream, sample], dtype=np.uint64)
            bits.state = state
            draw(generator, out[row])
        return torch.from_numpy(out.reshape(len(index), *shape))


def _normal(generator: np.random.Generator, out: NDArray[np.float32]) -> None:
    generator.standard_normal(out=out, dtype=np.float32)


def _uniform(generator: np.random.Generator, out: NDArray[np.float32]) -> None:
    generator.random(out=out, dtype=np.float32)
