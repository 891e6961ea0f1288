"""Directional derivatives against closed forms and against reverse mode."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from vae_analyze.metrics import pushforward


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_a_linear_map_is_its_own_derivative() -> None:
    w, z, v = normal(7, 3), normal(5, 3, seed=1), normal(5, 3, seed=2)
    found = pushforward(lambda code: code @ w.T, z, v)
    assert found.exact
    torch.testing.assert_close(found.value, v @ w.T)


@pytest.mark.parametrize("exact", [True, False])
def test_the_derivative_of_a_network_is_that_of_reverse_mode(exact: bool) -> None:
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 8),
        torch.nn.Tanh(),
        torch.nn.Unflatten(1, (2, 2, 2)),
        torch.nn.ConvTranspose2d(2, 1, 4, 2, 1),
        torch.nn.Sigmoid(),
    ).double()
    z, v = normal(4, 3), normal(4, 3, seed=1)
    with torch.no_grad():
        found = pushforward(net, z, v, exact=exact)
    jacobian = torch.stack([torch.func.jacrev(net)(row[None])[0, :, :, :, 0] for row in z])
    assert found.exact is exact
    torch.testing.assert_close(found.value, torch.einsum("nchwd,nd->nchw", jacobian, v), rtol=1e-6, atol=1e-9)


def test_differences_in_single_precision_are_good_to_a_part_in_a_thousand() -> None:
    w, z, v = normal(6, 3), normal(5, 3, seed=1), torch.eye(3).double()[[0, 1, 2, 0, 1]]
    exact = (1 - torch.tanh(z @ w.T).square()) * (v @ w.T)
    found = pushforward(lambda code: torch.tanh(code @ w.T.float()), z.float(), v.float(), exact=False)
    assert not found.exact
    assert float((found.value.double() - exact).abs().max()) < 1e-3 * float(exact.abs().max())


def test_a_map_that_leaves_torch_is_differenced_and_said_so() -> None:
    found = pushforward(
        lambda code: torch.from_numpy(code.detach().numpy() ** 2), normal(3, 2), torch.ones(3, 2).double()
    )
    assert not found.exact
    torch.testing.assert_close(found.value, 2 * normal(3, 2), rtol=1e-6, atol=1e-8)


def test_a_constant_map_has_no_derivative() -> None:
    found = pushforward(lambda code: torch.ones(len(code), 4), normal(3, 2), torch.ones(3, 2).double())
    assert float(found.value.abs().max()) == 0.0


def test_an_error_of_the_map_itself_is_its_own() -> None:
    def broken(code: Tensor) -> Tensor:
        raise RuntimeError("broken decoder")

    with pytest.raises(RuntimeError, match="broken decoder"):
        pushforward(broken, normal(3, 2), normal(3, 2))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="tangents of shape"):
        pushforward(lambda code: code, normal(3, 2), normal(3, 3))


def test_codes_that_share_memory_are_differentiated_too() -> None:
    w = normal(7, 3)
    z = torch.zeros(1, 3).double().expand(3, 3)
    found = pushforward(lambda code: torch.tanh(code @ w.T), z, torch.eye(3).double())
    assert found.exact
    torch.testing.assert_close(found.value, w.T)


def test_differences_step_a_part_of_the_scale_of_codes() -> None:
    w = 1e4 * normal(6, 3)
    z, v = 1e-4 * normal(5, 3, seed=1), torch.eye(3).double()[[0, 1, 2, 0, 1]]
    exact = (1 - torch.tanh(z @ w.T).square()) * (v @ w.T)

    def error(scale: float) -> float:
        found = pushforward(lambda code: torch.tanh(code @ w.T.float()), z.float(), v.float(), exact=False, scale=scale)
        return float((found.value.double() - exact).abs().max() / exact.abs().max())

    assert error(1e-4) < 1e-3
    assert error(1.0) > 0.5
