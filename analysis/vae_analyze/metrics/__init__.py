"""Pure functions: tensors in, numbers out; no files, no model, no global randomness."""

from vae_analyze.metrics.aggregate import AggregateTerms, aggregate_terms
from vae_analyze.metrics.area import area_under_curve, trapezoid_weights
from vae_analyze.metrics.derivative import Derivative, pushforward
from vae_analyze.metrics.difference import mean_squared_difference
from vae_analyze.metrics.discrepancy import Discrepancy, discrepancy_to_prior
from vae_analyze.metrics.gaussian import kl_divergence, symmetrised_kl
from vae_analyze.metrics.importance import ImportanceBound, importance_bound
from vae_analyze.metrics.marginal import Marginals, marginals
from vae_analyze.metrics.principal import Principal
from vae_analyze.metrics.probe import Probed, linear_probe, majority, nearest_probe
from vae_analyze.metrics.rank import correlations, effective_rank, participation_ratio
from vae_analyze.metrics.structural import SsimWindow, ssim, ssim_window

__all__ = [
    "AggregateTerms",
    "Derivative",
    "Discrepancy",
    "ImportanceBound",
    "Marginals",
    "Principal",
    "Probed",
    "SsimWindow",
    "aggregate_terms",
    "area_under_curve",
    "correlations",
    "discrepancy_to_prior",
    "effective_rank",
    "importance_bound",
    "kl_divergence",
    "linear_probe",
    "majority",
    "marginals",
    "mean_squared_difference",
    "nearest_probe",
    "participation_ratio",
    "pushforward",
    "ssim",
    "ssim_window",
    "symmetrised_kl",
    "trapezoid_weights",
]
