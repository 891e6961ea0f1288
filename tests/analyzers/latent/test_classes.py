"""How the classes share the prior, where the shares are known by construction."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import norm
from torch import Tensor

from support.datasets import Memory
from vae_analyze.analyzers.latent.classes import Classes, shares
from vae_analyze.analyzers.latent.question import Latent
from vae_analyze.api import analyze
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

CUT = 0.8  # class 1 lies beyond it along the first dimension


class Line(torch.nn.Module):
    """Two dimensions, decoded as they are."""

    input_shape, latent_shape = (2,), (2,)

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.logvar = torch.nn.Parameter(torch.full((2,), -6.0))
        self.broken = broken

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        return DiagonalGaussian(x, self.logvar.expand_as(x))

    def decode(self, z: Tensor, /) -> Tensor:
        return z * math.nan if self.broken else z


def data(n: int = 2000) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """As many of either class, though the prior holds 79 % and 21 %."""
    z = np.random.default_rng(0).normal(size=(20 * n, 2)).astype(np.float32)
    inside, outside = z[z[:, 0] < CUT][: n // 2], z[z[:, 0] > CUT][: n // 2]
    return np.concatenate([inside, outside]), np.repeat([0, 1], [len(inside), len(outside)])


def measured(x: NDArray[np.float32], labels: NDArray[np.int64] | None, model: Any = None) -> Findings:
    options: dict[str, Any] = {"draws": 1000, "clusters": 1, "likelihood_samples": 0}
    run = analyze(model or Line(), [Latent(**options)], data=Memory(x, labels), samples=0, no_cache=True)
    assert not run.failed, run.failed[0].traceback
    return run["latent"]


def test_the_larger_region_is_drawn_more_often() -> None:
    found = measured(*data())
    table = next(table for table in found.tables if table.name == "classes")
    share = float(norm.cdf(CUT))
    assert table.column("data") == [0.5, 0.5]
    (low, high) = (table.column(name)[0] for name in ("prior_low", "prior_high"))
    assert low < share + 0.02  # type: ignore[operator]  # a number, by name; the plane is fitted, not known
    assert share - 0.02 < high  # type: ignore[operator]  # likewise
    entropy = -(share * math.log(share) + (1 - share) * math.log(1 - share)) / math.log(2)
    assert found.scalar("class_evenness").value == pytest.approx(entropy, abs=0.07)
    assert found.scalar("class_distance").value == pytest.approx(share - 0.5, abs=0.05)
    assert found.scalar("class_judge_accuracy").value > 0.97
    assert any("decoded prior draws" in reading and "'0' (50 % of the data)" in reading for reading in found.readings)
    figure = next(figure for figure in found.figures if figure.name == "classes")
    assert "0.500" in figure.alt


@pytest.mark.parametrize(
    ("labels", "model", "reason"),
    [
        (None, Line(), "memory has no labels"),
        (np.zeros(60, np.int64), Line(), "one class"),
        (np.arange(60) % 2, Line(broken=True), "not finite"),
        (np.arange(60), Line(), "60 classes are too many"),
    ],
)
def test_where_it_cannot_be_known_it_says_why(labels: NDArray[np.int64] | None, model: Line, reason: str) -> None:
    found = measured(data()[0][:60], labels, model)
    for name in ("class_evenness", "class_distance"):
        assert math.isnan(found.scalar(name).value)
        assert reason in found.scalar(name).reason
    assert not [table for table in found.tables if table.name == "classes"]


def test_few_samples_train_no_judge() -> None:
    assert "too few" in measured(data()[0][:12], np.arange(12) % 2).scalar("class_evenness").reason


def test_the_order_of_the_samples_does_not_matter() -> None:
    x, labels = data(400)
    order = np.random.default_rng(3).permutation(len(x))
    one, other = measured(x, labels), measured(x[order], labels[order])
    assert one.scalar("class_distance").value == pytest.approx(other.scalar("class_distance").value, abs=0.02)


def test_a_judge_that_cannot_tell_the_classes_is_not_believed() -> None:
    x, _ = data(800)
    found = measured(x, np.random.default_rng(1).integers(0, 2, len(x)))
    for name in ("class_evenness", "class_distance"):
        assert found.scalar(name).status == "warning"
        assert "the judge is right on only" in found.scalar(name).reason
    assert not any("decoded prior draws" in reading for reading in found.readings)


def judged(taken: NDArray[np.int64], known: NDArray[np.float64], samples: int) -> Classes:
    names = tuple(map(str, range(len(known))))
    return Classes(names=names, data=known, taken=taken, accuracy=0.95, n=500, samples=samples)


@pytest.mark.parametrize("k", [2, 10, 40])
def test_fair_classes_are_not_called_unfair(k: int) -> None:
    fair = {"class_evenness": 1.0, "class_distance": 0.0}
    held = dict.fromkeys(fair, 0)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        given = judged(rng.integers(0, k, 1000), np.bincount(rng.integers(0, k, 2000), minlength=k) / 2000, 2000)
        for scalar in shares(given, seed=seed)[:2]:
            assert scalar.low <= scalar.value <= scalar.high
            held[scalar.name] += scalar.low <= fair[scalar.name] <= scalar.high
    assert min(held.values()) >= 53, held


def test_shares_that_are_not_fair_are_found_so() -> None:
    truth = np.array([0.5, 0.3, 0.2])
    entropy = -float(truth @ np.log(truth)) / math.log(3)
    held = [0, 0]
    for seed in range(60):
        taken = np.random.default_rng(seed).choice(3, 1000, p=truth)
        evenness, distance, _ = shares(judged(taken, np.full(3, 1 / 3), 3000), seed=seed)
        held[0] += evenness.low <= entropy <= evenness.high
        held[1] += distance.low <= 0.5 - 1 / 3 <= distance.high
        assert distance.low > 0
        assert evenness.high < 1
    assert min(held) >= 53, held
