"""Weights that lie beside an autoencoder and have no part in encoding or decoding: a classifier of codes, a prior.

They are left out only where names say what they are, where shapes agree, and where no way leads through all weights.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from torch import Tensor

from vae_analyze.loading.rebuild.layers import Layer, Layers
from vae_analyze.loading.rebuild.structure import Structure

_OTHERS = re.compile(
    r"\w*(classif|clf|predictor|regress|discrim|critic|adversar)\w*|net_?d|(cls|class|pred|prediction|label|property|aux)"
    r"(_?(head|net|layers?|out|output|logits|fc|mlp))|cls|pred|probe",
    re.IGNORECASE,
)
_PRIOR = re.compile(r"(^|[._])(pi|phi|theta|prior\w*|gmm\w*|mixture\w*|clusters?|centers?|centroids?|components?|"
                    r"(mu|means?|log_?var|logvar|var|sigma2?|log_?sigma2?|lambda)_?(c|p|k|prior|clusters?))_*$",
                    re.IGNORECASE)  # fmt: skip


def without_others(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The weights but for modules whose names say that they classify, predict or discriminate; those modules.

    Args:
        tensors: Names and tensors.
    """
    kept: dict[str, Tensor] = {}
    others: dict[str, None] = {}
    for name, tensor in tensors.items():
        module = _module(name)
        if module:
            others[module] = None
        else:
            kept[name] = tensor
    return kept, tuple(others)


def _module(name: str) -> str:
    parts = name.split(".")[:-1]
    for at, part in enumerate(parts):
        if _OTHERS.fullmatch(re.sub(r"_?\d+$", "", part)):
            return ".".join(parts[: at + 1])
    return ""


def without_prior(layers: Layers, structure: Structure) -> Layers:
    """The layers but for the parameters of a learned prior, where those are all that belongs to no layer.

    Args:
        layers: All layers.
        structure: A way through those that are links of a chain.
    """
    lengths = {size for layer in layers.odd for size in layer.shape if size != structure.latent}
    if not layers.odd or structure.maps or not all(_of_prior(layer, structure.latent, lengths) for layer in layers.odd):
        return layers
    if len(lengths) > 1 or all(structure.latent not in layer.shape for layer in layers.odd):
        return layers  # more than one number of components, or nothing as long as a code
    return replace(layers, odd=(), beside=(*layers.beside, *(layer.path for layer in layers.odd)))


def _of_prior(layer: Layer, latent: int, lengths: set[int]) -> bool:
    """Means or variances of components, ``(latent, components)`` either way round, or the components' weights."""
    known = all(size == latent or size in lengths for size in layer.shape) and 1 <= len(layer.shape) <= 2
    return known and _PRIOR.search(layer.path) is not None
