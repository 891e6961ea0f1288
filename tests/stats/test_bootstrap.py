from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vae_analyze.stats.bootstrap import (
    REPLICATES,
    SMALLEST_N,
    BootstrappedMeans,
    Interval,
    bootstrap_means,
    interval,
    poisson_weights,
)
from vae_analyze.stats.rows import Chunk

Floats = NDArray[np.float64]


def chunk(values: Floats, index: NDArray[np.int64] | None = None) -> Chunk:
    at = np.arange(len(values), dtype=np.int64) if index is None else index
    return Chunk(at, values.reshape(len(values), 1) if values.ndim == 1 else values)


def mean_interval(values: Floats, *, seed: int = 0, replicates: int = REPLICATES, level: float = 0.95) -> Interval:
    means = bootstrap_means([chunk(values)], 1, seed=seed, replicates=replicates)
    return interval(float(means.mean[0]), means.replicates[:, 0], n=means.n, level=level)


def normal(n: int, *, seed: int = 0) -> Floats:
    """Standard normal, then exactly standardised: mean 0, standard deviation 1."""
    x = np.random.default_rng(seed).normal(size=n)
    standard: Floats = (x - x.mean()) / x.std(ddof=1)
    return standard


@settings(max_examples=25)
@given(st.permutations(range(40)), st.integers(0, 40), st.integers(0, 2**40))
def test_weights_are_a_function_of_the_sample_alone(order: list[int], cut: int, seed: int) -> None:
    index = np.array(order, dtype=np.int64)
    whole = poisson_weights(np.arange(40), replicates=50, seed=seed)
    parts = [poisson_weights(part, replicates=50, seed=seed) for part in (index[:cut], index[cut:])]
    np.testing.assert_array_equal(np.concatenate(parts), whole[index])


def test_fewer_replicates_are_the_first_of_more() -> None:
    many = poisson_weights(np.arange(5), replicates=103, seed=1)
    assert many.shape == (5, 103)
    np.testing.assert_array_equal(poisson_weights(np.arange(5), replicates=9, seed=1), many[:, :9])


def test_weights_are_the_same_on_every_machine() -> None:
    # Written down once; a change would silently change every interval ever reported.
    expected = [[0, 3, 0, 0, 1, 2, 1, 0], [1, 1, 0, 1, 0, 0, 1, 2], [2, 2, 1, 0, 0, 0, 0, 2]]
    assert poisson_weights(np.array([0, 1, 12345]), replicates=8, seed=0).tolist() == expected


def test_another_seed_gives_other_weights() -> None:
    a, b = (poisson_weights(np.arange(2000), replicates=50, seed=seed).astype(float) for seed in (0, 1))
    assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.015


def test_no_samples_have_no_weights() -> None:
    assert poisson_weights(np.zeros(0, np.int64), replicates=10, seed=0).shape == (0, 10)


def test_weights_are_poisson_by_chi_square() -> None:
    weights = poisson_weights(np.arange(5000), replicates=200, seed=3)
    observed = np.bincount(weights.ravel(), minlength=10)[:10].astype(float)
    expected = scipy.stats.poisson.pmf(np.arange(10), 1) * weights.size
    keep = expected > 20
    observed, expected = observed[keep], expected[keep]
    expected *= observed.sum() / expected.sum()
    assert scipy.stats.chisquare(observed, expected).pvalue > 0.001


def test_weights_have_mean_and_variance_one() -> None:
    weights = poisson_weights(np.arange(5000), replicates=400, seed=4).astype(float)
    assert weights.mean() == pytest.approx(1, abs=4 / math.sqrt(weights.size))
    assert weights.var() == pytest.approx(1, abs=4 * math.sqrt(3 / weights.size))  # the variance of (w - 1)^2 is 3


def test_the_table_of_weights_states_its_precision() -> None:
    from vae_analyze.stats.bootstrap import _POISSON

    table = _POISSON.astype(float)
    assert table.mean() == pytest.approx(1, abs=2e-5)
    assert table.var() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("axis", ["samples", "replicates"])
def test_weights_of_a_pair_are_not_correlated(axis: str) -> None:
    weights = poisson_weights(np.arange(4000), replicates=60, seed=5).astype(float)
    table = weights.T if axis == "replicates" else poisson_weights(np.arange(60), replicates=4000, seed=5).astype(float)
    r = np.corrcoef(table)[np.triu_indices(60, k=1)]
    # 1,770 correlations of 4,000 pairs: standard deviation 1/sqrt(4000), and their root mean square is sharp.
    assert np.abs(r).max() < 5 / math.sqrt(4000)
    assert math.sqrt(np.mean(r**2)) == pytest.approx(1 / math.sqrt(4000), rel=0.1)


def test_means_and_replicates_by_hand() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    means = bootstrap_means([chunk(values)], 2, seed=7, replicates=20)
    weights = poisson_weights(np.arange(3), replicates=20, seed=7).astype(float)
    assert means.n == 3
    np.testing.assert_allclose(means.mean, values.mean(axis=0))
    for replicate, w in zip(means.replicates, weights.T, strict=True):
        expected = [np.nan, np.nan] if w.sum() == 0 else (w[:, None] * values).sum(axis=0) / w.sum()
        np.testing.assert_allclose(replicate, expected, rtol=1e-12)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 60), max_size=3).map(sorted), st.permutations(range(60)))
def test_chunks_and_order_change_nothing(cuts: list[int], order: list[int]) -> None:
    values, index = normal(60), np.array(order, dtype=np.int64)
    whole = bootstrap_means([chunk(values)], 1, seed=0, replicates=40)
    parts = bootstrap_means([chunk(values[at], at) for at in np.split(index, cuts)], 1, seed=0, replicates=40)
    assert parts.n == whole.n
    np.testing.assert_allclose(parts.replicates, whole.replicates, rtol=1e-9, atol=1e-12)


def test_more_samples_than_fit_a_block() -> None:
    values = normal(5000)
    found = bootstrap_means([chunk(values)], 1, seed=0, replicates=4)
    weights = poisson_weights(np.arange(5000), replicates=4, seed=0).astype(float)
    np.testing.assert_allclose(found.replicates[:, 0], weights.T @ values / weights.sum(axis=0), atol=1e-12)


def test_two_models_on_the_same_samples_are_resampled_alike() -> None:
    # Equal values but for a constant: the difference of the means has no spread at all.
    values = normal(50)
    a, b = (bootstrap_means([chunk(v)], 1, seed=0, replicates=50) for v in (values, values + 1))
    np.testing.assert_allclose(b.replicates - a.replicates, 1, rtol=1e-12)


def averaged(n: int, repeats: int) -> tuple[float, float, float]:
    """Low, high and standard error over standardised normal samples, in units of the mean's standard error.

    Averaged over samples and seeds, so that what is left is the method's and not one draw's.
    """
    found = [mean_interval(normal(n, seed=seed), seed=seed) for seed in range(repeats)]
    low, high, se = (float(np.mean([getattr(one, name) for one in found])) for name in ("low", "high", "se"))
    return low * math.sqrt(n), high * math.sqrt(n), se * math.sqrt(n)


@pytest.mark.parametrize(("n", "repeats"), [(8, 200), (10, 200), (100, 60), (1000, 25)])
def test_interval_of_a_normal_mean_is_students(n: int, repeats: int) -> None:
    low, high, _ = averaged(n, repeats)
    half = scipy.stats.t.ppf(0.975, n - 1)
    assert (high - low) / 2 == pytest.approx(half, rel=0.04)
    assert (high + low) / 2 == pytest.approx(0, abs=0.04 * half)


@pytest.mark.parametrize(("n", "repeats"), [(8, 200), (10, 200), (100, 60), (1000, 25)])
def test_standard_error_is_that_of_the_mean(n: int, repeats: int) -> None:
    assert averaged(n, repeats)[2] == pytest.approx(1, rel=0.02)


def test_agrees_with_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(2).exponential(size=200)
    reference = scipy.stats.bootstrap(
        (values,), np.mean, method="percentile", n_resamples=9999, rng=np.random.default_rng(0)
    )
    found = mean_interval(values, replicates=8000)
    se = reference.standard_error
    # Quantiles of 8,000 replicates have a Monte Carlo error of about 0.03 standard errors; the expansion adds 0.01.
    assert found.low == pytest.approx(reference.confidence_interval.low, abs=0.12 * se)
    assert found.high == pytest.approx(reference.confidence_interval.high, abs=0.12 * se)
    assert found.se == pytest.approx(se, rel=0.05)


def test_expansion_widens_and_higher_levels_widen() -> None:
    values = normal(8)
    means = bootstrap_means([chunk(values)], 1, seed=0)
    found = interval(0.0, means.replicates[:, 0], n=8)
    plain = np.nanquantile(means.replicates[:, 0], [0.025, 0.975])
    assert found.low < plain[0]
    assert found.high > plain[1]
    wider = mean_interval(values, level=0.99)
    assert wider.low < found.low < found.high < wider.high


def test_more_samples_make_a_narrower_interval() -> None:
    few, many = mean_interval(normal(20)), mean_interval(normal(2000))
    assert many.high - many.low < few.high - few.low
    assert many.se < few.se


def test_constant_values_have_an_interval_of_no_width() -> None:
    found = mean_interval(np.full(30, 2.0))
    assert (found.low, found.high, found.se) == (2, 2, 0)


def is_undefined(found: Interval) -> bool:
    return all(math.isnan(value) for value in (found.low, found.high, found.se))


def test_no_samples_have_no_mean() -> None:
    means = bootstrap_means([], 2, seed=0, replicates=5)
    assert means.n == 0
    assert np.isnan(means.mean).all()
    assert np.isnan(means.replicates).all()
    assert is_undefined(interval(float(means.mean[0]), means.replicates[:, 0], n=0))


def test_one_sample_has_a_mean_and_no_interval() -> None:
    means = bootstrap_means([chunk(np.array([3.0]))], 1, seed=0)
    assert means.mean.tolist() == [3]
    assert np.isnan(means.replicates).any()  # those that drew no sample
    assert is_undefined(interval(3.0, means.replicates[:, 0], n=1))


def test_too_few_samples_have_no_interval() -> None:
    assert is_undefined(mean_interval(normal(SMALLEST_N - 1)))
    assert not is_undefined(mean_interval(normal(SMALLEST_N)))


def test_replicates_that_are_undefined_leave_no_interval_once_they_could_fill_a_tail() -> None:
    replicates = np.linspace(0, 1, 1000)
    replicates[:20] = np.nan
    assert not is_undefined(interval(0.5, replicates, n=100))
    replicates[20:40] = np.inf
    assert is_undefined(interval(0.5, replicates, n=100))


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_makes_its_column_undefined(broken: float) -> None:
    values = np.ones((10, 2))
    values[3, 0] = broken
    means: BootstrappedMeans = bootstrap_means([chunk(values)], 2, seed=0, replicates=50)
    assert not np.isfinite(means.mean[0])
    assert is_undefined(interval(float(means.mean[0]), means.replicates[:, 0], n=10))
    assert means.mean[1] == 1
    assert (means.replicates[np.isfinite(means.replicates[:, 1]), 1] == 1).all()


def test_a_statistic_without_replicates_has_no_interval() -> None:
    assert is_undefined(interval(1.0, np.full(10, np.nan), n=10))
    assert is_undefined(interval(1.0, np.array([1.0, np.nan]), n=10))


@pytest.mark.slow
def test_covers_a_normal_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    repeats = 500
    hits = 0
    for repeat in range(repeats):
        found = mean_interval(rng.normal(size=20), seed=repeat)
        hits += found.low <= 0 <= found.high
    assert 0.93 <= hits / repeats <= 0.97
