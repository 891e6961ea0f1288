from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from loading.rebuild.planted import Planted, evidence, trained
from loading.rebuild.test_read import assert_same, rebuilt
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.rebuild.block_steps import block_steps
from vae_analyze.loading.rebuild.blocks import with_blocks
from vae_analyze.loading.rebuild.choices import Half, Style
from vae_analyze.loading.rebuild.geometry import Setting
from vae_analyze.loading.rebuild.steps import run
from vae_analyze.loading.rebuild.tail import normalisation


class Residual(nn.Module):
    """Two convolutions, batch norms, a shortcut of one pixel where widths or sides differ."""

    def __init__(self, fan_in: int, fan_out: int, stride: int = 1, style: Style = "then active") -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(fan_in, fan_out, 3, stride, 1)
        self.bn1 = nn.BatchNorm2d(fan_out)
        self.conv2 = nn.Conv2d(fan_out, fan_out, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(fan_out)
        if stride > 1 or fan_in != fan_out:
            self.shortcut = nn.Sequential(nn.Conv2d(fan_in, fan_out, 1, stride), nn.BatchNorm2d(fan_out))
        else:
            self.shortcut = nn.Sequential()
        self.style = style

    def forward(self, x: Tensor) -> Tensor:
        first = x.relu() if self.style == "active first" else x
        h = self.bn1(self.conv1(first)).relu()
        h = self.bn2(self.conv2(h))
        if self.style == "active inside":
            h = h.relu()
        result: Tensor = h + self.shortcut(x)
        return result.relu() if self.style == "then active" else result


class Ahead(nn.Module):
    """Normalisation and activation ahead of every layer, in numbered modules."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.block(x)
        return result


class Normed(nn.Module):
    """Group normalisation and SiLU ahead of both convolutions."""

    def __init__(self, fan_in: int, fan_out: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(4, fan_in)
        self.conv1 = nn.Conv2d(fan_in, fan_out, 3, 1, 1)
        self.norm2 = nn.GroupNorm(4, fan_out)
        self.conv2 = nn.Conv2d(fan_out, fan_out, 3, 1, 1)
        self.conv_shortcut = nn.Conv2d(fan_in, fan_out, 1) if fan_in != fan_out else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        silu = nn.functional.silu
        h = self.conv2(silu(self.norm2(self.conv1(silu(self.norm1(x))))))
        result: Tensor = h + self.conv_shortcut(x)
        return result


class Added(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.res1 = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.res1(x).relu()
        return result


def _steps(module: Residual, style: Style) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    x = torch.rand(4, 3, 8, 8)
    module(x)
    module.eval()
    half = Half(style=style)
    layers = with_blocks({f"net.{name}": value for name, value in module.state_dict().items()})
    assert layers is not None
    (layer,) = layers.chain
    assert layer.block is not None
    normalising = partial(normalisation, half=half, maps=True)
    steps = tuple(block_steps(layer.block, half, Setting(stride=2, padding=1), normalising))
    weights = {f"net.{name}": value for name, value in module.state_dict().items()}
    with torch.no_grad():
        return run(steps, weights, x), module(x)


@pytest.mark.parametrize("style", ["then active", "sum", "active inside"])
def test_blocks_do_what_the_module_does(style: Style) -> None:
    found, expected = _steps(Residual(3, 5, 2, style), style)

    assert torch.allclose(found, expected, atol=1e-6)


def test_blocks_are_one_layer_of_their_widths() -> None:
    layers = with_blocks(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), Residual(4, 6, 2), Ahead(6)).state_dict())
    assert layers is not None

    assert [(layer.path, layer.shape[:2]) for layer in layers.chain] == [
        ("0", (4, 1)),
        ("2", (6, 4)),
        ("3", (6, 6)),
    ]
    assert layers.odd == ()


def test_layers_in_a_row_are_no_block() -> None:
    plain = nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3))

    assert with_blocks({f"encoder.{name}": value for name, value in plain.state_dict().items()}) is None
    assert with_blocks({"encoder.conv1.weight": torch.zeros(8, 1, 3, 3)}) is None


def _residual(style: Style) -> Planted:
    torch.manual_seed(4)
    encoder = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.ReLU(), Residual(8, 12, 2, style), nn.Flatten())
    decoder = nn.Sequential(
        nn.Linear(6, 192), nn.Unflatten(1, (12, 4, 4)), Residual(12, 12, 1, style), nn.ConvTranspose2d(12, 1, 4, 2, 1)
    )
    return trained(Planted(encoder, decoder, 192, 6), steps=300)


@pytest.mark.parametrize("style", ["then active", "sum"])
def test_residual_convolutions_are_rebuilt(tmp_path: Path, style: Style) -> None:
    model = _residual(style)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")
    said = {one.what: one.value for one in loaded.card.assumptions}

    assert_same(loaded, model)
    assert said["residual blocks of the encoder"] == style


def test_blocks_that_begin_with_an_activation_are_rebuilt(tmp_path: Path) -> None:
    torch.manual_seed(5)
    encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), Ahead(8), nn.ReLU(), nn.Flatten())
    decoder = nn.Sequential(
        nn.Linear(6, 128), nn.Unflatten(1, (8, 4, 4)), Ahead(8), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1)
    )
    model = trained(Planted(encoder, decoder, 128, 6), steps=400)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)


def test_blocks_with_group_norms_ahead_are_rebuilt(tmp_path: Path) -> None:
    torch.manual_seed(10)
    encoder = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), Normed(8, 16), nn.AvgPool2d(2), nn.Flatten())
    decoder = nn.Sequential(
        nn.Linear(6, 256), nn.Unflatten(1, (16, 4, 4)), Normed(16, 8), nn.ConvTranspose2d(8, 1, 4, 2, 1)
    )
    model = trained(Planted(encoder, decoder, 64, 6), steps=400)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)


def test_hidden_layers_that_are_added_are_rebuilt(tmp_path: Path) -> None:
    torch.manual_seed(6)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), Added(32))
    decoder = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), Added(32), nn.Linear(32, 64))
    model = trained(Planted(encoder, decoder, 32, 6), steps=500)
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)


def test_skips_that_names_speak_of_and_shapes_do_not_explain_are_refused(tmp_path: Path) -> None:
    state = {"encoder.shortcut.weight": torch.rand(4, 3, 3, 3), "fc_mu.weight": torch.rand(6, 64)}
    with pytest.raises(CheckpointError, match="residual or skip connections"):
        rebuilt(tmp_path, state, evidence=evidence())
