"""How far two batches are apart, sample by sample."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 2**17  # numbers whose difference stays in a core's cache until it is summed


def mean_squared_difference(a: Tensor, b: Tensor) -> Tensor:
    """Mean over features of ``(a - b)^2`` for each sample, in squared units of the data.

    Args:
        a: ``(n, ...)``.
        b: Same shape.

    Returns:
        ``(n,)``, float64 on the CPU: sums over many features lose digits in float32.

    Raises:
        ValueError: The shapes differ, or a sample has no feature.
    """
    if a.shape != b.shape:
        raise ValueError(f"expected two tensors of one shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.dim() < 2 or (a[0:1].numel() == 0 and len(a) > 0):
        raise ValueError(f"expected (n, features...), got {tuple(a.shape)}")
    a, b = a.flatten(start_dim=1), b.flatten(start_dim=1)
    if a.device.type != "cpu" or len(a) == 0:  # many small kernels would cost more there than they save
        return _norm(a - b).square() / a.shape[1]
    # A few samples at a time into one small buffer: a difference the size of a batch would go to memory and come back,
    # which costs as much as the arithmetic. With gradients there is no writing into a buffer.
    rows = max(1, BLOCK // a.shape[1])
    buffer = None if a.requires_grad or b.requires_grad else torch.empty_like(a[:rows] - b[:rows])
    norms = []
    for start in range(0, len(a), rows):
        block, other = a[start : start + rows], b[start : start + rows]
        norms.append(_norm(torch.sub(block, other, out=None if buffer is None else buffer[: len(block)])))
    return torch.cat(norms).square() / a.shape[1]


def _norm(difference: Tensor) -> Tensor:
    if difference.device.type == "mps":  # no float64 there
        difference = difference.cpu()
    # One fused pass: the square of a float32 difference summed in float64.
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1, dtype=torch.float64)
    return norm.cpu()
