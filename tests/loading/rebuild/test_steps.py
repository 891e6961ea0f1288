from __future__ import annotations

import pytest
import torch
from torch import nn

from vae_analyze.loading.rebuild.choices import named
from vae_analyze.loading.rebuild.steps import Step, activate, run, watched

MODULES = {
    "relu": nn.ReLU(),
    "leaky_relu(0.2)": nn.LeakyReLU(0.2),
    "tanh": nn.Tanh(),
    "elu": nn.ELU(),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
    "selu": nn.SELU(),
    "softplus": nn.Softplus(),
    "sigmoid": nn.Sigmoid(),
}


@pytest.mark.parametrize("name", MODULES)
def test_activations_are_torch_s(name: str) -> None:
    x = torch.linspace(-3, 3, 50)

    assert torch.allclose(activate(named(name)[0], x, named(name)[1]), MODULES[name](x))


def test_steps_do_what_the_modules_do() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.PReLU(4), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3)
    )
    x = torch.rand(5, 1, 8, 8)
    network(x)
    network.eval()
    steps = (
        Step(op="conv", at="0", stride=2, padding=1),
        Step(op="norm", at="1", kind="batch", number=1e-5),
        Step(op="activation", at="2", kind="prelu"),
        Step(op="pool", kind="max", stride=2),
        Step(op="flatten"),
        Step(op="linear", at="5"),
    )
    found, seen = watched(steps, network.state_dict(), x)

    assert torch.allclose(run(steps, network.state_dict(), x), network(x), atol=1e-6)
    assert torch.allclose(found, network(x), atol=1e-6)
    assert list(seen) == ["1"]


def test_labels_go_beside_vectors_and_become_planes_beside_maps() -> None:
    labels = torch.eye(3)

    assert run((Step(op="labels", kind="before"),), {}, torch.zeros(3, 2), labels)[:, :3].equal(labels)
    assert run((Step(op="labels", kind="after"),), {}, torch.zeros(3, 2, 4, 4), labels).shape == (3, 5, 4, 4)
    with pytest.raises(ValueError, match="no labels"):
        run((Step(op="labels", kind="after"),), {}, torch.zeros(3, 2))
