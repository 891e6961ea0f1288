from __future__ import annotations

import pytest
import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions
from vae_analyze.loading.files.fields import Fields
from vae_analyze.vae import VAE


def network(**changes: object) -> MLP:
    plain = {"input_shape": [1, 4, 4], "hidden": [8, 6], "latent_dim": 3, **changes}
    return MLP(MLPOptions.from_fields(Fields.of("options", plain))).eval().requires_grad_(requires_grad=False)


def test_it_satisfies_the_protocol() -> None:
    made = network()
    assert isinstance(made, VAE)
    assert made.input_shape == (1, 4, 4)
    assert made.latent_shape == (3,)


@pytest.mark.parametrize("hidden", [[], [8], [8, 6, 5]])
def test_shapes_survive_the_way_there_and_back(hidden: list[int]) -> None:
    made = network(hidden=hidden)
    posterior = made.encode(torch.zeros(5, 1, 4, 4))
    assert posterior.mean.shape == posterior.logvar.shape == (5, 3)
    assert made.decode(posterior.mean).shape == (5, 1, 4, 4)


def test_without_hidden_layers_it_is_the_linear_map_of_its_weights() -> None:
    made = network(hidden=[], likelihood="gaussian")
    x = torch.linspace(0, 1, 32).reshape(2, 1, 4, 4)
    expected = x.reshape(2, 16) @ made.mean.weight.T + made.mean.bias
    assert torch.allclose(made.encode(x).mean, expected, atol=1e-6)
    z = torch.eye(3)
    assert torch.allclose(made.decode(z).reshape(3, 16), made.output.weight.T + made.output.bias, atol=1e-6)


def test_bernoulli_decodes_to_the_sigmoid_of_the_logits() -> None:
    made = network()
    z = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)) * 10
    assert torch.equal(made.decode(z), torch.sigmoid(made.logits(z)))
    assert made.decode(z).min() >= 0
    assert made.decode(z).max() <= 1


def test_an_autoencoder_encodes_to_points() -> None:
    made = network(deterministic=True)
    assert bool((made.encode(torch.zeros(2, 1, 4, 4)).logvar == -torch.inf).all())
    assert not [name for name in made.state_dict() if "logvar" in name]
    assert "autoencoder" in made.describe()


def test_it_describes_itself_in_one_line() -> None:
    assert network(activation="tanh").describe() == "MLP VAE 16-8-6-3 and back, tanh"


def test_options_survive_plain_data() -> None:
    options = network(activation="gelu", likelihood="gaussian").options
    assert MLPOptions.from_fields(Fields.of("options", options.to_plain())) == options


@pytest.mark.parametrize(
    ("field", "value"), [("activation", "sine"), ("latent_dim", 0), ("hidden", [1] * 40), ("likelihood", "poisson")]
)
def test_options_out_of_range_are_refused(field: str, value: object) -> None:
    with pytest.raises(CheckpointError, match=f"field '{field}'"):
        network(**{field: value})
