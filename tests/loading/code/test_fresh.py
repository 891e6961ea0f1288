from __future__ import annotations

from pathlib import Path

import pytest
import torch

from loading.code.made import arguments, checkpoint, read, reference, written
from vae_analyze.loading.code.fresh import Snapshot, copied

CONDITIONAL = """
import torch
from torch import nn

class VAE(nn.Module):
    def __init__(self, sizes, latent, decoder_sizes, conditional=False, num_labels=0):
        super().__init__()
        if conditional:
            sizes[0] += num_labels
            decoder_sizes.insert(0, latent + num_labels)
        else:
            decoder_sizes.insert(0, latent)
        self.num_labels = num_labels
        self.body = nn.Linear(sizes[0], sizes[1])
        self.mu, self.logvar = nn.Linear(sizes[1], latent), nn.Linear(sizes[1], latent)
        self.back = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(decoder_sizes, decoder_sizes[1:])])

    def hot(self, x, y):
        return torch.cat([x, nn.functional.one_hot(y, self.num_labels).float()], 1) if self.num_labels else x

    def encode(self, x, y=None):
        h = self.body(self.hot(x, y)).relu()
        return self.mu(h), self.logvar(h)

    def decode(self, z, y=None):
        return self.back(self.hot(z, y)).sigmoid()
"""
# As a search calls it: with the class's own defaults, a constant of the file, and a default of another class.
REVERSED = """
import torch
from torch import nn

WIDTHS = [30, 20]

class Decoder(nn.Module):
    def __init__(self, latent, widths=[20, 30, 64]):
        super().__init__()
        widths.insert(0, latent)
        self.layers = nn.ModuleList([nn.Linear(a, b) for a, b in zip(widths, widths[1:])])

    def forward(self, z):
        for layer in self.layers:
            z = layer(z).sigmoid()
        return z

class VAE(nn.Module):
    {attribute}
    def __init__(self, latent, hidden{default}):
        super().__init__()
        {taken}
        self.held = hidden
        sizes = [64, *hidden]
        self.body = nn.Sequential(*[nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
        self.mu, self.logvar = nn.Linear(sizes[-1], latent), nn.Linear(sizes[-1], latent)
        self.decoder = Decoder(latent)
        hidden.reverse()

    def encode(self, x):
        h = self.body(x.flatten(1)).relu()
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        assert self.held == [20, 30], self.held
        return self.decoder(z)
"""
WAYS = {
    "a default": {"default": "=[30, 20]", "taken": "pass", "attribute": "pass"},
    "a constant of the file": {"default": "=None", "taken": "hidden = WIDTHS", "attribute": "pass"},
    "an attribute of the class": {"default": "=None", "taken": "hidden = self.own", "attribute": "own = [30, 20]"},
    "stated by nobody": {"default": "", "taken": "pass", "attribute": "pass"},
}


@pytest.mark.parametrize("given", [{}, {"sizes": "[64, 24]", "decoder_sizes": "[24, 64]"}])
def test_a_class_that_lengthens_its_arguments_in_place_is_made(tmp_path: Path, given: dict[str, str]) -> None:
    path = checkpoint(tmp_path / "w.pth", reference(CONDITIONAL, "VAE", [64, 24], 3, [24, 64], True, 10))
    words = arguments({"latent": "3", "conditional": "True", "num_labels": "10", **given})
    loaded = read(path, f"{written(tmp_path / 'm.py', CONDITIONAL)}:VAE", arguments=words, accept_guess=True)
    assert loaded.card.conditional
    assert "sizes=[64, 24" in loaded.card.architecture
    assert "decoder_sizes=[24, 64]" in loaded.card.architecture


@pytest.mark.parametrize("way", WAYS)
def test_a_class_that_reverses_a_list_in_place_is_made_as_training_made_it(tmp_path: Path, way: str) -> None:
    text = REVERSED.format(**WAYS[way])
    hidden = [[30, 20]] if way == "stated by nobody" else []
    path = checkpoint(tmp_path / "w.pth", reference(text, "VAE", 5, *hidden))
    loaded = read(path, f"{written(tmp_path / 'm.py', text)}:VAE", accept_guess=True)
    assert loaded.card.latent_shape == (5,)
    shown = {one.what: one.value for one in loaded.card.assumptions}
    assert shown["argument hidden"] == ("None" if WAYS[way]["default"] == "=None" else "[30, 20]")


def test_what_cannot_be_copied_is_passed_on_and_the_rest_is_copied() -> None:
    sizes, generator = [1, 2], (number for number in range(3))
    found = copied({"sizes": sizes, "same": sizes, "generator": generator})
    assert found["generator"] is generator
    assert found["sizes"] == sizes
    assert found["sizes"] is not sizes
    plain = copied({"sizes": sizes, "same": sizes})
    assert plain["sizes"] is plain["same"]


def test_defaults_of_an_imported_function_are_put_back() -> None:
    def make(sizes: list[int] = [3]) -> torch.nn.Module:  # noqa: B006 - the point of it
        sizes.append(4)
        return torch.nn.Linear(sizes[0], len(sizes))

    before = Snapshot(make)
    for _ in range(3):
        before.restore()
        assert make().out_features == 2
