from __future__ import annotations

import copy
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from loading.onnx_bytes import FakeRuntime, one_node
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.onnx_session import OnnxSession

X = torch.arange(10.0).reshape(5, 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(one_node("Neg", {"x": ("n", 2)}, {"y": ("n", 2)}))
    return path


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
    sizes: list[int] = []

    def negated(x: np.ndarray) -> dict[str, np.ndarray]:
        sizes.append(len(x))
        return {"y": -x, "total": x.sum()}

    fake = FakeRuntime(encoder=negated)
    fake.sizes = sizes  # type: ignore[attr-defined]  # for these tests
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    return fake


@pytest.mark.parametrize(("batch", "sizes"), [(0, [5]), (1, [1] * 5), (2, [2, 2, 2]), (16, [16])])
def test_batches_are_as_the_graph_wants_them(path: Path, runtime: FakeRuntime, batch: int, sizes: list[int]) -> None:
    (answer,) = OnnxSession(path, ("y",), batch=batch).run({"x": X})
    assert torch.equal(answer, -X)
    assert runtime.sizes == sizes  # type: ignore[attr-defined]  # see above


def test_it_travels_by_its_path_and_opens_again(path: Path, runtime: FakeRuntime) -> None:
    session = OnnxSession(path, ("y",), batch=0)
    session.run({"x": X})
    again = pickle.loads(pickle.dumps(session))
    assert torch.equal(again.run({"x": X})[0], -X)
    assert copy.deepcopy(session) is session
    assert runtime.opened == ["encoder.onnx"] * 2


def test_a_file_changed_since_is_refused(path: Path, runtime: FakeRuntime) -> None:
    session = OnnxSession(path, ("y",), batch=0)
    path.write_bytes(b"other")
    with pytest.raises(CheckpointError, match="was changed since"):
        session.run({"x": X})


def test_answers_without_a_batch_axis_and_failures_are_one_message(path: Path, runtime: FakeRuntime) -> None:
    with pytest.raises(CheckpointError, match=r"expected answers for 5 samples.*found shape \(\)"):
        OnnxSession(path, ("total",), batch=0).run({"x": X})
    with pytest.raises(CheckpointError, match=r"fails on x \(5, 2\): KeyError: 'none'"):
        OnnxSession(path, ("none",), batch=0).run({"x": X})
    with pytest.raises(CheckpointError, match="expected samples"):
        OnnxSession(path, ("y",), batch=0).run({"x": X[:0]})


def test_without_the_runtime_the_extra_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CheckpointError, match=r"needs the library onnxruntime(.|\n)*vae-analyze\[onnx\]"):
        OnnxSession(path, ("y",), batch=0).run({"x": X})


def test_what_the_runtime_refuses_is_said(path: Path, runtime: FakeRuntime) -> None:
    runtime.functions.clear()
    with pytest.raises(CheckpointError, match=r"onnxruntime 1.0 cannot run(.|\n)*newer"):
        OnnxSession(path, ("y",), batch=0).run({"x": X})
