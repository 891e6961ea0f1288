import pickle

import numpy as np
import pytest
from numpy.typing import NDArray

from vae_analyze.data.dataset import Factor
from vae_analyze.data.factorial import DrawnDataset

FACTORS = (
    Factor(name="side", kind="categorical", levels=np.arange(2.0), level_names=("left", "right")),
    Factor(name="grey", kind="continuous", levels=np.linspace(0.0, 1.0, 5)),
)


def draw(values: NDArray[np.float64]) -> NDArray[np.float32]:
    x = np.zeros((len(values), 1, 1, 2), dtype=np.float32)
    x[np.arange(len(values)), 0, 0, values[:, 0].astype(int)] = values[:, 1]
    return x


def draw_brighter(values: NDArray[np.float64]) -> NDArray[np.float32]:
    brighter: NDArray[np.float32] = np.minimum(draw(values) + np.float32(0.1), np.float32(1.0))
    return brighter


def drawn(*, labelled: bool = True, render: object = draw) -> DrawnDataset:
    return DrawnDataset(
        name="d:all",
        description="drawn",
        factors=FACTORS,
        input_shape=(1, 1, 2),
        render=render,  # type: ignore[arg-type]  # object keeps the signature of the test helper short
        labelled=labelled,
    )


def test_every_combination_by_index() -> None:
    data = drawn()
    assert len(data) == 10
    index = data.index_of(np.array([[1, 2], [0, 4]]))
    found = data.read(index)
    assert found.factors is not None
    assert found.factors.tolist() == [[1.0, 0.5], [0.0, 1.0]]
    assert found.x.ravel().tolist() == [0.0, 0.5, 1.0, 0.0]
    assert found.labels is not None
    assert found.labels.tolist() == [1, 0]


def test_says_what_it_is() -> None:
    data = drawn()
    assert (data.name, data.description, data.input_shape) == ("d:all", "drawn", (1, 1, 2))
    assert data.value_range == (0.0, 1.0)
    assert data.label_names == ("left", "right")
    assert drawn(labelled=False).label_names is None
    assert drawn(labelled=False).read([0]).labels is None
    assert data.factors == FACTORS
    with pytest.raises(IndexError, match="sample indices"):
        data.read([10])


def test_fingerprint_follows_levels_and_drawing() -> None:
    assert drawn().fingerprint == drawn().fingerprint
    assert drawn().fingerprint != drawn(render=draw_brighter).fingerprint


def test_travels_between_processes() -> None:
    data = pickle.loads(pickle.dumps(drawn()))
    assert (data.read([7]).x == drawn().read([7]).x).all()
