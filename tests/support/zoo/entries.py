"""The zoo: which networks there are, and how the author of each reads it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn

from support.zoo import conditional, conv_habits, convs, foreign, mlp_habits, mlps
from support.zoo.entry import Entry, reads, writes

Build = Callable[[], nn.Module]
_FLAT, _IMAGE, _PROB = reads(), reads(flat=False), writes()
_LOGITS, _TANH = writes(output="logits"), writes(output="tanh")
_LOW, _HIGH = -0.1307 / 0.3081, (1 - 0.1307) / 0.3081  # MNIST's pixels, standardised


def _mlp(name: str, build: Build, **words: Any) -> Entry:
    usual: dict[str, Any] = {"name": name, "build": build, "encode": _FLAT, "decode": _PROB}
    return Entry(**(usual | words))


def _conv(name: str, build: Build, **words: Any) -> Entry:
    usual: dict[str, Any] = {"encode": _IMAGE, "epochs": 8}
    return _mlp(name, build, **(usual | words))


def _foreign(name: str, build: Build, *, epochs: int = 6, file: str = "vae.pth") -> Entry:
    objective = None if epochs == 0 else (lambda net, x, labels, generator, warmth: net.loss(x, labels, generator))
    return Entry(name=name, build=build, objective=objective, nature="foreign", epochs=epochs, file=file)


def _stacked(act: Build, **words: Any) -> Build:
    return partial(mlps.Stacked, act=act, **words)


# The commonest first: whoever needs a part of the zoo takes its beginning.
COMMON = (
    _mlp("examples", partial(mlps.Examples, 400)),
    _mlp("examples-2", partial(mlps.Examples, 400, 2), container="legacy"),
    _mlp("stacked-relu", _stacked(nn.ReLU)),
    _mlp("one-head-halves", partial(mlps.OneHead)),
    _mlp("one-head-turns", partial(mlps.OneHead, turns=True)),
    _mlp("three-by-name", partial(mlps.ThreeByName)),
    _mlp("stacked-leaky-0.2", _stacked(partial(nn.LeakyReLU, 0.2))),
    _mlp("stacked-leaky-0.01", _stacked(nn.LeakyReLU)),
    _mlp("stacked-tanh", _stacked(nn.Tanh), epochs=30),
    _mlp("stacked-logits", _stacked(nn.ReLU, last=None), decode=_LOGITS, container="model_state_dict"),
    _conv("strided-k4", partial(convs.Strided, 4)),
    _conv("strided-k3-by-name", partial(convs.StridedByName)),
    _conv("blocks-32", partial(conv_habits.Blocks), size=32),
    _conv("pooled-nearest", partial(convs.Pooled)),
    _mlp("one-hot-both", partial(conditional.OneHotBoth), encode=reads(given="onehot"),
         decode=writes(given="onehot"), labels=True),
    _mlp("two-parts-leaky", partial(mlp_habits.TwoParts), encode=reads(via="Encoder"), decode=writes(via="Decoder")),
    _mlp("input-pm1-sigmoid", partial(mlps.Stacked, (256,), 20), encode=reads(low=-1)),
    _mlp("std-raw", partial(mlps.SigmaInName), encode=reads(meaning="std")),
    _mlp("batchnorm-before", partial(mlp_habits.Normed, nn.BatchNorm1d)),
    _foreign("classifier-conv", partial(foreign.Classifier, conv=True), epochs=1, file="model.pth"),
)  # fmt: skip

MLPS = (
    _mlp("four-hidden", partial(mlps.Stacked, (256, 128, 64, 32), 8)),
    _mlp("latent-128", partial(mlps.Stacked, (300,), 128)),
    _mlp("latent-64", partial(mlps.Stacked, (256, 256), 64), container="module."),
    _mlp("variance-first-tanh", partial(mlps.VarianceFirst)),
    _mlp("nameless", partial(mlps.Nameless)),
    _mlp("nameless-variance-first", partial(mlps.Nameless, variance_first=True)),
    _mlp("sigma-is-logvar", partial(mlps.SigmaInName)),
    _mlp("logstd", partial(mlps.SigmaInName), encode=reads(meaning="logstd")),
    _mlp("std-softplus", partial(mlps.SigmaInName, positive=True), encode=reads(meaning="std")),
    _mlp("variance-softplus", partial(mlps.SigmaInName, positive=True), encode=reads(meaning="variance")),
    _mlp("decoder-first", partial(mlps.DecoderFirst)),
    _mlp("rectified-heads", partial(mlps.RectifiedHeads)),
    _mlp("rectified-mean", partial(mlps.RectifiedHeads, both=False)),
    _mlp("linear-before-heads", partial(mlps.LinearBeforeHeads)),
    _mlp("stacked-elu", _stacked(nn.ELU)),
    _mlp("stacked-gelu", _stacked(nn.GELU)),
    _mlp("stacked-silu", _stacked(nn.SiLU)),
    _mlp("stacked-softplus", _stacked(nn.Softplus)),
    _mlp("stacked-selu", _stacked(nn.SELU)),
    _mlp("tanh-encoder-relu-decoder", _stacked(nn.Tanh, act_decoder=nn.ReLU), epochs=20),
    _mlp("relu-encoder-tanh-decoder", _stacked(nn.ReLU, act_decoder=nn.Tanh)),
    _mlp("batchnorm-after", partial(mlp_habits.Normed, nn.BatchNorm1d, after=True)),
    _mlp("dropout", partial(mlp_habits.Normed, lambda width: nn.Dropout(0.2), after=True)),
    _mlp("layernorm", partial(mlp_habits.Normed, nn.LayerNorm)),
    _mlp("tanh-pm1", _stacked(nn.ReLU, last=nn.Tanh), encode=reads(low=-1), decode=_TANH, loss="mse"),
    _mlp("tanh-output-01", _stacked(nn.ReLU, last=nn.Tanh), loss="mse"),
    _mlp("linear-output", _stacked(nn.ReLU, last=None), loss="mse"),
    _mlp("standardised-input", partial(mlps.Stacked, (256,), 20), encode=reads(low=_LOW, high=_HIGH)),
    _mlp("two-towers", partial(mlp_habits.TwoTowers),
         encode=lambda net, x, labels: (net.mu_net(x.flatten(1)), net.logvar_net(x.flatten(1))),
         decode=writes(via="decoder")),
    _mlp("no-bias", partial(mlp_habits.NoBias)),
    _mlp("tied", partial(mlp_habits.Tied)),
    _mlp("log-scale", partial(mlp_habits.WithScale), container="lightning"),
    _mlp("mixture-prior", partial(mlp_habits.WithScale, components=10)),
    _mlp("with-classifier", partial(mlp_habits.WithClassifier)),
    _mlp("residual", partial(mlp_habits.Residual)),
    _mlp("resized-16", partial(mlps.Examples, 128, 8, 256), size=16),
    _mlp("colour-16", partial(mlps.Stacked, (256,), 16, pixels=768), size=16, channels=3),
    _mlp("denoising", partial(mlps.Examples, 200, 16), noise=0.3),
    _mlp("low-beta", partial(mlps.Stacked, (256,), 20), beta=0.02),
    _mlp("dict-stated", partial(mlps.Stacked, (128, 64), 10), container="hyper",
         stated=(("input_dim", 784), ("hidden_dims", [128, 64]), ("latent_dim", 10))),
    _mlp("pickled-tanh", partial(mlps.Stacked, (200,), 20, nn.Tanh), container="pickled", file="model.pt"),
    _mlp("pickled-leaky", partial(mlps.Stacked, (200,), 20, partial(nn.LeakyReLU, 0.1)), container="pickled"),
    _mlp("parts-in-one-file", partial(mlps.Stacked, (200,), 20), container="parts"),
    _mlp("ema-beside", partial(mlps.Examples, 200, 10), container="ema"),
    _mlp("safetensors", partial(mlps.Stacked, (200, 64), 10), container="safetensors", file="model.safetensors"),
    _mlp("one-hot-first", partial(conditional.OneHotBoth, first=True), encode=reads(given="onehot"),
         decode=writes(given="onehot"), labels=True),
    _mlp("one-hot-decoder", partial(conditional.OneHotDecoder), decode=writes(given="onehot"), labels=True),
    _mlp("embedded-labels", partial(conditional.Embedded), encode=reads(given="index"),
         decode=writes(given="index"), labels=True),
)  # fmt: skip

CONVS = (
    _conv("strided-k3", partial(convs.Strided, 3)),
    _conv("strided-k5", partial(convs.Strided, 5)),
    _conv("strided-leaky", partial(convs.Strided, 4, 16, partial(nn.LeakyReLU, 0.2)), container="_orig_mod."),
    _conv("strided-leaky-relu", partial(convs.Strided, 4, 16, partial(nn.LeakyReLU, 0.2), nn.ReLU)),
    _conv("strided-gelu", partial(convs.Strided, 3, 16, nn.GELU)),
    _conv("strided-silu", partial(convs.Strided, 4, 16, nn.SiLU)),
    _conv("strided-logits", partial(convs.Strided, 4, last=None), decode=_LOGITS),
    _conv("strided-tanh-pm1", partial(convs.Strided, 4, last=nn.Tanh), encode=reads(flat=False, low=-1),
          decode=_TANH, loss="mse"),
    _conv("strided-low-beta", partial(convs.Strided, 4, 16), beta=0.02),
    _conv("strided-2", partial(convs.Strided, 4, 2), beta=0.3, epochs=14),
    _conv("pooled-bilinear", partial(convs.Pooled, mode="bilinear")),
    _conv("pooled-average", partial(convs.Pooled, average=True)),
    _conv("valid", partial(convs.Valid)),
    _conv("to-one-pixel", partial(convs.ToOnePixel), beta=0.4, epochs=12),
    _conv("batchnorm2d-before", partial(convs.Normed2d, nn.BatchNorm2d)),
    _conv("batchnorm2d-after", partial(convs.Normed2d, nn.BatchNorm2d, after=True)),
    _conv("batchnorm2d-leaky", partial(convs.Normed2d, nn.BatchNorm2d, act=partial(nn.LeakyReLU, 0.2))),
    _conv("dropout2d", partial(convs.Normed2d, lambda width: nn.Dropout2d(0.1), after=True)),
    _conv("groupnorm", partial(convs.Normed2d, partial(nn.GroupNorm, 4))),
    _conv("spatial", partial(convs.Spatial), decode=writes(shape=(4, 7, 7))),
    _conv("spatial-one-head", partial(convs.Spatial, one_head=True), decode=writes(shape=(4, 7, 7))),
    _conv("conv-halves", partial(convs.OneHeadConv)),
    _conv("conv-turns", partial(convs.OneHeadConv, turns=True)),
    _conv("conv-then-linear", partial(convs.ConvThenLinear)),
    _conv("deep-32", partial(conv_habits.Deep, 32), size=32),
    _conv("deep-64", partial(conv_habits.Deep, 64), size=64),
    _conv("deep-32-colour", partial(conv_habits.Deep, 32, channels=3), size=32, channels=3),
    _conv("deep-32-logits", partial(conv_habits.Deep, 32, 32, last=False), size=32, decode=_LOGITS),
    _conv("blocks-64", partial(conv_habits.Blocks, 64, (8, 8, 16, 16)), size=64, epochs=5),
    _conv("blocks-32-colour", partial(conv_habits.Blocks, channels=3), size=32, channels=3, container="lightning",
          file="epoch=2-step=213.ckpt"),
    _conv("channels-last", partial(conv_habits.ChannelsLast)),
    _conv("decoder-first-conv", partial(conv_habits.DecoderFirstConv)),
    _conv("globally-pooled", partial(conv_habits.GloballyPooled)),
    _conv("residual-conv", partial(conv_habits.ResidualConv)),
    _conv("pixel-shuffle", partial(conv_habits.Shuffled)),
    _conv("pickled-conv", partial(convs.Strided, 4, 10, partial(nn.LeakyReLU, 0.1)), container="pickled"),
    _conv("label-planes", partial(conditional.LabelPlanes), encode=reads(flat=False, given="onehot"),
          decode=writes(given="onehot"), labels=True),
)  # fmt: skip

AILING = (
    _mlp("plain-autoencoder", partial(mlp_habits.PlainAutoencoder), encode=reads(meaning="none"),
         nature="autoencoder"),
    _conv("plain-conv-autoencoder", partial(conv_habits.PlainConvAutoencoder), loss="mse", nature="autoencoder",
          encode=reads(flat=False, low=-1, meaning="none", via="encoder_layer"),
          decode=writes(output="tanh", via="decoder_layer", shape=(4, 7, 7))),
    _mlp("collapsed", partial(mlps.Examples), beta=100.0, nature="collapsed"),
    _conv("collapsed-conv", partial(convs.Strided), beta=100.0, nature="collapsed"),
    _mlp("untrained", partial(mlps.Stacked), epochs=0, nature="untrained"),
    _conv("untrained-conv", partial(convs.Strided), epochs=0, nature="untrained"),
    _mlp("mismatched", partial(mlps.Examples), nature="mismatched"),
)  # fmt: skip

FOREIGN = (
    _foreign("vq-vae", partial(foreign.Quantised)),
    _foreign("ladder", partial(foreign.Ladder)),
    _foreign("flow-posterior", partial(foreign.Flow)),
    _foreign("u-net", partial(foreign.Skipping)),
    _foreign("gru", partial(foreign.Recurrent)),
    _foreign("classifier", partial(foreign.Classifier), epochs=1),
    _foreign("gan-generator", partial(foreign.Generator), epochs=0, file="generator.pth"),
    _foreign("gan-discriminator", partial(foreign.Discriminator), epochs=0, file="netD.pth"),
)

ENTRIES: tuple[Entry, ...] = (*COMMON, *FOREIGN, *CONVS, *AILING, *MLPS)


def entry(name: str) -> Entry:
    """The entry of that name."""
    return next(found for found in ENTRIES if found.name == name)


def built(found: Entry) -> nn.Module:
    """Its network with the weights that its seed draws; torch's own generator is left as it was."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(found.seed)
        return found.build()
