from __future__ import annotations

import math

import numpy as np
import pytest

from vae_analyze.metrics import correlations, effective_rank, participation_ratio


@pytest.mark.parametrize("measure", [effective_rank, participation_ratio])
def test_known_answers(measure: object) -> None:
    assert callable(measure)
    assert measure(np.eye(5)) == pytest.approx(5)
    assert measure(3.0 * np.diag([1.0, 0, 0, 0])) == pytest.approx(1)
    assert measure(np.diag([2.0, 2.0, 0.0])) == pytest.approx(2)
    assert math.isnan(measure(np.zeros((3, 3))))


def test_by_hand() -> None:
    covariance = np.diag([3.0, 1.0])
    assert effective_rank(covariance) == pytest.approx(math.exp(-(0.75 * math.log(0.75) + 0.25 * math.log(0.25))))
    assert participation_ratio(covariance) == pytest.approx(16 / 10)


def test_a_rotation_changes_nothing_and_scale_neither() -> None:
    rng = np.random.default_rng(0)
    covariance = np.cov(rng.normal(size=(4, 100)) * [[1], [2], [3], [0.1]])
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    turned = 7 * rotation @ covariance @ rotation.T
    assert effective_rank(turned) == pytest.approx(effective_rank(covariance))
    assert participation_ratio(turned) == pytest.approx(participation_ratio(covariance))
    assert 1 <= participation_ratio(turned) <= effective_rank(turned) <= 4


def test_correlations_agree_with_numpy_and_leave_out_the_constant() -> None:
    values = np.random.default_rng(0).normal(size=(3, 50))
    values[1] = values[0] * 2 - values[2]
    np.testing.assert_allclose(correlations(np.cov(values)), np.corrcoef(values), atol=1e-12)
    values[2] = 4.0
    found = correlations(np.cov(values))
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()
    assert found[0, 0] == found[1, 1] == 1


def test_refuses_what_is_not_square() -> None:
    with pytest.raises(ValueError, match="square"):
        effective_rank(np.zeros((2, 3)))
