from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from loading.code.made import checkpoint, read, reference, written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code import search as searching
from vae_analyze.loading.code.search import Search, found_sizes
from vae_analyze.loading.unwrapping.content import State

THREE = """
import torch
from torch import nn

class VAE(nn.Module):
    def __init__(self, width, middle, size):
        super().__init__()
        self.fc1 = nn.Linear(width * 3, middle + 7)
        self.mu = nn.Linear(middle + 7, size)
        self.logvar = nn.Linear(middle + 7, size)
        self.back = nn.Linear(size, width * 3)

    def encode(self, x):
        h = self.fc1(x).relu()
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        return self.back(z).sigmoid()
"""


class Wide(nn.Module):
    """Two layers; made with numbers in memory where they are read."""

    def __init__(self, size: int, *, looks: bool = False) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(size, 100), nn.Linear(100, size)
        if looks:
            float(self.one.weight.sum())


def _search(target: Any) -> Search:
    tensors = {name: torch.zeros(shape) for name, shape in (("one.weight", (100, 5)), ("two.weight", (5, 100)))}
    return Search(target=target, states=(State(name="", role="raw", tensors=tensors),))


def test_the_bound_counts_what_is_made_and_not_time(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> float:
        raise AssertionError("a clock was read")

    monkeypatch.setattr(time, "monotonic", fail)
    monkeypatch.setattr(time, "perf_counter", fail)
    found = [_search(Wide), _search(Wide)]
    for search in found:
        for size in range(1, 20):
            search.fit({"size": size})
    assert found[0].spent == found[1].spent > 0
    found[0].restart()
    assert found[0].spent == 0.0


def test_numbers_in_memory_and_more_layers_cost_more() -> None:
    light, heavy = _search(Wide), _search(Wide)
    light.fit({"size": 5000})
    heavy.fit({"size": 5000, "looks": True})
    assert heavy.spent > 2 * light.spent + 50  # two in memory of a million numbers, after the try without memory


def test_a_class_that_fails_half_way_is_counted() -> None:
    class Fails(nn.Module):
        def __init__(self, size: int) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(size, size) for _ in range(50))
            raise ValueError("no")

    search = _search(Fails)
    assert search.fit({"size": 3}) is None
    assert search.spent >= 2 * 100


def test_a_search_ends_at_its_bound_and_takes_as_many_attempts_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "_WORK", 300.0)
    tried = []
    for _ in range(2):
        search = _search(Wide)
        found_sizes(search, {}, {}, ["size", "other"])
        assert not search.within()
        tried.append(search.tried)
    assert tried[0] == tried[1] < 300


def test_a_search_given_up_says_so_and_what_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "model.py", THREE)
    weights = checkpoint(tmp_path / "w.pth", reference(THREE, "VAE", 21, 24, 3))
    monkeypatch.setattr(searching, "_WORK", 100.0)
    with pytest.raises(CheckpointError, match="after which the search was given up") as caught:
        read(weights, f"{file}:VAE")
    assert "--set width=VALUE middle=VALUE size=VALUE" in caught.value.hint
    given = (("width", "21"), ("middle", "24"), ("size", "3"))
    assert read(weights, f"{file}:VAE", arguments=given, accept_guess=True).card.latent_shape == (3,)


def test_a_class_that_draws_its_weights_itself_is_made_without_memory(tmp_path: Path) -> None:
    source = """
from torch import nn

class Drawn(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.one, self.two = nn.Linear(size, 100), nn.Linear(100, size)
        for layer in (self.one, self.two):
            layer.weight.data.normal_(0.0, 0.02)
"""
    (tmp_path / "program.py").write_text(
        "import torch\nfrom vae_analyze.loading.code.search import Search\n"
        "from vae_analyze.loading.unwrapping.content import State\n" + source + "\n"
        "state = State(name='', role='raw', tensors={'one.weight': torch.zeros(100, 5)})\n"
        "search = Search(target=Drawn, states=(state,))\n"
        "search.fit({'size': 5})\nspent = search.spent\nsearch.fit({'size': 5})\n"
        "assert not search.failure, search.failure\nprint(search.spent - spent)\n"
    )
    # In a process of its own: what torch imports, it imports once.
    command = [sys.executable, str(tmp_path / "program.py")]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert said.stderr == ""
    assert float(said.stdout) < 10
