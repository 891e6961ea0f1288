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
