from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from loading.written_files import small_mlp
from support.models import ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.memory import wrap


def test_a_module_is_frozen_and_described() -> None:
    model = small_mlp().train()
    loaded = wrap(model, name="mine", data="digits:train", likelihood="bernoulli")
    assert loaded.vae is model
    assert not model.training
    assert not any(weight.requires_grad for weight in model.parameters())
    card = loaded.card
    assert (card.name, card.architecture, card.format, card.data) == ("mine", "MLP", "in memory", "digits:train")
    assert card.input_shape == (1, 4, 4)
    assert card.parameters == sum(weight.numel() for weight in model.parameters())
    assert card.gradients
    assert not card.deterministic


def test_models_of_unlike_nature_are_wrapped() -> None:
    assert not wrap(NumpyVAE()).card.gradients
    assert wrap(SpatialVAE()).card.latent_shape == (2, 4, 4)
    assert wrap(ConditionalVAE()).card.conditional
    assert wrap(small_mlp(deterministic=True)).card.deterministic
    assert not wrap(small_mlp(), gradients=False).card.gradients


def test_equal_models_have_equal_fingerprints_and_changed_ones_do_not() -> None:
    assert wrap(small_mlp()).card.fingerprint == wrap(small_mlp()).card.fingerprint
    assert wrap(small_mlp()).card.fingerprint != wrap(small_mlp(seed=1)).card.fingerprint
    assert wrap(NumpyVAE()).card.fingerprint == wrap(NumpyVAE()).card.fingerprint
    linear, wider = LinearVAE.random(4, 2), LinearVAE.random(4, 2)
    wider.variance = 0.2
    assert wrap(linear).card.fingerprint != wrap(wider).card.fingerprint


def test_a_weight_that_the_probe_does_not_feel_changes_the_fingerprint() -> None:
    first, second = small_mlp(), small_mlp()
    first.register_buffer("threshold", torch.tensor(1.0))
    second.register_buffer("threshold", torch.tensor(2.0))
    assert wrap(first).card.fingerprint != wrap(second).card.fingerprint


def test_the_fingerprint_is_the_same_in_another_process(repository: Path) -> None:
    program = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from support.models import NumpyVAE, SpatialVAE\n"
        "from vae_analyze.loading.memory import wrap\n"
        "print(wrap(NumpyVAE()).card.fingerprint, wrap(SpatialVAE()).card.fingerprint)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [wrap(NumpyVAE()).card.fingerprint, wrap(SpatialVAE()).card.fingerprint]


def test_what_cannot_be_pickled_is_told_apart_by_its_answers() -> None:
    first, second = NumpyVAE(), NumpyVAE()
    first.note = second.note = lambda: 0  # type: ignore[attr-defined]  # a foreign object may carry anything
    assert wrap(first).card.fingerprint == wrap(second).card.fingerprint
    second.w = second.w * 2
    assert wrap(first).card.fingerprint != wrap(second).card.fingerprint


def test_something_else_than_a_model_is_refused() -> None:
    with pytest.raises(CheckpointError, match="Linear lacks input_shape, latent_shape, encode, decode"):
        wrap(torch.nn.Linear(2, 2))  # type: ignore[arg-type]  # the point of the test
