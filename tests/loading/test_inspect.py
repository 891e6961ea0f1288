from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.written_files import hostile_pickle, hostile_torch_file, small_mlp, written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.inspect import inspect_file
from vae_analyze.loading.source import sha256


def test_a_healthy_file_is_described(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pt")
    found = inspect_file(path)
    assert found.loads
    assert (found.container, found.format, found.executed) == ("zip archive", "vae-analyze", "nothing")
    assert found.size == path.stat().st_size
    assert found.sha256 == sha256(path)
    assert found.outcome == "loads as MLP VAE 16-8-6-3 and back, relu"
    assert found.asks_for == ()
    assert found.tensor_count == len(small_mlp().state_dict())
    assert {tensor.name for tensor in found.tensors} == {f"state_dict.{name}" for name in small_mlp().state_dict()}
    assert found.card is not None
    assert found.card["name"] == "small"
    json.dumps(found.to_dict())


@pytest.mark.parametrize("legacy", [False, True])
def test_a_hostile_file_is_described_and_not_run(tmp_path: Path, legacy: bool) -> None:
    trace = tmp_path / "trace"
    found = inspect_file(hostile_torch_file(tmp_path / "a.pt", trace, legacy=legacy))
    assert not found.loads
    assert found.asks_for == ("posix.system",)
    assert "Nothing was executed" in found.outcome
    assert found.card is None
    assert not trace.exists()


def test_a_bare_hostile_pickle_is_described_and_not_run(tmp_path: Path) -> None:
    found = inspect_file(hostile_pickle(tmp_path / "a.pkl", tmp_path / "trace", protocol=4))
    assert found.container == "pickle"
    assert found.asks_for == ("posix.system",)
    assert not (tmp_path / "trace").exists()


def test_damaged_and_foreign_files_are_described(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello there, a text")
    (tmp_path / "cut").write_bytes(written(tmp_path / "a.pt").read_bytes()[:3000])

    def poison(content: dict[str, Any]) -> None:
        content["state_dict"]["mean.bias"][:] = math.nan

    written(tmp_path / "nan.pt", poison)
    torch.save({"w\x1b[31m": torch.zeros(2, dtype=torch.float16)}, tmp_path / "bare.pt")
    assert "text beginning with" in inspect_file(tmp_path / "text").container
    assert "cut off or damaged" in inspect_file(tmp_path / "cut").outcome
    poisoned = inspect_file(tmp_path / "nan.pt")
    assert "NaN or infinity" in poisoned.outcome
    assert poisoned.format == "vae-analyze"
    assert poisoned.tensor_count == 14
    bare = inspect_file(tmp_path / "bare.pt")
    assert [(tensor.name, tensor.shape, tensor.dtype) for tensor in bare.tensors] == [("w", (2,), "float16")]
    assert bare.hint


def test_folders_are_described(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("12345")
    found = inspect_file(tmp_path)
    assert (found.container, found.size, found.sha256, found.loads) == ("folder", 5, "", False)


def test_a_real_folder_loads(shared_data: Path) -> None:
    found = inspect_file(shared_data / "checkpoints" / "VAE_mnist")
    assert found.loads
    assert found.format == "disentangling-vae"
    assert found.tensor_count == 24


def test_what_is_not_there_raises(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        inspect_file(tmp_path / "none")
