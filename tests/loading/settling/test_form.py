from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from loading.cores import AsCore, LabelledCore, sample_vae
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.settling.form import form_of


@pytest.mark.parametrize(("split", "arrangement"), [("separate", "pair"), ("halves", "both"), ("interleaved", "both")])
def test_arrangements(repository: Path, split: str, arrangement: str) -> None:
    found = form_of(AsCore(sample_vae(repository, "digits-vae"), split=split))
    assert found.arrangement == arrangement
    assert found.labels == ("none",)


def test_a_mean_alone(repository: Path) -> None:
    assert form_of(AsCore(sample_vae(repository, "digits-ae"), second="none")).arrangement == "mean"


def test_labels() -> None:
    assert form_of(LabelledCore("index"), classes=10).labels == ("index",)
    assert form_of(LabelledCore("onehot"), classes=10).labels == ("onehot",)
    with pytest.raises(CheckpointError, match="labels are missing"):
        form_of(LabelledCore("onehot"), ("none",))


def test_shapes_that_fit_nothing_are_named() -> None:
    class Three(LabelledCore):
        def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
            return (torch.zeros(len(x), 3),)

    class Flat(LabelledCore):
        def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
            return (torch.zeros(len(x), 8),)

        def decoded(self, z: Tensor, labels: Tensor | None, /) -> Tensor:
            return torch.zeros(len(z), 5)

    with pytest.raises(CheckpointError, match=r"expected the encoder to give a code of shape \(8,\)"):
        form_of(Three("index"))
    with pytest.raises(CheckpointError, match=r"expected the decoder to give samples of shape \(64,\), found \(5,\)"):
        form_of(Flat("index"))
