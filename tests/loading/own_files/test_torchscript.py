from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.script_models import Mapper, ScriptVAE, Speaker, Waker, Writer
from loading.trained import blobs
from loading.written_files import rezipped, small_mlp
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.program_card import CARD_RECORD
from vae_analyze.loading.own_files.saving import save
from vae_analyze.loading.own_files.torchscript import TORCHSCRIPT
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.source import Source


def scripted(module: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script: Any = torch.jit.script(module)
        script.save(str(path))
    return path


def read(path: Path, **words: Any) -> Loaded:
    source = Source.open(path)
    assert TORCHSCRIPT.recognise(source)
    return TORCHSCRIPT.read(source, LoadOptions(**words))


def evidence(n: int = 400) -> Evidence:
    x, labels = blobs(n)
    return Evidence(name="blobs", x=x, value_range=(0.0, 1.0), labels=labels, classes=3)


def foreign_vae() -> ScriptVAE:
    """Somebody's model, trained for a moment."""
    torch.manual_seed(0)
    model = ScriptVAE()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(300):
        x = blobs(32, seed=step)[0].flatten(1)
        mean, logvar = model.encode(x)
        x_hat = model.decode(mean + torch.randn_like(mean) * (0.5 * logvar).exp())
        loss = (x_hat - x).square().sum() / len(x) - 0.05 * (1 + logvar - mean.square() - logvar.exp()).sum() / len(x)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call] # torch does not annotate it
        optimiser.step()
    return model


def test_somebody_elses_program_is_read_by_its_names_and_settled_on_data(tmp_path: Path) -> None:
    model = foreign_vae()
    loaded = read(scripted(model, tmp_path / "theirs.pt"), evidence=evidence(), second="logvar")
    assert (loaded.card.input_shape, loaded.card.latent_shape) == ((1, 16, 16), (4,))
    assert loaded.card.architecture == "TorchScript ScriptVAE"
    found = {assumption.what: assumption.value for assumption in loaded.card.assumptions}
    assert found["encoder and decoder"] == "method encode, method decode"
    assert found["samples"] == "as vectors"
    assert found["input range"] == "0 to 1"
    x = blobs(10, seed=7)[0]
    with torch.no_grad():
        posterior = loaded.vae.encode(x)  # type: ignore[union-attr]
        mean, logvar = model.encode(x.flatten(1))
        assert torch.equal(posterior.mean, mean)
        assert torch.equal(posterior.logvar, logvar)
        assert torch.equal(loaded.vae.decode(mean).flatten(1), model.decode(mean))  # type: ignore[union-attr]


def test_somebody_elses_program_without_data_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"does not say what shape.*\n.*--data"):
        read(scripted(ScriptVAE(), tmp_path / "a.pt"))


def test_data_of_another_shape_are_named(tmp_path: Path) -> None:
    other = Evidence(name="noise", x=torch.rand(8, 1, 9, 9), value_range=(0.0, 1.0))
    with pytest.raises(CheckpointError, match=r"of the shapes \(1, 9, 9\) of noise"):
        read(scripted(ScriptVAE(), tmp_path / "a.pt"), evidence=other)


def test_a_program_of_one_function_says_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"without encode or encoder; it has forward.*\n.*vae_analyze.save"):
        read(scripted(nn.Linear(4, 2), tmp_path / "a.pt"), evidence=evidence(8))


def test_a_scripted_module_is_saved_with_a_card(tmp_path: Path) -> None:
    model = foreign_vae()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.script(model)
    x = blobs(8)[0]
    card = save(module, tmp_path / "a.pt", example=x)
    assert card.format == "TorchScript"
    with torch.no_grad():
        assert torch.equal(read(tmp_path / "a.pt").vae.encode(x).mean, model.encode(x.flatten(1))[0])  # type: ignore[union-attr]


@pytest.mark.parametrize("make", [Writer, Mapper, Waker, lambda path: Speaker()], ids=["save", "map", "wake", "print"])
def test_programs_that_reach_beyond_tensors_are_refused_unrun(
    tmp_path: Path, make: Callable[[str], nn.Module], capfd: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "trace"
    path = scripted(make(str(trace)), tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match=r"was refused\. Nothing (of it )?was executed"):
        read(path, evidence=Evidence(name="noise", x=torch.rand(8, 4)))
    assert not trace.exists()
    assert "here" not in capfd.readouterr().out


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("script") / "a.pt"
    save(small_mlp(), path, kind="torchscript", name="small")
    return path


def test_an_operator_slipped_into_the_code_is_refused_unrun(whole: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    for call in (f'torch.save(x, "{trace}")', f'ops.aten.save(x, "{trace}")', f'torch . save(x, "{trace}")'):

        def slip(name: str, content: bytes, call: str = call) -> bytes:
            if not name.endswith("code/__torch__.py") and b"def encode" not in content:
                return content
            lines = content.decode().splitlines(keepends=True)
            at = next(i for i, line in enumerate(lines) if "def encode" in line)
            start = next(i for i in range(at, len(lines)) if lines[i].rstrip().endswith(":") and "->" in lines[i])
            return "".join([*lines[: start + 1], f"    _evil = {call}\n", *lines[start + 1 :]]).encode()

        with pytest.raises(CheckpointError, match=r"was refused|cannot be read"):
            read(rezipped(whole, tmp_path / "b.pt", slip))
        assert not trace.exists()


def card_changed(whole: Path, target: Path, change: Callable[[Any], None]) -> Path:
    def new(name: str, content: bytes) -> bytes:
        if not name.endswith(CARD_RECORD):
            return content
        plain = json.loads(content)
        change(plain)
        return json.dumps(plain).encode()

    return rezipped(whole, target, new)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(schema=9), "schema 9, of a newer"),
        (lambda c: c.update(kind="program"), "field 'kind'"),
        (lambda c: c["card"].update(latent_shape="x"), "field 'latent_shape'"),
        (lambda c: c.pop("card"), "expected named fields"),
    ],
)
def test_hostile_cards_are_refused(whole: Path, tmp_path: Path, change: Callable[[Any], None], said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        read(card_changed(whole, tmp_path / "b.pt", change))


def test_a_card_without_its_methods_is_refused(whole: Path, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(whole) as archive:
            card = next(archive.read(name) for name in archive.namelist() if name.endswith(CARD_RECORD))
        torch.jit.save(
            torch.jit.script(nn.Linear(4, 2)), str(tmp_path / "b.pt"), _extra_files={CARD_RECORD: card.decode()}
        )
    with pytest.raises(
        CheckpointError, match=r"expected a TorchScript program with encode and decode, found methods forward"
    ):
        read(tmp_path / "b.pt")


def test_a_file_cut_off_or_with_a_flipped_byte_is_refused_or_whole(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    path = tmp_path / "b.pt"
    for at in range(60, len(content), len(content) // 40):
        path.write_bytes(content[:at])
        assert not TORCHSCRIPT.recognise(Source.open(path))
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :])
        source = Source.open(path)
        if not TORCHSCRIPT.recognise(source):
            continue
        try:
            loaded = TORCHSCRIPT.read(source, LoadOptions())
        except CheckpointError:
            continue
        assert loaded.card.latent_shape == (3,)


def test_nan_weights_are_refused(tmp_path: Path) -> None:
    model = ScriptVAE()
    with torch.no_grad():
        model.fc21.weight[0, 0] = torch.nan
    with pytest.raises(CheckpointError, match=r"NaN or infinity .*fc21\.weight"):
        read(scripted(model, tmp_path / "a.pt"), evidence=evidence(8))


def test_a_number_format_that_is_part_of_the_program_is_said(tmp_path: Path) -> None:
    class Fixed(nn.Module):
        def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x.float() * 2, x.float()

        def decode(self, z: Tensor) -> Tensor:
            return z.float() / 2

    save(Fixed(), tmp_path / "a.pt", example=torch.rand(4, 3), kind="torchscript", second="logvar")
    vae: Any = read(tmp_path / "a.pt").vae
    assert vae.encode(torch.rand(2, 3)).mean.dtype == torch.float32
    with pytest.raises(
        CheckpointError, match=r"computes in torch.float32 although it is given torch.float64.*\n.*kind="
    ):
        vae.encode(torch.rand(2, 3, dtype=torch.float64))


def test_weights_are_not_taken_for_programs(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2).state_dict(), tmp_path / "a.pt")
    assert not TORCHSCRIPT.recognise(Source.open(tmp_path / "a.pt"))
