"""How many clusters the codes form: Gaussian mixtures of growing size, compared by the BIC."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float64]
_MOST = 2_000  # codes
_FULL = 16  # dimensions up to which components have full covariances
_LEAST_PER_PARAMETER = 2.0
# A difference in BIC beyond this is very strong evidence (Kass and Raftery 1995).
DECISIVE = 10.0


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Clusters:
    """BIC by number of components.

    Args:
        bic: For 1, 2, ... components; lower is better.
        n: Codes fitted.
        covariance: Of the components.
        reason: Why there is none, or why the curve ends early.
    """

    bic: tuple[float, ...] = ()
    n: int = 0
    covariance: Literal["full", "diag"] = "full"
    reason: str = ""

    @property
    def best(self) -> int:
        """The smallest number of components whose BIC is within `DECISIVE` of the least; 0 where there is none."""
        least = min(self.bic, default=0.0)
        return next((k for k, value in enumerate(self.bic, start=1) if value <= least + DECISIVE), 0)


def clusters_of(codes: Floats, most: int, generator: torch.Generator) -> Clusters:
    """Mixtures with 1 to ``most`` components.

    Args:
        codes: ``(n, d)``, only dimensions that vary; standardised here.
        most: Components at most; fewer where there are not twice as many numbers as parameters.
        generator: For the starts.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits

    codes = codes[:: max(1, -(-len(codes) // _MOST))]
    n, d = codes.shape
    if d == 0:
        return Clusters(n=n, reason="no dimension varies")
    covariance: Literal["full", "diag"] = "full" if d <= _FULL else "diag"
    each = 1 + d + (d * (d + 1) // 2 if covariance == "full" else d)
    possible = int(min(most, n * d / (_LEAST_PER_PARAMETER * each)))
    if possible < 1 or n < 8:
        return Clusters(n=n, covariance=covariance, reason=f"{n} samples are too few for a mixture in {d} dimensions")
    scaled = (codes - codes.mean(axis=0)) / codes.std(axis=0)
    seed = int(generator.initial_seed() % 2**32)
    found = []
    for k in range(1, possible + 1):
        mixture = GaussianMixture(k, covariance_type=covariance, n_init=2, random_state=seed, reg_covar=1e-4)
        # One thread: products this small take longer to share out than to do.
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # a curve needs no last digit
            found.append(float(mixture.fit(scaled).bic(scaled)))
    short = f"no more than {possible} components can be fitted to {n} samples" if possible < most else ""
    return Clusters(bic=tuple(found), n=n, covariance=covariance, reason=short)
