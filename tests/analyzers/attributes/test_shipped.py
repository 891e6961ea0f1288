"""Pictures, and the real checkpoints."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from analyzers.attributes.cases import CHECKPOINTS, figure, measured, value
from support.datasets import Memory
from vae_analyze.vae import DiagonalGaussian


class TestPictures:
    def test_sources_are_boxed_and_paths_start_at_them(self) -> None:
        found = measured(CHECKPOINTS / "digits-vae.pt", "digits", samples=200)
        along = figure(found, "along").pictures
        assert along is not None
        assert along.pixels.shape == (10, 4, 8, 8, 1)
        assert along.boxed == (0,)
        morphs = figure(found, "morphs")
        assert morphs.pictures is not None
        assert morphs.pictures.boxed == (0, 4)
        # The first line begins where the last but one of the same sample ends.
        first, second = morphs.pictures.pixels[0], morphs.pictures.pixels[1]
        assert (first[3].astype(int) - second[1].astype(int)).max() <= 1
        assert (first[4] == second[0]).all()
        corners = figure(found, "corners")
        assert corners.pictures is not None
        assert corners.pictures.pixels.shape == (3, 3, 8, 8, 1)
        assert len(corners.table.rows) == 9
        assert morphs.group == corners.group == "morphs"

    def test_the_grid_is_bilinear(self) -> None:
        class Pixels:
            input_shape = (1, 2, 2)
            latent_shape = (1, 2, 2)

            def encode(self, x: Tensor, /) -> DiagonalGaussian:
                return DiagonalGaussian.point(x)

            def decode(self, z: Tensor, /) -> Tensor:
                return z

        rng = np.random.default_rng(0)
        labels = np.arange(80) % 4
        x = np.clip(0.5 * np.eye(4)[labels] + 0.2 + 0.02 * rng.normal(size=(80, 4)), 0, 1)
        data = Memory(x.reshape(80, 1, 2, 2).astype(np.float32), labels, value_range=(0.0, 1.0))
        grid = figure(measured(Pixels(), data), "corners").pictures
        assert grid is not None
        tiles = grid.pixels.astype(float)
        assert [int(tiles[down, right].argmax()) for down in (0, 2) for right in (0, 2)] == [0, 1, 2, 3]
        np.testing.assert_allclose(tiles[1, 1], (tiles[0, 0] + tiles[0, 2] + tiles[2, 0] + tiles[2, 2]) / 4, atol=1)
        np.testing.assert_allclose(tiles[0, 1], (tiles[0, 0] + tiles[0, 2]) / 2, atol=1)


def test_shipped_samples_are_what_they_are() -> None:
    healthy = measured(CHECKPOINTS / "digits-vae.pt", "digits", samples=352)
    collapsed = measured(CHECKPOINTS / "digits-collapsed.pt", "digits", samples=352)
    plain = measured(CHECKPOINTS / "digits-ae.pt", "digits", samples=352)
    for found in (healthy, plain):
        assert found.scalar("grouping_accuracy", grouping="label").value > 0.85
        assert found.scalar("flipped_share").value > 0.35
    assert collapsed.scalar("grouping_accuracy", grouping="label").low < 0.14
    assert collapsed.scalar("moved_probability").value == pytest.approx(0, abs=0.01)
    assert any("No latent dimension" in warning for warning in collapsed.warnings)


def test_factors_of_the_shipped_sprites() -> None:
    found = measured(CHECKPOINTS / "sprites-beta.pt", "sprites", samples=600)
    names = found.tables[0].column("attribute")
    assert names == [
        *(f"shape = {shape}" for shape in ("square", "ellipse", "heart")),
        *("scale > 0.7", "orientation > 3.06", "x > 0.484", "y > 0.484"),
    ]
    for name in ("x > 0.484", "y > 0.484", "scale > 0.7"):
        assert value(found, "probe_auc", name) > 0.9
        assert value(found, "flipped_share", name) > 0.6
    assert value(found, "probe_auc", "orientation > 3.06") < 0.6
    # To this model a shape is the area it covers.
    assert any("'shape = heart' and 'scale > 0.7'" in warning for warning in found.warnings)


def test_labels_of_a_foreign_model(shared_data: Path) -> None:
    images_file = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    found = measured(shared_data / "checkpoints" / "VAE_mnist", str(images_file), samples=1000, resize=True)
    assert found.scalar("grouping_accuracy", grouping="label").value > 0.8
    assert value(found, "vector_reliability", "1") > 0.95
