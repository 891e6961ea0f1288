"""The part of an error that comes from vectors and judges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vae_analyze.analyzers.attributes.refitted import Moved, refit_error, shared_error, widened

FOLDS = np.arange(60) % 5


def test_of_folds_that_differ_by_a_constant_it_is_the_jackknife_over_folds() -> None:
    of_fold = np.array([0.1, 0.4, 0.2, 0.9, 0.3])
    found = refit_error([Moved(values=of_fold[FOLDS], folds=FOLDS)])
    left_out = np.array([np.delete(of_fold, k).mean() for k in range(5)])
    # A mean that depends on all folds but one: five means of four, as the jackknife of a mean of five has it.
    assert found == pytest.approx(4 * math.sqrt(4 / 5 * float(((left_out - left_out.mean()) ** 2).sum())))


def test_samples_alone_make_no_such_error() -> None:
    rng = np.random.default_rng(0)
    found = [refit_error([Moved(values=rng.normal(size=60), folds=FOLDS)]) for _ in range(400)]
    assert np.mean(np.array(found) == 0) > 0.5
    assert float(np.mean(np.square(found))) < 0.35 * 16 / 5 / 12 * 2


def test_it_is_what_repetition_gives_where_every_fold_counts_in_the_means_of_the_others() -> None:
    values, errors = [], []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        own = rng.normal(size=5)
        means = np.array([own[np.arange(5) != k].sum() for k in range(5)])
        moved = means[FOLDS] + 0.5 * rng.normal(size=60)
        values.append(means.mean())
        errors.append(refit_error([Moved(values=moved, folds=FOLDS)]))
    assert float(np.sqrt(np.mean(np.square(errors)))) == pytest.approx(float(np.std(values)), rel=0.1)


def test_attributes_with_errors_of_their_own_cancel() -> None:
    of_fold = np.array([1.0, -1.0, 0.0, 2.0, -2.0])
    both = [Moved(values=sign * of_fold[FOLDS], folds=FOLDS) for sign in (1, -1)]
    assert refit_error(both) == pytest.approx(0)
    assert refit_error(both[:1]) > 0


def test_attributes_of_one_grouping_share_what_is_known_of_it() -> None:
    of_fold = np.array([1.0, -1.0, 0.0, 2.0, -2.0])
    peers = [Moved(values=scale * of_fold[FOLDS], folds=FOLDS) for scale in (1.0, 3.0)]
    each = [refit_error([one]) for one in peers]
    assert shared_error(peers[0], peers) == pytest.approx(math.hypot(*each) / math.sqrt(2))
    lost = Moved(values=np.full(60, np.nan), folds=FOLDS)
    assert shared_error(peers[0], [peers[0], lost]) == pytest.approx(each[0])
    assert math.isnan(shared_error(lost, [*peers, lost]))


def test_of_one_fold_or_of_broken_values_it_is_unknown() -> None:
    assert math.isnan(refit_error([Moved(values=np.ones(4), folds=np.zeros(4, dtype=np.int64))]))
    assert math.isnan(refit_error([Moved(values=np.where(FOLDS == 1, np.nan, 1.0), folds=FOLDS)]))
    assert math.isnan(refit_error([]))


def test_an_interval_is_widened_by_squares_and_stays_within_its_bounds() -> None:
    error = 0.4 / 1.959963984540054
    assert widened(0.0, -0.3, 0.3, error) == pytest.approx((-0.5, 0.5))
    assert widened(0.1, 0.0, 0.5, error, least=0.0)[0] == 0.0
    assert all(math.isnan(end) for end in widened(0.0, math.nan, math.nan, error))
