"""What the models and representations are called in tables and sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.comparison import Comparison


def called(found: Comparison, by: str) -> str:
    """In words, with what sizes need saying."""
    k = min(found.d, found.pca.most) if found.pca is not None else found.d
    other = "" if found.other is None else f"{found.other.name} ({found.other.d} dimensions)"
    names = {
        "model": f"the model ({found.d} dimensions)",
        "pca": f"PCA ({k} components)",
        "pca_active": f"PCA ({found.active} components, as active dimensions)",
        "mean": "the mean sample",
        "input": "the noisy sample itself",
        "codes": "codes",
        "pixels": "pixels" if len(found.context.data.input_shape) == 3 else "the data themselves",
        "against": other,
    }
    return names.get(by, by)
