from __future__ import annotations

from typing import Any

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.own_files.own_card import Expected, OwnCard

EXPECTED = Expected(
    data="digits:test",
    n=352,
    mse_per_pixel=0.01,
    bce_per_image=16.0,
    kl_per_dim=(1.0, 0.5),
    active_units=2,
    tolerance=0.1,
)
CARD = OwnCard(name="a", architecture="mlp", options={"hidden": [1]}, data="digits:train", seed=1, expected=EXPECTED)


def test_a_card_survives_plain_data() -> None:
    assert OwnCard.from_plain(CARD.to_plain()) == CARD
    assert EXPECTED.kl == 1.5


def test_numbers_without_a_cross_entropy_survive_plain_data() -> None:
    plain: dict[str, Any] = CARD.to_plain()
    plain["expected"]["bce_per_image"] = None
    expected = OwnCard.from_plain(plain).expected
    assert expected is not None
    assert expected.bce_per_image is None


def test_only_name_architecture_and_options_are_required() -> None:
    card = OwnCard.from_plain({"name": "a", "architecture": "mlp", "options": {}})
    assert card.expected is None
    assert card.seed == 0


@pytest.mark.parametrize("field", ["name", "architecture", "options"])
def test_a_missing_field_is_named(field: str) -> None:
    plain = CARD.to_plain()
    del plain[field]
    with pytest.raises(CheckpointError, match=f"expected a field '{field}'"):
        OwnCard.from_plain(plain)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 1),
        ("architecture", None),
        ("options", [1]),
        ("description", []),
        ("data", 2),
        ("objective", {}),
        ("command", b"x"),
        ("seed", -1),
        ("epochs", 1.5),
        ("licence", 0),
        ("expected", "x"),
    ],
)
def test_a_field_of_the_wrong_kind_is_refused(field: str, value: object) -> None:
    with pytest.raises(CheckpointError, match="card"):
        OwnCard.from_plain({**CARD.to_plain(), field: value})


@pytest.mark.parametrize("field", ["n", "mse_per_pixel", "bce_per_image", "kl_per_dim", "active_units", "tolerance"])
def test_an_expected_number_that_is_none_is_refused(field: str) -> None:
    plain = CARD.to_plain()
    plain["expected"][field] = float("nan")
    with pytest.raises(CheckpointError, match=f"expected numbers: field '{field}'"):
        OwnCard.from_plain(plain)


def test_unknown_fields_are_left_out_and_named() -> None:
    assert OwnCard.from_plain({**CARD.to_plain(), "colour\n": "red"}).unknown == ("colour?",)


def test_texts_lose_what_would_steer_the_terminal() -> None:
    assert OwnCard.from_plain({**CARD.to_plain(), "name": "a\x1b[31mb\n"}).name == "ab?"
