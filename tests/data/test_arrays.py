from typing import Any

import numpy as np
import pytest

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.errors import DataError


def dataset(x: np.ndarray[Any, Any], **known: Any) -> ArrayDataset:
    return ArrayDataset(x, name="d", description="some data", **known)


X = np.random.default_rng(0).integers(0, 256, (6, 4, 5), dtype=np.uint8)


def test_reads_in_any_order() -> None:
    data = dataset(X, labels=np.arange(6), factors=np.arange(12.0).reshape(6, 2))
    some, all_ = data.read([4, 0, 4]), data.read(range(6))
    assert some.index.tolist() == [4, 0, 4]
    assert some.labels is not None
    assert some.labels.tolist() == [4, 0, 4]
    assert some.factors is not None
    assert some.factors[0].tolist() == [8.0, 9.0]
    assert (some.x == all_.x[[4, 0, 4]]).all()
    assert (all_.x[:, 0] == X.astype(np.float32) / np.float32(255)).all()
    assert len(data.read([])) == 0


def test_says_what_it_is() -> None:
    data = dataset(X, labels=np.zeros(6, dtype=int), label_names=["only"], factors=np.zeros((6, 1)), factor_names=["f"])
    assert (data.name, data.description, len(data)) == ("d", "some data", 6)
    assert data.input_shape == (1, 4, 5)
    assert data.value_range == (0.0, 1.0)
    assert data.label_names == ("only",)
    assert data.factors is not None
    assert data.factors[0].name == "f"


def test_bare_vectors() -> None:
    data = dataset(np.full((3, 2), -7.5))
    assert data.input_shape == (2,)
    assert data.value_range is None
    assert data.label_names is None
    assert data.factors is None
    assert data.read([2]).x.tolist() == [[-7.5, -7.5]]
    assert data.read([2]).labels is None


def test_fingerprint_changes_with_one_byte_of_anything() -> None:
    base: dict[str, Any] = {
        "labels": np.arange(6),
        "label_names": list("abcdef"),
        "factors": np.zeros((6, 1)),
        "factor_names": ["f"],
    }
    first = dataset(X, **base).fingerprint
    assert dataset(X.copy(), **base).fingerprint == first
    changed = X.copy()
    changed[5, 3, 4] ^= 1
    factors = np.zeros((6, 1))
    factors[5] = 1
    others = [
        dataset(changed, **base),
        dataset(X, **{**base, "labels": np.array([0, 1, 2, 3, 5, 4])}),
        dataset(X, **{**base, "label_names": list("abcdeg")}),
        dataset(X, **{**base, "factors": factors}),
        dataset(X, **{**base, "factor_names": ["g"]}),
        dataset(X),
    ]
    assert len({first, *(other.fingerprint for other in others)}) == 7


def test_names_the_bad_sample_by_its_own_index() -> None:
    x = np.zeros((4, 3, 3))
    x[2, 0, 0] = np.nan
    data = dataset(x)
    assert data.read([0, 1, 3]).x.max() == 0.0
    with pytest.raises(DataError, match="in sample 2"):
        data.read([3, 2])
    with pytest.raises(IndexError, match=r"0\.\.3"):
        data.read([4])
