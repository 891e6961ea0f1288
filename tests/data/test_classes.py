from typing import Any

import numpy as np
import pytest

from vae_analyze.data.classes import as_classes
from vae_analyze.errors import DataError


def test_class_numbers_stay_as_they_are() -> None:
    found = as_classes(np.array([2, 0, 2], dtype=np.uint8), n=3, source="d")
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [2, 0, 2]
    assert found.names == ("0", "1", "2")


@pytest.mark.parametrize("values", [np.array([[1], [0]]), np.array([1.0, 0.0]), np.array([True, False])])
def test_columns_whole_floats_and_booleans_are_class_numbers(values: np.ndarray[Any, Any]) -> None:
    assert as_classes(values, n=2, source="d").labels.tolist() == [1, 0]


def test_texts_and_wild_numbers_are_numbered_in_order() -> None:
    assert as_classes(np.array(["dog", "cat", "dog"]), n=3, source="d").names == ("cat", "dog")
    assert as_classes(np.array(["dog", "cat", "dog"]), n=3, source="d").labels.tolist() == [1, 0, 1]
    assert as_classes(np.array([-1, 5]), n=2, source="d").labels.tolist() == [0, 1]


def test_names_given() -> None:
    assert as_classes(np.array([0, 1]), n=2, source="d", names=["a", "b", "c"]).names == ("a", "b", "c")
    with pytest.raises(DataError, match="at least 3 class names"):
        as_classes(np.array([0, 2]), n=2, source="d", names=["a", "b"])


@pytest.mark.parametrize("values", [np.zeros(3), np.zeros((2, 10))])
def test_refuses_not_one_label_per_sample(values: np.ndarray[Any, Any]) -> None:
    with pytest.raises(DataError, match="expected 2 labels"):
        as_classes(values, n=2, source="d")


@pytest.mark.parametrize("values", [np.array([0.5, 1.0]), np.array([np.nan, 1.0])])
def test_refuses_what_is_no_class(values: np.ndarray[Any, Any]) -> None:
    with pytest.raises(DataError, match="class numbers or class names"):
        as_classes(values, n=2, source="d")
