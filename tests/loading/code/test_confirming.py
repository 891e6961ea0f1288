from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.small_vaes import evidence
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.code import confirming
from vae_analyze.loading.code.confirming import settled_with
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Convention
from vae_analyze.loading.settling.settle import Known, Settled

FILE = "a = 1\nt = transforms.Normalize((0.5,), (0.5,))\n"


class Network(nn.Module):
    input_shape, latent_shape = (1, 8, 8), (2,)

    def outputs(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
        del labels
        return x.flatten(1)[:, :2], x.flatten(1)[:, 2:4]

    def decoded(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        del labels
        return torch.zeros(len(z), 1, 8, 8)


def settling(signed: float, plain: float, *, sure: bool = False) -> Any:
    """A stand-in for the experiment: the error with the file's scale, and with the data's favourite."""

    def settle(core: Any, options: LoadOptions, *, known: Known) -> Settled:
        del core
        if known.input_range is None and not sure and not options.accept_guess:
            raise CheckpointError("cannot settle input range")
        told = Assumption(what="input range", value="0 to 1", source="the data", guess=not sure)
        found = Settled(convention=Convention(), assumptions=(told,), error=plain, mean_sample_error=1.0)
        if known.input_range is None:
            return found
        return replace(found, convention=Convention(input_range=known.input_range), error=signed)

    return settle


def ruled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Any, text: str = FILE) -> Settled:
    (tmp_path / "train.py").write_text(text)
    monkeypatch.setattr(confirming, "settle", how)
    return settled_with(Network(), LoadOptions(evidence=evidence()), Known(), tmp_path / "train.py")


def test_what_the_data_leave_open_is_taken_from_the_file_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ruled(tmp_path, monkeypatch, settling(0.5, 0.48))
    (told,) = found.assumptions
    assert found.convention.input_range == (-1.0, 1.0)
    assert (told.value, told.guess) == ("-1 to 1", False)
    assert "line 2 of train.py: transforms.Normalize((0.5,), (0.5,))" in told.source
    assert "error 0.5" in told.source
    assert "0.48 with the data's own favourite, 0 to 1" in told.source
    assert found.choices["input range"] == "-1 to 1"


@pytest.mark.parametrize(
    "how", [settling(0.6, 0.48), settling(0.99, 0.98), settling(float("nan"), 0.5)], ids=["worse", "useless", "none"]
)
def test_a_file_that_the_data_contradict_confirms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    with pytest.raises(CheckpointError, match="cannot settle input range"):
        ruled(tmp_path, monkeypatch, how)


def test_clear_data_go_before_the_file_and_a_silent_file_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ruled(tmp_path, monkeypatch, settling(0.1, 0.1, sure=True)).convention.input_range == (0.0, 1.0)
    with pytest.raises(CheckpointError, match="cannot settle input range"):
        ruled(tmp_path, monkeypatch, settling(0.5, 0.48), "a = 1\n")
