"""Decoded traversals: everything at the anchor but one dimension."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.vae import unflatten

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.traversal.anchors import Anchors

Ints = NDArray[np.int64]
NUMBERS_AT_ONCE = 2**22  # of decoded output or of codes, whichever is more: a block is 16 MB in float32


def decoded(context: Context, codes: Tensor, labels: Tensor | None) -> Tensor:
    """Decoded means ``(m, *input_shape)`` of codes as vectors ``(m, d)``, on the CPU."""
    z = unflatten(codes.to(device=context.device, dtype=context.dtype), tuple(context.card.latent_shape))
    given = None if labels is None else labels.to(context.device)
    return context.decode(z, labels=given).detach().cpu()


def strips(context: Context, anchors: Anchors, pairs: Ints, dimensions: Ints, values: NDArray[np.float64]) -> Tensor:
    """Traversals ``(p, steps, *input_shape)``.

    Args:
        context: The model.
        anchors: Where they pass.
        pairs: ``(p, 2)``: which anchor, and which row of ``dimensions``.
        dimensions: The dimensions that move.
        values: Of each of them, ``(dimensions, steps)``.
    """
    steps = values.shape[1]
    of, which = torch.from_numpy(pairs[:, 0]), torch.from_numpy(pairs[:, 1])
    z = anchors.codes[of].repeat_interleave(steps, dim=0)
    column = torch.from_numpy(dimensions)[which].repeat_interleave(steps)
    z[torch.arange(len(z)), column] = torch.from_numpy(values).to(z.dtype)[which].reshape(-1)
    labels = None if anchors.labels is None else anchors.labels[of].repeat_interleave(steps)
    x_hat = decoded(context, z, labels)
    return x_hat.reshape(len(pairs), steps, *x_hat.shape[1:])


def blocks(context: Context, anchors: int, dimensions: int, each: int) -> Iterator[Ints]:
    """All pairs of an anchor and a dimension, anchor by anchor, as many at once as memory should hold.

    Args:
        context: The model.
        anchors: How many.
        dimensions: How many.
        each: Codes per pair.
    """
    widest = max(math.prod(context.card.input_shape), math.prod(context.card.latent_shape), 1)
    at_once = max(1, NUMBERS_AT_ONCE // (widest * each))
    pairs = np.stack(np.divmod(np.arange(anchors * dimensions), dimensions), axis=1).astype(np.int64)
    for start in range(0, len(pairs), at_once):
        yield pairs[start : start + at_once]
