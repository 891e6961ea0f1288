from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from loading.rebuild.planted import Planted, evidence, trained
from loading.rebuild.test_read import assert_same, rebuilt
from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.choices import Choices, Half
from vae_analyze.loading.rebuild.joint import around, blocks
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.search import Search
from vae_analyze.loading.rebuild.space import Open
from vae_analyze.loading.rebuild.starts import candidates, otherwise

HERE = Choices(encoder=Half(), decoder=Half())


def test_activation_and_seams_change_together() -> None:
    other = Half(activation="tanh", seam=False)
    together, front, back, ranged = (block(HERE) for block in blocks(Open()))

    assert Choices(encoder=other, decoder=other) in together
    assert replace(HERE, encoder=other) in front
    assert replace(HERE, decoder=other) in back
    tanh = Half(activation="tanh")
    assert Choices(encoder=tanh, decoder=tanh, input_range=(-1.0, 1.0)) in ranged


def test_groups_change_in_both_halves_at_once() -> None:
    *_, grouped = blocks(Open(grouped=True))

    assert Choices(encoder=Half(groups=4), decoder=Half(groups=4)) in grouped(HERE)


def test_an_activation_behind_the_mean_alone_is_asked() -> None:
    assert replace(HERE, encoder=Half(ends="relu", ends_both=False)) in around(Open(), HERE)


class Rectified(Planted):
    def encode(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        mean, logvar = super().encode(x, y)
        return mean.relu(), logvar


def test_a_rectified_mean_is_found(tmp_path: Path) -> None:
    torch.manual_seed(7)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(64, 48), nn.ReLU())
    decoder = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64))
    model = trained(Rectified(encoder, decoder, 48, 8))
    loaded = rebuilt(tmp_path, model.state_dict(), evidence=evidence(), second="logvar")

    assert_same(loaded, model)


def test_every_geometry_of_one_half_is_tried_not_only_the_usual_pairs() -> None:
    names = {"c1": (8, 1, 3, 3), "c2": (16, 8, 3, 3), "c3": (16, 16, 3, 3), "mu": (10, 400), "var": (10, 400)}
    names |= {"lin": (400, 10), "t1": (16, 16, 3, 3), "t2": (16, 8, 3, 3), "t3": (8, 1, 3, 3)}
    layers = layers_of({f"{name}.weight": torch.zeros(shape) for name, shape in names.items()})
    structure = Search(chain=layers.chain, extras=()).run()[0]
    start = candidates(Plan.of(structure, layers.attached, None, 0), [(1, 28, 28)], None)[0]
    found = [
        [(setting.stride, setting.padding) for setting in one.choices.encoder.geometry.settings]
        for one in otherwise(start, None)
    ]

    assert [(1, 0), (2, 0), (2, 0)] in found  # 28, 26, 12, 5
