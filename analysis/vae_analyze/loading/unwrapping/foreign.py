"""Weights that are not those of a VAE, told by the shapes of their layers and, where shapes say little, their names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from torch import Tensor

_STATISTICS = re.compile(r"(.*\.)?(running_mean|running_var|num_batches_tracked)")
# Words that only models with a latent code use; they end every suspicion.
_LATENT = re.compile(
    r"(^|[._\d]|to|2)(mu|mus|means?|z_?mean|log_?vars?|ln_?var|log_?sigma|sigmas?|log_?std|logv|stds?|vars?|variance|z|"
    r"latent\w*|posterior\w*|quant_?conv|codebook\w*|quantize\w*|vq|vae\w*|reparam\w*|bottleneck\w*|loc|scale_tril)([._\d]|$)",
    re.IGNORECASE,
)
_ENCODER = re.compile(
    r"(^|[._])(\w*enc(oder?)?\w*|down\w*|recognition\w*|inference\w*|q_net\w*)([._\d]|$)", re.IGNORECASE
)
_DECODER = re.compile(r"(^|[._])(\w*dec(oder?)?\w*|decorder|up\w*|generat\w*|p_net\w*)([._\d]|$)", re.IGNORECASE)
_TIME = re.compile(
    r"(time|timestep|t|temb|sigma|noise_level)_?(emb|embed|embedding|embeddings|mlp|proj)\b", re.IGNORECASE
)
_ATTENTION = re.compile(r"(attn|attention|q_proj|query|in_proj_weight|qkv)", re.IGNORECASE)
_EMBEDDING = re.compile(r"(emb|wte|wpe|tok|vocab|word|lookup|vectors)", re.IGNORECASE)
_OPTIMIZER = re.compile(r"(exp_avg|exp_avg_sq|momentum_buffer|square_avg|max_exp_avg)", re.IGNORECASE)
_LORA = re.compile(r"lora_?(up|down|a|b)\b", re.IGNORECASE)
_RECURRENT = re.compile(r"weight_(ih|hh)_l\d")
_IMAGE_CHANNELS = 4
_MOST_CLASSES = 25_000


@final
@dataclass(frozen=True, slots=True)
class _Layer:
    """One layer by its weight: how many go in and out, as far as that is known."""

    name: str
    kind: Literal["linear", "conv"]
    inputs: int
    outputs: int
    # Of a convolution: known not to be transposed, known to be, or not known.
    transposed: bool | None = False


def foreign(tensors: Mapping[str, Tensor]) -> str:
    """What a state_dict is instead of a VAE, with the evidence; "" where it may be one, or where nothing is clear.

    A plain autoencoder is nothing foreign. What lacks one half, such as a decoder alone, is.

    Args:
        tensors: Names without prefixes, in the order of the file.
    """
    weights = {name: value for name, value in tensors.items() if not _STATISTICS.fullmatch(name)}
    if not any(value.is_floating_point() and value.ndim for value in weights.values()):
        return "no weights at all"
    names = " ".join(weights)
    if _OPTIMIZER.search(names):
        return "optimizer state only: moments of the weights, not the weights"
    if _LORA.search(names):
        return "a LoRA adapter: differences to the weights of another model"
    layers = [layer for name in weights if (layer := _layer(name, weights)) is not None]
    if any(_LATENT.search(name) for name in weights):
        return _half(layers, list(weights))
    named = _by_name(weights, layers)
    if named:
        return named
    if any(_ENCODER.search(name) for name in weights) and any(_DECODER.search(name) for name in weights):
        return ""
    return _half(layers, list(weights)) or _by_shape(layers)


def _layer(name: str, weights: Mapping[str, Tensor]) -> _Layer | None:
    weight = weights[name]
    owner = name.rpartition(".")[0]
    if weight.ndim == 2 and not _RECURRENT.search(name):
        return None if _EMBEDDING.search(name) else _Layer(name, "linear", int(weight.shape[1]), int(weight.shape[0]))
    if weight.ndim not in (3, 4, 5) or weight.shape[-1] > 16:
        return None
    bias = weights.get(f"{owner}.bias" if owner else "bias")
    first, second = int(weight.shape[0]), int(weight.shape[1])
    transposed: bool | None = None
    if bias is not None and first != second:
        transposed = len(bias) == second
    return _Layer(name, "conv", first if transposed else second, second if transposed else first, transposed)


def _by_name(weights: Mapping[str, Tensor], layers: list[_Layer]) -> str:
    names = " ".join(weights)
    convolutions = sum(layer.kind == "conv" for layer in layers)
    if convolutions and _TIME.search(names):
        return f"a diffusion model's U-Net: {convolutions} convolutions and an embedding of the time step"
    tables = {name: value for name, value in weights.items() if value.ndim == 2 and _EMBEDDING.search(name)}
    widest = max((int(value.shape[0]) for value in tables.values()), default=0)
    if (
        tables
        and _ATTENTION.search(names)
        and not any(layer.kind == "conv" for layer in layers if "patch" not in layer.name)
    ):
        if "cls_token" in names or "patch" in names:
            return "a classifier: a vision transformer"
        return f"a language model: attention over an embedding of {widest:,} words"
    if tables and _RECURRENT.search(names) and not convolutions:
        return f"a language model: a recurrent network over an embedding of {widest:,} words"
    matrices = [value for value in weights.values() if value.ndim > 1]
    tall = all(value.ndim == 2 and value.shape[0] > 4 * value.shape[1] for value in matrices)
    if matrices and not layers and tall:
        return f"word embeddings: a table of {widest:,} by {int(matrices[0].shape[1])}"
    return ""


def _half(layers: list[_Layer], names: list[str]) -> str:
    """What names itself one half of a model and holds nothing else."""
    if not layers:
        return ""
    for word, other, pattern in (("an encoder", "decoder", _DECODER), ("a decoder", "encoder", _ENCODER)):
        own = word.split()[1]
        if all(name.startswith(f"{own}.") and not pattern.search(name) for name in names):
            return f"{word} without its {other}"
    return ""


def _by_shape(layers: list[_Layer]) -> str:
    convolutions = [layer for layer in layers if layer.kind == "conv"]
    linears = [layer for layer in layers if layer.kind == "linear"]
    if not layers:
        return ""
    return _convolutional(convolutions, linears, layers) if convolutions else _dense(linears)


def _dense(layers: list[_Layer]) -> str:
    """A chain without branches that ends narrow or begins narrow; a VAE's heads break the chain, or it comes back."""
    widths = [layers[0].inputs, *(layer.outputs for layer in layers)]
    chained = all(after.inputs == before.outputs for before, after in itertools.pairwise(layers))
    if not chained:
        return ""
    if len(layers) == 1:
        return _single(layers[0])
    text = "-".join(str(width) for width in widths)
    if widths[-1] < widths[-2] and widths[-1] < widths[0] and _valley(widths):
        what = "a network of one output (a discriminator or a regression)" if widths[-1] == 1 else "a classifier"
        return f"{what}: one chain of layers {text}, which never widens back to its input"
    if widths[-1] > widths[-2] and widths[0] < min(widths[1:]):
        return f"a GAN's generator, or a decoder without its encoder: one chain of layers {text}"
    return ""


def _single(layer: _Layer) -> str:
    if layer.inputs == layer.outputs:
        return ""
    return f"a single linear layer of {layer.inputs} inputs and {layer.outputs} outputs (a regression or a classifier)"


def _valley(widths: list[int]) -> bool:
    """Whether the widths never rise again once they have fallen below the input, but for what comes right after it."""
    inner = widths[1:]
    peak = inner.index(max(inner))
    return all(later <= earlier for earlier, later in zip(inner[peak:], inner[peak + 1 :], strict=False))


def _convolutional(convolutions: list[_Layer], linears: list[_Layer], layers: list[_Layer]) -> str:
    if convolutions[0] is layers[0] or not linears:
        found = _from_images(convolutions, linears, layers)
        if found:
            return found
    return _to_images(convolutions, linears, layers)


def _from_images(convolutions: list[_Layer], linears: list[_Layer], layers: list[_Layer]) -> str:
    """Convolutions that begin at an image and come back to none: a classifier or a discriminator."""
    first, rest = convolutions[0], convolutions[1:]
    if first.transposed or any(layer.transposed for layer in rest) or first.outputs <= first.inputs:
        return ""
    if linears:
        after = layers.index(linears[0]) > layers.index(convolutions[-1])
        narrowing = all(later.inputs >= later.outputs for later in linears) and linears[-1].outputs < linears[-1].inputs
        chained = all(b.inputs == a.outputs for a, b in itertools.pairwise(linears))
        returns = any(
            first.inputs in (layer.inputs, layer.outputs) for layer in rest if first.inputs <= _IMAGE_CHANNELS
        )
        if not (after and narrowing and chained) or returns or linears[-1].outputs > _MOST_CLASSES:
            return ""
        if linears[-1].outputs == 1:
            return f"a discriminator: {len(convolutions)} convolutions, then one output"
        return (
            f"a classifier: {len(convolutions)} convolutions, then {linears[-1].inputs} features to "
            f"{linears[-1].outputs} classes"
        )
    channels = [layer.outputs for layer in convolutions[:-1]]
    rising = all(later >= earlier for earlier, later in itertools.pairwise(channels))
    chained = all(b.inputs == a.outputs for a, b in zip(convolutions, rest, strict=False))
    if len(convolutions) > 2 and rising and chained and convolutions[-1].outputs == 1:
        return f"a discriminator: {len(convolutions)} convolutions from {first.inputs} channels to one output"
    return ""


def _to_images(convolutions: list[_Layer], linears: list[_Layer], layers: list[_Layer]) -> str:
    """Layers that begin at a code and end at an image: a generator or a decoder alone."""
    if len(convolutions) < 2:
        return ""
    into, out = _directed(convolutions)
    falling = all(later <= earlier for earlier, later in itertools.pairwise(out))
    chained = all(b == a for a, b in zip(out, into[1:], strict=False))
    before = not linears or layers.index(linears[-1]) < layers.index(convolutions[0])
    widening = all(layer.outputs > layer.inputs for layer in linears) and all(
        later.inputs == earlier.outputs for earlier, later in itertools.pairwise(linears)
    )
    if falling and chained and before and widening and out[-1] <= _IMAGE_CHANNELS < into[0]:
        return (
            f"a GAN's generator, or a decoder without its encoder: layers from a code of "
            f"{linears[0].inputs if linears else into[0]} to {out[-1]} channels, and none that read an image"
        )
    return ""


def _directed(convolutions: list[_Layer]) -> tuple[list[int], list[int]]:
    """Channels into and out of each convolution, those of unknown direction read as transposed where that chains."""
    readings = [_read(convolutions, turned=turned) for turned in (True, False)]
    return next(((into, out) for into, out in readings if out[:-1] == into[1:]), readings[0])


def _read(convolutions: list[_Layer], *, turned: bool) -> tuple[list[int], list[int]]:
    into: list[int] = []
    out: list[int] = []
    for layer in convolutions:
        turn = layer.transposed is None and (layer.outputs == out[-1] if out else turned)
        into.append(layer.outputs if turn else layer.inputs)
        out.append(layer.inputs if turn else layer.outputs)
    return into, out
