"""Traversals against decoders whose movement is known by hand, planted faults, and all natures of models."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from analyzers.traversal.known import Known, figure, measured, row, samples
from support.datasets import Memory, images, vectors
from support.models import NumpyVAE, SpatialVAE
from vae_analyze.findings import Findings

SHAPE = (2, 6, 5)
W = torch.from_numpy(np.random.default_rng(5).normal(size=(3, 60)).astype(np.float32)) / 8


def linear(**options: Any) -> Findings:
    model = Known(lambda z: 0.5 + z @ W, [0.1, 0.2, 0.4], SHAPE)
    return measured(model, samples(80, SHAPE), **options)


def found_way(options: dict[str, Any], j: int, found: Findings) -> float:
    """How far z goes, as the table of a strip has it."""
    z = [float(str(cells[1])) for cells in figure(found, "traversal_0").table.rows if cells[0] == f"z{j}"]
    assert len(z) == options.get("steps", 11)
    return max(z) - min(z)


@pytest.mark.parametrize(
    "options", [{}, {"steps": 4, "extent": 1.5}, {"spacing": "prior"}, {"spacing": "posterior", "steps": 7}]
)
def test_a_linear_decoder_moves_by_its_columns_at_even_speed_along_straight_lines(options: dict[str, Any]) -> None:
    found = linear(**options)
    for j in range(3):
        one, size = row(found, f"z{j}"), float(W[j].square().mean().sqrt())
        for name in ("movement", "movement_low", "movement_high", "movement_at_centre", "sensitivity"):
            assert one[name] == pytest.approx(size, rel=1e-4), name
        for name in ("monotonicity", "straightness", "unevenness"):
            assert one[name] == pytest.approx(1, abs=1e-4), name
        assert one["swing"] == pytest.approx(
            abs(float(found_way(options, j, found)) * float(W[j].abs().max())), rel=1e-4
        )
        assert one["jump"] == ""
    assert [cells[0] for cells in found.tables[0].rows] == ["z0", "z1", "z2"]


def test_each_step_of_a_linear_decoder_is_as_far() -> None:
    found = linear(steps=7, extent=2.0)
    for j in range(3):
        expected = (4 / 6) ** 2 * float(W[j].square().mean())
        for name in ("step_mse", "step_mse_low", "step_mse_high"):
            assert row(found, f"z{j}")[name] == pytest.approx(expected, rel=1e-4)
    assert found.scalar("step_mse_live").value == pytest.approx((4 / 6) ** 2 * float(W.square().mean()), rel=1e-4)


def test_a_linear_decoder_acts_where_its_columns_are_large() -> None:
    found = linear()
    for j in range(3):
        energy = W[j].reshape(SHAPE).square().mean(0).double().numpy()
        one = row(found, f"z{j}")
        assert one["row"] == pytest.approx((energy.sum(1) * np.arange(1, 7)).sum() / energy.sum(), rel=1e-5)
        assert one["column"] == pytest.approx((energy.sum(0) * np.arange(1, 6)).sum() / energy.sum(), rel=1e-5)
        assert one["pixel_share"] == pytest.approx(energy.sum() ** 2 / (energy**2).sum() / 30, rel=1e-5)
        r, c = np.unravel_index(energy.argmax(), energy.shape)
        assert one["strongest"] == f"row {r + 1}, column {c + 1}"
    heat = np.sqrt(W.reshape(3, *SHAPE).square().mean(1).numpy())
    pixels = figure(found, "where").pictures
    assert pixels is not None
    np.testing.assert_allclose(pixels.pixels[0, ..., 0], heat / heat.max() * 255, atol=0.51)
    own = heat.max(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(pixels.pixels[1, ..., 0], heat / own * 255, atol=0.51)


def test_an_identity_decoder_moves_one_feature_each() -> None:
    found = measured(Known(lambda z: z, [0.1] * 4, (4,)), samples(50, (4,)))
    for j in range(4):
        one = row(found, f"z{j}")
        assert one["movement"] == pytest.approx(0.5)  # root mean square over four features of which one moves by 1
        assert one["pixel_share"] == pytest.approx(1 / 4)
        assert one["strongest"] == f"feature {j}"
        assert math.isnan(one["step_dssim"])
    values = {(cells[0], cells[1]): cells[2] for cells in figure(found, "where").table.rows}
    assert values == {(f"z{j}", f): pytest.approx(float(j == f)) for j in range(4) for f in range(4)}


def test_a_jump_is_found_where_it_was_planted() -> None:
    def steps(z: Tensor) -> Tensor:
        return torch.cat([(z[:, :1] > 0.9) * 1.0, z[:, 1:2], z[:, 1:2]], dim=1)

    found = measured(Known(steps, [0.1, 0.1], (3,)), samples(60, (3,)))
    assert row(found, "z0")["jump"] == "0.6 to 1.2"
    assert row(found, "z0")["unevenness"] == pytest.approx(10)
    assert row(found, "z0")["straightness"] == pytest.approx(1)
    assert found.scalar("dimensions_that_jump").value == 1
    assert "z0 jumps: its fastest step is 10 times as fast as its mean step, between 0.6 and 1.2." in found.readings


def test_an_output_that_turns_back_is_neither_monotone_nor_straight() -> None:
    def wave(z: Tensor) -> Tensor:
        return torch.cat([torch.cos(torch.pi * z[:, :1] / 3), 0 * z[:, :1]], dim=1)

    one = row(measured(Known(wave, [0.1], (2,)), samples(40, (2,)), steps=61), "z0")
    assert one["straightness"] == pytest.approx(0, abs=1e-5)
    assert one["monotonicity"] == pytest.approx(0, abs=0.05)
    assert one["movement"] == pytest.approx(4 / math.sqrt(2) / 6, rel=1e-5)  # up by 2 and down by 2
    assert one["unevenness"] == pytest.approx(math.pi / 2, rel=0.01)  # largest derivative of a sine over its mean


def planted() -> Findings:
    """z0 as usual, z1 dead and ignored, z2 dead and decoded, z3 encoded and ignored."""
    model = Known(
        lambda z: torch.cat([0.2 * z[:, :1].expand(-1, 20), 0.1 * z[:, 2:3].expand(-1, 16)], 1),
        [0.1, 1.0, 1.0, 0.3],
        (1, 6, 6),
    )
    return measured(model, samples(100, (1, 6, 6)))


def test_dead_and_ignored_dimensions_are_told_apart() -> None:
    found = planted()
    assert [row(found, f"z{j}")["state"] for j in range(4)] == ["active", "dead", "dead", "active"]
    assert row(found, "z1")["movement"] == 0
    assert math.isnan(row(found, "z1")["monotonicity"])
    assert found.scalar("movement_dead").value == pytest.approx(0.1 * math.sqrt(16 / 36) / 2, rel=1e-4)
    assert found.scalar("live_dimensions_that_move").value == 1
    assert found.scalar("live_dimensions_that_do_not_move").value == 1
    assert found.scalar("dead_dimensions_that_move").value == 1
    said = " ".join(found.readings)
    assert "z1 is dead and moves nothing." in said
    assert "z2 is dead and nevertheless moves the output" in said
    assert "z3 is active and moves nothing: the encoder writes there, and the decoder does not read it." in said


def test_a_dead_dimension_that_moves_nothing_is_not_drawn() -> None:
    found = planted()
    strip = figure(found, "traversal_0")
    assert strip.pictures is not None
    assert [label.split()[0] for label in strip.pictures.row_labels] == ["z0", "z3", "z2"]
    assert "1 dead dimension that moves nothing not drawn" in strip.caption


def test_the_anchor_is_boxed_and_the_first_column_where_no_frame_is_it() -> None:
    found = linear(anchors=3)
    centre, best = figure(found, "traversal_0"), figure(found, "traversal_1")
    assert centre.pictures is not None
    assert best.pictures is not None
    assert centre.kind == best.kind == "sliders"
    assert {centre.group, best.group} == {"traversals"}
    assert centre.pictures.boxed == (5,)
    assert centre.pictures.column_labels[5] == "0"
    assert best.pictures.boxed == (0,)
    assert best.pictures.column_labels[0] == "anchor"
    assert [one.title for one in found.figures if one.name.startswith("traversal")] == [
        "Prior mean", "Best reconstruction", "Median reconstruction", "Worst reconstruction",
    ]  # fmt: skip
    change = figure(found, "change_0").pictures
    assert change is not None
    assert (change.pixels[:, 5] == 128).all()
    even = figure(linear(steps=4), "traversal_0").pictures
    assert even is not None
    assert even.column_labels[0] == "anchor"


def test_shown_anchors_are_the_best_median_and_worst_reconstructed() -> None:
    data = samples(41, SHAPE)
    model = Known(lambda z: 0.5 + z @ W, [0.1, 0.2, 0.4], SHAPE)
    x = torch.from_numpy(data.x)
    error = (model.decode(model.encode(x).mean) - x).square().flatten(1).mean(1)
    order = torch.argsort(error)
    found = measured(model, data)
    for at, rank in enumerate((0, 20, 40), start=1):
        assert f"sample {int(order[rank])}," in figure(found, f"traversal_{at}").caption
    assert "rank 11 of 41" in figure(measured(model, data, anchors=5), "traversal_2").caption
    assert "median" in figure(measured(model, data, anchors=1), "traversal_1").caption


def test_frames_are_what_the_decoder_makes_of_a_code_with_one_number_replaced() -> None:
    data = samples(30, (3, 6, 6))
    v = torch.from_numpy(np.random.default_rng(1).normal(size=(2, 108)).astype(np.float32)) / 4
    model = Known(lambda z: (z @ v).sigmoid(), [0.1, 0.3], (3, 6, 6))
    found = measured(model, Memory(data.x.clip(0, 1), value_range=(0.0, 1.0)), anchors=1)
    strip = figure(found, "traversal_1")
    assert strip.pictures is not None
    sample = int(strip.caption.split("sample ")[1].split(",")[0])
    code = model.encode(torch.from_numpy(data.x[[sample]].clip(0, 1))).mean
    for at, z in enumerate(np.linspace(-3, 3, 11), start=1):
        moved = code.clone()
        moved[0, 1] = z
        expected = (255 * model.decode(moved)[0]).round().permute(1, 2, 0).numpy()
        np.testing.assert_allclose(strip.pictures.pixels[1, at], expected, atol=1)


def test_derivatives_of_a_curved_decoder_are_the_analytic_ones() -> None:
    data = samples(20, (6,))
    w = torch.from_numpy(np.random.default_rng(2).normal(size=(2, 6)).astype(np.float32))
    found = measured(Known(lambda z: torch.tanh(z @ w), [0.1, 0.1], (6,)), data, measured=20)
    slope = 1 - np.tanh(data.x[:, :2] @ w.numpy()) ** 2
    expected = np.sqrt((slope[:, None, :] ** 2 * w.numpy() ** 2).mean(axis=0))
    values = {(cells[0], cells[1]): cells[2] for cells in figure(found, "where").table.rows}
    for j in range(2):
        assert row(found, f"z{j}")["sensitivity"] == pytest.approx(math.sqrt((expected[j] ** 2).mean()), rel=1e-5)
        for feature in range(6):
            assert values[f"z{j}", feature] == pytest.approx(expected[j, feature], rel=1e-5)
    assert not found.warnings


def test_a_model_without_derivatives_is_measured_by_differences_and_says_so() -> None:
    model, data = NumpyVAE(), vectors(40, 6)
    found = measured(model, data, measured=40)
    codes = data.x @ model.w.T
    expected = (1 - np.tanh(codes @ model.w) ** 2)[:, None, :] * model.w
    for j in range(2):
        exact = math.sqrt((expected[:, j] ** 2).mean())
        assert row(found, f"z{j}")["sensitivity"] == pytest.approx(exact, rel=2e-3)
    assert any("no derivatives" in warning for warning in found.warnings)
    assert "central differences" in figure(found, "where").caption


def test_a_model_that_cuts_its_derivatives_is_found_out() -> None:
    w = torch.from_numpy(np.random.default_rng(2).normal(size=(2, 6)).astype(np.float32))
    model = Known(lambda z: (z @ w).detach() + 0.1 * z @ w, [0.1, 0.1], (6,))
    found = measured(model, samples(30, (6,)))
    assert any("derivatives differ from differences of its outputs by 91 %" in warning for warning in found.warnings)
    assert row(found, "z0")["sensitivity"] == pytest.approx(1.1 * float(w[0].square().mean().sqrt()), rel=1e-2)


def test_posterior_spacing_takes_quantiles_of_the_aggregate() -> None:
    from scipy.stats import norm

    data = samples(400, (2,), seed=3)
    found = measured(Known(lambda z: z, [0.5, 0.01], (2,)), data, spacing="posterior", anchors=0, steps=5)
    cells = [cells for cells in figure(found, "traversal_0").table.rows if str(cells[0]).startswith("z0")]
    values = sorted({float(str(cell[1])) for cell in cells})
    levels = np.linspace(norm.cdf(-3), norm.cdf(3), 5)
    for value, level in zip(values, levels, strict=True):
        reached = norm.cdf((value - data.x[:, 0]) / math.sqrt(0.5)).mean()
        assert reached == pytest.approx(level, abs=1e-4)


def test_the_change_is_the_frame_minus_the_decoded_anchor_on_one_scale() -> None:
    found = linear(anchors=2)
    at, strip = figure(found, "change_1"), figure(found, "traversal_1")
    assert at.pictures is not None
    sample = int(strip.caption.split("sample ")[1].split(",")[0])
    own = samples(80, SHAPE).x[sample].reshape(-1)[:3]
    # A step of z moves the output by that many columns of W; two channels are shown as their mean.
    ways = [z - own[j] for j in range(3) for z in np.linspace(-3, 3, 11)]
    for way, cells in zip(ways, strip.table.rows, strict=True):
        j = int(str(cells[0])[1])
        assert cells[2] == pytest.approx(way**2 * float(W[j].square().mean()), rel=1e-4, abs=1e-8)
    reach = float(at.caption.split("white: ")[1].split(" ")[0])
    for j in range(3):
        change = (3 - own[j]) * W[j].reshape(SHAPE).mean(0).numpy()
        expected = 127.5 + 127.5 * change / reach
        np.testing.assert_allclose(at.pictures.pixels[j, -1, ..., 0], expected, atol=1.5)


def test_counts_have_intervals_that_follow_the_anchors() -> None:
    # z1 moves the output by about a grey level, and only at a third of the anchors: whether it moves is in doubt.
    def faint(z: Tensor) -> Tensor:
        return torch.cat([0.05 * z[:, :1], (z[:, :1] > 0.4) * z[:, 1:] * 0.019], dim=1)

    found = measured(Known(faint, [0.1, 0.1], (2,)), Memory(samples(400, (2,)).x, value_range=(-5.0, 5.0)))
    moving, still = found.scalar("live_dimensions_that_move"), found.scalar("live_dimensions_that_do_not_move")
    assert moving.value + still.value == 2
    assert (moving.low, moving.high) == (1, 2)
    assert (still.low, still.high) == (0, 1)


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_an_animation_holds_all_drawn_dimensions_in_every_frame(kind: str) -> None:
    found = linear(animation=kind)
    one = figure(found, "animation")
    assert (one.kind, one.series) == ("animation", kind)
    assert one.pictures is not None
    assert one.pictures.pixels.shape == (1, 11, 2 * 6 + 2, 2 * 5 + 2, 1)
    strip = figure(found, "traversal_0").pictures
    assert strip is not None
    assert (one.pictures.pixels[0, 3, :6, :5] == strip.pixels[0, 3]).all()
    assert (one.pictures.pixels[0, 3, 8:, :5] == strip.pixels[2, 3]).all()
    assert (one.pictures.pixels[0, 3, 8:, 7:] == 255).all()
    assert not any(other.kind == "animation" for other in linear().figures)


def test_numbers_do_not_depend_on_the_batch() -> None:
    data = images(70)
    whole = measured(SpatialVAE(), data)
    small = measured(SpatialVAE(), data, batch_size=7)
    for scalar in whole.scalars:
        assert small.scalar(scalar.name).value == pytest.approx(scalar.value, rel=1e-5, nan_ok=True), scalar.name
        assert small.scalar(scalar.name).low == pytest.approx(scalar.low, rel=1e-4, nan_ok=True), scalar.name


def test_means_over_anchors_have_intervals_that_hold_them() -> None:
    found = measured(SpatialVAE(), images(70))
    for name in ("movement_live", "straightness", "unevenness", "monotonicity", "step_dssim_live"):
        scalar = found.scalar(name)
        assert scalar.low <= scalar.value <= scalar.high
        assert scalar.n == 32
    assert sum(scalar.headline for scalar in found.scalars) <= 8


def test_a_prior_mean_unlike_the_data_is_named() -> None:
    # Steep around zero, where no code is, and flat at the data.
    data = Memory((np.sign(samples(60, (2,)).x) * 2.5).astype(np.float32))
    found = measured(Known(lambda z: torch.stack([z[:, 0] / (1 + z[:, 1] ** 2), z[:, 1]], 1), [0.1, 0.1], (2,)), data)
    assert row(found, "z0")["movement_at_centre"] == pytest.approx(7.25 * row(found, "z0")["movement"], rel=1e-4)
    assert any(said.startswith("From the prior mean z0 moves the output 7.2 times as far") for said in found.readings)
    assert not any("From the prior mean" in said for said in linear().readings)


def test_what_is_undefined_for_good_reason_is_no_headline() -> None:
    assert not [scalar for scalar in linear().scalars if scalar.name == "movement_dead"]
    assert planted().scalar("movement_dead").headline
