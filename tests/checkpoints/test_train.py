"""Training anew gives what the cards state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from checkpoints.scripts import FOLDER, script
from vae_analyze.loading.load import load


@pytest.fixture(autouse=True)
def as_before() -> Any:
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    yield
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(strict)


def assert_reproduced(path: Path) -> None:
    stated = load(FOLDER / path.name).card.details["expected"]
    found = load(path).card.details["expected"]
    for name in ("mse_per_pixel", "bce_per_image", "kl"):
        # A KL that is practically zero has no relative difference worth the name.
        assert found[name] == pytest.approx(stated[name], rel=stated["tolerance"], abs=1e-3), name
    assert abs(found["active_units"] - stated["active_units"]) <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits-vae", "digits-beta4", "digits-ae", "digits-collapsed"])
def test_digits_trained_anew_give_the_stated_numbers(tmp_path: Path, name: str) -> None:
    module = script("train_digits")
    (recipe,) = [recipe for recipe in module.RECIPES if recipe.name == name]
    assert_reproduced(module.make(recipe, tmp_path))


@pytest.mark.slow
def test_sprites_trained_anew_give_the_stated_numbers(tmp_path: Path) -> None:
    module = script("train_sprites")
    assert_reproduced(module.make(module.SCHEDULE, tmp_path))


def test_a_short_training_writes_a_file_that_loads(tmp_path: Path) -> None:
    import dataclasses

    digits, sprites = script("train_digits"), script("train_sprites")
    path = digits.make(dataclasses.replace(digits.RECIPES[0], epochs=1), tmp_path)
    assert load(path).card.details["epochs"] == 1
    short = dataclasses.replace(sprites.SCHEDULE, steps=2, batch_size=4)
    assert load(sprites.make(short, tmp_path)).card.name == "sprites-beta"


def test_the_command_line_trains_the_one_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = script("train_digits")
    made: list[str] = []
    monkeypatch.setattr(module, "make", lambda recipe, out: made.append(f"{recipe.name} {out}"))
    monkeypatch.setattr("sys.argv", ["train_digits.py", "--only", "digits-ae", "--out", str(tmp_path)])
    module.main()
    assert made == [f"digits-ae {tmp_path}"]
