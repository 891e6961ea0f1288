"""Principal components against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from vae_analyze.metrics import Principal


def samples(n: int, features: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(features, features, generator=generator, dtype=torch.float64)
    return torch.randn(n, features, generator=generator, dtype=torch.float64) @ mixing + 3


@pytest.mark.parametrize(("n", "features"), [(200, 12), (9, 40)])
def test_it_is_that_of_scikit_learn(n: int, features: int) -> None:
    from sklearn.decomposition import PCA

    x = samples(n, features)
    ours, theirs = Principal.fit(x, 5), PCA(5, svd_solver="full").fit(x.numpy())
    np.testing.assert_allclose(ours.variances.numpy(), theirs.explained_variance_ * (n - 1) / n, rtol=1e-9)
    cosines = np.abs((ours.components.numpy() * theirs.components_).sum(axis=1))
    np.testing.assert_allclose(cosines, 1, atol=1e-9)
    expected = theirs.inverse_transform(theirs.transform(x.numpy()))
    np.testing.assert_allclose(ours.reconstruct(ours.project(x)).numpy(), expected, atol=1e-8)


def test_directions_are_orthonormal_also_where_nothing_varies() -> None:
    x = torch.zeros(6, 20, dtype=torch.float64)
    x[:, 3] = torch.arange(6)
    found = Principal.fit(x, 4)
    torch.testing.assert_close(found.components @ found.components.T, torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(found.reconstruct(found.project(x)), x)


def test_all_components_reconstruct_exactly_and_fewer_leave_the_other_variances() -> None:
    x = samples(50, 6)
    full = Principal.fit(x, 6)
    codes = full.project(x)
    torch.testing.assert_close(full.reconstruct(codes), x)
    for k in range(6):
        left = (full.reconstruct(codes[:, :k]) - x).square().sum(dim=1).mean()
        torch.testing.assert_close(left, full.variances[k:].sum())


@pytest.mark.parametrize(("n", "features", "k"), [(3, 10, 2), (10, 3, 3), (1, 4, 0)])
def test_there_are_no_more_components_than_data(n: int, features: int, k: int) -> None:
    assert Principal.fit(samples(n, features), 100).components.shape == (k, features)


def test_the_order_of_samples_does_not_matter() -> None:
    x = samples(40, 5)
    one, other = Principal.fit(x, 3), Principal.fit(x.flip(0), 3)
    torch.testing.assert_close(one.components, other.components)


def test_no_samples_have_none() -> None:
    with pytest.raises(ValueError, match="expected samples"):
        Principal.fit(torch.zeros(0, 3), 1)
