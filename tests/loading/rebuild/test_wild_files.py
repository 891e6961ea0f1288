from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d, linear

import vae_analyze
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild import REBUILD
from vae_analyze.loading.settling.convention import Conventional
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.source import Source


@pytest.fixture(scope="module")
def mnist(request: pytest.FixtureRequest) -> Evidence:
    images = request.getfixturevalue("shared_data") / "mnist" / "t10k-images-idx3-ubyte.gz"
    x = torch.from_numpy(vae_analyze.open_data(str(images)).read(np.arange(1000)).x)
    return Evidence(name="mnist", x=x, value_range=(0.0, 1.0))


def loaded(path: Path, mnist: Evidence) -> tuple[Conventional, dict[str, Tensor]]:
    found = REBUILD.read(Source.open(path), LoadOptions(evidence=mnist))
    assert isinstance(found.vae, Conventional)
    return found.vae, torch.load(path, map_location="cpu", weights_only=True)


def test_two_heads_as_their_source_has_them(shared_data: Path, mnist: Evidence) -> None:
    vae, w = loaded(shared_data / "wild" / "01.pth", mnist)
    x = mnist.x.flatten(1)
    hidden = linear(x, w["fc1.weight"], w["fc1.bias"]).relu()
    mean = linear(hidden, w["fc21.weight"], w["fc21.bias"])
    back = linear(linear(mean, w["fc3.weight"], w["fc3.bias"]).relu(), w["fc4.weight"], w["fc4.bias"]).sigmoid()

    assert torch.allclose(vae.encode(mnist.x).mean, mean, atol=1e-4)
    assert torch.allclose(vae.decode(mean).flatten(1), back, atol=1e-4)


def test_convolutions_as_their_source_has_them(shared_data: Path, mnist: Evidence) -> None:
    vae, w = loaded(shared_data / "wild" / "11.pth", mnist)
    hidden = conv2d(mnist.x[:100], w["encoder.0.weight"], w["encoder.0.bias"], 2, 1).relu()
    hidden = conv2d(hidden, w["encoder.2.weight"], w["encoder.2.bias"], 2, 1).relu().flatten(1)
    mean = linear(hidden, w["fc_mu.weight"], w["fc_mu.bias"])
    back = linear(mean, w["decoder.0.weight"], w["decoder.0.bias"]).relu().reshape(-1, 64, 7, 7)
    back = conv_transpose2d(back, w["decoder.3.weight"], w["decoder.3.bias"], 2, 1).relu()
    back = conv_transpose2d(back, w["decoder.5.weight"], w["decoder.5.bias"], 2, 1).sigmoid()

    assert torch.allclose(vae.encode(mnist.x[:100]).mean, mean, atol=1e-4)
    assert torch.allclose(vae.decode(mean), back, atol=1e-4)


@pytest.mark.parametrize(("name", "what"), [("07.ckpt", "untrained"), ("09.pth", "posterior collapse")])
def test_sick_models_are_named(shared_data: Path, mnist: Evidence, name: str, what: str) -> None:
    with pytest.raises(CheckpointError, match=what):
        REBUILD.read(Source.open(shared_data / "wild" / name), LoadOptions(evidence=mnist))
