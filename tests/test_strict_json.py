from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vae_analyze.strict_json import clean, dumps, loads, storable

plain_data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_undefined_numbers_are_null() -> None:
    assert dumps([math.nan, math.inf, -math.inf, {"a": math.nan}], indent=None) == '[null, null, null, {"a": null}]'


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "[NaN]", '{"a": Infinity}'])
def test_literals_that_are_not_jsons_are_refused(literal: str) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        loads(literal)


@pytest.mark.parametrize("text", ["", "{", "nul"])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Expecting"):
        loads(text)


@given(plain_data)
def test_plain_data_come_back(value: object) -> None:
    # Compared by Python's own reader and writer.
    assert loads(dumps(value)) == json.loads(json.dumps(clean(value)))
    if "\\ud" not in json.dumps(value):
        assert loads(dumps(value)) == value


def test_collections_become_lists_and_keys_text() -> None:
    assert clean({"a": (1, 2), 3: {4}, None: frozenset({5})}) == {"a": [1, 2], "3": [4], "None": [5]}


def test_numbers_and_arrays_of_libraries_become_plain() -> None:
    given_ = [np.float32(0.5), np.int64(3), np.bool_(True), np.float64("nan"), np.arange(2), torch.ones(2)]
    assert clean(given_) == [0.5, 3, True, None, [0, 1], [1, 1]]
    assert clean(np.bool_(True)) is True


def test_other_objects_become_their_text() -> None:
    assert clean(Path("a") / "b") == str(Path("a") / "b")


def test_text_stays_readable() -> None:
    assert dumps("µ² 漢") == '"µ² 漢"'


@given(st.text(st.characters()))
def test_text_can_always_be_stored(text: str) -> None:
    stored = storable(text)
    assert stored.encode("utf-8").decode("utf-8") == stored
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert stored == text
