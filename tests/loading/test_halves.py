from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.code.made import written
from loading.small_vaes import SmallVAE, evidence, trained
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.inspect import inspect_file
from vae_analyze.loading.load import load
from vae_analyze.vae import VAE

CLASSES = """
import torch
from torch import nn

class Encoder(nn.Module):
    def __init__(self, size=6):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
        self.mu, self.logvar = nn.Linear(48, size), nn.Linear(48, size)
    def forward(self, x):
        h = self.body(x.flatten(1))
        return self.mu(h), self.logvar(h)

class VAE(nn.Module):
    def __init__(self, size=6):
        super().__init__()
        self.encoder = Encoder(size)
        self.decoder = nn.Sequential(nn.Linear(size, 48), nn.ReLU(), nn.Linear(48, 64), nn.Sigmoid())
    def encode(self, x):
        return self.encoder(x)
    def decode(self, z):
        return self.decoder(z).view(-1, 1, 8, 8)
"""


def halves(network: SmallVAE) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    state = network.state_dict()
    encoder = {name: value for name, value in state.items() if not name.startswith("decoder.")}
    return encoder, dict(network.decoder.state_dict())


def pair(folder: Path, encoder: str, decoder: str, *, wrapped: bool = False) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    for name, state in zip((encoder, decoder), halves(trained()), strict=True):
        if name.endswith(".safetensors"):
            (folder / name).write_bytes(packed(state, {}))
        else:
            torch.save({"model_state_dict": state, "epoch": 3} if wrapped else state, folder / name)
    return folder / encoder, folder / decoder


def same(loaded: Loaded) -> None:
    vae: Any = loaded.vae
    x = evidence().x[:9]
    mean, logvar = trained().encode(x)
    posterior = vae.encode(x)
    torch.testing.assert_close(posterior.mean, mean, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(posterior.logvar, logvar, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(vae.decode(mean), trained().decode(mean), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("encoder", "decoder", "wrapped"),
    [
        ("encoder.pth", "decoder.pth", False),
        ("vae_Encoder.pt", "vae_Decoder.pt", True),
        ("encoder_epoch10.ckpt", "decoder_epoch10.ckpt", False),
        ("my.enc.safetensors", "my.dec.safetensors", False),
    ],
)
def test_either_file_or_their_folder_loads_both(tmp_path: Path, encoder: str, decoder: str, wrapped: bool) -> None:
    one, other = pair(tmp_path / "run", encoder, decoder, wrapped=wrapped)
    found = [load(path, evidence=evidence()) for path in (one, other, tmp_path / "run")]
    for loaded, path in zip(found, (one, other, tmp_path / "run"), strict=True):
        same(loaded)
        assert loaded.card.path == str(path)
        said = {given.what: given for given in loaded.card.assumptions}["files"]
        assert said.value == f"encoder and decoder of one model: {encoder} and {decoder}"
        assert not said.guess
    assert len({loaded.card.fingerprint for loaded in found}) == 1
    assert [loaded.card.name for loaded in found] == [one.stem, other.stem, "run"]


def test_the_fingerprint_covers_both_files(tmp_path: Path) -> None:
    one, other = pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    code = f"{written(tmp_path / 'model.py', CLASSES)}:VAE"
    before = load(one, model=code, evidence=evidence()).card.fingerprint
    state = torch.load(other, weights_only=True)
    state["0.bias"] += 1e-3
    torch.save(state, other)
    assert load(one, model=code, evidence=evidence()).card.fingerprint != before


def test_a_class_is_filled_from_both(tmp_path: Path) -> None:
    one, other = pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    code = f"{written(tmp_path / 'model.py', CLASSES)}:VAE"
    for path in (one, other, tmp_path / "run"):
        loaded = load(path, model=code, evidence=evidence())
        assert isinstance(loaded.vae, VAE)
        same(loaded)
        assert loaded.card.assumptions[0].what == "files"


def test_optimisers_and_logs_beside_a_pair_are_no_model(tmp_path: Path) -> None:
    pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    torch.save({"state": {}, "param_groups": []}, tmp_path / "run" / "optimizer.pth")
    (tmp_path / "run" / "log.txt").write_text("epoch 1")
    same(load(tmp_path / "run", evidence=evidence()))


def test_several_pairs_are_refused_with_their_names(tmp_path: Path) -> None:
    pair(tmp_path / "run", "encoder_epoch1.pth", "decoder_epoch1.pth")
    one, _ = pair(tmp_path / "run", "encoder_epoch2.pth", "decoder_epoch2.pth")
    with pytest.raises(CheckpointError, match=r"2 pairs .*encoder_epoch1.pth \+ decoder_epoch1.pth.*epoch2") as caught:
        load(tmp_path / "run", evidence=evidence())
    assert "name the encoder's or the decoder's file" in caught.value.hint
    assert not inspect_file(tmp_path / "run").loads
    same(load(one, evidence=evidence()))


def test_a_pair_beside_another_model_is_refused(tmp_path: Path) -> None:
    pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    torch.save(trained().state_dict(), tmp_path / "run" / "final.pth")
    with pytest.raises(CheckpointError, match=r"beside them final\.pth"):
        load(tmp_path / "run", evidence=evidence())


def test_a_whole_model_named_like_a_half_stays_itself(tmp_path: Path) -> None:
    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = nn.Linear(64, 8), nn.Linear(4, 64)

    torch.save(Whole().state_dict(), tmp_path / "encoder.pth")
    torch.save(halves(trained())[1], tmp_path / "decoder.pth")
    found = inspect_file(tmp_path / "encoder.pth")
    assert found.tensor_count == 4


def test_a_half_alone_is_refused(tmp_path: Path) -> None:
    one, other = pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    for path, rest in ((one, other), (other, one)):
        shutil.copy(path, tmp_path / path.name)
        with pytest.raises(CheckpointError):
            load(tmp_path / path.name, evidence=evidence())
        (tmp_path / path.name).unlink()
        assert rest.is_file()


def test_halves_of_two_models_are_not_taken_for_one_silently(tmp_path: Path) -> None:
    one, other = pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    torch.manual_seed(5)
    state = {name: torch.randn_like(value) * 0.2 for name, value in torch.load(other, weights_only=True).items()}
    torch.save(state, other)
    found = inspect_file(one, evidence=evidence())
    said = " ".join((*(found.card or {}).get("warnings", ()), found.outcome))
    assert not found.loads or "decoder" in said


def test_inspect_shows_the_tensors_of_both(tmp_path: Path) -> None:
    one, _ = pair(tmp_path / "run", "encoder.pth", "decoder.pth")
    for path in (one, tmp_path / "run"):
        found = inspect_file(path, evidence=evidence())
        assert found.tensor_count == len(trained().state_dict())
        assert found.loads
        assert found.executed == "nothing"


def test_averages_of_both_are_taken_as_in_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    for name, state in zip(("encoder", "decoder"), halves(trained()), strict=True):
        plain = {key: value + 1.0 for key, value in state.items()}
        torch.save({"state_dict": plain, "ema_state_dict": state}, folder / f"{name}.pth")
    code = f"{written(tmp_path / 'model.py', CLASSES)}:VAE"
    same(load(folder, model=code, evidence=evidence()))
    raw = load(folder, model=code, evidence=evidence(), weights="raw", accept_guess=True)
    assert raw.card.fingerprint != load(folder, model=code, evidence=evidence()).card.fingerprint
    vae: Any = raw.vae
    assert not torch.allclose(vae.encode(evidence().x[:3]).mean, trained().encode(evidence().x[:3])[0])
