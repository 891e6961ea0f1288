from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.files.tensors import Storage, cast, dtype_of, storage, tensor
from vae_analyze.loading.files.unpickle import DamagedError

TEN = Storage(torch.arange(10.0))


def test_a_view_is_that_of_torch() -> None:
    assert torch.equal(tensor(TEN, 2, (2, 3), (3, 1)), torch.arange(10.0)[2:8].reshape(2, 3))
    assert torch.equal(tensor(TEN, 0, (3, 2), (1, 3)), torch.arange(6.0).reshape(2, 3).T)
    assert tensor(TEN, 10, (0, 4), (4, 1)).shape == (0, 4)
    assert tensor(TEN, 9, (), ()).item() == 9
    assert tensor(TEN, 0, (5,), (0,)).tolist() == [0] * 5


@pytest.mark.parametrize(
    ("offset", "size", "stride"),
    [
        (0, (11,), (1,)),
        (1, (10,), (1,)),
        (10, (), ()),
        (11, (0,), (1,)),
        (-1, (2,), (1,)),
        (0, (-1,), (1,)),
        (0, (2,), (-1,)),
        (0, (2, 2), (1,)),
        (0, (1 << 40, 1 << 40), (0, 0)),
        (0, (1,) * 40, (1,) * 40),
        (0, (True,), (1,)),
        (0, (2.0,), (1,)),
        ("0", (2,), (1,)),
        (0, [2], (1,)),
        (1 << 61, (1,), (1,)),
        (0, (2,), (1 << 61,)),
    ],
)
def test_a_view_beyond_its_storage_is_refused(offset: Any, size: Any, stride: Any) -> None:
    with pytest.raises(DamagedError):
        tensor(TEN, offset, size, stride)


def test_something_else_than_a_storage_is_refused() -> None:
    with pytest.raises(DamagedError, match="no storage"):
        tensor(None, 0, (1,), (1,))
    with pytest.raises(DamagedError, match="unknown kind"):
        dtype_of(Inert("torch.Evil"))
    with pytest.raises(DamagedError, match="unknown kind"):
        dtype_of("FloatStorage")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int16, torch.complex64, torch.uint8])
def test_the_order_of_bytes_is_kept_to(dtype: torch.dtype) -> None:
    numbers = torch.arange(4).to(dtype)
    little = torch.frombuffer(bytearray(numbers.numpy().tobytes()), dtype=torch.uint8)
    big = torch.frombuffer(
        bytearray(numbers.numpy().astype(numbers.numpy().dtype.newbyteorder(">")).tobytes()), dtype=torch.uint8
    )
    assert torch.equal(storage(little, dtype).flat, numbers)
    assert torch.equal(storage(big, dtype, big_endian=True).flat, numbers)


def test_truth_values_are_only_two() -> None:
    found = storage(torch.tensor([0, 1, 2, 255], dtype=torch.uint8), torch.bool).flat
    assert found.view(torch.uint8).tolist() == [0, 1, 1, 1]


def test_bytes_are_cast_to_the_format_that_is_named() -> None:
    content = Storage(torch.from_numpy(np.arange(3, dtype=np.float32).view(np.uint8).copy()))
    assert cast(content, Inert("torch.float32")).flat.tolist() == [0, 1, 2]
    for source, kind in ((content, "torch.evil"), (content, "torch.complex128"), (TEN, "torch.float32")):
        with pytest.raises(DamagedError):
            cast(source, Inert(kind))
