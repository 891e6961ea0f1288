"""Codes on the way through the model: moved, decoded, and encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.vae import flatten

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.attributes.streamed import Streamed
    from vae_analyze.analyzers.base import Context

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
_BLOCK = 64  # permutations at once


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Path:
    """Codes along straight lines, and what they become by decoding and encoding; the dimensions that probes see.

    Args:
        rows: Places in memory of the samples that the lines start at, ``(r,)``.
        codes: ``(r, steps, f)``.
        again: Decoded and encoded again, ``(r, steps, f)``.
    """

    rows: Integers
    codes: Floats
    again: Floats


def rows_to_move(absent: NDArray[np.bool_], most: int) -> Integers:
    """Places of at most so many codes without an attribute, evenly spread."""
    at = np.flatnonzero(absent)
    return at if len(at) <= most else at[np.arange(most) * len(at) // most]


def scrambled(codes: Floats, present: int, lengths: Floats, rng: np.random.Generator) -> Floats:
    """Differences of two mean codes by permuted labels, ``(r, d)``: directions that chance alone makes.

    Args:
        codes: ``(m, d)``.
        present: How many are drawn as having the attribute.
        lengths: Of the vectors asked for, ``(r,)``.
        rng: Another permutation for every vector.
    """
    found = np.empty((len(lengths), codes.shape[1]))
    shares = np.where(np.arange(len(codes)) < present, 1 / present, -1 / (len(codes) - present))
    for first in range(0, len(lengths), _BLOCK):
        drawn = rng.permuted(np.tile(shares, (min(_BLOCK, len(lengths) - first), 1)), axis=1)
        found[first : first + _BLOCK] = drawn @ codes
    scale = np.linalg.norm(found, axis=1)
    return np.asarray(found * (lengths / np.where(scale > 0, scale, 1.0))[:, None])


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Traveller:
    """Takes codes through the model.

    Args:
        context: The model.
        streamed: Codes in memory.
        seen: Dimensions that probes see, ``(f,)``.
    """

    context: Context
    streamed: Streamed
    seen: Integers

    def path(self, rows: Integers, along: Floats, alphas: Floats) -> Path:
        """Each sample's z + alpha v, for every alpha.

        Args:
            rows: Places of the samples in memory, ``(r,)``.
            along: The vector for each, ``(r, d)``.
            alphas: ``(steps,)``.
        """
        start = self.streamed.codes[rows]
        codes, again = [], []
        for alpha in alphas:
            z = start + alpha * along
            codes.append(z[:, self.seen])
            again.append(self.encoded(self.decoded(z, rows), rows))
        return Path(rows=rows, codes=np.stack(codes, axis=1), again=np.stack(again, axis=1))

    def decoded(self, codes: Floats, rows: Integers) -> Tensor:
        """Decoded means of codes ``(m, d)``; a model that is conditioned on labels is given those of the samples."""
        z = torch.from_numpy(codes).to(device=self.context.device, dtype=self.context.dtype)
        return self.context.decode(z.reshape(len(z), *self.streamed.latent_shape), labels=self._labels(rows))

    def encoded(self, x: Tensor, rows: Integers) -> Floats:
        """Codes ``(m, f)`` of inputs, likewise."""
        mean = flatten(self.context.encode(x, labels=self._labels(rows)).mean).detach().cpu().double().numpy()
        return np.asarray(mean[:, self.seen], dtype=np.float64)

    def _labels(self, rows: Integers) -> Tensor | None:
        labels = self.streamed.labels
        return None if labels is None else torch.from_numpy(labels[rows]).to(self.context.device)
