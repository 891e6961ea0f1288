"""PCA as a rival: linear autoencoders whose error and subspace are those of PCA, and scikit-learn beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from analyzers.baselines.known import Affine, Floats, Identity, cells, compared, data, stretched
from support.datasets import vectors
from support.models import LinearVAE
from vae_analyze.analyzers.baselines.components import held_out_errors
from vae_analyze.analyzers.baselines.curve import curve_of
from vae_analyze.analyzers.baselines.paired import Paired
from vae_analyze.metrics import Principal
from vae_analyze.stats.folds import folds
from vae_analyze.stats.rows import RowColumn


def linear_autoencoder(x: Floats, k: int) -> Affine:
    fitted = PCA(k).fit(x)
    return Affine(fitted.mean_, fitted.components_.T, fitted.components_)


def sklearn_held_out(x: Floats, parts: int, k: int) -> Floats:
    which = folds(np.arange(len(x)), parts, seed=0)
    errors = np.empty(len(x))
    for fold in range(parts):
        fitted = PCA(k).fit(x[which != fold])
        back = fitted.inverse_transform(fitted.transform(x[which == fold]))
        errors[which == fold] = np.square(back - x[which == fold]).mean(axis=1)
    return errors


class TestALinearAutoencoder:
    def test_reaches_the_error_of_pca(self) -> None:
        x = stretched(600)
        fitted = PCA(4).fit(x)
        exact = np.square(fitted.inverse_transform(fitted.transform(x)) - x).mean()
        found = compared(linear_autoencoder(x, 4), data(x))
        assert found.scalar("reconstruction_mse", by="model").value == pytest.approx(exact, rel=1e-4)
        # Held out, PCA is a little worse than in-sample; at n = 480 by less than 3 %.
        assert found.scalar("reconstruction_mse", by="pca").value == pytest.approx(exact, rel=0.03)
        assert found.scalar("pca_components_to_match").value in (4, 5)

    def test_spans_the_subspace_of_pca(self) -> None:
        x = stretched(600)
        found = compared(linear_autoencoder(x, 4), data(x))
        for of in ("jacobian", "reconstructions"):
            assert found.scalar("subspace_cosine2", of=of).value == pytest.approx(1, abs=1e-6)
        assert found.scalar("subspace_cosine2", of="random").value == pytest.approx(4 / 12)
        assert max(cells(found, "angles", "angle")) < 0.1

    def test_in_any_basis_of_it(self) -> None:
        x = stretched(400)
        fitted = PCA(3).fit(x)
        mixed = np.random.default_rng(1).normal(size=(3, 3)) + 2 * np.eye(3)
        model = Affine(fitted.mean_, fitted.components_.T @ mixed, np.linalg.inv(mixed) @ fitted.components_)
        found = compared(model, data(x))
        assert found.scalar("subspace_cosine2", of="jacobian").value == pytest.approx(1, abs=1e-6)

    def test_on_other_components_shares_nothing(self) -> None:
        x = stretched(600)
        last = PCA(12).fit(x).components_[-2:]
        found = compared(Affine(x.mean(axis=0), 10 * last.T, last / 10), data(x))
        assert found.scalar("subspace_cosine2", of="jacobian").value < 0.01
        assert any("does not earn its keep" in text for text in found.warnings)
        assert found.scalar("reconstruction_gain", over="pca").high < 0
        assert "is worse at reconstruction" in found.readings[0]


def test_a_random_decoder_shares_what_chance_gives() -> None:
    values = []
    for seed in range(12):
        model = LinearVAE.random(40, 5, seed=seed)
        found = compared(model, vectors(300, 40, seed=seed), probes=False, compared=300)
        values.append(found.scalar("subspace_cosine2", of="jacobian").value)
        assert found.scalar("subspace_cosine2", of="random").value == pytest.approx(5 / 40)
    assert np.mean(values) == pytest.approx(5 / 40, abs=0.03)


def test_cosines_are_those_of_scipy() -> None:
    x = stretched(300)
    model = LinearVAE.random(12, 3)
    found = compared(model, data(x))
    angles = subspace_angles(model.v.double().numpy(), PCA(3).fit(x).components_.T)
    assert found.scalar("subspace_cosine2", of="jacobian").value == pytest.approx(
        np.square(np.cos(angles)).mean(), rel=1e-4
    )
    of = cells(found, "angles", "of")
    listed = [angle for kind, angle in zip(of, cells(found, "angles", "angle"), strict=True) if kind == "jacobian"]
    assert listed == pytest.approx(sorted(np.degrees(angles)), rel=1e-3)


@pytest.mark.parametrize("parts", [2, 5])
def test_held_out_errors_are_those_of_scikit_learn(parts: int) -> None:
    x = stretched(120)
    found = compared(LinearVAE.random(12, 3), data(x), folds=parts)
    expected = sklearn_held_out(x, parts, 3)
    assert found.scalar("reconstruction_mse", by="pca").value == pytest.approx(expected.mean(), rel=1e-6)
    assert found.rows is not None
    rows = found.rows.gather()
    column = found.rows.position("reconstruction_mse", by="pca")
    assert rows.values[np.argsort(rows.index), column] == pytest.approx(expected, rel=1e-5)


def test_one_projection_gives_the_errors_with_every_number_of_components() -> None:
    x, new = (torch.from_numpy(stretched(50, seed=seed)) for seed in (0, 1))
    fitted = Principal.fit(x, 12)
    errors = held_out_errors(fitted, new)
    for k in (0, 1, 5, 12):
        few = Principal(fitted.mean, fitted.components[:k], fitted.variances[:k])
        direct = (few.reconstruct(few.project(new)) - new).square().mean(dim=1)
        assert errors[:, k] == pytest.approx(direct.numpy(), abs=1e-12)
    assert (np.diff(errors, axis=1) <= 1e-12).all()


@pytest.mark.parametrize(("error", "fewest"), [(5.0, 0), (4.0, 0), (2.05, 2), (2.0, 2), (1.95, 3)])
def test_the_components_to_match_are_where_the_curve_crosses(error: float, fewest: int) -> None:
    index = np.arange(50)
    column = RowColumn(name="reconstruction_mse", params={"by": "model"})
    paired = Paired.of(index, [(column, np.full(50, error))], seed=0)
    found = curve_of(np.tile([4.0, 3.0, 2.0, 1.0], (50, 1)), paired, seed=0)
    assert found.to_match.value == found.to_match.spread.low == found.to_match.spread.high == fewest
    assert [one.value for one in found.errors] == [4, 3, 2, 1]


def test_the_interval_of_the_components_to_match_covers_the_crossings_of_replicates() -> None:
    x = stretched(200)
    fewest = compared(linear_autoencoder(x, 4), data(x)).scalar("pca_components_to_match")
    assert 3 <= fewest.low <= fewest.value <= fewest.high <= 6


def test_a_model_that_no_number_of_components_matches() -> None:
    # Fewer samples than features: PCA cannot reach a perfect reconstruction.
    found = compared(Identity(30), vectors(20, 30))
    fewest = found.scalar("pca_components_to_match")
    assert math.isnan(fewest.value)
    assert "still worse than the model" in fewest.reason
    assert "the model's error is zero" in found.scalar("reconstruction_ratio", over="pca").reason
    assert any("fitted to 16 samples for 30 components" in text for text in found.warnings)
    assert any("better than PCA with 15, the most that were tried" in text for text in found.readings)


def test_pairing_narrows_the_interval() -> None:
    # The model's errors are PCA's, sample by sample: their difference varies far less than either.
    x = stretched(500)
    found = compared(linear_autoencoder(x, 4), data(x))
    gain, error = found.scalar("reconstruction_gain", over="pca"), found.scalar("reconstruction_mse", by="pca")
    assert gain.low <= gain.value <= gain.high
    assert gain.high - gain.low < 0.2 * (error.high - error.low)
    ours = found.scalar("reconstruction_mse", by="model").value
    assert gain.value == pytest.approx(error.value - ours)
    assert found.scalar("reconstruction_ratio", over="pca").value == pytest.approx(error.value / ours)


def test_intervals_cover_the_difference_of_an_unpaired_rival() -> None:
    # Errors of the mean as the only reconstruction have a known expectation: the variance of the data.
    hits = 0
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(200, 6))
        error = compared(LinearVAE.random(6, 2), data(x), probes=False).scalar("reconstruction_mse", by="mean")
        hits += error.low <= 1 + 1 / 160 <= error.high
    assert hits >= 16
