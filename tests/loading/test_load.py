from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
import torch

import vae_analyze
from loading.written_files import hostile_torch_file, small_mlp, written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.load import list_formats, load
from vae_analyze.loading.own_files.own import save


def test_a_loaded_model_is_frozen_and_in_evaluation_mode(tmp_path: Path) -> None:
    vae = load(written(tmp_path / "a.pt")).vae
    assert isinstance(vae, torch.nn.Module)
    assert not vae.training
    assert not any(weight.requires_grad for weight in vae.parameters())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_number_format_is_the_one_asked_for(tmp_path: Path, dtype: torch.dtype) -> None:
    vae = load(written(tmp_path / "a.pt"), dtype=dtype).vae
    assert isinstance(vae, torch.nn.Module)
    assert {weight.dtype for weight in vae.parameters()} == {dtype}


def test_the_name_can_be_chosen_and_does_not_change_the_fingerprint(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pt")
    named = load(path, name="mine").card
    assert named.name == "mine"
    assert named.fingerprint == load(str(path)).card.fingerprint


def test_one_changed_byte_changes_the_fingerprint(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pt")
    before = load(path).card.fingerprint

    def change(content: dict[str, Any]) -> None:
        content["state_dict"]["output.bias"].view(torch.uint8)[0] ^= 1

    assert before != load(written(path, change)).card.fingerprint


def test_one_flipped_byte_of_the_weights_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "a.pt")
    content = bytearray(path.read_bytes())
    content[content.find(small_mlp().state_dict()["output.bias"].numpy().tobytes())] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="damaged in its record"):
        load(path)


def test_a_device_that_is_not_there_is_said(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has the device")
    with pytest.raises(CheckpointError, match="cannot put the model on cuda"):
        load(written(tmp_path / "a.pt"), device="cuda")


def test_weights_that_overflow_are_a_warning(tmp_path: Path) -> None:
    model = small_mlp()
    with torch.no_grad():
        model.mean.weight.fill_(1e38)
        next(iter(model.encoder.parameters())).fill_(1e10)
    save(tmp_path / "a.pt", model)
    assert "encode gives NaN or infinity on uniform noise in [0, 1]" in load(tmp_path / "a.pt").card.warnings


def test_bare_weights_are_listed(tmp_path: Path) -> None:
    torch.save({f"layer{n}.\x1b[31mweight": torch.zeros(n, 2) for n in range(1, 20)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError) as caught:
        load(tmp_path / "a.pt")
    assert "expected an MLP or convolutional VAE that follows from names and shapes" in caught.value.message
    assert "layer1.weight (1, 2)" in caught.value.message
    assert "and 15 more" in caught.value.message
    assert "\x1b" not in str(caught.value)
    assert "--model FILE.py:CLASS" in caught.value.hint


def test_weights_inside_other_data_are_listed_with_their_path(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "model": {"w": torch.zeros(2)}}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"weights that belong to no layer known here: w \(2,\)") as caught:
        load(tmp_path / "a.pt")
    assert "weights['model']" in caught.value.hint


def test_data_without_weights_are_said(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="holds no weights, only dict"):
        load(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("names", "match"),
    [
        ([], "it holds nothing"),
        (["a.txt", "b.json"], r"it holds a\.txt, b\.json"),
        (["saved_model.pb"], "a TensorFlow model that this version does not read"),
    ],
)
def test_a_folder_of_unknown_kind_is_listed(tmp_path: Path, names: list[str], match: str) -> None:
    for name in names:
        (tmp_path / name).touch()
    with pytest.raises(CheckpointError, match=match):
        load(tmp_path)


def test_every_refusal_exits_with_three_and_says_what_to_do(tmp_path: Path) -> None:
    hostile_torch_file(tmp_path / "hostile.pt", tmp_path / "trace")
    (tmp_path / "empty.pt").touch()
    (tmp_path / "text.pt").write_text("not a model")
    (tmp_path / "cut.pt").write_bytes(written(tmp_path / "whole.pt").read_bytes()[:5000])
    torch.save({"w": torch.zeros(1)}, tmp_path / "bare.pt")
    (tmp_path / "folder").mkdir()
    for name in ("none.pt", "hostile.pt", "empty.pt", "text.pt", "cut.pt", "bare.pt", "folder"):
        with pytest.raises(CheckpointError) as caught:
            load(tmp_path / name)
        assert caught.value.exit_code == 3
        assert caught.value.hint, name
        assert name in caught.value.message
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_mutated_files_load_or_are_refused(tmp_path: Path, legacy: bool) -> None:
    whole = tmp_path / "whole.pt"
    content = torch.load(written(whole), weights_only=True)
    torch.save(content, whole, _use_new_zipfile_serialization=not legacy)
    rng = random.Random(0)
    outcomes = set()
    for _ in range(200):
        mutant = tmp_path / "mutant.pt"
        mutant.write_bytes(mutated(whole.read_bytes(), rng))
        try:
            load(mutant)
            outcomes.add("loaded")
        except CheckpointError:
            outcomes.add("refused")
    assert outcomes == {"loaded", "refused"}


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Some bytes changed, removed, added or cut off, half of them in the first 2,500, where the instructions are."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 3, 20])):
        at = rng.randrange(min(len(changed), rng.choice([len(changed), 2500])))
        kind = rng.choice(["change", "change", "remove", "add", "cut"])
        if kind == "change":
            changed[at] = rng.randrange(256)
        elif kind == "remove":
            del changed[at : at + rng.randrange(1, 20)]
        elif kind == "add":
            changed[at:at] = rng.randbytes(rng.randrange(1, 10))
        else:
            del changed[at + 1 :]
        if len(changed) < 30:
            break
    return bytes(changed)


def test_a_hostile_file_name_does_not_steer_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\n.pt"
    path.write_text("text")
    with pytest.raises(CheckpointError) as caught:
        load(path)
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message


def test_formats_are_listed_with_a_description() -> None:
    names = [known.name for known in list_formats()]
    assert len(set(names)) == len(names)
    assert {"vae-analyze", "disentangling-vae", "diffusers", "pythae"} <= set(names)
    assert names[-1] == "rebuilt"
    assert all(known.description for known in list_formats())


def test_the_package_exports_load(tmp_path: Path) -> None:
    assert vae_analyze.load(os.fspath(written(tmp_path / "a.pt"))).card.name == "small"
