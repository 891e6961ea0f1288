from __future__ import annotations

import pytest
import torch
from torch import nn

from vae_analyze.loading.rebuild.gaps import gaps_of
from vae_analyze.loading.rebuild.geometry import Setting, geometries, side_of
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.structure import Link


@pytest.mark.parametrize("side", [7, 8, 13, 28])
@pytest.mark.parametrize(
    ("layer", "setting"),
    [
        (nn.Conv2d(1, 1, 4, 2, 1), Setting(stride=2, padding=1)),
        (nn.Sequential(nn.Conv2d(1, 1, 3, 1, 1), nn.MaxPool2d(2)), Setting(padding=1, pool="max")),
        (
            nn.ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1),
            Setting(stride=2, padding=1, output_padding=1, transposed=True),
        ),
        (nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(1, 1, 5, padding=2)), Setting(padding=2, up="nearest")),
    ],
)
def test_a_setting_gives_the_side_that_torch_gives(layer: nn.Module, setting: Setting, side: int) -> None:
    kernel = next(tensor.shape[2] for tensor in layer.state_dict().values() if tensor.ndim == 4)

    assert setting.out(side, kernel) == layer(torch.zeros(1, 1, side, side)).shape[2]


def links(network: nn.Module, *, transposed: bool = False) -> tuple[Link, ...]:
    return tuple(Link(layer=layer, transposed=transposed) for layer in layers_of(network.state_dict()).chain)


def test_the_usual_settings_come_first() -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1))
    found = geometries(gaps_of(links(network), {}, None), side=28, ends=7, tree=None, behind=False)

    assert [setting.said(4) for setting in found[0].settings] == ["k4s2p1", "k4s2p1"]
    assert all(geometry.end == 7 for geometry in found)
    assert [geometry.cost for geometry in found] == sorted(geometry.cost for geometry in found)


def test_no_pooling_where_a_sequential_leaves_no_room() -> None:
    network = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1), nn.Conv2d(8, 8, 3, 1, 1), nn.ReLU(), nn.Conv2d(8, 16, 3, 1, 1))
    found = geometries(gaps_of(links(network), {}, None), side=28, ends=None, tree=None, behind=False)

    assert all(not geometry.settings[0].pool for geometry in found)


def test_a_decoder_comes_back_to_the_image() -> None:
    network = nn.Sequential(nn.ConvTranspose2d(16, 8, 3, 2, 1, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 3, 2, 1, 1))
    found = geometries(gaps_of(links(network, transposed=True), {}, None), side=7, ends=28, tree=None, behind=True)

    assert [setting.said(3) for setting in found[0].settings] == ["k3s2p1+1", "k3s2p1+1"]


def test_sides_of_flattened_maps() -> None:
    assert side_of(3136, 64) == 7
    assert side_of(3136, 60) == 0
    assert side_of(64 * 6, 64) == 0


def test_a_kernel_with_a_single_place_has_no_stride() -> None:
    found = geometries(
        gaps_of(links(nn.Sequential(nn.Conv2d(1, 8, 4, 2, 0))), {}, None), side=4, ends=1, tree=None, behind=False
    )

    assert len({geometry.settings[0].padding for geometry in found if not geometry.settings[0].pool}) == sum(
        not geometry.settings[0].pool for geometry in found
    )
