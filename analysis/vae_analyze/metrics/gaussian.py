"""Divergences between diagonal Gaussians."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.vae import DiagonalGaussian


def kl_divergence(p: DiagonalGaussian, q: DiagonalGaussian) -> Tensor:
    """KL(p || q) per dimension, in nats.

    Args:
        p: Means and log variances ``(n, *latent_shape)``.
        q: Same shape.

    Returns:
        ``(n, *latent_shape)`` in float64, at least 0; infinite against a point mass.

    References:
        Cover and Thomas 2006, "Elements of information theory", section 8.5, for two univariate normals.
    """
    mean, logvar, other_mean, other_logvar = _double(p, q)
    gap = logvar - other_logvar
    return 0.5 * (torch.expm1(gap) - gap + (mean - other_mean).square() * torch.exp(-other_logvar))


def symmetrised_kl(p: DiagonalGaussian, q: DiagonalGaussian) -> Tensor:
    """(KL(p || q) + KL(q || p)) / 2 per dimension, in nats: half of Jeffreys' divergence.

    Args:
        p: Means and log variances ``(n, *latent_shape)``.
        q: Same shape.

    Returns:
        ``(n, *latent_shape)`` in float64, at least 0, lower is closer; NaN or infinite for point masses.

    References:
        Kuzina, Welling and Tomczak 2022, "Alleviating adversarial attacks on variational autoencoders with MCMC",
        section 2.2, whose symmetric KL is this half sum; Jeffreys 1946 sums without halving.
    """
    mean, logvar, other_mean, other_logvar = _double(p, q)
    # v1/v2 + v2/v1 - 2 = 4 sinh(gap/2)^2: no cancellation for nearly equal variances.
    spread = torch.sinh(0.5 * (logvar - other_logvar)).square()
    precision = torch.exp(-logvar) + torch.exp(-other_logvar)
    return spread + 0.25 * (mean - other_mean).square() * precision


def _double(p: DiagonalGaussian, q: DiagonalGaussian) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if p.mean.shape != q.mean.shape:
        raise ValueError(f"expected two Gaussians of one shape, got {tuple(p.mean.shape)} and {tuple(q.mean.shape)}")
    # On the CPU: codes are small, and some accelerators have no float64.
    mean, logvar, other_mean, other_logvar = (tensor.cpu().double() for tensor in (p.mean, p.logvar, q.mean, q.logvar))
    return mean, logvar, other_mean, other_logvar
