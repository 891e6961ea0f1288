from __future__ import annotations

import torch
from torch import Tensor, nn

from vae_analyze.loading.settling.cost import (
    BUDGET,
    MOST_SAMPLES,
    batches,
    budget_of,
    evenly,
    operations_of,
    place,
    samples_within,
)


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.up = nn.ConvTranspose2d(4, 1, 2, stride=2)
        self.linear = nn.Linear(64, 5)

    def forward(self, x: Tensor) -> Tensor:
        self.up(self.conv(x))
        return torch.as_tensor(self.linear(x.flatten(1)))


def test_operations_are_twice_the_multiplications() -> None:
    model = Small()
    expected = 2 * (64 * 9 * 4 + 64 * 4 * 4 + 64 * 5)
    assert operations_of(model, lambda: model(torch.zeros(1, 1, 8, 8)), (1, 8, 8)) == expected
    assert operations_of(model, lambda: model(torch.zeros(7, 1, 8, 8)), (1, 8, 8)) == expected
    assert not model.conv._forward_hooks


def test_what_was_not_seen_is_estimated() -> None:
    def fails() -> None:
        raise RuntimeError

    assert operations_of(Small(), fails, (1, 8, 8)) > 0
    assert operations_of(object(), fails, (1, 8, 8)) > 0


def test_samples_stay_within_budget_and_bounds() -> None:
    assert samples_within(BUDGET / 100, 2) == 50
    assert samples_within(1.0, 1) == MOST_SAMPLES
    assert samples_within(1.0, 1, most=128) == 128
    assert samples_within(1e15, 1) == 8
    assert budget_of(object()) == BUDGET


def test_batches_hold_all_samples_in_order_and_fewer_large_ones() -> None:
    x, labels = torch.arange(300.0)[:, None], torch.arange(300)
    parts = list(batches(x, labels))
    assert [len(part) for part, _ in parts] == [128, 128, 44]
    assert torch.equal(torch.cat([part for part, _ in parts]), x)
    assert torch.equal(torch.cat([numbers for _, numbers in parts if numbers is not None]), labels)
    assert [len(part) for part, _ in batches(torch.zeros(3, 1 << 20))] == [1, 1, 1]
    assert list(batches(torch.zeros(0, 4))) == []


def test_indices_are_spread_evenly() -> None:
    assert evenly(3, 10).tolist() == [0, 1, 2]
    assert evenly(10, 5).tolist() == [0, 2, 4, 6, 8]


def test_place_is_that_of_the_weights() -> None:
    assert place(Small().double()) == (torch.device("cpu"), torch.float64)
    assert place(object()) == (torch.device("cpu"), torch.float32)


class Dear(nn.Module):
    """A model of which one sample takes seconds."""

    input_shape, latent_shape = (3, 512, 512), (64, 512, 512)

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 64, 3, padding=1), nn.Conv2d(64, 64, 17, padding=8)
        self.held: list[Tensor] = []

    def encode(self, x: Tensor) -> Tensor:
        self.held.append(x)
        return torch.as_tensor(self.one(x))

    def decode(self, z: Tensor) -> Tensor:
        return torch.as_tensor(self.two(z))


def test_a_dear_network_is_counted_without_asking_it() -> None:
    def fails() -> None:
        raise AssertionError("it was asked")

    model = Dear()
    weight = model.one.weight
    expected = 2 * 512 * 512 * (3 * 64 * 9 + 64 * 64 * 289)
    assert operations_of(model, fails, (3, 512, 512)) == expected
    assert model.one.weight is weight
    assert weight.device.type == "cpu"
    assert model.held == []
