"""Alive, dead and constant dimensions from planted posteriors."""

from __future__ import annotations

import math

import numpy as np
import torch

from vae_analyze.analyzers.activity import ActivityMoments
from vae_analyze.vae import DiagonalGaussian


def planted(n: int = 400) -> DiagonalGaussian:
    rng = np.random.default_rng(0)
    mean = np.zeros((n, 4))
    mean[:, 0], mean[:, 1], mean[:, 3] = 0.5 * rng.normal(size=n), rng.normal(size=n), 0.4
    return DiagonalGaussian(
        torch.from_numpy(mean), torch.log(torch.tensor([0.75, 0.1, 1.0, 1.0])).double().expand(n, 4)
    )


def test_each_is_called_what_it_is() -> None:
    moments = ActivityMoments()
    posterior = planted()
    for rows in torch.arange(400).split(64):  # type: ignore[no-untyped-call]  # torch has no types here
        kl = moments.update(DiagonalGaussian(posterior.mean[rows], posterior.logvar[rows]))
        assert kl.shape == (len(rows), 4)
    found = moments.finish()
    assert [found.state(j) for j in range(4)] == ["active", "active", "dead", "constant"]
    assert list(found.order) == [1, 0, 3, 2]
    np.testing.assert_allclose(found.kl, posterior.kl_to_prior().mean(dim=0).numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.code_variance, posterior.mean.var(dim=0).numpy(), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(found.posterior_variance, [0.75, 0.1, 1, 1], rtol=1e-6)
    assert found.n == 400


def test_parts_merge_to_the_whole() -> None:
    posterior = planted()
    whole, parts = ActivityMoments(), ActivityMoments()
    whole.update(posterior)
    for rows in (slice(0, 10), slice(10, 400)):
        part = ActivityMoments()
        part.update(DiagonalGaussian(posterior.mean[rows], posterior.logvar[rows]))
        parts.merge(part)
    np.testing.assert_allclose(parts.finish().kl, whole.finish().kl, atol=1e-12)
    np.testing.assert_allclose(parts.finish().kl_error, whole.finish().kl_error, atol=1e-12)


def test_without_a_posterior_the_order_is_that_of_the_codes_variance() -> None:
    moments = ActivityMoments()
    moments.update(DiagonalGaussian.point(planted().mean))
    found = moments.finish()
    assert list(found.order[:2]) == [1, 0]
    assert math.isinf(found.kl[0])
    assert not found.dead.any()


def test_a_broken_posterior_does_not_make_dimensions_look_dead() -> None:
    posterior = planted()
    mean, logvar = posterior.mean.clone(), posterior.logvar.clone()
    mean[7, 2], logvar[9, 0] = math.nan, math.inf
    moments, whole = ActivityMoments(), ActivityMoments()
    kl = moments.update(DiagonalGaussian(mean, logvar))
    keep = [row for row in range(400) if row not in (7, 9)]
    whole.update(DiagonalGaussian(posterior.mean[keep], posterior.logvar[keep]))
    assert len(kl) == 400
    assert moments.finish().n == 398
    assert [moments.finish().state(j) for j in range(4)] == ["active", "active", "dead", "constant"]
    np.testing.assert_allclose(moments.finish().kl, whole.finish().kl, atol=1e-12)
