"""Vectors against plain numpy, and their errors against simulations."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.groups import groups_of
from vae_analyze.analyzers.attributes.streamed import FOLDS, JUDGES, MOVERS, PARTS, Streamed, streamed
from vae_analyze.analyzers.attributes.vectors import Vector, cosine, vector_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


class Table:
    """Codes in chunks, as the engine stores them."""

    def __init__(self, codes: Floats, size: int = 64) -> None:
        self.codes, self.size, self.index = codes, size, np.arange(len(codes))

    def chunks(self) -> Iterator[tuple[Integers, NDArray[np.float32], NDArray[np.float32]]]:
        for start in range(0, len(self.codes), self.size):
            rows = slice(start, start + self.size)
            # float64 keeps what is compared exact; the engine stores the model's own format.
            yield self.index[rows], self.codes[rows], self.codes[rows]  # type: ignore[misc]  # in float64

    def labels(self, index: NDArray[np.int64] | None = None, /) -> None:
        return None

    def factors(self) -> None:
        return None


def read(codes: Floats, labels: Integers, *, probed: int = 5000, size: int = 64, seed: int = 0) -> Streamed:
    groups = groups_of(labels, [str(k) for k in range(int(labels.max()) + 1)], None, (), most=24)
    return streamed(Table(codes, size), groups, None, probed=probed, seed=seed)


def vector(codes: Floats, labels: Integers, at: int = 0, *, size: int = 64, seed: int = 0) -> Vector:
    groups = groups_of(labels, [str(k) for k in range(int(labels.max()) + 1)], None, (), most=24)
    kept = streamed(Table(codes, size), groups, None, probed=5000, seed=seed)
    return vector_of(groups.attributes[at], kept, labels[kept.rows] == groups.attributes[at].level)


def mixture(rng: np.random.Generator, n: int, length: float, scale: Floats) -> tuple[Floats, Integers]:
    labels = (np.arange(n) % 3 == 0).astype(np.int64)
    codes = rng.normal(size=(n, len(scale))) * scale
    codes[:, 0] += length * labels
    return codes, labels


def test_the_vector_is_the_difference_of_means() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 500)
    codes = rng.normal(size=(500, 6)) + rng.normal(size=(4, 6))[labels]
    for k in range(4):
        found = vector(codes, labels, k)
        plain = codes[labels == k].mean(axis=0) - codes[labels != k].mean(axis=0)
        np.testing.assert_allclose(found.value, plain, rtol=1e-12)
        assert found.length == pytest.approx(float(np.linalg.norm(plain)), rel=1e-12)
        noise = sum(codes[side].var(axis=0, ddof=1).sum() / side.sum() for side in (labels == k, labels != k))
        assert found.noise == pytest.approx(noise, rel=1e-12)
        assert found.corrected == pytest.approx(math.sqrt(plain @ plain - noise), rel=1e-12)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_chunks_do_not_matter(size: int) -> None:
    codes, labels = mixture(np.random.default_rng(1), 300, 1.0, np.ones(3))
    one, other = vector(codes, labels), vector(codes, labels, size=size)
    np.testing.assert_allclose(one.value, other.value, rtol=1e-12)
    np.testing.assert_allclose(one.moving, other.moving, rtol=1e-10)
    assert one.reliability == pytest.approx(other.reliability, rel=1e-10)


def test_a_moving_vector_has_seen_neither_its_fold_nor_those_of_the_judge() -> None:
    codes, labels = mixture(np.random.default_rng(2), 240, 1.0, np.ones(4))
    kept, found = read(codes, labels), vector(codes, labels)
    for fold in range(FOLDS):
        rest = np.isin(kept.fold(0), [(fold + 1) % FOLDS, (fold + 2) % FOLDS])
        assert not set(MOVERS) & set(JUDGES)
        plain = codes[rest & (labels == 1)].mean(axis=0) - codes[rest & (labels == 0)].mean(axis=0)
        np.testing.assert_allclose(found.moving[fold], plain, rtol=1e-10)


def test_parts_are_even_within_every_group() -> None:
    _, labels = mixture(np.random.default_rng(2), 247, 1.0, np.ones(1))
    kept = read(np.zeros((247, 1)), labels)
    for group in (0, 1):
        counts = np.bincount(kept.parts[0][labels == group], minlength=PARTS)
        assert counts.max() - counts.min() <= 1


def test_the_standard_error_of_the_length_is_what_repetition_gives() -> None:
    # Correlated and unequal dimensions: the variance along the vector is not the sum of variances.
    mix = np.array([[1.0, 0.8, 0.0], [0.0, 1.0, 0.0], [0.3, 0.0, 2.0]])
    lengths, errors = [], []
    for seed in range(200):
        codes, labels = mixture(np.random.default_rng(seed), 150, 0.0, np.ones(3))
        codes = codes @ mix + 3.0 * labels[:, None] * np.array([1.0, 0.5, 0.0])
        found = vector(codes, labels)
        lengths.append(found.length)
        errors.append(found.error)
    assert float(np.mean(errors)) == pytest.approx(float(np.std(lengths)), rel=0.12)


def test_the_corrected_length_is_unbiased_where_the_plain_one_is_not() -> None:
    plain, corrected = [], []
    for seed in range(150):
        codes, labels = mixture(np.random.default_rng(seed), 90, 1.0, np.ones(20))
        found = vector(codes, labels)
        plain.append(found.length**2)
        corrected.append(found.length**2 - found.noise)
    assert float(np.mean(plain)) > 1.8
    assert float(np.mean(corrected)) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("length", [0.5, 1.0])
def test_the_split_half_cosine_and_its_extrapolation_are_what_new_data_give(length: float) -> None:
    def difference(seed: int, n: int) -> Floats:
        codes, labels = mixture(np.random.default_rng(1000 + seed), n, length, np.ones(10))
        return np.asarray(codes[labels == 1].mean(axis=0) - codes[labels == 0].mean(axis=0))

    halves = np.mean([cosine(difference(2 * k, 120), difference(2 * k + 1, 120)) for k in range(400)])
    wholes = np.mean([cosine(difference(2 * k, 240), difference(2 * k + 1, 240)) for k in range(400)])
    found = [vector(*mixture(np.random.default_rng(seed), 240, length, np.ones(10))) for seed in range(60)]
    assert float(np.mean([one.reliability for one in found])) == pytest.approx(float(halves), abs=0.05)
    assert float(np.mean([one.extrapolated for one in found])) == pytest.approx(float(wholes), abs=0.06)
    agreement = np.mean([[one.agreement[share] for share in (0.1, 0.2, 0.5)] for one in found], axis=0)
    assert agreement[0] < agreement[1] < agreement[2]


def test_without_a_difference_halves_do_not_agree() -> None:
    found = [vector(*mixture(np.random.default_rng(seed), 240, 0.0, np.ones(10))) for seed in range(40)]
    assert abs(float(np.mean([one.reliability for one in found]))) < 0.1
    assert all(one.extrapolated == one.reliability for one in found if one.reliability <= 0)


def test_five_samples_on_a_side_are_enough_for_a_number() -> None:
    codes = np.random.default_rng(5).normal(size=(60, 3))
    found = vector(codes, (np.arange(60) < 5).astype(np.int64))
    assert math.isfinite(found.reliability)
    assert np.isfinite(found.moving).all()


def test_equal_codes_have_a_vector_without_direction() -> None:
    found = vector(np.ones((40, 2)), np.arange(40) % 2)
    assert found.length == 0
    assert math.isnan(found.reliability)
    assert math.isnan(cosine(found.value, found.value))


def test_codes_that_are_not_finite_are_left_out_of_everything() -> None:
    codes, labels = mixture(np.random.default_rng(3), 100, 2.0, np.ones(2))
    codes[4, 1] = np.nan
    kept = read(codes, labels)
    assert kept.broken == 1
    assert 4 not in kept.index
    assert np.isfinite(vector(codes, labels).value).all()


def test_codes_in_memory_are_evenly_spread() -> None:
    codes, labels = mixture(np.random.default_rng(3), 1000, 2.0, np.ones(2))
    kept = read(codes, labels, probed=100)
    np.testing.assert_array_equal(kept.index, np.arange(100) * 10)
    np.testing.assert_array_equal(kept.codes, codes[::10])
