"""How the authors of the files in ``../shared/data/wild`` read them, restated by hand from what is known of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from support.zoo.mlps import Examples

State = dict[str, Tensor]


class Read(NamedTuple):
    """Of images in [0, 1] ``(n, c, h, w)``: posterior means ``(n, d)`` and their reconstructions, any shape."""

    mean: Tensor
    reconstruction: Tensor


Reader = Callable[[Path, Tensor, Tensor], Read]


def _state(path: Path) -> State:
    # The pickled module: its class is ours under the name that the file asks for.
    with torch.serialization.safe_globals([(Examples, "__main__.VAE"), nn.Linear]):
        content = torch.load(path, map_location="cpu", weights_only=True)
    if isinstance(content, nn.Module):
        return content.state_dict()
    state: State = content.get("model_state_dict", content)
    return state


def _through(state: State, names: Sequence[str], h: Tensor) -> Tensor:
    """Linear layers with ReLU between, none after the last."""
    for name in names[:-1]:
        h = functional.relu(_linear(state, name, h))
    return _linear(state, names[-1], h)


def _linear(state: State, name: str, h: Tensor) -> Tensor:
    return functional.linear(h, state[f"{name}.weight"], state[f"{name}.bias"])


def _conv(state: State, name: str, h: Tensor, stride: int = 2) -> Tensor:
    return functional.conv2d(h, state[f"{name}.weight"], state[f"{name}.bias"], stride=stride, padding=1)


def _back(state: State, name: str, h: Tensor, extra: int = 0) -> Tensor:
    weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
    return functional.conv_transpose2d(h, weight, bias, stride=2, padding=1, output_padding=extra)


def _mlp(
    encoder: Sequence[str],
    decoder: Sequence[str],
    path: Path,
    x: Tensor,
    labels: Tensor,
    low: float = 0.0,
    half: int = 0,
) -> Read:
    state = _state(path)
    mean = _through(state, encoder, low + x.flatten(1) * (1 - low))
    mean = mean[:, :half] if half else mean
    return Read(mean, torch.sigmoid(_through(state, decoder, mean)))


def _conditional(path: Path, x: Tensor, labels: Tensor) -> Read:
    state, label = _state(path), functional.one_hot(labels, 10).float()
    mean = _through(state, ("encoder.MLP.L0", "encoder.linear_means"), torch.cat((x.flatten(1), label), dim=1))
    decoded = _through(state, ("decoder.MLP.L0", "decoder.MLP.L1"), torch.cat((mean, label), dim=1))
    return Read(mean, torch.sigmoid(decoded))


def _strided_4(path: Path, x: Tensor, labels: Tensor) -> Read:
    state = _state(path)
    h = functional.relu(_conv(state, "encoder.2", functional.relu(_conv(state, "encoder.0", x))))
    mean = _linear(state, "fc_mu", h.flatten(1))
    h = functional.relu(_linear(state, "decoder.0", mean)).view(-1, 64, 7, 7)
    return Read(mean, torch.sigmoid(_back(state, "decoder.5", functional.relu(_back(state, "decoder.3", h)))))


def _strided_3(path: Path, x: Tensor, labels: Tensor) -> Read:
    state = _state(path)
    h = functional.relu(_conv(state, "enc_conv2", functional.relu(_conv(state, "enc_conv1", x))))
    mean = _linear(state, "fc_mu", h.flatten(1))
    h = functional.relu(_linear(state, "fc_dec", mean)).view(-1, 64, 7, 7)
    return Read(mean, torch.sigmoid(_back(state, "dec_conv2", functional.relu(_back(state, "dec_conv1", h, 1)), 1)))


def _joint(path: Path, x: Tensor, labels: Tensor) -> Read:
    """Continuous means with the likeliest of the classes as one-hot vector behind."""
    state = _state(path)
    h = x
    for number in (0, 2, 4):
        h = functional.relu(_conv(state, f"img_to_features.{number}", h))
    h = functional.relu(_linear(state, "features_to_hidden.0", h.flatten(1)))
    mean, classes = _linear(state, "fc_mean", h), _linear(state, "fc_alphas.0", h)
    z = torch.cat((mean, functional.one_hot(classes.argmax(1), classes.shape[1]).float()), dim=1)
    h = functional.relu(_through(state, ("latent_to_features.0", "latent_to_features.2"), z)).view(-1, 64, 4, 4)
    for number in (0, 2):
        h = functional.relu(_back(state, f"features_to_img.{number}", h))
    return Read(mean, torch.sigmoid(_back(state, "features_to_img.4", h)))


_examples = partial(_mlp, ("fc1", "fc21"), ("fc3", "fc4"))

# Healthy and unconditional.
HEALTHY: dict[str, Reader] = {
    "01.pth": _examples,
    "02.pth": partial(_mlp, ("img_2hid", "hid_2mu"), ("z_2hid", "hid_2img")),
    "03.pth": partial(_mlp, ("encoder.fc1", "encoder.fc2"), ("decoder.fc1", "decoder.fc2"), low=-1.0, half=64),
    "04.pth": partial(_mlp, ("encoder.0", "encoder.2"), ("decoder.0", "decoder.2"), half=20),
    "05.pth": partial(
        _mlp, ("layers.linear_enc1", "layers.linear_enc3_mean"), ("layers.linear_dec2", "layers.linear_dec1")
    ),
    "06.pt": _examples,
    "11.pth": _strided_4,
    "12.pth": _strided_3,
}
CONDITIONAL: dict[str, Reader] = {"10.pt": _conditional}
JOINT: dict[str, Reader] = {"15.pt": _joint}
