"""Paths whose numbers are known: closed forms, planted faults, and all of it again in plain numpy."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from analyzers.interpolation.models import Circle, Identity, Same, Torn, measured, normal, records, value
from support.datasets import Memory
from support.models import NumpyVAE
from vae_analyze.api import load
from vae_analyze.data.open import open_data
from vae_analyze.findings import Findings

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"


@pytest.fixture(scope="module")
def flat() -> Findings:
    return measured(Identity(4), Memory(normal(300, 4)), pairs=40)


class TestAFlatSpace:
    """Codes are data: a straight path is the blend, and all steps are one."""

    def test_paths_are_as_short_and_even_as_can_be(self, flat: Findings) -> None:
        assert value(flat, "path_length") == pytest.approx(1, abs=1e-6)
        assert value(flat, "largest_jump") == pytest.approx(1, abs=1e-5)
        assert value(flat, "jump_share") == 0

    def test_a_straight_path_is_the_blend(self, flat: Findings) -> None:
        apart = flat.scalar("midpoint_distance_difference", paths="linear - pixel", pairs="random")
        assert apart.value == pytest.approx(0, abs=1e-6)
        assert value(flat, "midpoint_distance") == pytest.approx(value(flat, "midpoint_distance", "pixel"), rel=1e-6)
        assert value(flat, "hole_share") == value(flat, "hole_share", "pixel")

    def test_what_is_decoded_comes_back(self, flat: Findings) -> None:
        assert value(flat, "code_drift") == pytest.approx(0, abs=1e-6)
        scalar = flat.scalar("round_trip_ratio", path="linear", pairs="random")
        assert math.isnan(scalar.value)
        assert "without any error" in scalar.reason

    def test_spherical_paths_are_longer_and_keep_their_distance_from_the_origin(self, flat: Findings) -> None:
        assert value(flat, "path_length", "spherical") > 1.05
        centred = [value(flat, "midpoint_distance_to_mean", path) for path in ("linear", "spherical")]
        assert centred[0] < 0.85 < centred[1]

    def test_midpoints_lie_where_data_are_densest_and_of_neighbours_without_the_nearest(self, flat: Findings) -> None:
        assert value(flat, "midpoint_distance") < 1 < value(flat, "midpoint_distance", pairs="nearest")


def test_a_planted_jump_is_found_where_it_is() -> None:
    x = normal(400, 3)
    found = measured(Torn(3), Memory(x), pairs=60)
    worst = [row for row in records(found, "worst_paths") if row["path"] == "linear"]
    assert worst
    for row in worst:
        a, b = float(x[row["first"], 0]), float(x[row["second"], 0])
        assert a * b < 0
        assert abs(row["alpha"] - a / (a - b)) <= 0.05 + 1e-6
        assert row["largest_jump"] > 9
    # Every pair with its ends on both sides jumps, no other.
    assert 0.3 < value(found, "jump_share") < 0.7
    assert any("linear paths between random samples jump" in reading for reading in found.readings)
    assert value(found, "jump_share", pairs="nearest") < 0.2


def test_a_gap_between_two_groups_is_a_hole_for_pairs_across_it_only() -> None:
    labels = np.arange(400) % 2
    x = normal(400, 2) + 10 * np.where(labels, 1, -1)[:, None].astype(np.float32)
    found = measured(Identity(2), Memory(x, labels))
    assert value(found, "hole_share", pairs="different class") == 1
    assert value(found, "hole_share", pairs="same class") < 0.3
    assert value(found, "midpoint_distance", pairs="different class") > 20
    assert value(found, "midpoint_distance", pairs="same class") < 2
    # The mean of the data lies in the gap: it is far from data, and near it is no virtue.
    assert found.scalar("yardstick_distance", of="mean of the data").value > 20
    assert value(found, "midpoint_distance_to_mean", pairs="different class") < 0.2


def test_a_path_on_a_circle_has_the_length_of_its_polygon() -> None:
    angles = np.random.default_rng(3).uniform(-1.4, 1.4, size=200).astype(np.float32)
    model = Circle()
    x = model.decode(torch.from_numpy(angles)[:, None]).numpy()
    found = measured(model, Memory(x), pairs=30, steps=9)
    angle_of = {(row["first"], row["second"]): row for row in records(found, "worst_paths")}
    assert angle_of
    for (first, second), row in angle_of.items():
        angle = abs(float(angles[first] - angles[second]))
        expected = 8 * math.sin(angle / 16) / math.sin(angle / 2)
        assert row["path_length"] == pytest.approx(expected, rel=1e-3)
    assert value(found, "largest_jump") == pytest.approx(1, abs=1e-3)
    # Codes of one dimension span no plane.
    assert any("Spherical paths are the linear ones" in reading for reading in found.readings)
    assert value(found, "path_length") == value(found, "path_length", "spherical")
    # The arc stays among the data, the chord leaves them.
    assert value(found, "midpoint_distance") < value(found, "midpoint_distance", "pixel")


def test_one_point_for_all_codes_leaves_nothing_to_measure() -> None:
    found = measured(Same(3), Memory(normal(60, 3)), pairs=20)
    for name in ("path_length", "largest_jump", "jump_share", "code_drift"):
        scalar = found.scalar(name, path="linear", pairs="random")
        assert math.isnan(scalar.value)
        assert scalar.reason == "the two ends decode to the same point"
    halfway = found.scalar("midpoint_distance", path="linear", pairs="random")
    assert halfway.value == pytest.approx(1, rel=0.05)
    assert (halfway.status, halfway.reason) == ("warning", "all samples are reconstructed alike")
    assert found.readings[0].startswith("All samples are reconstructed alike")
    assert "same point" in next(figure for figure in found.figures if figure.name == "step_along").alt


NINE, NUMPY = normal(9, 6, seed=4), NumpyVAE()


@pytest.fixture(scope="module")
def nine() -> Findings:
    return measured(NUMPY, Memory(NINE), pairs=36, steps=6)


class TestAllPairsOfNine:
    """36 pairs are all there are, so that every mean can be computed without knowing what was drawn."""

    def decode(self, z: Any) -> Any:
        return np.tanh(z @ NUMPY.w.astype(np.float64))

    def plain(self, path: str) -> dict[str, float]:
        x = NINE.astype(np.float64)
        z, mean = x @ NUMPY.w.T.astype(np.float64), x.mean(axis=0)
        made = self.decode(z)
        fitted = PCA(2).fit(x)
        smooth = fitted.inverse_transform(fitted.transform(x))
        numbers = []
        for i, j in itertools.combinations(range(9), 2):
            others = np.delete(x, [i, j], axis=0)

            def at(alpha: float, i: int = i, j: int = j) -> Any:
                if path == "linear":
                    return self.decode((1 - alpha) * z[i] + alpha * z[j])
                ends = made if path == "pixel" else smooth
                return (1 - alpha) * ends[i] + alpha * ends[j]

            points, half = np.stack([at(alpha) for alpha in np.linspace(0, 1, 6)]), at(0.5)
            steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
            back = self.decode(half @ NUMPY.w.T)
            ends_back = [self.decode(made[k] @ NUMPY.w.T) for k in (i, j)]
            rates = [0.5 * np.sum(np.square(p @ NUMPY.w.T)) for p in (half, made[i], made[j])]
            to_data = np.sqrt(np.square(points[1:-1, None] - others).mean(axis=2)).min(axis=1).max()
            numbers.append(
                {
                    "halfway": np.sqrt(np.square(half - others).mean(axis=1)).min(),
                    "centred": np.sqrt(np.square(half - mean).mean()),
                    "length": steps.sum() / np.linalg.norm(points[0] - points[-1]),
                    "jump": steps.max() / steps.mean(),
                    "back": np.square(back - half).mean(),
                    "ends": np.mean([np.square(b - made[k]).mean() for b, k in zip(ends_back, (i, j), strict=True)]),
                    "rate": rates[0] - (rates[1] + rates[2]) / 2,
                    "drift": np.linalg.norm(half @ NUMPY.w.T - (z[i] + z[j]) / 2) / np.linalg.norm(z[i] - z[j]),
                    "farthest": to_data,
                }
            )
        apart = np.sqrt(np.square(made[:, None] - x[None]).mean(axis=2))
        np.fill_diagonal(apart, np.inf)
        near = apart.min(axis=1)
        mean_of = {name: float(np.mean([one[name] for one in numbers])) for name in numbers[0]}
        return {
            "midpoint_distance": mean_of["halfway"] / near.mean(),
            "midpoint_distance_to_mean": mean_of["centred"] / np.sqrt(np.square(made - mean).mean(axis=1)).mean(),
            "hole_share": float(np.mean([one["farthest"] > np.quantile(near, 0.99) for one in numbers])),
            "round_trip_ratio": mean_of["back"] / mean_of["ends"],
            "rate_difference": mean_of["rate"],
            "path_length": mean_of["length"],
            "largest_jump": mean_of["jump"],
            "code_drift": mean_of["drift"],
        }

    @pytest.mark.parametrize("path", ["linear", "pixel", "pca"])
    def test_every_number_is_what_plain_numpy_says(self, nine: Findings, path: str) -> None:
        latent_only = ("path_length", "largest_jump", "code_drift")
        for name, expected in self.plain(path).items():
            if path == "linear" or name not in latent_only:
                assert value(nine, name, path) == pytest.approx(expected, rel=2e-5, abs=1e-6), name

    def test_yardsticks_and_differences_follow(self, nine: Findings) -> None:
        linear, blend = (self.plain(path)["midpoint_distance"] for path in ("linear", "pixel"))
        apart = nine.scalar("midpoint_distance_difference", paths="linear - pixel", pairs="random")
        assert apart.value == pytest.approx(linear - blend, abs=1e-5)
        assert apart.low < apart.value < apart.high


def test_digits_against_other_implementations() -> None:
    loaded = load(CHECKPOINTS / "digits-vae.pt")
    found = measured(loaded, "digits:test", pairs=12, gallery=3)
    data = open_data("digits:test")
    x = torch.from_numpy(data.read(range(len(data))).x)
    model: Any = loaded.vae
    with torch.no_grad():
        z = model.encode(x).mean
        made = model.decode(z).flatten(1).double().numpy()
    pixels = x.flatten(1).double().numpy()
    near = NearestNeighbors(n_neighbors=2).fit(pixels).kneighbors(made)
    other = np.where(near[1][:, 0] == np.arange(len(x)), near[0][:, 1], near[0][:, 0])
    rows = [row for row in records(found, "paths_random") if row["path"] == "linear"]
    assert len(rows) == 3
    for row in rows:
        i, j = row["first"], row["second"]
        with torch.no_grad():
            half = model.decode((z[[i]] + z[[j]]) / 2).flatten(1).double().numpy()
        tree = NearestNeighbors(n_neighbors=1).fit(np.delete(pixels, [i, j], axis=0))
        assert row["midpoint_distance"] == pytest.approx(tree.kneighbors(half)[0][0, 0] / other.mean(), rel=1e-5)


def test_smoothness_is_the_ssim_of_scikit_image() -> None:
    loaded = load(CHECKPOINTS / "sprites-beta.pt")
    found = measured(loaded, "sprites", samples=40, pairs=4, gallery=2)
    data = open_data("sprites")
    model: Any = loaded.vae
    row = next(row for row in records(found, "paths_random") if row["path"] == "linear")
    x = torch.from_numpy(data.read([row["first"], row["second"]]).x)
    with torch.no_grad():
        a, b = model.encode(x).mean
        path = model.decode(torch.stack([a + (b - a) * alpha for alpha in torch.linspace(0, 1, 11)])).double().numpy()
    options = {"data_range": 1.0, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    expected = [
        structural_similarity(path[k, 0], path[k + 1, 0], **options)  # type: ignore[no-untyped-call]  # has no types
        for k in range(10)
    ]
    assert row["smoothness"] == pytest.approx(np.mean(expected), abs=1e-5)
