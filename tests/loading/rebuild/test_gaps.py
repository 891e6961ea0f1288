from __future__ import annotations

from torch import nn

from vae_analyze.loading.rebuild.gaps import gaps_of
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.structure import Link


def behind(network: nn.Module) -> list[int | None]:
    links = tuple(Link(layer=layer) for layer in layers_of(network.state_dict()).chain)
    return [gap.behind for gap in gaps_of(links, {}, None)]


def test_numbers_of_a_sequential_say_what_lies_between() -> None:
    network = nn.Sequential(nn.Linear(8, 6), nn.ReLU(), nn.Linear(6, 4), nn.Linear(4, 2))

    assert behind(nn.ModuleDict({"layers": network})) == [1, 0, None]


def test_numbers_of_a_list_of_layers_say_nothing() -> None:
    network = nn.ModuleList([nn.Linear(8, 6), nn.Linear(6, 4), nn.Linear(4, 2)])

    assert behind(nn.ModuleDict({"layers": network})) == [None, None, None]
