from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor

from loading.real_libraries import FakeAutoencoder
from vae_analyze.loading.libraries.diffusers_classes import KINDS
from vae_analyze.loading.libraries.diffusers_core import DiffusersCore
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling import by_convention as by_convention_module
from vae_analyze.loading.settling.by_convention import by_convention
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.settle import Known

KNOWN = Known(
    input_range=(-1.0, 1.0), second="logvar", split="separate", swapped=False, output="tanh", labels="none", source="L"
)


def blobs(n: int = 200) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    grid = torch.linspace(-1, 1, 8)
    centre = torch.rand(n, 2, 1, 1, generator=generator) * 1.2 - 0.6
    return torch.exp(-3 * ((grid[:, None] - centre[:, 0]) ** 2 + (grid - centre[:, 1]) ** 2))[:, None]


@cache
def core(*, low: float, steps: int = 300) -> DiffusersCore:
    """An autoencoder trained on blobs from ``low`` to 1."""
    torch.manual_seed(0)
    model, x = FakeAutoencoder(latent_channels=4), low + blobs() * (1 - low)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(steps):
        optimiser.zero_grad()
        posterior: Any = model.encode(x)[0]
        loss = (model.decode(posterior.mean)[0] - x).square().mean() + 1e-4 * (posterior.logvar + 4).square().mean()
        loss.backward()
        optimiser.step()
    model.requires_grad_(requires_grad=False)
    return DiffusersCore(model.eval(), KINDS["AutoencoderKL"], input_shape=(1, 8, 8), latent_shape=(4, 4, 4))


def options(**words: Any) -> LoadOptions:
    return LoadOptions(evidence=Evidence(name="blobs", x=blobs(), value_range=(0.0, 1.0)), **words)


def test_the_convention_stands_where_it_was_followed() -> None:
    settled = by_convention(core(low=-1.0), options(), KNOWN)
    assert (settled.convention.input_range, settled.convention.output) == ((-1.0, 1.0), "tanh")
    assert not any(assumption.guess for assumption in settled.assumptions)


def test_another_range_that_is_clearly_better_is_an_announced_guess() -> None:
    settled = by_convention(core(low=0.0), options(), KNOWN)
    assert (settled.convention.input_range, settled.convention.output) == ((0.0, 1.0), "prob")
    guess = settled.assumptions[0]
    assert guess.guess
    assert "not followed" in guess.value
    assert guess.runner_up.startswith("L: error")


@pytest.mark.parametrize("words", [{"range": (-1.0, 1.0)}, {"output": "tanh"}])
def test_what_a_person_says_is_not_tried(words: dict[str, Any]) -> None:
    settled = by_convention(core(low=0.0), options(**words), KNOWN)
    assert settled.convention.output == "tanh"


def test_without_data_and_where_nothing_reconstructs_the_convention_stands() -> None:
    untrained = core(low=0.0, steps=0)
    for given in (LoadOptions(), options()):
        assert by_convention(untrained, given, KNOWN).convention.input_range == (-1.0, 1.0)


def test_a_costly_network_is_read_by_the_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_convention_module, "MOST_OPERATIONS", 10.0)
    settled = by_convention(core(low=0.0), options(), KNOWN)
    assert settled.convention.input_range == (-1.0, 1.0)
    assert not any(assumption.guess for assumption in settled.assumptions)
