"""Every nature of model and data gives numbers or reasons; the laws; and what is said and drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from analyzers.interpolation.models import Identity, measured, normal, records, table, value
from support.datasets import Memory, images, vectors
from support.models import Autoencoder, ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze.analyzers.interpolation.gathered import Gathered
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"
SMALL: dict[str, Any] = {"pairs": 12, "steps": 5, "gallery": 2}


def sound(found: Findings) -> None:
    for scalar in found.scalars:
        assert math.isfinite(scalar.value) or scalar.reason
        assert scalar.definition
    for figure in found.figures:
        assert any(character.isdigit() for character in figure.alt), figure.name
        assert "nan" not in f"{figure.alt} {figure.caption}", figure.name
    assert found.readings
    for text in (*found.readings, *found.warnings):
        assert "nan" not in text
        assert text.endswith(".")
    assert 4 <= sum(scalar.headline for scalar in found.scalars) <= 8


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (SpatialVAE(), images(60)),
        (Autoencoder(), images(60)),
        (NumpyVAE(), vectors(50, 6)),
        (LinearVAE.random(6, 1), vectors(50, 6)),
        (LinearVAE.random(5, 300), vectors(60, 5)),
        (Identity(1), Memory(normal(40, 1))),
    ],
    ids=["spatial", "autoencoder", "numpy", "one dimension", "many dimensions", "one feature"],
)
def test_every_nature_of_model_is_served(model: Any, data: Any) -> None:
    found = measured(model, data, **SMALL)
    sound(found)
    assert value(found, "midpoint_distance") > 0
    assert value(found, "path_length") >= 1 - 1e-5


def test_a_plain_autoencoder_has_no_rate_and_says_why() -> None:
    found = measured(Autoencoder(), images(60), **SMALL)
    for name in ("rate_difference", "elbo_difference"):
        scalar = found.scalar(name, path="linear", pairs="random")
        assert math.isnan(scalar.value)
        assert "deterministic" in scalar.reason
    assert value(found, "round_trip_ratio") > 0


def test_without_images_there_is_no_likeness_and_no_gallery() -> None:
    found = measured(NumpyVAE(), vectors(50, 6), **SMALL)
    assert found.scalar("smoothness", path="linear", pairs="random").reason == "SSIM is of images"
    assert not any(figure.kind == "pictures" for figure in found.figures)
    assert "no pairs by class" in table(found, "paths").caption
    assert {row["pairs"] for row in records(found, "paths")} == {"random", "nearest"}


def test_a_conditional_model_is_led_along_one_label() -> None:
    data = images(80)
    found = measured(ConditionalVAE(), data, **SMALL)
    sound(found)
    assert {row["pairs"] for row in records(found, "paths")} == {"same class", "nearest"}
    assert data.labels is not None
    for row in records(found, "worst_paths"):
        assert data.labels[row["first"]] == data.labels[row["second"]]
    assert any("needs a label" in warning for warning in found.warnings)
    # With another label the ends would not be reconstructions.
    for row in records(found, "paths_same_class"):
        ends = [row["first"], row["second"]]
        x, given = torch.from_numpy(data.x[ends]), ConditionalVAE().given(torch.from_numpy(data.labels[ends]))
        error = float((given.decode(given.encode(x).mean) - x).square().mean())
        assert row["mse_of_ends"] == pytest.approx(error, rel=1e-4)
    assert found.scalar("midpoint_distance", path="linear", pairs="same class").headline


def test_one_sample_is_no_path() -> None:
    class Breaking(Identity):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            return DiagonalGaussian(torch.where(x[:, :1] > -2, torch.nan, x), torch.zeros_like(x))

    x = np.abs(normal(30, 3))
    x[4, 0] = -3
    found = measured(Breaking(3), Memory(x), **SMALL)
    assert found.readings == ("There is no path to follow: one sample makes no pair.",)
    assert not found.figures
    for scalar in found.scalars:
        assert math.isnan(scalar.value)
        assert scalar.reason


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_samples_give_numbers_or_reasons(n: int) -> None:
    data = images(n)
    found = measured(SpatialVAE(), data, **SMALL)
    for scalar in found.scalars:
        assert math.isfinite(scalar.value) or scalar.reason
    pairs = n * (n - 1) // 2
    assert any(warning.startswith(f"{pairs} of 12 pairs (random)") for warning in found.warnings)
    sound(found)
    halfway = found.scalar("midpoint_distance", path="linear", pairs="random")
    if n == 2:
        assert halfway.reason == "there is no real sample but the two ends"
    assert math.isnan(halfway.low) == (n < 5)


def test_data_of_one_class_have_no_different_pairs() -> None:
    data = images(40)
    found = measured(SpatialVAE(), Memory(data.x, np.zeros(40, dtype=np.int64), value_range=(0.0, 1.0)), **SMALL)
    sound(found)
    scalar = found.scalar("midpoint_distance", path="linear", pairs="different class")
    assert scalar.reason == "there is no such pair: all samples have one class"
    assert value(found, "midpoint_distance", pairs="same class") > 0


def test_codes_that_are_not_finite_are_no_ends() -> None:
    class Breaking(Identity):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            return DiagonalGaussian(torch.where(x[:, :1] > 1, torch.nan, x), torch.zeros_like(x))

    x = normal(200, 3)
    found = measured(Breaking(3), Memory(x), pairs=30)
    sound(found)
    assert any(f"{int((x[:, 0] > 1).sum())} samples have codes that are not finite" in w for w in found.warnings)
    assert all(x[row["first"], 0] <= 1 and x[row["second"], 0] <= 1 for row in records(found, "worst_paths"))


def test_what_is_decoded_to_nothing_finite_is_said() -> None:
    class Bursting(Identity):
        def decode(self, z: Tensor, /) -> Tensor:
            return torch.where(z[:, :1].abs() < 0.3, torch.nan, z)

    found = measured(Bursting(2), Memory(normal(200, 2)), pairs=30)
    sound(found)
    scalar = found.scalar("path_length", path="linear", pairs="random")
    assert scalar.status == "warning"
    assert "a decoded value is not finite" in scalar.reason


def test_numbers_do_not_depend_on_the_batch_or_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    one = measured(SpatialVAE(), images(90), batch_size=64, **SMALL)
    monkeypatch.setattr("vae_analyze.analyzers.interpolation.journey._NUMBERS", 64 * 5 * 5)
    monkeypatch.setattr("vae_analyze.analyzers.interpolation.reference._READ", 7)
    other = measured(SpatialVAE(), images(90), batch_size=7, **SMALL)
    for scalar in one.scalars:
        again = other.scalar(scalar.name, **dict(scalar.params)).value
        assert again == pytest.approx(scalar.value, rel=1e-4, abs=1e-5, nan_ok=True), scalar.name


def test_the_seed_decides_which_pairs_are_drawn() -> None:
    one, same, other = (measured(SpatialVAE(), images(90), seed=seed, **SMALL) for seed in (1, 1, 2))
    assert value(one, "midpoint_distance") == value(same, "midpoint_distance") != value(other, "midpoint_distance")


def test_an_even_number_of_points_has_a_midpoint_all_the_same() -> None:
    odd, even = (measured(Identity(3), Memory(normal(100, 3)), pairs=20, steps=steps) for steps in (5, 6))
    for name in ("midpoint_distance", "midpoint_distance_to_mean"):
        assert value(odd, name) == pytest.approx(value(even, name), rel=1e-6)


def test_of_few_points_no_jump_is_told() -> None:
    found = measured(SpatialVAE(), images(40), pairs=10, steps=4)
    assert "--steps" in found.scalar("jump_share", path="linear", pairs="random").reason
    sound(found)


def test_a_small_reference_is_said_and_used() -> None:
    found = measured(Identity(3), Memory(normal(700, 3)), pairs=20, reference=600)
    assert any("among 600 of 700 samples" in warning for warning in found.warnings)
    assert "nearest other of 600 real samples" in table(found, "paths").caption


def test_large_samples_limit_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vae_analyze.analyzers.interpolation.reference._MOST_NUMBERS", 64 * 20)
    found = measured(SpatialVAE(), images(60), **SMALL)
    assert any("only 20 of 60 fit into memory" in warning for warning in found.warnings)
    sound(found)


def test_pictures_are_framed_by_the_real_ends() -> None:
    data = images(60)
    found = measured(SpatialVAE(), data, pairs=6, steps=5, gallery=2)
    grids = [figure for figure in found.figures if figure.kind == "pictures"]
    assert [figure.name for figure in grids] == [
        "paths_random",
        "paths_nearest",
        "paths_same_class",
        "paths_different_class",
        "paths_largest_jump",
    ]
    assert len({figure.group for figure in grids}) == 1
    pictures = grids[0].pictures
    assert pictures is not None
    assert pictures.pixels.shape == (6, 7, 8, 8, 1)
    assert pictures.boxed == (0, 6)
    rows = records(found, "paths_random")
    for at, row in enumerate(rows):
        for column, end in ((0, "first"), (-1, "second")):
            expected = np.round(data.x[row[end]].transpose(1, 2, 0) * 255)
            assert np.abs(pictures.pixels[at, column] - expected).max() <= 1
    # The pixel blend's middle is the mean of its ends.
    blend = pictures.pixels[2].astype(int)
    assert np.abs(blend[3] - (blend[1] + blend[5]) / 2).max() <= 1


def test_long_paths_are_thinned_in_pictures_only() -> None:
    found = measured(SpatialVAE(), images(40), pairs=4, steps=31, gallery=1)
    figure = next(figure for figure in found.figures if figure.name == "paths_random")
    assert figure.pictures is not None
    assert len(figure.pictures.column_labels) == 13
    assert "11 of 31 points are shown" in figure.caption
    alphas = [row["alpha"] for row in records(found, "distance_along")]
    assert len(set(alphas)) == 31


def test_accumulators_merge() -> None:
    one, other = Gathered(n=3), Gathered(n=4)
    one.merge(other)
    one.merge(Gathered())
    assert one.n == 7


def test_a_blurring_decoder_is_not_praised_for_being_near_to_data() -> None:
    class Blurring(Identity):
        def decode(self, z: Tensor, /) -> Tensor:
            return 0.3 * z

    found = measured(Blurring(20), Memory(normal(600, 20)), pairs=40)
    assert any("blurring alone achieves that" in warning for warning in found.warnings)
    assert any("this says nothing of the paths" in reading for reading in found.readings)
    assert not found.readings[0].startswith("Half way")


def test_shipped_models_are_what_they_are() -> None:
    healthy = measured(CHECKPOINTS / "digits-vae.pt", "digits:test")
    sound(healthy)
    assert healthy.readings[0].startswith("Half way between two random samples")
    assert "stays closer to data than the blend" in healthy.readings[0]
    # What the decoder makes half way comes back far better than a double exposure does.
    ours, blend = (healthy.scalar("round_trip_ratio", path=path, pairs="random") for path in ("linear", "pixel"))
    assert 1 < ours.high < blend.low
    assert healthy.scalar("elbo_difference", path="linear", pairs="random").low > value(
        healthy, "elbo_difference", "pixel"
    )
    collapsed = measured(CHECKPOINTS / "digits-collapsed.pt", "digits:test")
    sound(collapsed)
    assert collapsed.readings[0].startswith("All samples are reconstructed alike")


def test_a_foreign_model_bends_between_classes_more_than_within(shared_data: Path) -> None:
    images_file = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    found = measured(shared_data / "checkpoints" / "VAE_mnist", str(images_file), samples=600, resize=True, pairs=32)
    sound(found)
    within, across = (
        found.scalar("path_length", path="linear", pairs=kind) for kind in ("same class", "different class")
    )
    assert within.high < across.low
    ours, blend = (found.scalar("round_trip_ratio", path=path, pairs="random") for path in ("linear", "pixel"))
    assert ours.high < blend.low / 3


class Scaled(torch.nn.Module):
    """Images of 1x12x12 in any unit: the unit is all that differs."""

    input_shape, latent_shape = (1, 12, 12), (3,)

    def __init__(self, unit: float) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.w = torch.nn.Parameter(torch.randn(144, 3, generator=generator) / 12)
        self.unit = unit

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        mean = (x / self.unit).flatten(1) @ self.w
        return DiagonalGaussian(mean, torch.full_like(mean, -2.0))

    def decode(self, z: Tensor, /) -> Tensor:
        return self.unit * torch.sigmoid(z @ self.w.T).reshape(-1, 1, 12, 12)


@pytest.mark.parametrize("unit", [1e-3, 255.0])
def test_without_a_stated_range_the_unit_does_not_matter(unit: float) -> None:
    x = np.random.default_rng(0).random((120, 1, 12, 12), dtype=np.float32)
    plain, scaled = (measured(Scaled(by), Memory(by * x)) for by in (1.0, unit))
    for name in ("smoothness", "midpoint_distance"):
        assert value(scaled, name) == pytest.approx(value(plain, name), rel=1e-3)
    assert value(plain, "smoothness") < 0.9999
    figure = next(figure for figure in scaled.figures if figure.pictures is not None)
    assert figure.pictures is not None
    assert 20 < figure.pictures.pixels.mean() < 235
