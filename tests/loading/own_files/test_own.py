from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.written_files import small_mlp, written
from vae_analyze.errors import CheckpointError, StoreError
from vae_analyze.loading.architectures.conv import Conv, ConvOptions
from vae_analyze.loading.architectures.registry import Network
from vae_analyze.loading.load import load
from vae_analyze.loading.own_files.own import save
from vae_analyze.vae import VAE

CONV = ConvOptions(input_shape=(1, 16, 16), channels=4, hidden=(8,), latent_dim=2, interleaved=True)


@pytest.mark.parametrize("model", [small_mlp(), small_mlp(deterministic=True), Conv(CONV)], ids=["mlp", "ae", "conv"])
def test_a_saved_model_gives_identical_codes_and_data(tmp_path: Path, model: Network) -> None:
    save(tmp_path / "a.pt", model)
    loaded = load(tmp_path / "a.pt")
    assert isinstance(loaded.vae, VAE)
    x = torch.rand(4, *model.input_shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        before, after = model.encode(x), loaded.vae.encode(x)
        assert torch.equal(before.mean, after.mean)
        assert torch.equal(before.logvar, after.logvar)
        assert torch.equal(model.decode(before.mean), loaded.vae.decode(after.mean))
    assert loaded.card.deterministic == model.options.deterministic
    assert loaded.card.architecture == model.describe()
    assert loaded.card.parameters == sum(weight.numel() for weight in model.parameters())


def test_the_card_carries_what_was_stated(tmp_path: Path) -> None:
    card = load(written(tmp_path / "a.pt")).card
    assert (card.name, card.data, card.format, card.likelihood) == ("small", "digits:train", "vae-analyze", "bernoulli")
    assert card.details["command"] == "python train.py"
    assert card.details["seed"] == 3
    assert card.input_shape == (1, 4, 4)
    assert card.latent_shape == (3,)
    assert {assumption.source for assumption in card.assumptions} == {"card", "card: likelihood"}


def test_equal_models_are_equal_files_wherever_they_are_saved(tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        save(tmp_path / name, small_mlp(), name="same")
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "b.pt").read_bytes()


def test_a_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.pt")
    before = path.read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"cannot write .*No space left"):
        save(path, small_mlp(seed=1))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.pt"]
    assert path.read_bytes() == before


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        save(tmp_path / "none" / "a.pt", small_mlp())


def changed(path: Path, **changes: Any) -> Path:
    return written(path, lambda content: content.update(changes))


def test_a_newer_schema_says_upgrade(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"schema 2, written by a newer vae-analyze.*\n.*upgrade"):
        load(changed(tmp_path / "a.pt", schema=2))


@pytest.mark.parametrize("schema", [None, "1", 0, 1.0, True])
def test_a_schema_that_is_no_number_is_refused(tmp_path: Path, schema: object) -> None:
    with pytest.raises(CheckpointError, match="field 'schema'"):
        load(changed(tmp_path / "a.pt", schema=schema))


@pytest.mark.parametrize("card", [None, [], {"name": "a"}, {1: 2}])
def test_a_malformed_card_is_refused(tmp_path: Path, card: object) -> None:
    with pytest.raises(CheckpointError, match="card: expected"):
        load(changed(tmp_path / "a.pt", card=card))


def test_a_missing_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="expected a card, found none"):
        load(written(tmp_path / "a.pt", lambda content: content.pop("card")))


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="expected named weights"):
        load(written(tmp_path / "a.pt", lambda content: content.pop("state_dict")))


def test_nan_weights_are_refused_by_name(tmp_path: Path) -> None:
    def poison(content: dict[str, Any]) -> None:
        content["state_dict"]["mean.weight"][0, 0] = math.nan

    with pytest.raises(CheckpointError, match=r"NaN or infinity .*mean\.weight \(1 of 18\)"):
        load(written(tmp_path / "a.pt", poison))


def test_claimed_sizes_do_not_allocate(tmp_path: Path) -> None:
    def enlarge(content: dict[str, Any]) -> None:
        content["card"]["options"]["hidden"] = [1 << 24] * 8

    with pytest.raises(CheckpointError, match="do not fit the architecture"):
        load(written(tmp_path / "a.pt", enlarge))


def test_an_unknown_field_is_a_warning(tmp_path: Path) -> None:
    card = load(written(tmp_path / "a.pt", lambda content: content["card"].update(colour="red"))).card
    assert card.warnings == ("the card's field 'colour' is not known and was left out",)
