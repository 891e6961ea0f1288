"""How far two batches are apart, sample by sample."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 2**19  # numbers whose difference stays near a core until it is summed
PIECE = 512  # numbers that a matrix product sums in many lanes, so that each lane adds few and rounds seldom
# Between these a float32 sum of PIECE squares neither overflows nor loses digits to underflow.
_LEAST, _MOST = 1e-30, 1e38


def mean_squared_difference(a: Tensor, b: Tensor) -> Tensor:
    """Mean over features of ``(a - b)^2`` for each sample, in squared units of the data.

    Args:
        a: ``(n, ...)``.
        b: Same shape.

    Returns:
        ``(n,)``, float64 on the CPU: sums over many features lose digits in float32. Large float32
        samples on the CPU are summed in float32 over 512 features and in float64 from there: exact to some 1e-7 of the
        value, to 2e-6 at worst. All others are summed in float64.

    Raises:
        ValueError: The shapes differ, or a sample has no feature.
    """
    if a.shape != b.shape:
        raise ValueError(f"expected two tensors of one shape, got {tuple(a.shape)} and {tuple(b.shape)}")
    if a.dim() < 2 or (a[0:1].numel() == 0 and len(a) > 0):
        raise ValueError(f"expected (n, features...), got {tuple(a.shape)}")
    a, b = a.flatten(start_dim=1), b.flatten(start_dim=1)
    single = a.dtype == b.dtype == torch.float32 and not (a.requires_grad or b.requires_grad)
    if a.device.type != "cpu" or not single or len(a) == 0 or a.shape[1] < PIECE:
        return _norm(a - b).square() / a.shape[1]
    sums = _sums(a, b)
    # Also where all are equal, and where something is not finite: then this says which.
    doubtful = ~((sums >= _LEAST) & (sums <= _MOST))
    if bool(doubtful.any()):
        sums[doubtful] = _norm(a[doubtful] - b[doubtful]).square()
    return sums / a.shape[1]


def _sums(a: Tensor, b: Tensor) -> Tensor:
    """Sums of squares of float32 differences: short pieces in float32, and those in float64.

    A few samples at a time into one small buffer: a difference the size of a batch would go to memory and come back,
    which costs more than the arithmetic.
    """
    pieces = -(-a.shape[1] // PIECE)
    rows = min(len(a), max(1, BLOCK // (pieces * PIECE)))
    buffer = torch.zeros(rows, pieces * PIECE)  # what is beyond the last feature stays zero
    sums = []
    for start in range(0, len(a), rows):
        block, other = a[start : start + rows], b[start : start + rows]
        torch.sub(block, other, out=buffer[: len(block), : a.shape[1]])
        split = buffer[: len(block)].view(-1, 1, PIECE)
        sums.append(torch.bmm(split, split.transpose(1, 2)).view(len(block), pieces).double().sum(dim=1))
    return torch.cat(sums)


def _norm(difference: Tensor) -> Tensor:
    if difference.device.type == "mps":  # no float64 there
        difference = difference.cpu()
    # One fused pass: the square of a float32 difference summed in float64.
    norm: Tensor = torch.linalg.vector_norm(difference, dim=1, dtype=torch.float64)
    return norm.cpu()
