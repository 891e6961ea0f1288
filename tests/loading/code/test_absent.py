from __future__ import annotations

import types
from typing import Any

import pytest
import torch
from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.absent import Deferred, NotThere, StandInModule


def test_a_missing_package_raises_only_when_it_is_used() -> None:
    stub = Deferred("person_missing")
    inner = stub.transforms.Compose
    assert repr(inner) == "<person_missing.transforms.Compose>"
    assert not isinstance(3, inner)
    for use in (lambda: inner(), lambda: inner[0], lambda: list(inner)):
        with pytest.raises(
            CheckpointError, match=r"person_missing\.transforms\.Compose(?s:.*)pip install person_missing"
        ):
            use()


def test_a_package_that_is_there_is_imported_when_it_is_used() -> None:
    stub = Deferred("json")
    assert stub.loads("[1]") == [1]
    assert Deferred("json", ("loads",))("[2]") == [2]
    whole: Any = Deferred("builtins", ("int",))
    assert isinstance(3, whole)
    assert Deferred("xml", ("dom", "minidom"))._found().__name__ == "xml.dom.minidom"


def test_bases_of_missing_packages() -> None:
    base: Any = Deferred("pl_missing").core.LightningModule
    mixin: Any = Deferred("hub_missing", ("PyTorchModelHubMixin",))

    class Net(base, mixin):  # type: ignore[misc]  # made at run time
        pass

    assert issubclass(Net, StandInModule)
    with pytest.raises(CheckpointError, match="pyro_missing"):
        types.new_class("Other", (Deferred("pyro_missing").Module,))


def test_a_name_that_is_not_there_raises_on_any_use() -> None:
    name = NotThere("x", "give it")
    assert "x" in repr(name)
    for use in (lambda: name(), lambda: name.y, lambda: name + 1, lambda: len(name), lambda: bool(name)):
        with pytest.raises(CheckpointError, match=r"the class needs x(?s:.*)give it"):
            use()


class _Kept(StandInModule):
    def __init__(self, size: int, hidden: int = 3, **kwargs: Any) -> None:
        super().__init__()
        self.save_hyperparameters(ignore="hidden")
        self.layer = nn.Linear(self.hparams.size, 2)
        self.log("loss", 1.0)


class _Named(StandInModule):
    def __init__(self, hparams: Any) -> None:
        super().__init__()
        self.save_hyperparameters(hparams)


def test_hyperparameters_are_kept_as_lightning_keeps_them() -> None:
    made = _Kept(4, lr=0.1)
    assert dict(made.hparams) == {"size": 4, "lr": 0.1}
    assert made.device == torch.device("cpu")
    assert _Named({"a": 1}).hparams.a == 1
    made.hparams = {"b": 2}
    assert made.hparams.b == 2
    with pytest.raises(AttributeError, match="no hyperparameter 'c'"):
        _ = made.hparams.c
