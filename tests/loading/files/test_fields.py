from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.fields import Fields

GOOD = {"text": "a", "flag": True, "integer": 3, "number": 0.5, "sizes": [3, 4], "numbers": [1, 2.5]}


def test_fields_of_the_right_kind_are_returned() -> None:
    fields = Fields.of("card", GOOD)
    assert fields.text("text") == "a"
    assert fields.flag("flag") is True
    assert fields.integer("integer", low=1, high=3) == 3
    assert fields.number("number", low=0, high=1) == 0.5
    assert fields.sizes("sizes", most=2) == (3, 4)
    assert fields.numbers("numbers", most=2) == (1.0, 2.5)
    assert fields.choice("text", ("a", "b")) == "a"
    assert fields.unknown(("text", "flag", "integer", "number", "sizes")) == ["numbers"]


def test_defaults_stand_for_what_is_absent() -> None:
    fields = Fields.of("card", {})
    assert fields.text("x", "d") == "d"
    assert fields.flag("x", default=False) is False
    assert fields.integer("x", low=0, high=9, default=4) == 4
    assert fields.number("x", low=0, high=9, default=4) == 4.0
    assert fields.sizes("x", most=2, default=(5,)) == (5,)


READS: dict[str, Callable[[Fields], Any]] = {
    "text": lambda fields: fields.text("x"),
    "choice": lambda fields: fields.choice("x", ("a",)),
    "flag": lambda fields: fields.flag("x"),
    "integer": lambda fields: fields.integer("x", low=1, high=5),
    "number": lambda fields: fields.number("x", low=0, high=1),
    "sizes": lambda fields: fields.sizes("x", most=2),
    "numbers": lambda fields: fields.numbers("x", most=2),
}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", 1),
        ("text", "x" * 3000),
        ("choice", "b"),
        ("choice", ["a"]),
        ("flag", 1),
        ("integer", 6),
        ("integer", True),
        ("integer", 2.0),
        ("number", math.nan),
        ("number", math.inf),
        ("number", 10**400),
        ("number", "1"),
        ("sizes", []),
        ("sizes", [1, 2, 3]),
        ("sizes", [0]),
        ("sizes", [1 << 40]),
        ("sizes", "12"),
        ("numbers", [math.nan]),
        ("numbers", [1, 2, 3]),
        ("numbers", {"a": object()}),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(kind: str, value: object) -> None:
    with pytest.raises(CheckpointError, match=r"card: field 'x': expected .*, found "):
        READS[kind](Fields.of("card", {"x": value}))


@pytest.mark.parametrize("kind", READS)
def test_a_missing_field_is_named(kind: str) -> None:
    with pytest.raises(CheckpointError, match=r"card: expected a field 'x', found y"):
        READS[kind](Fields.of("card", {"y": 1}))


@pytest.mark.parametrize("plain", [None, [1], {1: 2}, object()])
def test_something_else_than_named_fields_is_refused(plain: object) -> None:
    with pytest.raises(CheckpointError, match="card: expected named fields"):
        Fields.of("card", plain)
