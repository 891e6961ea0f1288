from __future__ import annotations

import torch
from torch import nn

from vae_analyze.loading.settling.fresh import untrained_signs


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(256, 32))


def test_weights_as_torch_draws_them() -> None:
    for seed in range(20):
        assert untrained_signs(network(seed), {}) == ("every weight lies within the bounds in which torch draws them",)


def test_a_few_steps_move_a_weight_over_the_edge() -> None:
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.ones(4, 1, 6, 6)).sum().backward()
        optimizer.step()
    assert untrained_signs(model, {}) == ()


def test_zero_weights_are_no_sign() -> None:
    model = network()
    for weight in model.parameters():
        weight.data.zero_()
    assert untrained_signs(model, {}) == ()


def test_untouched_batch_normalisations() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3))
    assert untrained_signs(model, {}) == ("the batch normalisations have seen no batch",)
    model(torch.randn(8, 3))
    assert untrained_signs(model, {}) == ()


def test_stated_steps() -> None:
    assert untrained_signs(object(), {"trainer": {"global_step": 2}}) == ("global_step is 2",)
    assert untrained_signs(object(), {"bn1.num_batches_tracked": 0}) == ("num_batches_tracked is 0",)
    assert untrained_signs(object(), {"global_step": 5000, "epochs": 1}) == ()
