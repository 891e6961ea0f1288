"""Weights of models that this rebuild does not do, named, so that the refusal says what was recognised."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.rebuild.layers import Layers

# What names of weights tell, in the order in which they are asked.
_SIGNS: tuple[tuple[str, str], ...] = (
    (r"weight_[ih]h_l\d", "a recurrent network (LSTM, GRU or RNN weights)"),
    (r"(in_proj_weight|attn|attention|(^|\.)(to_)?qkv|(^|\.)to_[qkv]\b|self_att)", "attention layers"),
    (r"(codebook|vq_|_vq|quantizer|quantize\.embedding|ema_w|embed_avg|cluster_size)", "a vector-quantised code (VQ)"),
    (r"(^|[._])(flow|flows|iaf|maf|made|planar|nvp|coupling)[._\d]", "a normalising flow"),
    (r"(pseudo|vamp|u_inputs|idle_input)", "a learned mixture prior (VampPrior)"),
    (r"(cls_token|pos_embed|patch_embed|positional)", "a transformer"),
)

_ADVERSARY = re.compile(r"(^|\.)(\w*discrim\w*|critic|net_?d)\.", re.IGNORECASE)

_RESIDUAL = re.compile(r"(shortcut|skip|resblock|res_block|residual|downsample\.0|layer\d\.\d+\.conv1)", re.IGNORECASE)


def residual(tensors: Mapping[str, Tensor]) -> str:
    """The skip connections that names speak of, in words; "" where they speak of none."""
    matching = [name for name in tensors if _RESIDUAL.search(name)]
    names = listing([printable(name, limit=60) for name in matching], most=3)
    return f"residual or skip connections: {names}" if matching else ""


def unfit(tensors: Mapping[str, Tensor]) -> str:
    """What in these weights cannot be rebuilt from names and shapes alone; "" where nothing stands against it."""
    for pattern, what in _SIGNS:
        matching = [name for name in tensors if re.search(pattern, name, re.IGNORECASE)]
        if matching:
            return f"{what}: {listing([printable(name, limit=60) for name in matching], most=3)}"
    for name, tensor in tensors.items():
        if tensor.ndim in (3, 5) and name.endswith("weight"):
            axes = tensor.ndim - 2
            return f"convolutions along {axes} axes: {printable(name, limit=60)} {tuple(tensor.shape)}"
        if tensor.ndim == 4 and tensor.shape[2] != tensor.shape[3]:
            return f"a convolution that is not square: {printable(name, limit=60)} {tuple(tensor.shape)}"
    return ""


def leftover(layers: Layers) -> str:
    """Why no way through all layers was found; says which weights look out of place."""
    if layers.odd:
        odd = [f"{printable(layer.path, limit=60)} {layer.shape}" for layer in layers.odd]
        return f"weights that belong to no layer known here: {listing(odd, most=4)}"
    crowds: dict[tuple[object, ...], list[str]] = {}
    for layer in layers.chain:
        crowds.setdefault((layer.kind, layer.shape), []).append(layer.path)
    convs = [layer for layer in layers.chain if layer.kind == "conv" and layer.shape[1] == 1 and layer.shape[0] > 1]
    for (_, shape), paths in crowds.items():
        heads = [path for path in paths if re.search(r"mu|mean|var|std|sigma|alpha|logit|cat", path, re.IGNORECASE)]
        if len(heads) >= 3:
            names = listing([printable(path, limit=60) for path in heads], most=4)
            return f"more than two encoder outputs of shape {shape} (a mixed or hierarchical code): {names}"
    if len(convs) > 1 and len({layer.shape for layer in convs}) < len(convs):
        return f"grouped convolutions: {printable(convs[0].path, limit=60)} {convs[0].shape}"
    others = [layer.path for layer in layers.chain if _ADVERSARY.search(layer.path)]
    if others:
        names = listing([printable(path, limit=60) for path in others], most=3)
        return f"a discriminator beside the autoencoder ({names}), and no order of the layers either with it or without"
    shown = [f"{printable(layer.path, limit=60)} {layer.shape}" for layer in layers.chain]
    return f"no order in which every layer takes what the one before gives: {listing(shown, most=10)}"
