from __future__ import annotations

from torch import nn

from vae_analyze.loading.rebuild.announce import geometry_of
from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.search import Search
from vae_analyze.loading.rebuild.starts import candidates


def test_halves_that_mirror_each_other_are_among_the_first_candidates() -> None:
    network = nn.Module()
    network.encoder = nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1), nn.GELU(), nn.Conv2d(8, 8, 3, 1, 1), nn.GELU(),
        nn.Conv2d(8, 16, 3, 2, 1), nn.GELU(), nn.Conv2d(16, 16, 3, 1, 1), nn.GELU(),
        nn.Conv2d(16, 16, 3, 2, 1), nn.GELU(), nn.Flatten(), nn.Linear(256, 12),
    )  # fmt: skip
    network.entry = nn.Sequential(nn.Linear(6, 256), nn.GELU())
    network.decoder = nn.Sequential(
        nn.ConvTranspose2d(16, 16, 3, 2, 1, 1), nn.GELU(), nn.Conv2d(16, 16, 3, 1, 1), nn.GELU(),
        nn.ConvTranspose2d(16, 8, 3, 2, 1, 1), nn.GELU(), nn.Conv2d(8, 8, 3, 1, 1), nn.GELU(),
        nn.ConvTranspose2d(8, 1, 3, 2, 1, 1),
    )  # fmt: skip
    layers = layers_of(network.state_dict())
    structure = Search(chain=layers.chain, extras=()).run()[0]
    found = candidates(Plan.of(structure, layers.attached, None, 0), [(1, 32, 32)], None)
    said = [(geometry_of(one, "encoder"), geometry_of(one, "decoder")) for one in found[:15]]

    assert (
        "k3s2p1, k3s1p1, k3s2p1, k3s1p1, k3s2p1",
        "k3s2p1+1, k3s1p1, k3s2p1+1, k3s1p1, k3s2p1+1",
    ) in said
