from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from support.models import Autoencoder, ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze import vae
from vae_analyze.vae import VAE, DiagonalGaussian, flatten, unflatten


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_kl_to_the_prior_by_hand() -> None:
    # N(1, 4): (1 + 4 - 1 - ln 4) / 2.
    posterior = DiagonalGaussian(torch.ones(1, 1).double(), torch.full((1, 1), 4.0).double().log())
    assert posterior.kl_to_prior().item() == pytest.approx(2 - math.log(2), rel=1e-12)


@pytest.mark.parametrize("shape", [(5, 3), (2, 3, 4, 4), (0, 3)])
def test_kl_to_the_prior_agrees_with_torch(shape: tuple[int, ...]) -> None:
    posterior = DiagonalGaussian(draw(*shape), draw(*shape, seed=1))
    expected = kl_divergence(Normal(posterior.mean, (0.5 * posterior.logvar).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(posterior.kl_to_prior(), expected, rtol=1e-10, atol=1e-12)


def test_the_prior_is_at_no_distance_from_itself() -> None:
    assert (DiagonalGaussian(torch.zeros(2, 3), torch.zeros(2, 3)).kl_to_prior() == 0).all()


def test_sampling_scales_and_shifts_the_noise() -> None:
    posterior = DiagonalGaussian(torch.tensor([[1.0, -1.0]]), torch.tensor([[math.log(4), math.log(0.25)]]))
    torch.testing.assert_close(posterior.sample(torch.tensor([[3.0, 2.0]])), torch.tensor([[7.0, 0.0]]))


def test_samples_have_the_stated_moments() -> None:
    posterior = DiagonalGaussian(torch.full((100_000, 1), 2.0).double(), torch.full((100_000, 1), 1.0).double())
    z = posterior.sample(draw(100_000, 1))
    assert z.mean().item() == pytest.approx(2, abs=4 * math.exp(0.5) / 100_000**0.5)
    assert z.var().item() == pytest.approx(math.e, rel=0.02)


def test_a_point_has_no_variance_infinite_kl_and_itself_as_sample() -> None:
    mean = draw(4, 3)
    point = DiagonalGaussian.point(mean)
    assert (point.logvar.exp() == 0).all()
    assert point.kl_to_prior().isposinf().all()
    assert torch.equal(point.sample(draw(4, 3, seed=1)), mean)


def test_length_is_the_number_of_samples() -> None:
    assert len(DiagonalGaussian.point(torch.zeros(7, 2, 3))) == 7


def test_refuses_two_shapes() -> None:
    with pytest.raises(ValueError, match=r"mean and logvar of one shape, got \(2, 3\) and \(2, 4\)"):
        DiagonalGaussian(torch.zeros(2, 3), torch.zeros(2, 4))


def test_a_posterior_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="mean"):
        DiagonalGaussian.point(torch.zeros(1, 1)).mean = torch.ones(1, 1)  # type: ignore[misc]  # the point


def test_flatten_and_unflatten_are_inverse_in_torchs_order() -> None:
    z = draw(5, 2, 4, 3)
    assert flatten(z).shape == (5, 24)
    assert torch.equal(flatten(z), torch.flatten(z, 1))
    assert torch.equal(unflatten(flatten(z), (2, 4, 3)), z)


def test_flat_codes_stay_as_they_are() -> None:
    z = draw(5, 3)
    assert torch.equal(flatten(z), z)
    assert torch.equal(unflatten(z, (3,)), z)


def test_no_codes_flatten_and_unflatten() -> None:
    assert flatten(torch.zeros(0, 2, 3)).shape == (0, 6)
    assert unflatten(torch.zeros(0, 6), (2, 3)).shape == (0, 2, 3)


@pytest.mark.parametrize(
    "model",
    [
        LinearVAE.random(6, 2),
        NumpyVAE(),
        SpatialVAE(),
        Autoencoder(),
        ConditionalVAE().given(torch.zeros(2, dtype=torch.long)),
    ],
)
def test_models_of_every_nature_are_a_vae(model: VAE) -> None:
    assert isinstance(model, VAE)
    x = torch.rand(2, *model.input_shape)
    posterior = model.encode(x)
    assert posterior.mean.shape == (2, *model.latent_shape)
    assert model.decode(posterior.mean).shape == x.shape


def test_a_conditional_model_is_one_and_becomes_a_vae_given_labels() -> None:
    model = ConditionalVAE()
    assert isinstance(model, vae.ConditionalVAE)
    assert not isinstance(model, VAE)
    assert isinstance(model.given(torch.zeros(1, dtype=torch.long)), VAE)
    assert not isinstance(LinearVAE.random(6, 2), vae.ConditionalVAE)


def test_a_module_without_the_members_is_no_vae() -> None:
    assert not isinstance(torch.nn.Linear(2, 2), VAE)
