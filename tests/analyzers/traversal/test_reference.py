"""The whole table of a real checkpoint, written again plainly: a loop, numpy, scipy and scikit-image."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.metrics import structural_similarity

import vae_analyze
from analyzers.traversal.known import measured, row

Floats = NDArray[np.float64]
ANCHORS, STEPS = 6, 9


def reference(path: Path) -> dict[str, dict[str, Any]]:
    vae: Any = vae_analyze.load(path).vae
    vae.double()
    data = vae_analyze.open_data("digits:test")
    every = data.read(np.arange(len(data)))
    assert every.labels is not None
    n = len(data)

    def decode(z: Floats) -> Floats:
        with torch.no_grad():
            return np.asarray(vae.decode(torch.from_numpy(z)[None])[0].numpy())

    with torch.no_grad():
        posterior = vae.encode(torch.from_numpy(every.x).double())
    mean, logvar = posterior.mean.numpy(), posterior.logvar.numpy()
    kl = 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar)
    anchors = [mean[i * n // ANCHORS] for i in range(ANCHORS)]
    z_values = np.linspace(-3, 3, STEPS)
    found = {}
    for j in range(mean.shape[1]):
        one: dict[str, list[float]] = {name: [] for name in ("movement", "step_mse", "step_dssim", "monotonicity",
                                                             "straightness", "unevenness")}  # fmt: skip
        heat = np.zeros((8, 8))
        for anchor in anchors:
            frames = []
            for z in z_values:
                code = anchor.copy()
                code[j] = z
                frames.append(decode(code))
            lengths = [math.sqrt(((b - a) ** 2).mean()) for a, b in itertools.pairwise(frames)]
            one["movement"].append(sum(lengths) / 6)
            one["step_mse"].append(float(np.mean(np.square(lengths))))
            one["step_dssim"].append(
                float(np.mean([1 - similarity(a[0], b[0]) for a, b in itertools.pairwise(frames)]))
            )
            away = [math.sqrt(((frame - frames[0]) ** 2).mean()) for frame in frames]
            one["monotonicity"].append(float(spearmanr(np.arange(STEPS), away).statistic))
            one["straightness"].append(away[-1] / sum(lengths))
            one["unevenness"].append(max(lengths) / float(np.mean(lengths)))
            step = np.zeros(mean.shape[1])
            step[j] = 1e-5
            heat += ((decode(anchor + step) - decode(anchor - step)) / 2e-5)[0] ** 2 / ANCHORS
        found[f"z{j}"] = {name: float(np.mean(values)) for name, values in one.items()} | {
            "kl": float(kl[:, j].mean()),
            "sensitivity": math.sqrt(heat.mean()),
            "row": float((heat.sum(1) * np.arange(1, 9)).sum() / heat.sum()),
            "column": float((heat.sum(0) * np.arange(1, 9)).sum() / heat.sum()),
            "pixel_share": float(heat.sum() ** 2 / (heat**2).sum() / 64),
            "followed_share": epsilon_squared(mean[:, j], every.labels),
        }
    return found


def similarity(a: Floats, b: Floats) -> float:
    # The largest odd window in 8x8 pictures is 7 pixels; its standard deviation is scaled alike.
    sigma = 1.5 * 7 / 11
    return float(
        structural_similarity(  # type: ignore[no-untyped-call]  # scikit-image has no types
            a, b, data_range=1.0, gaussian_weights=True, sigma=sigma, truncate=3 / sigma, use_sample_covariance=False
        )
    )


def epsilon_squared(code: Floats, group: NDArray[np.int64]) -> float:
    within = sum(((code[group == c] - code[group == c].mean()) ** 2).sum() for c in np.unique(group))
    k, n = len(np.unique(group)), len(code)
    return float(1 - (within / (n - k)) / code.var(ddof=1))


def test_the_table_of_a_real_checkpoint_is_that_of_a_plain_loop(digits_vae: Path) -> None:
    found = measured(digits_vae, "digits:test", measured=ANCHORS, steps=STEPS, anchors=0, dtype="float64")
    expected = reference(digits_vae)
    assert len(found.tables[0].rows) == 10
    for name, numbers in expected.items():
        got = row(found, name)
        for quantity, value in numbers.items():
            # Codes are stored in float32.
            assert got[quantity] == pytest.approx(value, rel=2e-5), (name, quantity)
    falling = sorted(expected, key=lambda name: -float(expected[name]["kl"]))
    assert [cells[0] for cells in found.tables[0].rows] == falling


def test_dead_dimensions_of_a_foreign_model_move_nothing(shared_data: Path) -> None:
    images_file = shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"
    found = measured(shared_data / "checkpoints" / "btcvae_mnist", str(images_file), samples=1000, resize=True)
    dead, live = found.scalar("movement_dead").value, found.scalar("movement_live").value
    assert dead < 0.03 * live
    assert any("z2" in said and "z7" in said and "dead and move nothing" in said for said in found.readings)


def test_a_collapsed_model_is_called_so(repository: Path) -> None:
    found = measured(repository / "checkpoints" / "digits-collapsed.pt", "digits:test")
    assert found.readings[0].startswith("None of 10 dimensions is active")
    assert math.isnan(found.scalar("movement_live").value)
    assert found.scalar("movement_dead").value < 0.01
    assert found.scalar("dead_dimensions_that_move").value == 0
    assert any("10 dimensions traversed are dead and move nothing" in said for said in found.readings)


def test_a_plain_autoencoder_is_traversed_from_its_mean_code(repository: Path) -> None:
    found = measured(repository / "checkpoints" / "digits-ae.pt", "digits:test", spacing="posterior")
    assert found.figures[0].title == "Mean code"
    assert found.scalar("live_dimensions_that_move").value == 10
    assert not found.warnings
