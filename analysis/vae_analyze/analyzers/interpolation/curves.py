"""Points on the way from one vector to another: straight, or at a constant angular speed about the origin."""

from __future__ import annotations

import torch
from torch import Tensor

_FLAT = 1e-6  # sine of the angle below which two vectors span no plane


def straight(a: Tensor, b: Tensor, alphas: Tensor) -> Tensor:
    """``(1 - alpha) a + alpha b``, ``(m, p, d)``; the ends are met exactly.

    Args:
        a: ``(m, d)``.
        b: ``(m, d)``.
        alphas: ``(p,)`` from 0 to 1.
    """
    t = alphas.to(a)[None, :, None]
    points = (1 - t) * a[:, None] + t * b[:, None]
    return _with_ends(points, a, b, t)


def spherical(a: Tensor, b: Tensor, alphas: Tensor) -> tuple[Tensor, Tensor]:
    """Directions at constant angular speed, norms linearly, ``(m, p, d)``; which pairs had to go straight, ``(m,)``.

    With unit vectors this is Shoemake's slerp. Norms are interpolated apart from directions, so that the ends are met
    exactly and a path between vectors of one norm keeps it.

    Args:
        a: ``(m, d)``.
        b: ``(m, d)``. Where one of the two is zero, or they point the same or opposite ways, no plane is theirs and the
            path is straight.
        alphas: ``(p,)`` from 0 to 1.

    References:
        Shoemake 1985, section 3.3; White 2016, section 2.1.
    """
    t = alphas.to(a)[None, :, None]
    lengths = a.norm(dim=1), b.norm(dim=1)
    tiny = torch.finfo(a.dtype).tiny
    u, v = a / lengths[0].clamp_min(tiny)[:, None], b / lengths[1].clamp_min(tiny)[:, None]
    # The half-angle form keeps its digits where the arc cosine loses them: near 0 and pi.
    angle = 2 * torch.atan2((u - v).norm(dim=1), (u + v).norm(dim=1))
    sine = angle.sin()
    flat = (sine < _FLAT) | (lengths[0] == 0) | (lengths[1] == 0)
    angle, sine = angle[:, None, None], sine.masked_fill(flat, 1.0)[:, None, None]
    direction = ((1 - t) * angle).sin() / sine * u[:, None] + (t * angle).sin() / sine * v[:, None]
    radius = (1 - t) * lengths[0][:, None, None] + t * lengths[1][:, None, None]
    points = torch.where(flat[:, None, None], (1 - t) * a[:, None] + t * b[:, None], radius * direction)
    return _with_ends(points, a, b, t), flat


def _with_ends(points: Tensor, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    points = torch.where(t == 0, a[:, None], points)
    return torch.where(t == 1, b[:, None], points)
