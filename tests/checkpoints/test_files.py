"""The committed files: small, whole, and as good as their cards say."""

from __future__ import annotations

from typing import Any

import pytest

from checkpoints.scripts import FOLDER, NAMES, script
from vae_analyze.data.open import open_data
from vae_analyze.loading.card import Card
from vae_analyze.loading.load import load

LARGEST_BYTES = 1_000_000
# Other processors round differently; the numbers are means over hundreds of samples.
SAME = 1e-4


def stated(name: str) -> tuple[Card, dict[str, Any]]:
    card = load(FOLDER / f"{name}.pt").card
    return card, card.details["expected"]


@pytest.mark.parametrize("name", NAMES)
def test_each_file_is_small_and_its_card_complete(name: str) -> None:
    assert (FOLDER / f"{name}.pt").stat().st_size <= LARGEST_BYTES
    card, expected = stated(name)
    assert card.name == name
    assert card.data.endswith(":train")
    assert expected["data"].endswith(":test")
    assert card.details["licence"] == "Apache-2.0"
    assert f"checkpoints/train_{name.split('-')[0]}.py" in card.details["command"]
    assert card.details["description"]
    assert card.details["objective"]
    assert card.parameters * 4 < LARGEST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_each_file_gives_its_stated_numbers_on_held_out_data(name: str) -> None:
    loaded = load(FOLDER / f"{name}.pt")
    expected = loaded.card.details["expected"]
    found = script("measure").measure(loaded.vae, open_data(expected["data"]), most=expected["n"], tolerance=0.0)
    assert found.n == expected["n"]
    assert found.mse_per_pixel == pytest.approx(expected["mse_per_pixel"], rel=SAME)
    assert found.bce_per_image == pytest.approx(expected["bce_per_image"], rel=SAME)
    assert found.kl_per_dim == pytest.approx(expected["kl_per_dim"], rel=SAME, abs=1e-5)
    assert found.active_units == expected["active_units"]


def test_the_files_show_what_they_are_meant_to_show() -> None:
    numbers = {name: stated(name)[1] for name in NAMES}
    mse = {name: numbers[name]["mse_per_pixel"] for name in NAMES}
    assert mse["digits-vae"] < mse["digits-beta4"] < mse["digits-collapsed"] / 3
    assert mse["digits-ae"] < mse["digits-beta4"]
    assert numbers["digits-vae"]["kl"] > numbers["digits-beta4"]["kl"] > 1.0
    assert numbers["digits-vae"]["active_units"] >= numbers["digits-beta4"]["active_units"] >= 3
    assert numbers["digits-collapsed"]["kl"] < 0.01
    assert numbers["digits-collapsed"]["active_units"] == 0
    assert numbers["digits-ae"]["kl_per_dim"] == ()
    assert numbers["sprites-beta"]["active_units"] >= 5


def test_cards_say_what_is_wrong_with_a_model() -> None:
    assert any("collapsed" in text for text in stated("digits-collapsed")[0].warnings)
    assert stated("digits-vae")[0].warnings == ()
    assert stated("digits-ae")[0].deterministic


def test_sprites_are_reconstructed_well_below_the_mean_image() -> None:
    import numpy as np

    data = open_data("sprites:test")
    x = data.read(np.linspace(0, len(data) - 1, 1000).astype(np.int64)).x
    mean = x.mean(axis=0).clip(1e-6, 1 - 1e-6)
    baseline = -(x * np.log(mean) + (1 - x) * np.log(1 - mean)).sum(axis=(1, 2, 3)).mean()
    assert stated("sprites-beta")[1]["bce_per_image"] < 0.4 * baseline


def test_the_readme_is_made_from_the_files() -> None:
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == script("readme").page()
