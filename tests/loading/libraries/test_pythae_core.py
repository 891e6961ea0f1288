from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.real_libraries import FakeDecoder, FakeEncoder, FakeQuantizer
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.pythae_classes import Code
from vae_analyze.loading.libraries.pythae_core import PythaeCore, Shapes, decoded, shapes_of
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.evidence import Evidence


def parts(shape: tuple[int, ...] = (1, 4, 4), others: dict[str, nn.Module] | None = None) -> nn.ModuleDict:
    torch.manual_seed(0)
    usual = {"encoder": FakeEncoder(int(torch.Size(shape).numel()), 3), "decoder": FakeDecoder(3, shape)}
    return nn.ModuleDict(usual | {"quantizer": FakeQuantizer()} | (others or {}))


def shapes(nets: nn.ModuleDict, stated: Any, *data: int, code: Code = "gaussian") -> Shapes:
    evidence = Evidence(name="made", x=torch.rand(4, *data), value_range=(0.0, 1.0)) if data else None
    return shapes_of(nets, code, {"input_dim": stated}, LoadOptions(evidence=evidence), where="here")


def test_the_core_gives_what_the_networks_give() -> None:
    nets, x = parts((16,)), torch.rand(5, 1, 4, 4)
    core = PythaeCore(nets, "gaussian", input_shape=(1, 4, 4), own_shape=(16,), latent_shape=(3,))
    theirs = nets["encoder"](x.flatten(1))
    mean, logvar = core.outputs(x)
    assert torch.equal(mean, theirs["embedding"])
    assert torch.equal(logvar, theirs["log_covariance"])
    assert torch.equal(core.decoded(mean), nets["decoder"](mean)["reconstruction"].reshape(5, 1, 4, 4))
    assert (core.input_shape, core.latent_shape) == ((1, 4, 4), (3,))


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3, 5)])
def test_discrete_codes_are_looked_up_before_they_are_decoded(shape: tuple[int, ...]) -> None:
    class Same(nn.Module):
        def forward(self, z: Tensor) -> dict[str, Tensor]:
            return {"reconstruction": z}

    z = 3 * torch.randn(*shape)
    assert torch.equal(decoded(parts(others={"decoder": Same()}), "quantised", z), z.round())


@pytest.mark.parametrize(
    ("own", "data", "expected"),
    [
        ([1, 4, 4], (1, 8, 8), (1, 4, 4)),
        ([16], (1, 4, 4), (1, 4, 4)),
        ([4, 4], (1, 4, 4), (1, 4, 4)),
        ([16], (1, 8, 8), (1, 4, 4)),
        ([16], (16,), (16,)),
        ([15], (1, 8, 8), (15,)),
        (None, (1, 4, 4), (1, 4, 4)),
    ],
)
def test_networks_that_take_flat_images_are_given_images(
    own: Any, data: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    shape = tuple(own) if own else data
    found = shapes(parts(shape), own, *data)
    assert (found.data, found.own, found.code) == (expected, shape, (3,))


def test_no_stated_shape_and_no_data() -> None:
    with pytest.raises(CheckpointError, match="does not state the shape"):
        shapes(parts(), None)


class Giving(nn.Module):
    def __init__(self, **given: Tensor) -> None:
        super().__init__()
        self.given = given

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.given


@pytest.mark.parametrize(
    ("nets", "message"),
    [
        ({"encoder": Giving(embedding=torch.zeros(2, 3))}, "to give embedding and log_covariance, found embedding"),
        (
            {"encoder": Giving(embedding=torch.zeros(2, 3), log_covariance=torch.zeros(2, 1))},
            "of one shape",
        ),
        ({"encoder": nn.Linear(5, 5)}, "its encoder fails"),
        ({"encoder": nn.Identity()}, "found Tensor"),
        ({"decoder": nn.Linear(5, 5)}, "its decoder fails on codes of shape"),
        ({"decoder": Giving(reconstruction=torch.zeros(2, 7))}, r"samples of shape \(1, 4, 4\), found \(7,\)"),
    ],
)
def test_other_networks_are_one_message(nets: dict[str, nn.Module], message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        shapes(parts(others=nets), [1, 4, 4])
