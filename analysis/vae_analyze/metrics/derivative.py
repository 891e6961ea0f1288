"""Directional derivatives of a map, sample by sample, in one pass forward."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.autograd import forward_ad

# Where both errors of a central difference, truncation and rounding, are of one size for codes of order 1.
_STEP = {torch.float32: 5e-3, torch.float64: 6e-6}


@final
@dataclass(frozen=True, slots=True, eq=False)
class Derivative:
    """Derivatives and how they were found.

    Args:
        value: ``(n, *output_shape)``, per unit of the tangent's length in the input.
        exact: By forward-mode differentiation, exact to rounding; else by central differences.
    """

    value: Tensor
    exact: bool


def pushforward(
    f: Callable[[Tensor], Tensor], z: Tensor, tangent: Tensor, *, exact: bool = True, scale: float = 1.0
) -> Derivative:
    """Directional derivatives: d f(z + t v) / dt at t = 0, for each row of z with its row of v.

    One evaluation of f on dual numbers, some two times the cost of f; a Jacobian by columns costs as many rows as there
    are columns, however many outputs there are. Where f has no forward-mode derivative (it leaves torch, or an operator
    lacks one) central differences stand in.

    Args:
        f: Maps ``(n, *in)`` to ``(n, *out)``, row by row.
        z: Where, ``(n, *in)``.
        tangent: Along what, ``(n, *in)``.
        exact: Try forward-mode differentiation first.
        scale: Size of z over which f bends, such as its spread; central differences step a small part of it.

    Raises:
        ValueError: Shapes differ.

    References:
        Griewank and Walther 2008, "Evaluating Derivatives", chapter 3 (forward mode). Step of the differences: Press et
        al. 2007, "Numerical Recipes", section 5.7.
    """
    if z.shape != tangent.shape:
        raise ValueError(f"expected tangents of shape {tuple(z.shape)}, got {tuple(tangent.shape)}")
    # Dual numbers need memory of their own, which an expanded tensor has not.
    z, tangent = z.contiguous(), tangent.contiguous()
    along = _forward(f, z, tangent) if exact else None
    if along is not None:
        return Derivative(along, exact=True)
    return Derivative(_central(f, z, tangent, scale), exact=False)


def _forward(f: Callable[[Tensor], Tensor], z: Tensor, tangent: Tensor) -> Tensor | None:
    try:
        with forward_ad.dual_level(), warnings.catch_warnings():
            # torch compiles its own decompositions on first use, by a function that it has deprecated.
            warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=DeprecationWarning)
            dual = f(forward_ad.make_dual(z, tangent.to(z)))  # type: ignore[no-untyped-call]  # torch has no types here
            along: Tensor | None = forward_ad.unpack_dual(dual).tangent  # type: ignore[no-untyped-call]  # likewise
    except (RuntimeError, NotImplementedError, TypeError):
        # No formula for an operator, or numbers that left torch on the way; f itself is not at fault, or will say so.
        return None
    # Without a tangent the output does not depend on z, or the dependence was cut: differences tell which.
    return None if along is None else along.detach()


def _central(f: Callable[[Tensor], Tensor], z: Tensor, tangent: Tensor, scale: float) -> Tensor:
    with torch.no_grad():
        step = scale * _STEP.get(z.dtype, 5e-3)
        return (f(z + step * tangent) - f(z - step * tangent)) / (2 * step)
