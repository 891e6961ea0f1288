from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from loading.code.made import PLAIN, reference
from loading.code.made import written as text_written
from loading.onnx_bytes import one_node
from loading.real_libraries import written_autoencoder, written_pythae
from loading.written_files import small_mlp, written
from vae_analyze.loading.inspect import inspect_file
from vae_analyze.loading.own_files import torchscript
from vae_analyze.loading.own_files.program import ProgramCore
from vae_analyze.loading.own_files.saving import save


def _own(folder: Path) -> Path:
    return written(folder / "a.pt")


def _program(folder: Path) -> Path:
    save(small_mlp(), folder / "a.vae", kind="program")
    return folder / "a.vae"


def _script(folder: Path) -> Path:
    save(small_mlp(), folder / "a.pt", kind="torchscript")
    return folder / "a.pt"


def _exported(folder: Path) -> Path:
    torch.export.save(torch.export.export(nn.Linear(4, 2), (torch.rand(2, 4),), strict=False), folder / "a.pt2")
    return folder / "a.pt2"


def _onnx(folder: Path) -> Path:
    for name in ("encoder", "decoder"):
        (folder / f"{name}.onnx").write_bytes(one_node("Relu", {"x": ("n", 4)}, {"y": ("n", 4)}))
    return folder


def _diffusers(folder: Path) -> Path:
    written_autoencoder(folder / "m")
    return folder / "m"


def _pythae(folder: Path) -> Path:
    written_pythae(folder / "m")
    return folder / "m"


def _bare(folder: Path) -> Path:
    torch.save(reference(PLAIN, "VAE").state_dict(), folder / "a.pth")
    return folder / "a.pth"


@pytest.mark.parametrize(
    ("make", "format_", "says"),
    [
        (_own, "vae-analyze", "nothing"),
        (_bare, "rebuilt", "nothing"),
        (_program, "vae-analyze program", "operators in the file, by this suite's own runner"),
        (_script, "TorchScript", "the program in the file, once its operators were looked at"),
        (_exported, "torch.export", "nothing: such a file is named, not read"),
        (_onnx, "onnx", "the two graphs, by onnxruntime"),
        (_diffusers, "diffusers", "nothing of the folder; the network is the installed library diffusers' own code"),
        (_pythae, "pythae", "nothing of the folder; the network is the installed library pythae's own code"),
    ],
)
def test_every_format_says_what_runs(tmp_path: Path, make: Callable[[Path], Path], format_: str, says: str) -> None:
    found = inspect_file(make(tmp_path))
    assert found.format == format_
    assert found.executed == says or (says != "nothing" and says in found.executed)
    runs = says != "nothing" and format_ != "torch.export"
    assert ("when it is loaded, and on your data" in found.executed) is runs


@pytest.mark.parametrize("kind", ["torchscript", "program"])
def test_a_program_does_run_when_it_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = _script(tmp_path) if kind == "torchscript" else _program(tmp_path)
    ran: list[int] = []
    called, run = torchscript.called, ProgramCore._run

    def noted(method: Any, value: torch.Tensor, labels: Any) -> Any:
        ran.append(len(value))
        return called(method, value, labels)

    def noted_run(self: ProgramCore, program: Any, value: torch.Tensor, labels: Any, **words: Any) -> Any:
        ran.append(len(value))
        return run(self, program, value, labels, **words)

    monkeypatch.setattr(torchscript, "called", noted)
    monkeypatch.setattr(ProgramCore, "_run", noted_run)
    found = inspect_file(path)
    assert found.loads
    assert ran
    assert max(ran) <= 4
    assert "a few made-up samples" in found.executed


def test_a_class_and_an_adapter_are_named_and_trust_is_not(tmp_path: Path) -> None:
    weights, code = _bare(tmp_path), text_written(tmp_path / "model.py", PLAIN)
    assert inspect_file(weights, trust=True).executed == "nothing"  # only pickled networks of a library need it
    by_class = inspect_file(weights, model=f"{code}:VAE", trust=True, accept_guess=True)
    assert by_class.executed.startswith(f"the class {code}:VAE and what it uses, nothing else of its file")
    adapter = text_written(tmp_path / "adapter.py", "def load(path):\n    raise ValueError('no')\n")
    assert inspect_file(weights, adapter=str(adapter)).executed.startswith(f"the file {adapter}, the whole of it")


class _Calls:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("false",)


def test_pickled_networks_of_a_folder_are_named_with_what_they_ask_for(tmp_path: Path) -> None:
    written_pythae(tmp_path / "m", uses_default_encoder=False)
    (tmp_path / "m" / "encoder.pkl").write_bytes(pickle.dumps(_Calls()))
    found = inspect_file(tmp_path / "m")
    assert found.executed == "nothing; with --trust encoder.pkl, pickles that may do anything"
    assert "posix.system" in found.asks_for
    assert not found.loads
