"""Pure functions: tensors in, numbers out; no files, no model, no global randomness."""

from vae_analyze.metrics.area import area_under_curve, trapezoid_weights
from vae_analyze.metrics.difference import mean_squared_difference
from vae_analyze.metrics.gaussian import kl_divergence, symmetrised_kl

__all__ = [
    "area_under_curve",
    "kl_divergence",
    "mean_squared_difference",
    "symmetrised_kl",
    "trapezoid_weights",
]
