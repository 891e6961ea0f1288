"""Whether the decoder moves its output where the data vary most: its span against that of PCA."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.metrics import Principal

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.baselines.compared import Compared
    from vae_analyze.analyzers.baselines.evaluated import Evaluated

Floats = NDArray[np.float64]
MOST_DIMENSIONS = 256  # latent, whose derivatives are taken; and of a subspace
_NEGLIGIBLE = 1e-5  # of the largest singular value, below which a direction is rounding


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Alignment:
    """Two subspaces of one dimension against each other.

    Args:
        of: Where the decoder's comes from.
        angles: Principal angles in degrees, rising, ``(k,)``.
        cosine2: Their mean squared cosine; 1: one subspace.
        features: Dimension of the space around them.
        exact: Whether derivatives were exact.
        reason: Why there is none.
    """

    of: Literal["jacobian", "reconstructions"]
    angles: Floats
    cosine2: float
    features: int
    exact: bool = True
    reason: str = ""

    @property
    def k(self) -> int:
        """Dimension of both."""
        return len(self.angles)

    @property
    def chance(self) -> float:
        """What a random subspace would have: k / D."""
        return self.k / self.features


def alignments(
    context: Context, compared: Compared, found: Evaluated, principal: Principal, active: NDArray[np.bool_]
) -> tuple[Alignment, ...]:
    """The decoder's directions at the middle of the latent space, and those in which its reconstructions vary."""
    features = found.x.shape[1]
    k = int(active.sum())
    if k == 0:
        reason = "no latent dimension is active: the decoder has no directions"
        return (_none("jacobian", features, reason), _none("reconstructions", features, reason))
    by_derivatives = _by_derivatives(context, compared, principal, active)
    if not bool(torch.isfinite(found.reconstructions).all()):
        return (by_derivatives, _none("reconstructions", features, "a decoded value is not finite"))
    made = Principal.fit(found.reconstructions, min(k, len(principal.components), MOST_DIMENSIONS))
    directions = made.components[made.variances > _NEGLIGIBLE**2 * made.variances[:1].sum()].T
    return (
        by_derivatives,
        _aligned("reconstructions", directions, principal, "the reconstructions do not vary"),
    )


def _by_derivatives(context: Context, compared: Compared, principal: Principal, active: NDArray[np.bool_]) -> Alignment:
    features = principal.components.shape[1]
    if compared.d > MOST_DIMENSIONS:
        reason = f"derivatives along {compared.d} latent dimensions are too many; at most {MOST_DIMENSIONS} are taken"
        return _none("jacobian", features, reason)
    along = torch.eye(compared.d, dtype=context.dtype, device=context.device)[torch.from_numpy(active)]
    along = along.reshape(len(along), *compared.codes.shape[1:])
    labels = common_label(compared)
    derivative = context.derivative(
        middle(context, compared).expand_as(along).contiguous(),
        along,
        labels=None if labels is None else labels.expand(len(along)).to(context.device),
    )
    jacobian = derivative.value.flatten(start_dim=1).cpu().double().T
    if not bool(torch.isfinite(jacobian).all()):
        return _none("jacobian", features, "a derivative of the decoder is not finite")
    vectors, values, _ = torch.linalg.svd(jacobian, full_matrices=False)
    kept = vectors[:, values > (_NEGLIGIBLE if derivative.exact else 1e-3) * values[:1].sum()]
    return _aligned("jacobian", kept, principal, "the decoder does not move at the middle of the latent space",
                    exact=derivative.exact)  # fmt: skip


def middle(context: Context, compared: Compared) -> Tensor:
    """The prior mean; for a model without a prior the mean of its codes. ``(1, *latent_shape)``."""
    mean = torch.from_numpy(compared.codes.mean(axis=0, keepdims=True, dtype=np.float64))
    at = mean if context.card.deterministic else torch.zeros_like(mean)
    return at.to(context.dtype).to(context.device)


def common_label(compared: Compared) -> Tensor | None:
    """The most frequent class, ``(1,)``, for codes that belong to no sample; None without labels."""
    if compared.labels is None:
        return None
    classes, counts = np.unique(compared.labels, return_counts=True)
    return torch.from_numpy(classes[[counts.argmax()]])


def _aligned(
    of: Literal["jacobian", "reconstructions"],
    directions: Tensor,
    principal: Principal,
    nothing: str,
    *,
    exact: bool = True,
) -> Alignment:
    """Orthonormal directions ``(D, j)`` against as many principal components."""
    from scipy.linalg import subspace_angles

    k = min(directions.shape[1], len(principal.components))
    features = principal.components.shape[1]
    if k == 0:
        return _none(of, features, nothing)
    ours, theirs = directions[:, :k], principal.components[:k].T
    angles = np.sort(np.degrees(subspace_angles(ours.numpy(), theirs.numpy())))
    cosine2 = float((ours.T @ theirs).square().sum() / k)
    return Alignment(of=of, angles=angles, cosine2=cosine2, features=features, exact=exact)


def _none(of: Literal["jacobian", "reconstructions"], features: int, reason: str) -> Alignment:
    return Alignment(of=of, angles=np.zeros(0), cosine2=math.nan, features=features, reason=reason)
