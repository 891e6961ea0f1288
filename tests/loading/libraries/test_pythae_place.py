from __future__ import annotations

from pathlib import Path

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.pythae_place import find_model, has_model
from vae_analyze.loading.source import Source


def model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "model_config.json").write_text('{"name": "VAEConfig"}')
    (folder / "model.pt").write_bytes(b"x")
    return folder


def test_the_folder_and_its_weights(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    for path in (folder, folder / "model.pt"):
        assert has_model(Source.open(path))
        assert find_model(Source.open(path)).folder == folder
    assert not has_model(Source.open(folder / "model_config.json"))
    assert not has_model(Source.open(tmp_path))


def test_a_training_gives_its_final_model(tmp_path: Path) -> None:
    model(tmp_path / "t" / "final_model")
    model(tmp_path / "t" / "checkpoint_epoch_10")
    place = find_model(Source.open(tmp_path / "t"))
    assert (place.folder.name, place.warning) == ("final_model", "")


def test_else_its_last_checkpoint_with_a_warning(tmp_path: Path) -> None:
    for epoch in (2, 10, 9):
        model(tmp_path / "t" / f"checkpoint_epoch_{epoch}")
    place = find_model(Source.open(tmp_path / "t"))
    assert place.folder.name == "checkpoint_epoch_10"
    assert "did not finish" in place.warning


def test_the_folder_of_one_training_and_of_several(tmp_path: Path) -> None:
    first = model(tmp_path / "VAE_training_2024-01-02_03-04-05" / "final_model")
    assert has_model(Source.open(tmp_path))
    assert find_model(Source.open(tmp_path)).folder == first
    model(tmp_path / "VAE_training_2024-01-03_03-04-05" / "final_model")
    with pytest.raises(CheckpointError, match="outputs of 2 trainings"):
        find_model(Source.open(tmp_path))
