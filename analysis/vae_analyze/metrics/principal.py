"""Principal components: the best linear autoencoder, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor


@final
@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """A mean and orthonormal directions of falling variance.

    Args:
        mean: ``(D,)``.
        components: One per row, ``(k, D)``.
        variances: Of the data along them, population, ``(k,)``.
    """

    mean: Tensor
    components: Tensor
    variances: Tensor

    @classmethod
    def fit(cls, x: Tensor, k: int) -> Principal:
        """The first ``k`` principal components of ``x``, ``(n, D)``; fewer where n - 1 or D is less.

        By an eigendecomposition of the smaller of the two Gram matrices, in float64. The sign of a component is fixed
        by its largest entry, which is positive.

        Raises:
            ValueError: No samples, or not a matrix.

        References:
            Pearson 1901; Baldi and Hornik 1989, "Neural networks and principal component analysis": a linear
            autoencoder of k units cannot have a smaller squared error.
        """
        if x.ndim != 2 or len(x) == 0:
            raise ValueError(f"expected samples (n, D), got {tuple(x.shape)}")
        x = x.detach().cpu().double()
        n, features = x.shape
        mean = x.mean(dim=0)
        centred = x - mean
        k = max(0, min(k, n - 1, features))
        if features <= n:
            values, vectors = torch.linalg.eigh(centred.T @ centred / n)
            values, components = values.flip(0)[:k], vectors.flip(1)[:, :k].T
        else:
            values, vectors = torch.linalg.eigh(centred @ centred.T / n)
            values = values.flip(0)[:k]
            # Directions without variance are arbitrary: QR makes them orthonormal to the rest all the same.
            components = torch.linalg.qr(centred.T @ vectors.flip(1)[:, :k]).Q.T
        largest = components.abs().argmax(dim=1, keepdim=True)
        components = components * components.gather(1, largest).sign()
        return cls(mean, components.contiguous(), values.clamp_min(0))

    def project(self, x: Tensor) -> Tensor:
        """Coordinates ``(n, k)`` of samples ``(n, D)``."""
        return (x.detach().cpu().double() - self.mean) @ self.components.T

    def reconstruct(self, codes: Tensor) -> Tensor:
        """Samples ``(n, D)`` of coordinates ``(n, j)``, j from 0 to k: those of the first j components."""
        return self.mean + codes.double() @ self.components[: codes.shape[1]]
