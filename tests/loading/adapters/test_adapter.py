from __future__ import annotations

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.small_vaes import evidence, trained
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.adapter import read_adapter
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.load import load
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.source import Source
from vae_analyze.vae import ConditionalVAE

TEN_LINES = """
import torch
from network import Network

class Adapter(torch.nn.Module):
    def __init__(self, path):
        super().__init__()
        self.vae = Network()
        self.vae.load_state_dict(torch.load(path, weights_only=True))
    def encode(self, x):
        return self.vae.encode(x)
    def decode(self, z):
        return self.vae.decode(z)

load = Adapter
"""

NETWORK = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
        self.mu, self.logvar = nn.Linear(48, 6), nn.Linear(48, 6)
        self.decoder = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 64), nn.Sigmoid())
        self.dropout = nn.Dropout(0.5)
    def encode(self, x):
        h = self.dropout(self.body(x.flatten(1)))
        return self.mu(h), self.logvar(h)
    def decode(self, z):
        return self.decoder(z)
"""

# Without a checkpoint and without torch modules: codes of two numbers of a 2x2 image.
SMALL = """
import torch
class Adapter:
    input_shape = (1, 2, 2)
    latent_shape = (2,)
    def encode(self, x):
        return x.flatten(1)[:, :2], x.flatten(1)[:, 2:] - 3
    def decode(self, z):
        return torch.cat([z, z], dim=1).view(-1, 1, 2, 2).clamp(0, 1)
def load(path):
    return Adapter()
"""


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "vae.pth"
    torch.save(trained().state_dict(), path)
    return path


def written(folder: Path, text: str, name: str = "adapter.py", **beside: str) -> str:
    folder.mkdir(exist_ok=True)
    for module, content in beside.items():
        (folder / f"{module}.py").write_text(content)
    (folder / name).write_text(text)
    return str(folder / name)


def read(checkpoint: Path, adapter: str, **words: Any) -> Loaded:
    return read_adapter(Source.open(checkpoint), LoadOptions(adapter=adapter, **words))


def test_ten_lines_give_identical_codes(checkpoint: Path, tmp_path: Path) -> None:
    loaded = read(checkpoint, written(tmp_path, TEN_LINES, network=NETWORK), evidence=evidence())
    vae: Any = loaded.vae
    x = evidence().x[:9]
    mean, logvar = trained().encode(x)
    assert torch.equal(vae.encode(x).mean, mean)
    assert torch.equal(vae.encode(x).logvar, logvar)
    assert torch.equal(vae.decode(mean), trained().decode(mean))
    card = loaded.card
    assert (card.input_shape, card.latent_shape, card.format, card.name) == ((1, 8, 8), (6,), "adapter", "vae")
    assert card.parameters == sum(weight.numel() for weight in trained().parameters())
    assert card.gradients
    assert not card.guessed
    assert card.architecture == "Adapter of adapter.py"


def test_it_is_put_into_evaluation_mode_and_takes_another_number_format(checkpoint: Path, tmp_path: Path) -> None:
    loaded = read(checkpoint, written(tmp_path, TEN_LINES, network=NETWORK), evidence=evidence())
    vae: Any = loaded.vae
    assert not vae.core.parts[0].vae.dropout.training
    vae.to(torch.float64)
    assert vae.encode(evidence().x[:2].double()).mean.dtype == torch.float64


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda vae: pickle.loads(pickle.dumps(vae))], ids=["copy", "pickle"])
def test_a_copy_has_the_weights_as_they_are_and_not_those_of_the_file(
    checkpoint: Path, tmp_path: Path, copied: Any
) -> None:
    vae: Any = read(checkpoint, written(tmp_path, TEN_LINES, network=NETWORK), evidence=evidence()).vae
    with torch.no_grad():
        vae.core.parts[0].vae.mu.bias += 1
    again = copied(vae)
    x = evidence().x[:3]
    assert torch.equal(again.encode(x).mean, vae.encode(x).mean)
    with torch.no_grad():
        vae.core.parts[0].vae.mu.bias += 1
    assert not torch.equal(again.encode(x).mean, vae.encode(x).mean)


def test_a_copy_after_the_adapter_was_changed_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    path = written(tmp_path, TEN_LINES, network=NETWORK)
    vae = read(checkpoint, path, evidence=evidence()).vae
    Path(path).write_text(TEN_LINES + "# changed")
    with pytest.raises(CheckpointError, match="was changed since"):
        copy.deepcopy(vae)


def test_every_way_to_return_an_answer(checkpoint: Path, tmp_path: Path) -> None:
    ways = {
        "mean, logvar": False,
        "[mean, logvar]": False,
        "(mean, None)": True,
        "mean": True,
        "mean.numpy()": True,
        "(mean.numpy(), logvar.numpy())": False,
        "DiagonalGaussian(mean, logvar)": False,
    }
    for at, (way, deterministic) in enumerate(ways.items()):
        text = SMALL.replace(
            "return x.flatten(1)[:, :2], x.flatten(1)[:, 2:] - 3",
            f"mean, logvar = x.flatten(1)[:, :2], x.flatten(1)[:, 2:] - 3\n        return {way}",
        )
        text = "from vae_analyze.vae import DiagonalGaussian\n" + text
        loaded = read(checkpoint, written(tmp_path, text, name=f"adapter{at}.py"))
        vae: Any = loaded.vae
        x = torch.rand(3, 1, 2, 2)
        assert torch.equal(vae.encode(x).mean, x.flatten(1)[:, :2]), way
        assert loaded.card.deterministic == deterministic
        expected = torch.full((3, 2), -math.inf) if deterministic else x.flatten(1)[:, 2:] - 3
        assert torch.equal(vae.encode(x).logvar, expected)


def test_words_said_beside_it_are_obeyed(checkpoint: Path, tmp_path: Path) -> None:
    path = written(tmp_path, SMALL)
    vae: Any = read(checkpoint, path, second="std", output="logits", range=(-1.0, 1.0)).vae
    x = torch.rand(3, 1, 2, 2)
    plain = read(checkpoint, path)
    there: Any = plain.vae
    torch.testing.assert_close(vae.encode(x).mean, there.encode(2 * x - 1).mean)
    torch.testing.assert_close(vae.encode(x).logvar, 2 * there.encode(2 * x - 1).logvar.abs().log())
    z = torch.randn(3, 2)
    torch.testing.assert_close(vae.decode(z), there.decode(z).sigmoid())
    assert {one.source for one in plain.card.assumptions} >= {"the adapter states it"}


CONDITIONAL = """
import torch
class Adapter:
    input_shape = (1, 2, 2)
    classes = 3
    def encode(self, x, labels):
        assert labels.dtype == torch.{kind}, labels.dtype
        shift = labels.reshape(len(x), -1).float().sum(1, keepdim=True)
        return x.flatten(1)[:, :2] + shift, x.flatten(1)[:, 2:]
    def decode(self, z, labels):
        return torch.cat([z, z], dim=1).view(-1, 1, 2, 2) + labels.reshape(len(z), -1).float().sum(1).view(-1, 1, 1, 1)
load = lambda path: Adapter()
"""

GIVEN = """
import torch
class Bound:
    def __init__(self, labels): self.labels = labels
    def encode(self, x): return x.flatten(1)[:, :2] + self.labels[:, None], x.flatten(1)[:, 2:]
    def decode(self, z): return torch.cat([z, z], dim=1).view(-1, 1, 2, 2) + self.labels.view(-1, 1, 1, 1)
class Adapter:
    input_shape = (1, 2, 2)
    def given(self, labels): return Bound(labels)
load = lambda path: Adapter()
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (CONDITIONAL.format(kind="int64"), {}),
        (CONDITIONAL.format(kind="float32"), {"labels": "onehot"}),
        (GIVEN, {}),
    ],
    ids=["index", "onehot", "given"],
)
def test_conditional_models(checkpoint: Path, tmp_path: Path, text: str, words: dict[str, Any]) -> None:
    loaded = read(checkpoint, written(tmp_path, text), **words)
    assert loaded.card.conditional
    assert isinstance(loaded.vae, ConditionalVAE)
    labels, x = torch.tensor([0, 2, 1]), torch.rand(3, 1, 2, 2)
    bound = loaded.vae.given(labels)
    shift = torch.ones(3) if words else labels.float()
    torch.testing.assert_close(bound.encode(x).mean, x.flatten(1)[:, :2] + shift[:, None])
    torch.testing.assert_close(bound.decode(torch.zeros(3, 2)), shift.view(3, 1, 1, 1).expand(3, 1, 2, 2))


def test_one_hot_labels_need_their_number(checkpoint: Path, tmp_path: Path) -> None:
    text = CONDITIONAL.format(kind="float32").replace("classes = 3", "")
    with pytest.raises(CheckpointError, match=r"number of classes(.|\n)*classes = 10"):
        read(checkpoint, written(tmp_path, text), labels="onehot")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("return Adapter()", "return 3"), "int lacks encode and decode"),
        (("input_shape = (1, 2, 2)", ""), r"does not state its input_shape(.|\n)*--data"),
        (("input_shape = (1, 2, 2)", "input_shape = 'big'"), "expected input_shape of the adapter to be sizes"),
        (("latent_shape = (2,)", "latent_shape = (5,)"), r"codes of shape \(4, 5\).*found \(4, 2\) and \(4, 2\)"),
        (("[:, :2], x", "[:, :1], x"), r"codes of shape"),
        (("[:, 2:] - 3", "[:, 2:] - 3, x"), "return .mean, logvar., found tuple of 3"),
        (("return x.flatten(1)[:, :2], x.flatten(1)[:, 2:] - 3", "return {'mu': x}"), "found dict of 1"),
        (("return x.flatten(1)[:, :2], x.flatten(1)[:, 2:] - 3", "return 'mean', 'logvar'"), "expected a tensor"),
        (("x.flatten(1)[:, :2], ", "x.no_such_thing(), "), r"adapter.py, line 7: a first call failed: AttributeError"),
        (
            ("torch.cat([z, z], dim=1)", "torch.cat([z], dim=1)"),
            r"decode failed on \(4, 2\).*data of shape \(4, 1, 2, 2\), found \(2, 1, 2, 2\)",
        ),
        (
            ("torch.cat([z, z], dim=1)", "torch.cat([z, z[:1]], dim=1)"),
            r"adapter.py, line 9: decode failed on \(4, 2\)",
        ),
        (
            ("return Adapter()", "raise ValueError('no such weights')"),
            r"line 11: load\('.*'\) failed: ValueError: no such",
        ),
        (("return Adapter()", "import sys; sys.exit(3)"), "line 11: .*SystemExit: 3"),
        (("import torch", "import torch, nothing_of_this_name"), r"line 2: running it failed: ModuleNotFoundError"),
        (("import torch", "import torch +"), "line 2 is not Python"),
        (("def load", "def loads"), "has no function load"),
    ],
)
def test_what_is_wrong_is_one_message_with_its_line(
    checkpoint: Path, tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    text = SMALL.replace(*change)
    assert text != SMALL
    with pytest.raises(CheckpointError, match=said):
        read(checkpoint, written(tmp_path, text))


def test_a_missing_adapter_is_said(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read the adapter .*none.py: No such file"):
        read(checkpoint, str(tmp_path / "none.py"))


def test_the_fingerprint_follows_checkpoint_adapter_and_what_it_imports(checkpoint: Path, tmp_path: Path) -> None:
    def fingerprint() -> str:
        return read(checkpoint, path, evidence=evidence()).card.fingerprint

    path = written(tmp_path, TEN_LINES, network=NETWORK)
    seen = {fingerprint(), fingerprint()}
    assert len(seen) == 1
    (tmp_path / "network.py").write_text(NETWORK.replace("ReLU", "Tanh"))
    seen.add(fingerprint())
    Path(path).write_text(TEN_LINES + "# more")
    seen.add(fingerprint())
    torch.save({name: value + 1 for name, value in trained().state_dict().items()}, checkpoint)
    seen.add(fingerprint())
    assert len(seen) == 4


def test_a_folder_may_be_the_checkpoint(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    torch.save(trained().state_dict(), folder / "weights.pt")
    text = TEN_LINES.replace("torch.load(path,", "torch.load(path + '/weights.pt',")
    path = written(tmp_path, text, network=NETWORK)
    loaded = read(folder, path, evidence=evidence())
    assert loaded.card.name == "model"
    (folder / "notes.txt").write_text("changed")
    assert read(folder, path, evidence=evidence()).card.fingerprint != loaded.card.fingerprint


def test_functions_that_refer_to_a_network_put_it_into_evaluation_mode(checkpoint: Path, tmp_path: Path) -> None:
    text = """
import types, torch
from network import Network
def load(path):
    vae = Network()
    vae.load_state_dict(torch.load(path, weights_only=True))
    return types.SimpleNamespace(encode=lambda x: vae.encode(x), decode=lambda z: vae.decode(z), input_shape=(1, 8, 8))
"""
    vae: Any = read(checkpoint, written(tmp_path, text, network=NETWORK)).vae
    x = evidence().x[:4]
    assert torch.equal(vae.encode(x).mean, trained().encode(x)[0])
    again = copy.deepcopy(vae)
    again.to(torch.float64)
    assert vae.encode(x).mean.dtype == torch.float32
    torch.testing.assert_close(again.encode(x.double()).mean.float(), vae.encode(x).mean)


def test_an_output_that_data_without_bounds_cannot_take_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "adapter.py"
    path.write_text(
        "class Model:\n    def encode(self, x):\n        return x, x\n    def decode(self, z):\n        return z\n"
        "def load(path):\n    return Model()\n"
    )
    (tmp_path / "w.bin").write_bytes(b"anything")
    free = Evidence(name="free", x=torch.randn(9, 3), value_range=None)
    with pytest.raises(CheckpointError, match="no bounds of the data are known"):
        load(tmp_path / "w.bin", adapter=str(path), output="tanh", evidence=free)
    assert load(tmp_path / "w.bin", adapter=str(path), evidence=free).card.input_shape == (3,)
