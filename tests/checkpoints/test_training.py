from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from checkpoints.scripts import script
from vae_analyze.loading.architectures.conv import Conv, ConvOptions
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions


def network(**changes: Any) -> MLP:
    return MLP(MLPOptions(input_shape=(4,), hidden=(32,), latent_dim=2, **changes))


def batches(n: int, generator: torch.Generator) -> Tensor:
    """Two patterns, with equal chance."""
    return torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])[torch.randint(2, (n,), generator=generator)]


@pytest.fixture(autouse=True)
def as_before() -> Any:
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)


def trained(model: MLP, *, beta: float = 1.0, seed: int = 0, steps: int = 300) -> MLP:
    training = script("training")
    schedule = training.Schedule(
        steps=steps, batch_size=16, learning_rate=1e-2, beta=beta, points=1, warm_up=0, seed=seed
    )
    made = training.train(model, schedule, batches)
    assert isinstance(made, MLP)
    return made


def test_training_repeats_to_the_bit_and_leaves_the_global_generator_alone() -> None:
    models = [network(), network(), network()]
    before = torch.get_rng_state()
    first, second, other = (trained(model, seed=seed, steps=20) for model, seed in zip(models, (0, 0, 1), strict=True))
    weights = [torch.cat([w.flatten() for w in model.state_dict().values()]) for model in (first, second, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert torch.equal(before, torch.get_rng_state())


def test_two_patterns_are_learnt_with_about_one_bit() -> None:
    model = trained(network()).requires_grad_(requires_grad=False)
    x = torch.tensor([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    posterior = model.encode(x)
    assert float((model.decode(posterior.mean) - x).abs().max()) < 0.2
    assert float(posterior.kl_to_prior().sum(dim=1).mean()) > math.log(2) / 2


def test_a_heavy_beta_leaves_nothing_in_the_codes() -> None:
    posterior = (
        trained(network(), beta=1000.0)
        .requires_grad_(requires_grad=False)
        .encode(batches(8, torch.Generator().manual_seed(0)))
    )
    assert float(posterior.kl_to_prior().sum()) < 0.05


def test_an_autoencoder_minimises_the_error_alone() -> None:
    model = trained(network(deterministic=True), beta=1000.0).requires_grad_(requires_grad=False)
    x = batches(8, torch.Generator().manual_seed(0))
    assert float((model.decode(model.encode(x).mean) - x).abs().max()) < 0.05


def test_first_weights_keep_the_signal_through_every_layer() -> None:
    conv = Conv(ConvOptions(input_shape=(1, 64, 64), channels=16, hidden=(64, 64), latent_dim=8))
    generator = torch.Generator().manual_seed(0)
    script("training").initialise(conv, generator)
    conv.requires_grad_(requires_grad=False)
    x = torch.randn(32, 1, 64, 64, generator=generator)
    assert 0.2 < float(conv.encode(x).mean.std()) < 5
    assert 0.2 < float(conv.logits(torch.randn(32, 8, generator=generator)).std()) < 5
