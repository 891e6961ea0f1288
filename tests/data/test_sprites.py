"""The drawn sprites against real frames and against models trained on the original."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

from vae_analyze.data.sprites import SPRITES, sprites

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
FRAMES = SHARED / "dsprites-samples.png"
needs_frames = pytest.mark.skipif(not FRAMES.is_file(), reason="the real dSprites frames are not here")

# Reconstruction error of the posterior mean on the 100 real frames, nats per image, and its standard error.
PUBLISHED = {"VAE_dsprites": (12.4, 0.5), "btcvae_dsprites": (33.2, 1.7)}


def real_frames() -> NDArray[np.float32]:
    grid: NDArray[np.float32] = np.asarray(Image.open(FRAMES).convert("L"), dtype=np.float32) / np.float32(255)
    starts = [2 + 66 * i for i in range(10)]
    return np.stack([grid[top : top + 64, left : left + 64] for top in starts for left in starts])[:, None]


def image(*levels: int) -> NDArray[np.float32]:
    data = sprites()
    drawn: NDArray[np.float32] = data.read(data.index_of(np.array([levels]))).x[0, 0]
    return drawn


def random_levels(n: int, seed: int = 0) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    return np.stack([rng.integers(0, m, n) for m in (3, 6, 40, 32, 32)], axis=1)


def test_size_and_factors() -> None:
    data = sprites()
    assert len(data) == SPRITES.size == 3 * 6 * 40 * 32 * 32 == 737_280
    assert [factor.name for factor in data.factors] == ["shape", "scale", "orientation", "x", "y"]
    assert data.label_names == ("square", "ellipse", "heart")
    np.testing.assert_allclose(data.factors[1].levels, [0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert data.factors[2].levels[-1] == 2 * np.pi


def test_index_is_row_major_with_y_fastest() -> None:
    data = sprites()
    levels = random_levels(500)
    expected = ((((levels[:, 0] * 6 + levels[:, 1]) * 40 + levels[:, 2]) * 32) + levels[:, 3]) * 32 + levels[:, 4]
    assert (data.index_of(levels) == expected).all()
    found = data.read(expected)
    assert found.factors is not None
    assert found.labels is not None
    assert (found.labels == levels[:, 0]).all()
    for column, factor in enumerate(data.factors):
        assert (found.factors[:, column] == factor.levels[levels[:, column]]).all()


def test_binary_whole_and_free_of_order() -> None:
    data = sprites()
    index = data.index_of(random_levels(300))
    x = data.read(index).x
    assert x.dtype == np.float32
    assert set(np.unique(x).tolist()) == {0.0, 1.0}
    assert (data.read(index[::-1]).x[::-1] == x).all()
    assert (data.read(index[7:8]).x == x[7:8]).all()
    assert data.read([]).x.shape == (0, 1, 64, 64)


def test_nothing_is_cut_off_at_the_corners() -> None:
    data = sprites()
    grid = np.stack(np.meshgrid(range(3), [5], range(40), [0, 31], [0, 31], indexing="ij"), axis=-1).reshape(-1, 5)
    area = data.read(data.index_of(grid)).x.sum(axis=(1, 2, 3)).reshape(3, 40, 4)
    for shape, expected in enumerate((4 * 9.595**2, np.pi * 12.75 * 7.2, 180 * np.pi / 16 * 9.59 * 0.6625)):
        np.testing.assert_allclose(area[shape], expected, rtol=0.09)
        assert area[shape].mean() == pytest.approx(expected, rel=0.005)


def test_area_grows_with_the_square_of_scale() -> None:
    for shape in range(3):
        ratio = image(shape, 5, 3, 16, 16).sum() / image(shape, 0, 3, 16, 16).sum()
        assert ratio == pytest.approx(4.0, rel=0.06)


def test_first_and_last_orientation_are_the_same() -> None:
    for shape in range(3):
        assert (image(shape, 4, 0, 5, 20) == image(shape, 4, 39, 5, 20)).all()


def test_x_goes_right_y_goes_down_in_steps_of_32_31st_pixels() -> None:
    ys, xs = np.nonzero(image(0, 5, 0, 0, 0))
    ys_end, xs_end = np.nonzero(image(0, 5, 0, 31, 0))
    assert (xs_end.mean() - xs.mean(), ys_end.mean() - ys.mean()) == (32.0, 0.0)
    ys_end, xs_end = np.nonzero(image(0, 5, 0, 0, 31))
    assert (xs_end.mean() - xs.mean(), ys_end.mean() - ys.mean()) == (0.0, 32.0)
    assert (xs.mean(), ys.mean()) == (15.5, 15.5)


def test_upright_heart_and_clockwise_turn() -> None:
    upright = image(2, 5, 0, 0, 0)
    assert (upright[:, 2:30] == upright[:, 2:30][:, ::-1]).all()
    columns = upright.sum(axis=1)
    bottom = np.flatnonzero(columns)[-1]
    assert columns[bottom] < 4 < columns[: bottom - 12].max()
    # A quarter turn clockwise (nearly: level 10 of 40) brings the tip from below to the left.
    turned = image(2, 5, 10, 0, 0)
    xs = np.nonzero(turned)[1]
    assert xs.mean() > (xs.min() + xs.max()) / 2 + 1


def test_ellipse_lies_at_orientation_zero() -> None:
    ys, xs = np.nonzero(image(1, 5, 0, 10, 10))
    assert np.ptp(xs) / np.ptp(ys) == pytest.approx(12.75 / 7.2, rel=0.1)


def best_match(frame: NDArray[np.bool_]) -> tuple[int, float]:
    """Shape and intersection over union of the drawn image most like a real one, near its place and size."""
    data = sprites()
    ys, xs = np.nonzero(frame)
    candidates = []
    for shape, area in enumerate((368.3, 288.4, 224.5)):
        scale = int(np.clip(np.round(10 * np.sqrt(frame.sum() / area)) - 5, 0, 5))
        for orientation in range(39):
            # The heart's centroid lies 2 pixels (at scale 1) above its origin, before turning.
            reach = (0.0, 0.0, 2.0)[shape] * (0.5 + 0.1 * scale)
            angle = 2 * np.pi * orientation / 39
            x = round((xs.mean() - reach * np.sin(angle) - 15.5) * 31 / 32)
            y = round((ys.mean() + reach * np.cos(angle) - 15.5) * 31 / 32)
            if 0 <= x < 32 and 0 <= y < 32:
                candidates.append((shape, scale, orientation, x, y))
    levels = np.array(candidates)
    drawn = data.read(data.index_of(levels)).x[:, 0] > 0.5
    overlap = (drawn & frame).sum(axis=(1, 2)) / (drawn | frame).sum(axis=(1, 2))
    best = int(overlap.argmax())
    return int(levels[best, 0]), float(overlap[best])


@needs_frames
def test_every_real_frame_is_met() -> None:
    found = np.array([best_match(frame) for frame in real_frames()[:, 0] > 0.5])
    assert [int((found[:, 0] == shape).sum()) for shape in range(3)] == [41, 26, 33]
    assert found[:, 1].min() > 0.98
    for shape, mean in enumerate((0.999, 0.997, 0.9995)):
        assert found[found[:, 0] == shape, 1].mean() > mean


def reconstruction_error(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Cross-entropy of the decoded posterior mean, nats per image (architecture of Burgess et al. 2018)."""

    def linear(name: str, h: Tensor) -> Tensor:
        return functional.linear(h, state[f"{name}.weight"], state[f"{name}.bias"])

    h = x
    for layer in ("conv1", "conv2", "conv3", "conv_64"):
        weight, bias = state[f"encoder.{layer}.weight"], state[f"encoder.{layer}.bias"]
        h = functional.conv2d(h, weight, bias, stride=2, padding=1).relu()
    h = h.flatten(1)
    for layer in ("lin1", "lin2"):
        h = linear(f"encoder.{layer}", h).relu()
    h = linear("encoder.mu_logvar_gen", h)[:, 0::2]
    for layer in ("lin1", "lin2", "lin3"):
        h = linear(f"decoder.{layer}", h).relu()
    h = h.reshape(-1, 32, 4, 4)
    for layer in ("convT_64", "convT1", "convT2", "convT3"):
        weight, bias = state[f"decoder.{layer}.weight"], state[f"decoder.{layer}.bias"]
        h = functional.conv_transpose2d(h, weight, bias, stride=2, padding=1)
        h = h if layer == "convT3" else h.relu()
    return functional.binary_cross_entropy_with_logits(h, x, reduction="none").sum(dim=(1, 2, 3))


@needs_frames
@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_models_of_the_original_know_the_drawn_ones(name: str) -> None:
    path = SHARED / "checkpoints" / name / "model.pt"
    if not path.is_file():
        pytest.skip("the checkpoints trained on dSprites are not here")
    expected, error = PUBLISHED[name]
    state = torch.load(path, map_location="cpu", weights_only=True)
    data = sprites()
    drawn = torch.from_numpy(data.read(data.index_of(random_levels(2000, seed=1))).x)
    with torch.inference_mode():
        on_real = float(reconstruction_error(state, torch.from_numpy(real_frames())).mean())
        on_drawn = float(torch.cat([reconstruction_error(state, part) for part in torch.chunk(drawn, 4)]).mean())
    assert on_real == pytest.approx(expected, abs=error)
    assert on_drawn == pytest.approx(expected, rel=0.15)


def test_drawing_is_pinned() -> None:
    data = sprites()
    grid = np.stack(np.meshgrid(range(3), range(6), range(40), [7], [20], indexing="ij"), axis=-1).reshape(-1, 5)
    white = data.read(data.index_of(grid)).x.sum(axis=(1, 2, 3)).reshape(3, 240).sum(axis=1)
    np.testing.assert_allclose(white, [52196, 40960, 31882], atol=3)
