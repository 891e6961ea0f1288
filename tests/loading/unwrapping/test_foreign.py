from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vae_analyze.loading.files.kinds import container
from vae_analyze.loading.files.weights import read_weights
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.unwrapping.foreign import foreign
from vae_analyze.loading.unwrapping.unwrap import chosen, unwrap

Tensors = dict[str, Tensor]


def of(**parts: nn.Module) -> Tensors:
    """The state_dict of a module with these attributes, in their order."""
    whole = nn.Module()
    for name, part in parts.items():
        whole.add_module(name, part)
    return dict(whole.state_dict())


def mlp(*widths: int, norm: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [nn.Linear(inputs, outputs), *([nn.BatchNorm1d(outputs)] if norm else []), nn.ReLU()]
    return nn.Sequential(*layers)


def convs(*channels: int, transposed: bool = False, bias: bool = True) -> nn.Sequential:
    kind: Any = nn.ConvTranspose2d if transposed else nn.Conv2d
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(channels):
        layers += [kind(inputs, outputs, 4, 2, 1, bias=bias), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def resnet() -> Tensors:
    block = {"conv1": nn.Conv2d(16, 16, 3), "bn1": nn.BatchNorm2d(16), "conv2": nn.Conv2d(16, 16, 3)}
    wider = {"conv1": nn.Conv2d(16, 32, 3), "conv2": nn.Conv2d(32, 32, 3), "downsample": nn.Conv2d(16, 32, 1)}
    return of(
        conv1=nn.Conv2d(3, 16, 3, bias=False),
        bn1=nn.BatchNorm2d(16),
        layer1=nn.Sequential(nn.ModuleDict(block)),
        layer2=nn.Sequential(nn.ModuleDict(wider)),
        fc=nn.Linear(32, 10),
    )


def unet() -> Tensors:
    return of(
        time_mlp=mlp(32, 128, 128),
        inc=nn.Conv2d(1, 32, 3),
        down1=nn.Conv2d(32, 64, 3),
        up1=nn.Conv2d(96, 32, 3),
        outc=nn.Conv2d(32, 1, 1),
    )


def gpt() -> Tensors:
    block = nn.ModuleDict({"attn": nn.ModuleDict({"c_attn": nn.Linear(32, 96), "c_proj": nn.Linear(32, 32)})})
    return of(wte=nn.Embedding(500, 32), wpe=nn.Embedding(64, 32), h=nn.ModuleList([block]), lm_head=nn.Linear(32, 500))


def recurrent() -> Tensors:
    return of(embedding=nn.Embedding(500, 32), rnn=nn.LSTM(32, 64), out=nn.Linear(64, 500))


FOREIGN: dict[str, tuple[Callable[[], Tensors], str]] = {
    "resnet": (resnet, r"a classifier: 6 convolutions, then 32 features to 10 classes"),
    "lenet": (lambda: of(f=convs(1, 6, 16), fc1=nn.Linear(256, 120), fc2=nn.Linear(120, 10)), "a classifier"),
    "mnist example": (
        lambda: of(conv1=nn.Conv2d(1, 32, 3), conv2=nn.Conv2d(32, 64, 3), fc=mlp(9216, 128, 10)),
        "classifier",
    ),
    "mlp": (lambda: of(net=mlp(784, 512, 512, 10)), "a classifier: one chain of layers 784-512-512-10"),
    "wide mlp": (lambda: of(net=mlp(20, 128, 64, 3)), "a classifier"),
    "binary": (lambda: of(net=mlp(30, 64, 32, 1)), "one output"),
    "dcgan generator": (
        lambda: of(main=convs(100, 512, 256, 128, 64, 3, transposed=True, bias=False)),
        "GAN's generator",
    ),
    "biased generator": (lambda: of(main=convs(100, 64, 32, 1, transposed=True)), "GAN's generator"),
    "dcgan discriminator": (lambda: of(main=convs(3, 64, 128, 256, 512, 1, bias=False)), "a discriminator"),
    "gan with linear layers": (lambda: of(fc=nn.Linear(100, 6272), up=convs(128, 64, 1, transposed=True)), "generator"),
    "critic": (lambda: of(c=convs(1, 32, 64), out=nn.Linear(3136, 1)), "a discriminator"),
    "mlp generator": (lambda: of(model=mlp(100, 128, 256, 784)), "GAN's generator"),
    "unet": (unet, "diffusion"),
    "gpt": (gpt, "a language model: attention over an embedding of 500 words"),
    "lstm": (recurrent, "a language model: a recurrent network"),
    "regression": (lambda: dict(nn.Linear(8, 1).state_dict()), "a single linear layer of 8 inputs and 1 outputs"),
    "word vectors": (lambda: of(embeddings=nn.Embedding(5000, 50)), "word embeddings"),
    "skip-gram": (lambda: of(in_embed=nn.Embedding(5000, 50), out_embed=nn.Embedding(5000, 50)), "word embeddings"),
    "moments": (lambda: {"0.exp_avg": torch.zeros(2, 2), "0.exp_avg_sq": torch.zeros(2, 2)}, "optimizer state only"),
    "lora": (lambda: {"q.lora_A.weight": torch.zeros(4, 64), "q.lora_B.weight": torch.zeros(64, 4)}, "LoRA"),
    "counts": (lambda: {"n": torch.tensor(3)}, "no weights"),
    "encoder alone": (lambda: of(encoder=mlp(784, 400, 20)), "an encoder without its decoder"),
    "decoder alone": (lambda: of(decoder=mlp(20, 400, 784)), "a decoder without its encoder"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_networks_are_named(name: str) -> None:
    import re

    make, match = FOREIGN[name]
    assert re.search(match, foreign(make()))


def kl_keys() -> Tensors:
    """The names of a diffusers AutoencoderKL."""
    shapes = {
        "encoder.conv_in": (8, 3, 3, 3),
        "encoder.down_blocks.0.resnets.0.conv1": (8, 8, 3, 3),
        "encoder.mid_block.attentions.0.to_q": (8, 8),
        "encoder.conv_out": (8, 8, 3, 3),
        "quant_conv": (8, 8, 1, 1),
        "post_quant_conv": (4, 4, 1, 1),
        "decoder.conv_in": (8, 4, 3, 3),
        "decoder.up_blocks.0.resnets.0.conv1": (8, 8, 3, 3),
        "decoder.conv_out": (3, 8, 3, 3),
    }
    return {f"{name}.weight": torch.zeros(shape) for name, shape in shapes.items()}


def plain_names(*shapes: tuple[int, ...]) -> Tensors:
    """Layers whose names say nothing."""
    return {f"l{at}.weight": torch.zeros(shape) for at, shape in enumerate(shapes)}


OWN: dict[str, Callable[[], Tensors]] = {
    "pytorch example": lambda: of(
        fc1=nn.Linear(784, 400),
        fc21=nn.Linear(400, 20),
        fc22=nn.Linear(400, 20),
        fc3=nn.Linear(20, 400),
        fc4=nn.Linear(400, 784),
    ),
    "names that say nothing": lambda: plain_names((400, 784), (40, 400), (400, 20), (784, 400)),
    "two heads, no names": lambda: plain_names((64, 144), (8, 64), (8, 64), (64, 8), (144, 64)),
    "plain autoencoder": lambda: plain_names((128, 784), (32, 128), (128, 32), (784, 128)),
    "convolutions": lambda: of(
        a=convs(1, 32, 64), m=nn.Linear(3136, 40), b=nn.Linear(20, 3136), c=convs(64, 32, 1, transposed=True)
    ),
    "heads declared last": lambda: of(
        a=convs(3, 32, 64), c=convs(64, 32, 3, transposed=True), h1=nn.Linear(4096, 16), h2=nn.Linear(4096, 16)
    ),
    "convolutions, then a dense decoder": lambda: of(a=convs(1, 16, 32), h=nn.Linear(1568, 8), o=mlp(4, 64, 784)),
    "spatial latents": lambda: of(a=convs(1, 16, 32, 4), b=convs(4, 32, 16, 1, transposed=True)),
    "convolutional autoencoder": lambda: of(a=convs(1, 16, 32), b=convs(32, 16, 1, transposed=True)),
    "convolutional autoencoder without biases": lambda: of(
        a=convs(1, 16, 32, bias=False), b=convs(32, 16, 1, transposed=True, bias=False)
    ),
    "upsampling decoder": lambda: of(
        a=convs(3, 16, 32), h=nn.Linear(2048, 16), b=nn.Linear(8, 2048), c=convs(32, 16, 3)
    ),
    "one-dimensional": lambda: of(
        a=nn.Conv1d(1, 8, 3), h=nn.Linear(800, 8), b=nn.Linear(4, 800), c=nn.ConvTranspose1d(8, 1, 3)
    ),
    "labels as an embedding": lambda: of(
        label_embedding=nn.Embedding(10, 8),
        a=nn.Linear(792, 100),
        h=nn.Linear(100, 8),
        b=nn.Linear(12, 100),
        o=nn.Linear(100, 784),
    ),
    "sentences": lambda: of(embedding=nn.Embedding(500, 32), rnn=nn.LSTM(32, 64), hidden2mean=nn.Linear(64, 8)),
    "decoder declared first": lambda: of(d=mlp(8, 64, 784), e=mlp(784, 64), h1=nn.Linear(64, 8), h2=nn.Linear(64, 8)),
    "diffusers": kl_keys,
}


@pytest.mark.parametrize("name", OWN)
def test_autoencoders_of_every_kind_are_not_foreign(name: str) -> None:
    assert foreign(OWN[name]()) == ""


def test_real_models_are_not_foreign(shared_data: Path) -> None:
    paths = [*sorted((shared_data / "wild").glob("*.[pc]*")), *sorted((shared_data / "checkpoints").glob("*/*.pt"))]
    assert len(paths) == 19
    for path in paths:
        head = path.read_bytes()[:4096]
        content = unwrap(read_weights(path, head), LoadOptions(), container=container(head))
        assert foreign(chosen(content, LoadOptions()).tensors) == "", path
