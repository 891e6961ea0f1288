"""Every nature of model and data: numbers or reasons, and words for what is unusual."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from analyzers.traversal.known import Known, figure, measured, row, samples
from support.datasets import images, vectors
from support.models import Autoencoder, ConditionalVAE, NumpyVAE, SpatialVAE
from vae_analyze.analyzers.traversal.question import Traversal
from vae_analyze.api import analyze
from vae_analyze.errors import AnalyzerError
from vae_analyze.vae import DiagonalGaussian

SHAPE = (2, 6, 5)
W = torch.from_numpy(np.random.default_rng(5).normal(size=(3, 60)).astype(np.float32)) / 8


NATURES = {
    "plain autoencoder": (Autoencoder(), images(40)),
    "spatial codes": (SpatialVAE(), images(40)),
    "conditional": (ConditionalVAE(), images(40)),
    "vectors": (NumpyVAE(), vectors(40, 6)),
    "one dimension": (Known(lambda z: z.expand(-1, 9), [0.1], (1, 3, 3)), samples(20, (1, 3, 3))),
    "hundreds of dimensions": (Known(lambda z: z[:, :40], [0.1] * 40 + [1.0] * 260, (40,)), samples(20, (40,))),
    "collapsed": (Known(lambda z: 0 * z.repeat(1, 2), [1.0, 1.0], (4,)), samples(20, (4,))),
    "two channels": (Known(lambda z: z.repeat(1, 16), [0.1], (2, 2, 4)), samples(20, (2, 2, 4))),
    "large pictures": (Known(lambda z: z.repeat(1, 100 * 120), [0.1], (1, 100, 120)), samples(9, (1, 100, 120))),
}


@pytest.mark.parametrize("nature", NATURES)
@pytest.mark.parametrize("spacing", ["linear", "posterior"])
def test_every_nature_of_model_gives_numbers_or_reasons(nature: str, spacing: str) -> None:
    model, data = NATURES[nature]
    if nature == "hundreds of dimensions":
        model = Known(lambda z: z[:, :40], [0.1] * 40 + [1.0] * 260, (300,))
        model.decoding = lambda z: torch.cat([z[:, :40], torch.zeros(len(z), 260)], 1)
        data = samples(20, (300,))
    found = measured(model, data, spacing=spacing, animation="gif", measured=8)
    for scalar in found.scalars:
        assert math.isfinite(scalar.value) or scalar.reason, scalar.name
        assert scalar.definition
    assert found.readings
    for one in found.figures:
        assert any(character.isdigit() for character in one.alt), (one.name, one.alt)
        assert "nan" not in one.alt
    for text in (*found.readings, *found.warnings):
        assert "nan" not in text, text


def test_what_acts_on_a_small_place_only_moves_the_output_too() -> None:
    # Every dimension has one of 4,096 pixels: the picture as a whole changes by 1/64 of what that pixel does.
    def one_pixel_each(z: Tensor) -> Tensor:
        return 0.5 + 0.02 * torch.cat([z, torch.zeros(len(z), 4096 - 20)], dim=1)

    found = measured(Known(one_pixel_each, [0.1] * 20, (1, 64, 64)), samples(30, (1, 64, 64)), measured=8)
    assert found.scalar("live_dimensions_that_move").value == 20
    assert row(found, "z3")["swing"] == pytest.approx(0.12, rel=1e-4)
    assert row(found, "z3")["movement"] == pytest.approx(0.02 / 64, rel=1e-4)
    assert row(found, "z3")["strongest"] == "row 1, column 4"


def test_what_depends_on_the_nature_is_said() -> None:
    plain = measured(Autoencoder(), images(40))
    assert figure(plain, "traversal_0").title == "Mean code"
    assert "deterministic" in plain.scalar("movement_dead").reason
    assert math.isnan(row(plain, "z0")["kl"])
    assert any("--spacing posterior" in warning for warning in plain.warnings)
    conditional = measured(ConditionalVAE(), images(40))
    assert any("decoded with that of sample" in warning for warning in conditional.warnings)
    collapsed = measured(Known(lambda z: 0 * z.repeat(1, 2), [1.0, 1.0], (4,)), samples(20, (4,)))
    assert collapsed.readings[0] == "None of 2 dimensions is active: the codes do not depend on the input."
    assert not any(one.name.startswith("traversal") for one in collapsed.figures)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_samples_give_numbers_or_reasons(n: int) -> None:
    data = images(n)
    found = measured(SpatialVAE(), data)
    for scalar in found.scalars:
        assert math.isfinite(scalar.value) or scalar.reason
    assert any("no intervals" in warning for warning in found.warnings)


class Breaking(Known):
    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        whole = super().encode(x)
        return DiagonalGaussian(torch.where(x.flatten(1)[:, :1] > 1.5, torch.nan, whole.mean), whole.logvar)


def test_samples_without_a_finite_code_are_no_anchors() -> None:
    data = samples(60, SHAPE)
    model = Breaking(lambda z: 0.5 + z @ W, [0.1, 0.2, 0.4], SHAPE)
    found = measured(model, data)
    broken = int((data.x.reshape(60, -1)[:, 0] > 1.5).sum())
    assert broken > 0
    assert any(warning.startswith(f"{broken} of 60 samples have no finite code") for warning in found.warnings)
    assert row(found, "z0")["movement"] == pytest.approx(float(W[0].square().mean().sqrt()), rel=1e-4)


def test_frames_that_are_not_finite_make_no_movement_and_no_stillness() -> None:
    def breaking(z: Tensor) -> Tensor:
        return 0.1 * torch.cat([torch.where(z[:, :1] > 2.9, torch.inf, z[:, :1]).expand(-1, 8), z[:, 1:]], dim=1)

    model = Known(breaking, [0.1, 0.1], (1, 3, 3))
    found = measured(model, samples(50, (1, 3, 3)), animation="gif")
    assert any(said.startswith("32 of 64 traversals have frames that are not finite") for said in found.warnings)
    assert math.isnan(row(found, "z0")["movement"])
    assert row(found, "z1")["movement"] == pytest.approx(0.1 / 3, rel=1e-4)
    assert "not finite" in found.scalar("live_dimensions_that_move").reason
    assert not any("z0" in said or "nan" in said for said in found.readings), found.readings
    assert not any("nan" in one.alt for one in found.figures)


def test_no_finite_code_at_all_is_an_error_that_says_so() -> None:
    model = Breaking(lambda z: 0.5 + z @ W, [0.1, 0.2, 0.4], SHAPE)
    data = samples(10, SHAPE)
    data.x[:, 0] = 2
    with pytest.raises(AnalyzerError, match="no sample has a finite code"):
        measured(model, data, strict=True)


@pytest.mark.parametrize("seed", range(4))
def test_the_kinks_of_a_piecewise_linear_decoder_are_no_fault(seed: int) -> None:
    path = Path(__file__).parents[3] / "checkpoints" / "digits-vae.pt"
    run = analyze(path, [Traversal()], no_cache=True, seed=seed)
    assert not [said for said in run["traversal"].warnings if "derivatives differ" in said]
