from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from vae_analyze.data.mapped import MappedDataset
from vae_analyze.errors import DataError


class Items(Dataset[Any]):
    def __init__(self, *items: Any, classes: Any = None) -> None:
        self.items = items
        self.classes = classes

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, row: int) -> Any:
        return self.items[row]


IMAGE = torch.linspace(0, 1, 12).reshape(1, 3, 4)


def mapped(*items: Any, classes: Any = None) -> MappedDataset:
    return MappedDataset(Items(*items, classes=classes), name="m:f")


def test_pairs_of_a_tensor_dataset() -> None:
    x, y = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 2, 1, 0, 2])
    data = MappedDataset(TensorDataset(x, y), name="m:f")
    found = data.read([4, 1])
    assert (len(data), data.input_shape, data.value_range) == (5, (3, 4, 4), (0.0, 1.0))
    assert found.labels is not None
    assert found.labels.tolist() == [2, 2]
    assert (found.x == x[[4, 1]].numpy()).all()
    assert data.label_names == ("0", "1", "2")
    assert data.factors is None
    assert data.name == "m:f"
    assert "TensorDataset made by m:f, with labels" in data.description


def test_bare_items_and_one_tuples_have_no_labels() -> None:
    for data in (mapped(IMAGE, IMAGE), mapped((IMAGE,), [IMAGE])):
        assert data.label_names is None
        assert data.read([1]).labels is None
        assert "no labels" in data.description
        assert len(data.fingerprint) == 64


@pytest.mark.parametrize(
    ("item", "shape"),
    [
        (torch.zeros(7), (7,)),
        (np.zeros((3, 4)), (1, 3, 4)),
        (np.zeros((5, 4, 3), dtype=np.uint8), (3, 5, 4)),
    ],
)
def test_forms_of_items(item: Any, shape: tuple[int, ...]) -> None:
    data = mapped(item)
    assert data.input_shape == shape
    assert data.read([0]).x.shape == (1, *shape)
    assert data.value_range == (None if len(shape) == 1 else (0.0, 1.0))


def test_classes_of_the_source_are_names() -> None:
    assert mapped((IMAGE, 1), classes=["cat", "dog"]).label_names == ("cat", "dog")
    assert mapped((IMAGE, 1), classes=3).label_names == ("0", "1")


def test_fingerprint_follows_content() -> None:
    first = mapped((IMAGE, 0), (IMAGE, 1)).fingerprint
    other = IMAGE.clone()
    other[0, 2, 3] -= 1e-6
    assert mapped((IMAGE, 0), (IMAGE.clone(), 1)).fingerprint == first
    assert mapped((IMAGE, 0), (other, 1)).fingerprint != first
    assert mapped((IMAGE, 0), (IMAGE, 2)).fingerprint != first
    assert mapped((IMAGE, 0), (IMAGE, 1), classes=["a", "b"]).fingerprint != first


def test_refuses_streams_and_nothing() -> None:
    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter([])

    with pytest.raises(DataError, match="map-style torch dataset"):
        MappedDataset(Stream(), name="m:f")
    with pytest.raises(DataError, match="found NoneType"):
        MappedDataset(None, name="m:f")
    with pytest.raises(DataError, match="found set"):
        MappedDataset({1}, name="m:f")
    with pytest.raises(DataError, match="at least one sample"):
        mapped()


def test_refuses_random_transforms() -> None:
    class Noisy(Items):
        def __getitem__(self, row: int) -> Any:
            self.items = (self.items[0] * 0.5,)
            return self.items[0]

    with pytest.raises(DataError, match="without random transforms"):
        MappedDataset(Noisy(IMAGE), name="m:f")


@pytest.mark.parametrize("odd", [(torch.zeros(1, 4, 4), 0), (IMAGE.double(), 0), IMAGE])
def test_refuses_items_unlike_the_first(odd: Any) -> None:
    with pytest.raises(DataError, match="at sample 1"):
        mapped((IMAGE, 0), odd).read([0, 1])


@pytest.mark.parametrize("label", [-1, 0.5, "cat", torch.tensor([1, 2])])
def test_refuses_labels_that_are_no_class_numbers(label: Any) -> None:
    with pytest.raises(DataError, match="class number from 0"):
        mapped((IMAGE, label))


def test_refuses_tensors_with_gradients_and_failing_items() -> None:
    with pytest.raises(DataError, match="without gradients"):
        mapped(IMAGE.clone().requires_grad_())

    class Failing(Items):
        def __getitem__(self, row: int) -> Any:
            raise OSError("disk gone")

    with pytest.raises(DataError, match=r"sample 0 of m:f.*OSError: disk gone"):
        MappedDataset(Failing(IMAGE), name="m:f")


def test_names_the_sample_that_is_not_finite() -> None:
    with pytest.raises(DataError, match="in sample 1"):
        mapped(IMAGE, torch.full_like(IMAGE, torch.nan)).read([0, 1])
