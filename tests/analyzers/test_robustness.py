"""Robustness to Gaussian noise against closed forms, a plain re-computation, edges, and its direction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from support.datasets import Memory, images, vectors
from support.models import Autoencoder, LinearVAE, SpatialVAE
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.api import analyze
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

SIGMAS = (0.05, 0.1, 0.2, 0.3, 0.5)


def sweep(model: Any, data: Memory, *, sigma: tuple[float, ...] = SIGMAS, draws: int = 2, **options: Any) -> Findings:
    run = analyze(model, [Robustness(sigma=sigma, draws=draws)], data=data, no_cache=True, **options)
    assert not run.failed, run.failed[0].traceback
    return run["robustness"]


def linear_truth(model: LinearVAE, sigma: float) -> tuple[float, float, float]:
    """latent MSE, reconstruction MSE, symmetrised KL of a linear VAE under noise of this level."""
    w, vw = model.w.double(), (model.v @ model.w).double()
    latent = sigma**2 * float(w.square().sum()) / w.shape[0]
    # Equal variances: each direction of the KL is |dmu|^2 / (2 v), and so is their mean.
    return latent, sigma**2 * float(vw.square().sum()) / vw.shape[0], latent * w.shape[0] / (2 * model.variance)


@pytest.mark.parametrize("seed", range(4))
def test_a_linear_vae_agrees_with_the_closed_form_at_every_sigma(seed: int) -> None:
    model = LinearVAE.random(12, 4, seed=seed)
    found = sweep(model, vectors(1000, 12), draws=4, seed=seed + 20)
    for sigma in SIGMAS:
        for name, truth in zip(
            ("latent_mse", "reconstruction_mse", "posterior_skl"), linear_truth(model, sigma), strict=True
        ):
            scalar = found.scalar(name, sigma=sigma)
            assert scalar.low <= truth <= scalar.high, (name, sigma)
            assert scalar.high - scalar.low < 0.15 * truth, "an interval that holds everything shows nothing"


@pytest.mark.slow
def test_the_interval_holds_the_closed_form_as_often_as_it_says() -> None:
    model = LinearVAE.random(8, 3)
    held = []
    for seed in range(300):
        found = sweep(model, vectors(60, 8, seed=seed), sigma=(0.2,), draws=1, seed=seed)
        latent, reconstruction, _ = linear_truth(model, 0.2)
        for name, truth in (("latent_mse", latent), ("reconstruction_mse", reconstruction)):
            scalar = found.scalar(name, sigma=0.2)
            held.append(scalar.low <= truth <= scalar.high)
    # Binomial standard error 0.9 %; percentile intervals of skewed means at n = 60 are a little short.
    assert 0.915 <= np.mean(held) <= 0.975


def test_the_noise_that_arrives_has_the_stated_energy() -> None:
    found = sweep(SpatialVAE(), images(200), draws=4)
    for sigma in SIGMAS:
        raw, clipped = found.scalar("input_mse", sigma=sigma), found.scalar("input_mse", sigma=sigma, clipped=True)
        assert raw.low <= sigma**2 <= raw.high
        assert clipped.value < raw.value


def test_clipping_agrees_with_the_closed_form_on_a_black_background() -> None:
    # All pixels at 0: clipping keeps the positive half, so E[(x'-x)^2] = sigma^2 / 2 (for sigma well below 1).
    black = Memory(np.zeros((300, 1, 8, 8), np.float32), value_range=(0.0, 1.0))
    found = sweep(SpatialVAE(), black, sigma=(0.1,))
    scalar = found.scalar("input_mse", sigma=0.1, clipped=True)
    assert scalar.low <= 0.1**2 / 2 <= scalar.high


def test_every_number_agrees_with_a_plain_re_computation() -> None:
    """The same definitions, written out sample by sample in NumPy and SciPy-free loops."""
    model, data, sigma = SpatialVAE(), images(12), 0.3
    run = analyze(model, [Robustness(sigma=(sigma,), draws=1)], data=data, no_cache=True, dtype="float64")
    found, rows = run["robustness"], run["robustness"].rows
    assert rows is not None
    from vae_analyze.engine.randomness import Streams

    model = SpatialVAE().double().requires_grad_(requires_grad=False)
    kept = rows.gather()
    means: dict[str, list[float]] = {}
    codes, variances, clean_images = [], [], []
    for row, sample in enumerate(kept.index):
        x = torch.from_numpy(data.x[sample : sample + 1]).double()
        eta = Streams(0, "robustness").normal(np.array([sample]), (1, 8, 8), tag="noise 0").double()
        clean = model.encode(x)
        codes.append(clean.mean.flatten().numpy())
        variances.append(clean.logvar.exp().flatten().numpy())
        clean_images.append(model.decode(clean.mean).flatten().numpy())
        noisy = x + sigma * eta
        posterior = model.encode(noisy)
        expected = {
            "latent_mse": float(((posterior.mean - clean.mean) ** 2).mean()),
            "reconstruction_mse": float(((model.decode(posterior.mean) - model.decode(clean.mean)) ** 2).mean()),
            "denoising_mse": float(((model.decode(posterior.mean) - x) ** 2).mean()),
            "input_mse": float(((noisy - x) ** 2).mean()),
            "posterior_skl": symmetrised(clean, posterior),
        }
        for name, value in expected.items():
            assert kept.values[row, rows.position(name, sigma=sigma)] == pytest.approx(value, rel=1e-9)
            means.setdefault(name, []).append(value)
    for name, values in means.items():
        assert found.scalar(name, sigma=sigma).value == pytest.approx(np.mean(values), rel=1e-9)
    spread, noise = np.var(codes, axis=0, ddof=1).mean(), np.mean(variances)
    latent = np.mean(means["latent_mse"])
    assert found.scalar("latent_nmse", sigma=sigma).value == pytest.approx(latent / (spread + noise), rel=1e-9)
    over = found.scalar("latent_mse_over_code_variance", sigma=sigma)
    assert over.value == pytest.approx(latent / spread, rel=1e-9)
    apart = [np.mean((a - b) ** 2) for i, a in enumerate(clean_images) for b in clean_images[:i]]
    moved = np.mean(means["reconstruction_mse"]) / np.mean(apart)
    assert found.scalar("reconstruction_nmse", sigma=sigma).value == pytest.approx(moved, rel=1e-9)
    assert found.scalar("latent_sampling_floor").value == pytest.approx(2 * noise, rel=1e-9)


def symmetrised(p: DiagonalGaussian, q: DiagonalGaussian) -> float:
    from torch.distributions import Normal, kl_divergence

    one, other = (Normal(d.mean, (0.5 * d.logvar).exp()) for d in (p, q))
    return float((0.5 * (kl_divergence(one, other) + kl_divergence(other, one))).sum())


def test_the_area_is_the_mean_height_from_no_noise_to_the_largest() -> None:
    found = sweep(LinearVAE.random(6, 3), vectors(100, 6), sigma=(0.1, 0.4))
    one, two = (found.scalar("latent_mse", sigma=s).value for s in (0.1, 0.4))
    by_hand = (0.1 * one / 2 + 0.3 * (one + two) / 2) / 0.4
    assert found.scalar("latent_mse_auc", sigma_max=0.4).value == pytest.approx(by_hand, rel=1e-12)
    clean = found.scalar("clean_mse").value
    one, two = (found.scalar("denoising_mse", sigma=s).value for s in (0.1, 0.4))
    by_hand = (0.1 * (clean + one) / 2 + 0.3 * (one + two) / 2) / 0.4
    assert found.scalar("denoising_mse_auc", sigma_max=0.4).value == pytest.approx(by_hand, rel=1e-12)


def test_dimensions_add_up_and_find_the_sensitive_one() -> None:
    w = torch.zeros(3, 6)
    w[0, 0], w[1, 1] = 1.0, 3.0  # the third dimension is dead
    found = sweep(LinearVAE(w, w.T.contiguous()), vectors(400, 6), sigma=(0.2,))
    table = found.tables[1].to_frame()
    mean = table["latent_mse"].mean()
    assert mean == pytest.approx(found.scalar("latent_mse", sigma=0.2).value, rel=1e-9)
    assert table["share"].sum() == pytest.approx(1.0)
    assert table.set_index("dimension")["share"].to_dict() == pytest.approx({"z0": 0.1, "z1": 0.9, "z2": 0.0}, abs=0.02)
    assert table["latent_mse"][1] == pytest.approx(0.2**2 * 9, abs=4 * table["se"][1])
    assert any("z1 makes up 90 %" in reading for reading in found.readings)


def test_many_latents_are_told_by_channel() -> None:
    class Wide(SpatialVAE):
        input_shape = (1, 32, 32)
        latent_shape = (2, 16, 16)

    found = sweep(Wide(), images(20, size=32), sigma=(0.2,))
    table = found.tables[1]
    assert table.columns[0].name == "channel"
    assert [row[0] for row in table.rows if not row[2]] == ["z0", "z1"]
    mean = table.to_frame().query("~clipped")["latent_mse"].mean()
    assert mean == pytest.approx(found.scalar("latent_mse", sigma=0.2).value, rel=1e-6)


def test_scaling_the_codes_scales_the_movement_and_not_the_normalised_one() -> None:
    model = LinearVAE.random(6, 3)
    # A code ten times as large with a variance a hundred times as large is the same model in another unit.
    scaled = LinearVAE(10 * model.w, model.v / 10, variance=100 * model.variance)
    one, other = (sweep(m, vectors(200, 6), sigma=(0.2,), dtype="float64") for m in (model, scaled))
    moved, moved_scaled = (f.scalar("latent_mse", sigma=0.2).value for f in (one, other))
    assert moved_scaled == pytest.approx(100 * moved, rel=1e-6)
    for name in ("latent_nmse", "latent_mse_over_code_variance", "posterior_skl", "reconstruction_mse"):
        assert other.scalar(name, sigma=0.2).value == pytest.approx(one.scalar(name, sigma=0.2).value, rel=1e-6)


def test_more_noise_moves_more_and_a_contracting_model_moves_less() -> None:
    model = LinearVAE.random(6, 3)
    calm = LinearVAE(0.1 * model.w, model.v)
    wild, tame = (sweep(m, vectors(200, 6)) for m in (model, calm))
    values = [wild.scalar("reconstruction_mse", sigma=sigma).value for sigma in SIGMAS]
    assert values == sorted(values)
    for sigma in SIGMAS:
        assert tame.scalar("reconstruction_mse", sigma=sigma).high < wild.scalar("reconstruction_mse", sigma=sigma).low
        assert wild.scalar("reconstruction_mse", sigma=sigma).direction == "lower"


def test_a_model_that_projects_out_the_noise_denoises() -> None:
    # Data on a line in 64 dimensions, and a model that projects onto it: 1/64 of the noise is left.
    direction = torch.zeros(1, 64)
    direction[0, 0] = 1.0
    x = np.zeros((300, 64), np.float32)
    x[:, 0] = np.random.default_rng(0).normal(size=300)
    found = sweep(LinearVAE(direction, direction.T.contiguous()), Memory(x), sigma=(0.2,), draws=4)
    ratio = found.scalar("denoising_ratio", sigma=0.2)
    assert ratio.low <= 1 / 64 <= ratio.high
    assert "denoises" in found.readings[1]


def test_the_range_of_the_data_sets_the_scale_of_sigma() -> None:
    model = LinearVAE.random(6, 3)
    wide = Memory(vectors(200, 6).x, value_range=(-10.0, 10.0))
    found = sweep(model, wide, sigma=(0.1,), draws=4)
    scalar = found.scalar("input_mse", sigma=0.1)
    assert scalar.low <= 2.0**2 <= scalar.high


def test_noise_levels_are_sorted_and_made_unique() -> None:
    found = sweep(LinearVAE.random(6, 3), vectors(20, 6), sigma=(0.4, 0.1, 0.4))
    levels = [scalar.params["sigma"] for scalar in found.scalars if scalar.name == "latent_mse"]
    assert levels == [0.1, 0.4]


def test_the_first_draws_are_the_same_however_many_follow() -> None:
    model, data = LinearVAE.random(6, 3), vectors(20, 6)
    one, two = (
        analyze(model, [Robustness(sigma=(0.1,), draws=k)], data=data, no_cache=True)["robustness"].rows for k in (1, 2)
    )
    assert one is not None
    assert two is not None
    column = one.position("latent_mse", sigma=0.1)
    assert not np.allclose(one.gather().values[:, column], two.gather().values[:, column])
    from vae_analyze.engine.randomness import Streams

    index = np.arange(5)
    first = Streams(0, "robustness").normal(index, (6,), tag="noise 0")
    assert torch.equal(first, Streams(0, "robustness").normal(index, (6,), tag="noise 0"))


def test_a_deterministic_autoencoder_has_no_divergence_and_says_so() -> None:
    found = sweep(Autoencoder(), images(30), sigma=(0.1,))
    for scalar in (found.scalar("posterior_skl", sigma=0.1),):
        assert math.isnan(scalar.value)
        assert "deterministic" in scalar.reason
    assert found.scalar("latent_sampling_floor").value == 0.0
    assert not any(figure.name == "posterior" for figure in found.figures)
    assert found.scalar("latent_nmse", sigma=0.1).value > 0


def test_a_collapsed_model_is_called_collapsed() -> None:
    model = LinearVAE.random(6, 3)
    collapsed = LinearVAE(1e-4 * model.w, model.v, variance=1.0)
    found = sweep(collapsed, vectors(200, 6))
    assert found.scalar("latent_nmse", sigma=0.5).value < 1e-6
    assert any("collapsed" in warning for warning in found.warnings)
    assert "collapsed" in found.readings[0]
    assert not any("denoise" in reading for reading in found.readings)


def test_constant_codes_leave_the_ratio_to_their_variance_undefined() -> None:
    found = sweep(LinearVAE(torch.zeros(3, 6), torch.zeros(6, 3)), vectors(20, 6), sigma=(0.1,))
    scalar = found.scalar("latent_mse_over_code_variance", sigma=0.1)
    assert math.isnan(scalar.value)
    assert "do not vary" in scalar.reason


def test_two_samples_are_enough_for_a_number_and_few_are_a_warning() -> None:
    found = sweep(LinearVAE.random(6, 3), vectors(2, 6), sigma=(0.1,))
    assert math.isfinite(found.scalar("latent_mse", sigma=0.1).value)
    assert any("Only 2 samples" in warning for warning in found.warnings)


def test_pictures_go_from_the_most_to_the_least_stable() -> None:
    found = sweep(SpatialVAE(), images(50))
    figure = next(figure for figure in found.figures if figure.kind == "pictures")
    assert figure.pictures is not None
    assert figure.pictures.pixels.shape == (6, 6, 8, 8, 1)
    clean = [row for row in figure.table.rows if row[0] == "clean"]
    assert [row[3] for row in clean] == [0.0] * 6
    rows = found.rows
    assert rows is not None
    chunk = rows.gather()
    column = chunk.values[:, rows.position("reconstruction_mse", sigma=0.2)]
    assert clean[0][1] == chunk.index[np.argmin(column)]
    assert clean[-1][1] == chunk.index[np.argmax(column)]
    # The noisy picture is the one that was measured: its error is the first draw's.
    noisy = next(row for row in figure.table.rows if row[0] == "noisy, σ = 0.2" and row[1] == clean[0][1])
    assert noisy[3] == pytest.approx(0.2**2, rel=0.5)


def test_figures_carry_words_and_numbers() -> None:
    found = sweep(SpatialVAE(), images(50))
    assert [figure.kind for figure in found.figures] == ["curves", "curves", "curves", "heatmap", "pictures"]
    for figure in found.figures:
        assert len(figure.alt) > 40
        assert figure.table.rows
    latent = found.figures[0].table.to_frame()
    assert set(latent["noise"]) == {"as it is", "clipped"}
    assert ((latent["low"] <= latent["value"]) & (latent["value"] <= latent["high"])).all()


def test_many_dimensions_leave_the_heat_map_readable() -> None:
    found = sweep(LinearVAE.random(120, 100), vectors(60, 120), sigma=(0.1,))
    figure = next(figure for figure in found.figures if figure.kind == "heatmap")
    assert len({row[0] for row in figure.table.rows}) == 40
    assert "40 of 100" in figure.caption
    assert len(found.tables[1].rows) == 100
    moved = {row[0]: float(row[5]) for row in found.tables[1].rows if isinstance(row[5], float)}
    shown = {str(row[0]) for row in figure.table.rows}
    assert min(moved[name] for name in shown) >= max(value for name, value in moved.items() if name not in shown)
