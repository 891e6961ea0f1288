"""Training in seconds, the same every time."""

from __future__ import annotations

import torch
from torch import nn

from support.zoo.entries import built
from support.zoo.entry import Entry, negative_elbo
from support.zoo.images import Images

_BATCH = 128
_LEARNING_RATE = 3e-3  # at first; it falls to a tenth


def trained(
    entry: Entry, data: Images, *, epochs: int | None = None, learning_rate: float = _LEARNING_RATE
) -> nn.Module:
    """The network of an entry, trained on data of its size, in evaluation mode.

    Args:
        entry: Which.
        data: Images of its size and channels.
        epochs: Instead of the entry's own.
        learning_rate: Of Adam.
    """
    if entry.nature == "mismatched":
        return _mismatched(entry, data)
    with torch.random.fork_rng(devices=()):  # dropout draws from torch's own generator
        network = built(entry)
        torch.manual_seed(entry.seed)
        _train(network, entry, data, entry.epochs if epochs is None else epochs, learning_rate)
    return network.eval()


def _train(network: nn.Module, entry: Entry, data: Images, epochs: int, learning_rate: float) -> None:
    if epochs == 0:
        return
    generator = torch.Generator().manual_seed(entry.seed + 1)
    objective = negative_elbo(entry) if entry.objective is None else entry.objective
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate)
    network.train()
    for epoch in range(epochs):
        for group in optimiser.param_groups:
            group["lr"] = learning_rate * 0.1 ** (epoch / epochs)
        warmth = min(1.0, (epoch + 0.5) / (epochs / 2))  # of the KL, without which the deeper ones collapse
        order = torch.randperm(len(data.train), generator=generator)
        for index in torch.split(order, _BATCH):
            loss = objective(network, data.train[index], data.train_labels[index], generator, warmth)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch does not annotate it
            torch.nn.utils.clip_grad_norm_(network.parameters(), 100.0)
            optimiser.step()


def _mismatched(entry: Entry, data: Images) -> nn.Module:
    """The encoder of one training with the decoder of another."""
    from dataclasses import replace

    one = trained(replace(entry, nature="healthy"), data)
    other = trained(replace(entry, nature="healthy", seed=entry.seed + 100), data)
    decoder = {name: value for name, value in other.state_dict().items() if name.startswith(("fc3", "fc4", "decoder"))}
    one.load_state_dict(one.state_dict() | decoder)
    return one
