"""Whether an analyzer can serve a model and data, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer
    from vae_analyze.data.dataset import Dataset
    from vae_analyze.loading.card import Card


def why_not(analyzer: Analyzer, card: Card, data: Dataset) -> str:
    """The reason an analyzer does not apply, as a sentence; "" if it does."""
    needs = analyzer.needs
    reasons = {
        "it needs a posterior, and this model is deterministic": bool(needs & {"posterior", "sample"})
        and card.deterministic,
        "it needs derivatives, and this model has none": "gradients" in needs and not card.gradients,
        f"it needs labels, and {data.name} has none": "labels" in needs and data.label_names is None,
        f"it needs ground-truth factors, and {data.name} has none": "factors" in needs and data.factors is None,
        f"it needs labels or ground-truth factors, and {data.name} has neither": "groups" in needs
        and data.label_names is None
        and data.factors is None,
        f"it needs images, and samples of {data.name} have shape {data.input_shape}": "images" in needs
        and len(data.input_shape) != 3,
    }
    return "; ".join(reason for reason, holds in reasons.items() if holds)
