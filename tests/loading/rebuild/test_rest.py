from __future__ import annotations

import torch
from torch import nn

from loading.rebuild.planted import evidence, mlp, trained
from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.candidate import tied
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.rest import rest_of
from vae_analyze.loading.rebuild.search import Search
from vae_analyze.loading.rebuild.starts import candidates


def test_weights_are_nearest_to_rest_with_the_activation_they_were_trained_with() -> None:
    model = trained(mlp(nn.Tanh), beta=1.0)
    tensors = dict(model.state_dict())
    layers = layers_of(tensors)
    structure = Search(chain=layers.chain, extras=()).run()[0]
    start = candidates(Plan.of(structure, layers.attached, None, 0), [(1, 8, 8)], None)[0]
    bench = Bench(tensors, evidence())
    distances = {}
    for activation in ("tanh", "relu", "elu", "sigmoid"):
        with torch.no_grad():
            choices = tied(start.choices, activation)
            distances[activation] = rest_of(bench, start.plan, choices, start.shape, ("logvar",)).distance

    assert min(distances, key=lambda name: distances[name]) == "tanh"
