"""The health of a latent space against closed forms, planted faults, published figures and the shipped samples."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from support.datasets import Memory, images
from support.models import Autoencoder, SpatialVAE
from vae_analyze.analyzers.latent.density import uncovered
from vae_analyze.analyzers.latent.question import Latent
from vae_analyze.api import analyze
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"
SMALL: dict[str, Any] = {"draws": 1000, "likelihood_samples": 0}


class Given(torch.nn.Module):
    """Encodes a sample to itself, with the same posterior variance everywhere; decodes a code to itself."""

    def __init__(self, variance: NDArray[np.float64]) -> None:
        super().__init__()
        self.logvar = torch.nn.Parameter(torch.from_numpy(np.log(variance)).float())

    @property
    def input_shape(self) -> tuple[int, ...]:
        return (len(self.logvar),)

    latent_shape = input_shape

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian(x, self.logvar.expand_as(x))

    def decode(self, z: Tensor, /) -> Tensor:
        return z


def health(means: NDArray[np.float64], variance: NDArray[np.float64] | float, **options: Any) -> Findings:
    model = Given(np.broadcast_to(np.asarray(variance, dtype=np.float64), means.shape[1:]).copy())
    return measured(model, Memory(means.astype(np.float32)), **options)


def measured(model: Any, data: Any, **options: Any) -> Findings:
    pass_options = {name: options.pop(name) for name in ("batch_size", "seed", "samples", "resize") if name in options}
    run = analyze(model, [Latent(**{**SMALL, **options})], data=data, no_cache=True, **pass_options)
    assert not run.failed, run.failed[0].traceback
    return run["latent"]


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def dimension(found: Findings, name: str) -> dict[str, Any]:
    table = next(table for table in found.tables if table.name == "dimensions")
    row = next(row for row in table.rows if row[0] == name)
    return dict(zip((column.name for column in table.columns), row, strict=True))


@pytest.fixture(scope="module")
def found() -> Findings:
    return health(0.9 * normal(6000, 4), 0.19)


class TestAModelThatFitsItsPrior:
    """Means from N(0, 0.81), variance 0.19: the aggregate posterior is the prior, all is known in closed form."""

    def test_the_rate_is_the_mutual_information(self, found: Findings) -> None:
        exact = -2 * math.log(0.19)
        rate, information = found.scalar("rate"), found.scalar("mutual_information")
        assert rate.low <= exact <= rate.high
        assert information.value == pytest.approx(exact, abs=0.15)

    def test_there_is_no_correlation_and_no_distance(self, found: Findings) -> None:
        assert abs(found.scalar("total_correlation").value) < 0.1
        assert abs(found.scalar("dimension_wise_kl").value) < 0.02
        discrepancy = found.scalar("mmd2_to_prior")
        assert discrepancy.low <= 0 <= discrepancy.high

    def test_all_dimensions_are_alive_and_independent(self, found: Findings) -> None:
        assert found.scalar("active_units").value == 4
        assert found.scalar("dead_units").value == 0
        assert found.scalar("redundant_units").value == 0
        assert found.scalar("effective_rank").value == pytest.approx(4, abs=0.01)
        assert found.scalar("posterior_variance").value == pytest.approx(0.19)

    def test_prior_and_codes_cover_each_other_to_the_nominal_share(self, found: Findings) -> None:
        for name in ("uncovered_prior", "codes_outside_prior"):
            assert found.scalar(name).value == pytest.approx(0.01, abs=0.012)

    def test_it_says_so(self, found: Findings) -> None:
        assert found.readings[0].startswith("4 of 4 dimensions are active")
        assert any("close to N(0, 1)" in reading for reading in found.readings)
        assert any("no clusters" in reading for reading in found.readings)

    def test_without_a_known_likelihood_there_is_no_bound(self, found: Findings) -> None:
        assert math.isnan(found.scalar("elbo_at_mean").value)
        assert "likelihood" in found.scalar("elbo_at_mean").reason


def test_planted_faults_are_named() -> None:
    free = 0.9 * normal(1500, 2)
    means = np.column_stack([free[:, 0], np.zeros(1500), -free[:, 0], free[:, 1], np.full(1500, 0.4)])
    found = health(means, np.array([0.19, 1.0, 0.25, 0.19, 1.0]))
    assert [dimension(found, f"z{j}")["state"] for j in range(5)] == ["active", "dead", "active", "active", "constant"]
    assert dimension(found, "z2")["repeats"] == "z0 (r = -1.00)"
    assert found.scalar("redundant_units").value == 1
    assert found.scalar("dead_units").value == 1
    assert "z1 is dead" in found.readings[0]
    assert any(reading.startswith("Redundant: z2 repeats z0") for reading in found.readings)
    assert dimension(found, "z4")["kl"] == pytest.approx(0.08, rel=1e-4)
    assert dimension(found, "z0")["kl_low"] <= -0.5 * math.log(0.19) <= dimension(found, "z0")["kl_high"]


def test_a_planted_hole_is_found() -> None:
    # Codes on both sides of an empty strip |z0| < 1, filled otherwise like the prior.
    means = normal(20_000, 2)
    means = means[np.abs(means[:, 0]) > 1][:4000]
    hole = health(means, 1e-4, draws=4000).scalar("uncovered_prior")
    filled = health(normal(4000, 2), 1e-4, draws=4000).scalar("uncovered_prior")
    # 68 % of the prior lies in the strip; its edges are near codes.
    assert 0.4 < hole.value < 0.68
    assert filled.value < 0.03
    assert filled.high < hole.low


@pytest.mark.parametrize("components", [1, 3, 5])
def test_the_number_of_clusters_is_recovered(components: int) -> None:
    rng = np.random.default_rng(1)
    centres = 6 * np.stack([np.cos(np.arange(components)), np.sin(np.arange(components))], axis=1)
    means = centres[rng.integers(0, components, 1500)] + rng.normal(size=(1500, 2)) * [0.4, 0.8]
    found = health(means, 0.1, clusters=7)
    expected = "no clusters" if components == 1 else f"form {components} clusters;"
    assert any(expected in reading for reading in found.readings), found.readings


def test_more_samples_are_asked_for_where_information_hits_its_ceiling() -> None:
    found = health(normal(300, 8), 1e-4)
    assert found.scalar("mutual_information").value == pytest.approx(math.log(300), abs=0.01)
    for name, bound in (("mutual_information", "a lower bound"), ("total_correlation", "an upper bound")):
        assert found.scalar(name).status == "warning"
        assert found.scalar(name).reason == f"{bound}: the mutual information is at its ceiling, log n = 5.7"
    assert any("at least" in reading for reading in found.readings)


def test_a_shift_of_the_codes_shows_in_their_marginal_only() -> None:
    near, far = (health(0.9 * normal(3000, 2) + [shift, 0.0], 0.19) for shift in (0.0, 0.7))
    assert far.scalar("dimension_wise_kl").value - near.scalar("dimension_wise_kl").value == pytest.approx(
        0.245, abs=0.06
    )
    assert abs(far.scalar("total_correlation").value - near.scalar("total_correlation").value) < 0.05
    assert dimension(far, "z0")["mean"] == pytest.approx(0.7, abs=0.05)
    assert dimension(far, "z0")["ks_distance"] == pytest.approx(0.274, abs=0.03)
    assert far.scalar("mmd2_to_prior").low > near.scalar("mmd2_to_prior").high


def test_a_collapsed_model_is_called_so() -> None:
    found = health(np.zeros((200, 3)), 1.0)
    assert "collapsed" in found.readings[0]
    assert found.scalar("rate").value == pytest.approx(0, abs=1e-9)
    assert found.scalar("mutual_information").value == pytest.approx(0, abs=1e-9)
    assert math.isnan(found.scalar("effective_rank").value)


def test_a_plain_autoencoder_has_no_rate_and_says_why() -> None:
    found = measured(Autoencoder(), images(60), likelihood_samples=4)
    for name in ("rate", "mutual_information", "uncovered_prior", "dead_units"):
        assert math.isnan(found.scalar(name).value)
        assert "deterministic" in found.scalar(name).reason
    assert "plain autoencoder" in found.readings[0]
    assert found.scalar("distortion_mse").value > 0
    assert not any(figure.name == "information" for figure in found.figures)


def test_spatial_codes_are_read_as_vectors() -> None:
    found = measured(SpatialVAE(), images(80))
    d = math.prod(SpatialVAE().latent_shape)
    assert f"of {d} dimensions" in found.readings[0]


def test_too_many_dimensions_for_a_density_are_not_given_one() -> None:
    found = health(normal(60, 300), 0.1)
    assert "300 latent dimensions" in found.scalar("mutual_information").reason
    assert found.scalar("rate").value > 0


def test_codes_that_are_not_finite_are_counted_and_left_out() -> None:
    class Breaking(Given):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            broken = torch.where(x[:, :1] > 2, torch.nan, x)
            return DiagonalGaussian(broken, self.logvar.expand_as(x))

    means = normal(400, 3)
    n = int((means[:, 0] > 2).sum())
    found = measured(Breaking(np.full(3, 0.2)), Memory(means.astype(np.float32)))
    assert n > 0
    assert math.isnan(found.scalar("rate").value)
    assert found.scalar("mutual_information").value > 0
    assert any(warning.startswith(f"{n} of 400 posteriors are not finite") for warning in found.warnings)


def test_of_very_many_dimensions_the_most_informative_are_held_against_the_prior() -> None:
    variance = np.full(300, 0.9)
    variance[7] = 0.01
    found = health(normal(50, 300), variance)
    assert dimension(found, "z7")["ks_distance"] >= 0
    assert any("most informative" in reading for reading in found.readings)


@pytest.mark.parametrize("n", [2, 7])
def test_few_samples_give_numbers_or_reasons(n: int) -> None:
    found = health(normal(n, 3), 0.2)
    for scalar in found.scalars:
        assert math.isfinite(scalar.value) or scalar.reason
    assert any("samples" in warning for warning in found.warnings)


def test_numbers_do_not_depend_on_the_batch() -> None:
    one, other = (measured(SpatialVAE(), images(90), batch_size=size) for size in (7, 64))
    for scalar in one.scalars:
        value = other.scalar(scalar.name, **dict(scalar.params)).value
        assert value == pytest.approx(scalar.value, rel=1e-4, abs=1e-5, nan_ok=True), scalar.name


def test_shipped_samples_are_what_they_are() -> None:
    collapsed = measured(CHECKPOINTS / "digits-collapsed.pt", "digits", samples=300)
    assert collapsed.scalar("active_units").value == 0
    assert "collapsed" in collapsed.readings[0]
    plain = measured(CHECKPOINTS / "digits-ae.pt", "digits", samples=300)
    assert "plain autoencoder" in plain.readings[0]
    healthy = measured(CHECKPOINTS / "digits-vae.pt", "digits", samples=300, likelihood_samples=32)
    assert healthy.scalar("active_units").value > 1
    elbo, bound = (healthy.scalar("log_likelihood_bound", weights=k) for k in (1, 200))
    assert elbo.value < bound.value < 0


def test_published_divergences_of_a_foreign_model(shared_data: Path) -> None:
    folder = shared_data / "checkpoints" / "VAE_mnist"
    images_file = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    found = measured(folder, str(images_file), samples=10_000, resize=True, clusters=1)
    log = json.loads((folder / "test_losses.log").read_text())
    assert found.scalar("rate").value == pytest.approx(60 * log["kl_loss"], rel=0.02)
    assert found.scalar("rate").value == pytest.approx(19.1, abs=0.3)
    for j in range(10):
        # The log is of one batch: z9 is 11 % off, all others less than 5 %.
        assert dimension(found, f"z{j}")["kl"] == pytest.approx(60 * log[f"kl_loss_{j}"], rel=0.12)


def test_dead_dimensions_of_a_foreign_model(shared_data: Path) -> None:
    images_file = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    found = measured(shared_data / "checkpoints" / "btcvae_mnist", str(images_file), samples=2000, resize=True)
    dead = [f"z{j}" for j in range(10) if dimension(found, f"z{j}")["state"] == "dead"]
    assert dead == ["z2", "z7"]


def test_the_share_of_holes_is_as_uncertain_as_it_says() -> None:
    held = 0
    for seed in range(30):
        found = health(0.9 * normal(200, 4, seed), 0.19, draws=1000, clusters=1, seed=seed).scalar("uncovered_prior")
        held += found.low <= 0.01 <= found.high
    assert held >= 25, held


def test_the_share_of_holes_is_that_of_a_plain_count() -> None:
    rng = np.random.default_rng(0)
    density: Any = SimpleNamespace(
        prior_distances=rng.exponential(2.0, 500),
        code_distances=rng.exponential(1.0, 400),
        code_index=np.tile(np.arange(200), 2),
    )
    value, replicates = uncovered(density, seed=0)
    assert value == np.mean(density.prior_distances > np.quantile(density.code_distances, 0.99))
    again = []
    for _ in range(400):
        rows = rng.integers(0, 200, 200)
        edge = np.quantile(density.code_distances[np.concatenate([rows, 200 + rows])], 0.99)
        again.append(np.mean(rng.choice(density.prior_distances, 500) > edge))
    assert replicates.mean() == pytest.approx(np.mean(again), abs=0.01)
    assert replicates.std() == pytest.approx(np.std(again), rel=0.2)


def test_a_decoded_value_that_is_not_finite_costs_its_own_numbers_only() -> None:
    class Breaking(SpatialVAE):
        def decode(self, z: Tensor, /) -> Tensor:
            x_hat = super().decode(z)
            return torch.where(z.flatten(1)[:, :1, None, None] > 0, x_hat, torch.nan)

    found = measured(Breaking(), images(60), likelihood="bernoulli")
    assert math.isnan(found.scalar("cross_entropy").value)
    assert "not finite" in found.scalar("cross_entropy").reason
    assert math.isfinite(found.scalar("rate").value)
