"""How far two batches are apart, sample by sample."""

from __future__ import annotations

import torch
from torch import Tensor


def mean_squared_difference(a: Tensor, b: Tensor, *, scratch: Tensor | None = None) -> Tensor:
    """Mean over features of ``(a - b)^2`` for each sample, in squared units of the data.

    Args:
        a: ``(n, ...)``.
        b: Same shape.
        scratch: Same shape and format, overwritten: where differences are taken again and again, it saves allocating
            a large tensor each time, which costs more than the arithmetic.

    Returns:
        ``(n,)``, float64 on the CPU: sums over many features lose digits in float32.

    Raises:
        ValueError: The shapes differ, or a sample has no feature.
    """
    if a.shape != b.shape:
        raise ValueError(f"expected two tensors of one shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.dim() < 2 or (a[0:1].numel() == 0 and len(a) > 0):
        raise ValueError(f"expected (n, features...), got {tuple(a.shape)}")
    difference = (a - b if scratch is None else torch.sub(a, b, out=scratch)).flatten(start_dim=1)
    if difference.device.type == "mps":  # no float64 there
        difference = difference.cpu()
    # One fused pass over the data; the square of a float32 difference summed in float64.
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1, dtype=torch.float64)
    return (norm.square() / difference.shape[1]).cpu()
