from __future__ import annotations

import torch
from torch import nn

from vae_analyze.loading.rebuild.layers import layers_of


def test_layers_are_known_by_names_and_shapes() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.PReLU(4), nn.Flatten(), nn.Linear(16, 8), nn.LayerNorm(8)
    )
    found = layers_of(network.state_dict())

    assert [(layer.path, layer.kind) for layer in found.chain] == [("0", "conv"), ("4", "linear")]
    assert [layer.kind for layer in found.attached["0"]] == ["batchnorm", "prelu"]
    assert [layer.kind for layer in found.attached["4"]] == ["norm"]
    assert found.odd == ()


def test_a_normalisation_belongs_to_the_layer_of_its_number_where_they_are_listed_apart() -> None:
    tensors = {
        "conv1.weight": torch.zeros(8, 1, 3, 3),
        "conv2.weight": torch.zeros(8, 8, 3, 3),
        "bn1.weight": torch.ones(8),
        "bn1.bias": torch.zeros(8),
        "bn1.running_mean": torch.zeros(8),
        "bn2.weight": torch.ones(8),
        "bn2.bias": torch.zeros(8),
        "bn2.running_mean": torch.zeros(8),
    }
    found = layers_of(tensors)

    assert found.attached["conv1"][0].path == "bn1"
    assert found.attached["conv2"][0].path == "bn2"


def test_lone_numbers_have_no_part_and_other_tensors_are_odd() -> None:
    found = layers_of({"log_scale": torch.zeros(1), "prior_means": torch.zeros(5, 3), "fc.weight": torch.zeros(2, 2)})

    assert [layer.path for layer in found.loose] == ["log_scale"]
    assert [layer.path for layer in found.odd] == ["prior_means"]


def test_the_root_s_own_children_have_indices() -> None:
    found = layers_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2)).state_dict())

    assert [layer.index for layer in found.chain] == [0, 2]
