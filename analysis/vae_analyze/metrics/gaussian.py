"""Divergences between diagonal Gaussians."""

from __future__ import annotations

import math
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
        ``(n, *latent_shape)`` in float64, at least 0. With a point mass on either side the limit of vanishing
        variance: infinite, but 0 between two equal point masses.

    References:
        Cover and Thomas 2006, "Elements of information theory", for two univariate normals.
    """
    mean, logvar, other_mean, other_logvar = _double(p, q)
    gap = _gap(logvar, other_logvar)
    # exp(gap) grows faster than gap, so an infinite gap is an infinite divergence and not inf - inf.
    spread = torch.where(gap == math.inf, math.inf, torch.expm1(gap) - gap)
    return 0.5 * (spread + _weighted(mean - other_mean, torch.exp(-other_logvar)))


def symmetrised_kl(p: DiagonalGaussian, q: DiagonalGaussian) -> Tensor:
    """(KL(p || q) + KL(q || p)) / 2 per dimension, in nats: half of Jeffreys' divergence.

    Args:
        p: Means and log variances ``(n, *latent_shape)``.
        q: Same shape.

    Returns:
        ``(n, *latent_shape)`` in float64, at least 0, lower is closer. With a point mass on either side the limit of
        vanishing variance: infinite, but 0 between two equal point masses.

    References:
        Kuzina, Welling and Tomczak 2022, "Alleviating adversarial attacks on variational autoencoders with MCMC":
        their symmetric KL is this half sum; Jeffreys 1946 sums without halving.
    """
    mean, logvar, other_mean, other_logvar = _double(p, q)
    # v1/v2 + v2/v1 - 2 = 4 sinh(gap/2)^2: no cancellation for nearly equal variances.
    spread = torch.sinh(0.5 * _gap(logvar, other_logvar)).square()
    return spread + 0.25 * _weighted(mean - other_mean, torch.exp(-logvar) + torch.exp(-other_logvar))


def _gap(logvar: Tensor, other_logvar: Tensor) -> Tensor:
    """Difference of log variances; 0 between two point masses, where it would be inf - inf."""
    return torch.where(logvar == other_logvar, 0.0, logvar - other_logvar)


def _weighted(shift: Tensor, precision: Tensor) -> Tensor:
    """``shift^2 * precision``; 0 without a shift, also where the precision is infinite."""
    return torch.where(shift == 0, 0.0, shift.square() * precision)


def _double(p: DiagonalGaussian, q: DiagonalGaussian) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    if p.mean.shape != q.mean.shape:
        raise ValueError(f"expected two Gaussians of one shape, got {tuple(p.mean.shape)} and {tuple(q.mean.shape)}")
    # On the CPU: codes are small, and some accelerators have no float64.
    mean, logvar, other_mean, other_logvar = (tensor.cpu().double() for tensor in (p.mean, p.logvar, q.mean, q.logvar))
    return mean, logvar, other_mean, other_logvar
