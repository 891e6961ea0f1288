"""Shares of variance between levels: by hand, against one-way analyses of variance, and on factors that are known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzers.traversal.known import Known, figure, measured, row, samples
from support.datasets import Memory
from vae_analyze.data.dataset import Factor, FactorKind
from vae_analyze.findings import Findings

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Named(Memory):
    """With factors of chosen kinds."""

    kinds: tuple[FactorKind, ...] = ()

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        if self.factor_values is None:
            return None
        return tuple(
            Factor(name=kind, kind=kind, levels=np.unique(column))
            for kind, column in zip(self.kinds, self.factor_values.T, strict=True)
        )


def codes_of(codes: Floats, **more: object) -> Findings:
    d = codes.shape[1]
    data = Named(codes.astype(np.float32), **more)  # type: ignore[arg-type]  # passed on
    return measured(Known(lambda z: z, [0.1] * d, (d,)), data, measured=8, anchors=0, samples=0)


def epsilon_squared(code: Floats, group: NDArray[np.int64]) -> float:
    parts = [code[group == level] for level in np.unique(group)]
    n, k = len(code), len(parts)
    within = sum(((part - part.mean()) ** 2).sum() for part in parts)
    total = ((code - code.mean()) ** 2).sum()
    return float(1 - (within / (n - k)) / (total / (n - 1)))


def test_the_share_is_that_of_a_one_way_analysis_of_variance() -> None:
    from scipy.stats import f_oneway

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 300)
    codes = rng.normal(size=(300, 3)) + np.stack([labels, 0.3 * labels, 0 * labels], axis=1)
    found = codes_of(codes, labels=labels)
    for j in range(3):
        code = codes[:, j].astype(np.float32).astype(np.float64)
        assert row(found, f"z{j}")["followed_share"] == pytest.approx(epsilon_squared(code, labels), rel=1e-6)
    assert row(found, "z0")["follows"] == "label"
    assert row(found, "z2")["follows"] == ""
    assert f_oneway(*(codes[labels == level, 2] for level in range(4))).pvalue > 0.01
    assert any(reading.startswith("2 of 3 active dimensions follow the label: z0 (") for reading in found.readings)


def test_by_chance_nothing_is_followed_and_shares_are_zero_on_average() -> None:
    shares = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        found = codes_of(rng.normal(size=(60, 4)), labels=rng.integers(0, 10, 60))
        shares += [row(found, f"z{j}")["followed_share"] for j in range(4)]
        assert all(row(found, f"z{j}")["follows"] == "" for j in range(4))
        assert any("follows the label beyond chance" in reading for reading in found.readings)
    # Without the correction 9 / 59 = 0.15 of the variance would lie between ten classes.
    assert abs(float(np.mean(shares))) < 0.03


def test_each_dimension_is_given_the_factor_it_follows_most() -> None:
    rng = np.random.default_rng(1)
    n = 2000
    shape, place, angle = rng.integers(0, 3, n), rng.random(n), 2 * np.pi * rng.random(n)
    noise = 0.1 * rng.normal(size=(n, 4))
    codes = noise + np.stack([shape - 1.0, place**3, np.cos(angle), 0 * place], axis=1)
    codes[:, 3] = rng.normal(size=n)
    found = codes_of(
        codes,
        factor_values=np.stack([shape, place, angle], axis=1).astype(np.float64),
        kinds=("categorical", "continuous", "periodic"),
    )
    assert [row(found, f"z{j}")["follows"] for j in range(4)] == ["categorical", "continuous", "periodic", ""]
    cells = {(cells[0], cells[1]): cells[2] for cells in figure(found, "follows").table.rows}
    from scipy.stats import spearmanr

    squared = spearmanr(codes[:, 1].astype(np.float32), place).statistic ** 2
    assert cells["z1", "continuous"] == pytest.approx(1 - (1 - squared) * (n - 1) / (n - 2), rel=1e-6)
    assert float(str(cells["z2", "continuous"])) < 0.01


def test_a_label_that_says_what_a_factor_says_is_not_named_before_it() -> None:
    rng = np.random.default_rng(2)
    shape = rng.integers(0, 3, 400)
    codes = np.stack([shape + 0.1 * rng.normal(size=400), rng.normal(size=400)], axis=1)
    found = codes_of(codes, labels=shape, factor_values=shape[:, None].astype(np.float64), kinds=("ordinal",))
    assert row(found, "z0")["follows"] == "ordinal"
    assert {cells[1] for cells in figure(found, "follows").table.rows} == {"ordinal"}


def test_without_labels_or_with_one_class_there_is_nothing_to_follow() -> None:
    for data in (samples(40, (3,)), samples(40, (3,), labels=np.zeros(40, dtype=np.int64))):
        found = measured(Known(lambda z: z, [0.1] * 3, (3,)), data)
        assert row(found, "z0")["follows"] == ""
        assert math.isnan(row(found, "z0")["followed_share"])
        assert "no labels or factors that vary" in found.scalar("followed_share").reason
        assert not any(one.name == "follows" for one in found.figures)


def test_a_class_for_every_sample_explains_nothing() -> None:
    found = measured(Known(lambda z: z, [0.1], (1,)), samples(20, (1,), labels=np.arange(20)))
    assert math.isnan(row(found, "z0")["followed_share"])
    assert "too few samples" in found.scalar("followed_share").reason


def test_the_sprites_model_follows_place_and_scale(repository: Path) -> None:
    found = measured(repository / "checkpoints" / "sprites-beta.pt", "sprites:test", samples=500, measured=8, anchors=0)
    followed = {str(cells[0]): row(found, str(cells[0]))["follows"] for cells in found.tables[0].rows}
    assert {"x", "y", "scale"} <= set(followed.values())
    assert found.scalar("live_dimensions_that_move").value == 10
