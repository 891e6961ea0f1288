from __future__ import annotations

import pytest
import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.conv import Conv, ConvOptions
from vae_analyze.loading.files.fields import Fields
from vae_analyze.vae import VAE


def network(**changes: object) -> Conv:
    plain = {"input_shape": [1, 32, 32], "channels": 4, "hidden": [16, 12], "latent_dim": 3, **changes}
    return Conv(ConvOptions.from_fields(Fields.of("options", plain))).eval().requires_grad_(requires_grad=False)


@pytest.mark.parametrize(("side", "depth"), [(16, 2), (32, 3), (64, 4), (128, 5)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_side_is_halved_down_to_four(side: int, depth: int, channels: int) -> None:
    made = network(input_shape=[channels, side, side])
    assert made.options.depth == depth
    assert isinstance(made, VAE)
    x = torch.zeros(2, channels, side, side)
    assert made.encode(x).mean.shape == (2, 3)
    assert made.decode(torch.zeros(2, 3)).shape == x.shape


def test_halves_and_interleaved_rows_are_the_same_model_with_permuted_heads() -> None:
    halves, interleaved = network(), network(interleaved=True)
    state = halves.state_dict()
    order = [0, 3, 1, 4, 2, 5]
    state["head.weight"], state["head.bias"] = state["head.weight"][order], state["head.bias"][order]
    interleaved.load_state_dict(state)
    x = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    a, b = halves.encode(x), interleaved.encode(x)
    assert torch.allclose(a.mean, b.mean, atol=1e-6)
    assert torch.allclose(a.logvar, b.logvar, atol=1e-6)
    assert not torch.allclose(a.mean, a.logvar)


def test_an_autoencoder_has_a_head_for_means_only() -> None:
    made = network(deterministic=True)
    assert made.head.weight.shape[0] == 3
    assert bool((made.encode(torch.zeros(1, 1, 32, 32)).logvar == -torch.inf).all())


def test_gaussian_decodes_to_the_last_convolution_and_bernoulli_to_its_sigmoid() -> None:
    z = torch.ones(1, 3)
    gaussian, bernoulli = network(likelihood="gaussian"), network()
    assert torch.equal(gaussian.decode(z), gaussian.logits(z))
    assert torch.equal(bernoulli.decode(z), bernoulli.logits(z).sigmoid())


@pytest.mark.parametrize("shape", [[1, 28, 28], [1, 32, 64]])
def test_sides_that_do_not_halve_to_four_are_refused(shape: list[int]) -> None:
    with pytest.raises(CheckpointError, match=r"expected input_shape .* found \(1, "):
        network(input_shape=shape)


def test_it_describes_itself_in_one_line() -> None:
    assert network().describe() == "convolutional VAE 1x32x32, 3 x 4 channels, 16-12-3 and back"


def test_options_survive_plain_data() -> None:
    options = network(interleaved=True).options
    assert ConvOptions.from_fields(Fields.of("options", options.to_plain())) == options
