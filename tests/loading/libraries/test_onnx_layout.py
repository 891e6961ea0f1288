from __future__ import annotations

import pytest
import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.onnx_layout import Dims, arranged, data_shape, restored
from vae_analyze.loading.settling.evidence import Evidence


def data(*shape: int) -> Evidence:
    return Evidence(name="data", x=torch.zeros(2, *shape), value_range=(0.0, 1.0))


@pytest.mark.parametrize(
    ("dims", "decoded", "evidence", "shape", "layout"),
    [
        ((1, 28, 28), (), None, (1, 28, 28), "as data"),
        ((28, 28, 1), (), None, (1, 28, 28), "channels last"),
        ((28, 28, 3), (), data(3, 28, 28), (3, 28, 28), "channels last"),
        ((None, None, 3), (), data(3, 28, 28), (3, 28, 28), "channels last"),
        ((3, None, None), (), data(3, 28, 28), (3, 28, 28), "as data"),
        ((None, None, None), (), data(3, 28, 28), (3, 28, 28), "as data"),
        ((3, None, None), (3, 64, 64), None, (3, 64, 64), "as data"),
        ((1, 32, 32), (), data(1, 28, 28), (1, 32, 32), "as data"),
        ((3, 32, 32), (), data(1, 28, 28), (3, 32, 32), "as data"),
        ((3, 28, 3), (), data(3, 28, 3), (3, 28, 3), "as data"),
        ((28, 28), (), None, (1, 28, 28), "no channels"),
        ((28, 28), (), data(1, 28, 28), (1, 28, 28), "no channels"),
        ((28, 28), (), data(28, 28), (28, 28), "as data"),
        ((784,), (784,), data(1, 28, 28), (1, 28, 28), "flat"),
        ((784,), (784,), data(784), (784,), "as data"),
        ((1024,), (1024,), data(1, 28, 28), (1, 32, 32), "flat"),
        ((784,), (1, 28, 28), None, (1, 28, 28), "flat"),
        ((784,), (28, 28, 1), None, (1, 28, 28), "flat"),
        ((784,), (784,), None, (1, 28, 28), "flat"),
        ((None,), (None,), data(1, 28, 28), (1, 28, 28), "flat"),
        ((30,), (30,), None, (30,), "as data"),
        ((64,), (64,), data(30), (64,), "as data"),
        ((None, 40), (), data(2, 40), (2, 40), "as data"),
    ],
)
def test_the_shape_of_a_sample_is_found(
    dims: Dims, decoded: Dims, evidence: Evidence | None, shape: tuple[int, ...], layout: str
) -> None:
    found = data_shape(dims, decoded, evidence)
    assert (found.shape, found.layout) == (shape, layout)


@pytest.mark.parametrize("dims", [(None,), (3, None, None), (None, None, None), (2, None)])
def test_open_sizes_without_data_are_refused(dims: Dims) -> None:
    with pytest.raises(CheckpointError, match=r"any size(.|\n)*--data"):
        data_shape(dims, tuple(None for _ in dims), None)


@pytest.mark.parametrize("layout", ["as data", "flat", "channels last", "no channels"])
def test_arranging_and_restoring_are_inverse(layout: str) -> None:
    shape = (1, 4, 5) if layout == "no channels" else (3, 4, 5)
    x = torch.rand(2, *shape)
    there = arranged(x, layout)  # type: ignore[arg-type]  # the four of Layout
    assert torch.equal(restored(there, shape), x)
    assert tuple(arranged(x, "channels last").shape) == (2, 4, 5, shape[0])
