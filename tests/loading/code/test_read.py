# ruff: noqa: E501 - lines of the classes in the texts
from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest
import torch

from loading.code.made import PLAIN, arguments, checkpoint, codes, decoded, latents, read, reference, samples, written
from vae_analyze.errors import CheckpointError, UsageError
from vae_analyze.loading.load import load

TRAINS = """
open({sentinel!r}, "w").write("it ran")
import urllib.request
raise SystemExit("the training ran")
"""


def _same_as_plain(tmp_path: Path, source: str, place: str = "model.py") -> Path:
    """Loads a variant of the plain class and holds it against the class itself."""
    model = reference(PLAIN, "VAE")
    path = checkpoint(tmp_path / "weights.pth", model)
    file = written(tmp_path / place, source)
    loaded = read(path, f"{file}:VAE")
    x, z = samples(64), latents(5)
    mean, logvar = codes(loaded, x)
    with torch.no_grad():
        expected = model.encode(x)  # type: ignore[operator]  # a method of the class in the text
        assert torch.equal(mean, expected[0])
        assert torch.equal(logvar, expected[1])
        assert torch.equal(decoded(loaded, z), model.decode(z))  # type: ignore[operator]  # likewise
    return path


def test_a_clean_module_gives_the_codes_of_its_class(tmp_path: Path) -> None:
    _same_as_plain(tmp_path, PLAIN)


def test_a_script_that_trains_on_import_does_not_train(tmp_path: Path) -> None:
    sentinel = tmp_path / "sentinel"
    _same_as_plain(tmp_path, PLAIN + TRAINS.format(sentinel=str(sentinel)))
    assert not sentinel.exists()


def test_what_was_sliced_away_is_listed(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN + "\nprint('hello')\nfor epoch in range(10):\n    train(epoch)\n")
    card = read(path, f"{file}:VAE").card
    assert any("print('hello')" in line for line in card.details["sliced_away"])
    assert any("for epoch in range(10):" in line for line in card.details["sliced_away"])
    told = {one.what: one.value for one in card.assumptions}
    assert "print('hello')" in told["code that was not run"]


def test_a_notebook_with_magics(tmp_path: Path) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# A VAE"]},
        {
            "cell_type": "code",
            "source": ["%matplotlib inline\n", "!pip install torch\n", "files = !ls\n", "import torch"],
        },
        {"cell_type": "code", "source": ["%%bash\n", "rm -rf everything"]},
        {"cell_type": "code", "source": "%%time\n" + PLAIN},
        {"cell_type": "code", "source": ["model = VAE().cuda()\n", "VAE?\n", "raise SystemExit()"]},
    ]
    _same_as_plain(tmp_path, json.dumps({"cells": cells, "nbformat": 4}), "nb.ipynb")


def test_a_parsed_command_line_is_read_from_its_defaults(tmp_path: Path) -> None:
    source = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument('--latent', type=int, default=5)
parser.add_argument("--no-cuda", action="store_true")
parser.add_argument("--hidden-dim", type=int, default="32")
args = parser.parse_args()
args.cuda = not args.no_cuda
""" + PLAIN.replace("input_dim=64, hidden_dim=32, latent_dim=5", "").replace("latent_dim", "args.latent").replace(
        "hidden_dim", "args.hidden_dim"
    ).replace("input_dim", "64").replace("(self, ):", "(self):")
    _same_as_plain(tmp_path, source)


def test_a_command_line_argument_without_default_is_asked_for(tmp_path: Path) -> None:
    source = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--latent', type=int, required=True)\n"
        "args = p.parse_args()\n" + PLAIN.replace(", latent_dim=5", "").replace("latent_dim", "args.latent")
    )
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", source)
    with pytest.raises(CheckpointError, match=r"args\.latent.*(?s:.*)--set args\.latent=VALUE"):
        read(path, f"{file}:VAE")
    loaded = read(path, f"{file}:VAE", arguments=arguments({"args.latent": "5"}))
    assert loaded.vae.latent_shape == (5,)


def test_globals_of_the_file_are_used(tmp_path: Path) -> None:
    source = "latent = 5\nsizes = [64, 2 ** 5]\nsizes.append(latent)\n" + PLAIN.replace(
        "input_dim=64, hidden_dim=32, latent_dim=5", "input_dim=sizes[0], hidden_dim=sizes[1], latent_dim=sizes[2]"
    )
    _same_as_plain(tmp_path, source)


def test_a_global_that_is_computed_by_running_things_is_asked_for(tmp_path: Path) -> None:
    source = "latent = int(open('size.txt').read())\n" + PLAIN.replace(", latent_dim=5", "").replace(
        "latent_dim", "latent"
    )
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", source)
    with pytest.raises(
        CheckpointError, match=r"latent is made by code that is not run: line 1(?s:.*)--set latent=VALUE"
    ):
        read(path, f"{file}:VAE")
    assert read(path, f"{file}:VAE", arguments=(("latent", "5"),)).vae.latent_shape == (5,)


def test_missing_packages_that_the_class_does_not_use_do_not_matter(tmp_path: Path) -> None:
    source = (
        "import wandb_missing\nfrom torchvision_missing import datasets as d\nimport missing_plots.pyplot as plt\n"
        + PLAIN
        + "\n    def plot(self, x):\n        plt.imshow(d.MNIST(x))\n        wandb_missing.log(x)\n"
    )
    _same_as_plain(tmp_path, source)


def test_a_missing_package_that_the_class_uses_is_named(tmp_path: Path) -> None:
    source = "from missing_layers import Dense\n" + PLAIN.replace("nn.Linear(input_dim", "Dense(input_dim")
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", source)
    with pytest.raises(CheckpointError, match=r"missing_layers(?s:.*)pip install missing_layers"):
        read(path, f"{file}:VAE")


def test_lightning_is_stood_in_for(tmp_path: Path) -> None:
    source = "import pytorch_lightning_missing as pl\n" + PLAIN.replace("nn.Module", "pl.LightningModule").replace(
        "super().__init__()",
        "super().__init__()\n        self.save_hyperparameters()\n        d = self.hparams.latent_dim",
    ).replace("nn.Linear(hidden_dim, latent_dim)", "nn.Linear(hidden_dim, d)")
    _same_as_plain(tmp_path, source)


def test_calls_for_a_gpu_do_no_harm(tmp_path: Path) -> None:
    source = (
        PLAIN.replace("h = F.relu(self.fc1(x))", "h = F.relu(self.fc1(x.cuda()).to('cuda:0'))")
        .replace(
            "return mu + torch.randn_like(std) * std", "return mu + torch.cuda.FloatTensor(std.size()).normal_() * std"
        )
        .replace(
            "self.fc4 = nn.Linear(hidden_dim, input_dim)",
            "self.fc4 = nn.Linear(hidden_dim, input_dim, device='cuda')\n        self.cuda()",
        )
    )
    before = torch.cuda.is_available, torch.load, sys.argv
    _same_as_plain(tmp_path, source)
    assert (torch.cuda.is_available, torch.load, sys.argv) == before


def test_constructor_arguments_are_inferred_from_the_shapes(tmp_path: Path) -> None:
    source = PLAIN.replace("input_dim=64, hidden_dim=32, latent_dim=5", "input_dim, hidden_dim, latent_dim")
    path = _same_as_plain(tmp_path, source)
    card = read(path, f"{tmp_path / 'model.py'}:VAE").card
    told = {one.what: one for one in card.assumptions}
    assert told["argument latent_dim"].value == "5"
    assert told["argument latent_dim"].source == "tensor shapes"


def test_defaults_that_do_not_fit_are_replaced(tmp_path: Path) -> None:
    _same_as_plain(tmp_path, PLAIN.replace("latent_dim=5", "latent_dim=20").replace("hidden_dim=32", "hidden_dim=400"))


def test_given_arguments_come_first_and_are_not_replaced(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN)
    with pytest.raises(CheckpointError, match=r"do not fit VAE\(input_dim.*latent_dim=6(?s:.*)--set"):
        read(path, f"{file}:VAE", arguments=(("latent_dim", "6"),))


def test_an_unknown_argument_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN)
    with pytest.raises(UsageError, match="did you mean latent_dim"):
        read(path, f"{file}:VAE", arguments=(("latnet_dim", "6"),))


def test_the_files_own_call_states_arguments_that_do_not_show_in_the_weights(tmp_path: Path) -> None:
    source = (
        PLAIN.replace("latent_dim=5):", "latent_dim=5, slope=0.0):")
        .replace("super().__init__()", "super().__init__()\n        self.slope = slope")
        .replace("F.relu(self.fc1(x))", "F.leaky_relu(self.fc1(x), self.slope)")
    )
    model = reference(source, "VAE", slope=0.3)
    path = checkpoint(tmp_path / "a.pth", model)
    file = written(
        tmp_path / "m.py",
        source + "\ndef main():\n    s = 0.3\n    model = VAE(64, slope=s).to('cuda')\n    train(model)\n",
    )
    loaded = read(path, f"{file}:VAE")
    x = samples(64)
    with torch.no_grad():
        assert torch.equal(codes(loaded, x)[0], model.encode(x)[0])  # type: ignore[operator]  # of the text
    told = {one.what: one for one in loaded.card.assumptions}
    assert "its call in line" in told["argument slope"].source


def test_arguments_beside_the_weights_are_used(tmp_path: Path) -> None:
    source = (
        PLAIN.replace("latent_dim=5):", "latent_dim=5, slope=0.0):")
        .replace("super().__init__()", "super().__init__()\n        self.slope = slope")
        .replace("F.relu(self.fc1(x))", "F.leaky_relu(self.fc1(x), self.slope)")
    )
    model = reference(source, "VAE", slope=0.25)
    path = checkpoint(tmp_path / "a.pth", model, slope=0.25, latent_dim=5)
    loaded = read(path, f"{written(tmp_path / 'm.py', source)}:VAE")
    with torch.no_grad():
        assert torch.equal(codes(loaded, samples(64))[0], model.encode(samples(64))[0])  # type: ignore[operator]  # text


def test_relative_and_sibling_imports_are_sliced_too(tmp_path: Path) -> None:
    sentinel = tmp_path / "sentinel"
    written(tmp_path / "pkg/__init__.py", f"open({str(sentinel)!r}, 'w')\n")
    written(
        tmp_path / "pkg/layers.py",
        f"from torch import nn\nopen({str(sentinel)!r}, 'w')\nLinear = nn.Linear\nWIDTH = 32\n",
    )
    written(tmp_path / "pkg/more.py", "from .layers import *\ndef head(a, b):\n    return Linear(a, b)\n")
    written(tmp_path / "pkg/ops.py", "import torch\ndef squash(x):\n    return torch.sigmoid(x)\n")
    source = "from .layers import *\nfrom . import ops\nfrom .more import head\nimport layers as L\n" + PLAIN.replace(
        "hidden_dim=32", "hidden_dim=WIDTH"
    ).replace("torch.sigmoid(", "ops.squash(").replace("self.fc21 = nn.Linear(", "self.fc21 = head(").replace(
        "self.fc22 = nn.Linear(", "self.fc22 = L.Linear("
    )
    _same_as_plain(tmp_path, source, "pkg/model.py")
    assert not sentinel.exists()


def test_a_package_that_passes_names_on(tmp_path: Path) -> None:
    written(tmp_path / "models/__init__.py", "from .vae import VAE as Inner\nfrom .vae import *\nraise SystemExit\n")
    written(tmp_path / "models/vae.py", PLAIN)
    _same_as_plain(
        tmp_path, "from models import Inner\nimport models.vae\nclass VAE(Inner):\n    base = models.vae.VAE\n"
    )


def test_decorators_that_are_not_harmless_are_taken_out_and_named(tmp_path: Path) -> None:
    source = "import st_missing as st\n" + PLAIN.replace("class VAE", "@st.cache\nclass VAE").replace(
        "    def decode", "    @torch.no_grad()\n    def decode"
    )
    _same_as_plain(tmp_path, source)
    card = read(tmp_path / "weights.pth", f"{tmp_path / 'model.py'}:VAE").card
    assert any("@st.cache" in text for text in card.details["taken_out"])


def test_of_two_definitions_the_one_that_fits_is_taken(tmp_path: Path) -> None:
    second = "\nclass VAE(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.other = nn.Linear(3, 3)\n"
    _same_as_plain(tmp_path, PLAIN + second)
    card = read(tmp_path / "weights.pth", f"{tmp_path / 'model.py'}:VAE").card
    assert any(one.what == "definition" and "1 of 2" in one.value for one in card.assumptions)


@pytest.mark.parametrize("spec", ["make", "VAE.small", "Zoo.VAE"])
def test_factories_and_nested_classes(tmp_path: Path, spec: str) -> None:
    extra = (
        "\n    @classmethod\n    def small(cls):\n        return cls(64, 32, 5)\n"
        "\ndef make(latent=5):\n    return VAE(64, 32, latent)\n\nclass Zoo:\n    VAE = VAE\n"
    )
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    loaded = read(path, f"{written(tmp_path / 'm.py', PLAIN + extra)}:{spec}")
    assert loaded.vae.latent_shape == (5,)


def test_a_factory_with_an_argument_object(tmp_path: Path) -> None:
    source = PLAIN + "\ndef build(args):\n    return VAE(args.size ** 2, args.hidden, args['latent'])\n"
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", source)
    given = arguments({"args.size": "8", "args.hidden": "32", "args.latent": "5"})
    assert read(path, f"{file}:build", arguments=given).vae.latent_shape == (5,)
    assert read(path, f"{file}:build", arguments=given[:1]).vae.latent_shape == (5,)


def test_a_dataclass_as_settings(tmp_path: Path) -> None:
    source = (
        "from dataclasses import dataclass, field\n@dataclass\nclass Config:\n    latent: int = 5\n"
        "    hidden: list = field(default_factory=lambda: [32])\nconfig = Config()\n"
        + PLAIN.replace("hidden_dim=32, latent_dim=5", "hidden_dim=config.hidden[0], latent_dim=config.latent")
    )
    _same_as_plain(tmp_path, source)


def test_a_module_that_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path / "lib/person_package_a.py", "import sys\nassert sys.argv == ['']\n" + PLAIN)
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    assert read(path, "person_package_a:VAE").vae.latent_shape == (5,)
    with pytest.raises(CheckpointError, match="did you mean VAE"):
        read(path, "person_package_a:VEA")


def test_a_module_that_is_not_there(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    with pytest.raises(CheckpointError, match="cannot import person_package_none"):
        read(path, "person_package_none:VAE")


def test_a_class_that_is_not_there(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN + "\ndef helper():\n    pass\n")
    with pytest.raises(
        CheckpointError, match=r"no VEA in m.py(?s:.*)did you mean VAE.*classes: VAE; functions: helper"
    ):
        read(path, f"{file}:VEA")


def test_a_class_that_does_not_parse_is_shown(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN.replace("super().__init__()", "print 'made'\n        super().__init__()"))
    with pytest.raises(CheckpointError, match=r"line 8 does not parse .a print statement of Python 2.: .*print 'made'"):
        read(path, f"{file}:VAE")


def test_training_code_that_does_not_parse_is_set_aside(tmp_path: Path) -> None:
    _same_as_plain(tmp_path, PLAIN + "\ndef train():\n    for i in range(3):\n        print 'epoch', i\n\ntrain()\n")


def test_the_fingerprint_follows_the_code_that_is_run_and_not_the_rest(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    first = read(path, f"{written(tmp_path / 'a.py', PLAIN)}:VAE").card.fingerprint
    assert read(path, f"{written(tmp_path / 'b.py', PLAIN + 'x = 1')}:VAE").card.fingerprint == first
    other = PLAIN.replace("F.relu(self.fc1", "F.elu(self.fc1")
    assert read(path, f"{written(tmp_path / 'c.py', other)}:VAE").card.fingerprint != first


def test_loading_leaves_the_global_random_numbers_alone(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    loaded = read(path, f"{file}:VAE")
    codes(loaded, samples(64))
    assert torch.equal(torch.rand(3), expected)


def test_weights_of_something_else_are_refused_with_the_first_differences(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)))
    file = written(tmp_path / "m.py", PLAIN)
    with pytest.raises(CheckpointError, match=r"do not fit VAE\(input_dim=64.*missing: fc1.weight"):
        load(path, model=f"{file}:VAE")


POWER = PLAIN.replace("latent_dim=5):", "latent_dim=5, *, depth):").replace(
    "super().__init__()", "super().__init__()\n        self.depth = depth"
)


def test_an_argument_that_fits_in_several_ways_and_changes_the_model_is_asked_for(tmp_path: Path) -> None:
    source = POWER.replace("F.relu(self.fc1(x))", "F.relu(self.fc1(x)) * self.depth")
    path = checkpoint(tmp_path / "a.pth", reference(source, "VAE", depth=3))
    spec = f"{written(tmp_path / 'm.py', source)}:VAE"
    with pytest.raises(CheckpointError, match=r"both fit the weights and are different models(?s:.*)--set depth="):
        read(path, spec)
    assert read(path, spec, accept_guess=True).card.guessed
    loaded = read(path, spec, arguments=(("depth", "3"),))
    assert not loaded.card.guessed
    again = reference(source, "VAE", depth=3)
    with torch.no_grad():
        assert torch.equal(codes(loaded, samples(64))[0], again.encode(samples(64))[0])  # type: ignore[operator]  # text


def test_an_argument_that_fits_in_several_ways_and_changes_nothing_is_not(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(POWER, "VAE", depth=3))
    assert not read(path, f"{written(tmp_path / 'm.py', POWER)}:VAE").card.guessed


def test_arguments_without_effect_on_a_trained_network_need_not_be_given(tmp_path: Path) -> None:
    source = PLAIN.replace("latent_dim=5):", "latent_dim=5, *, lr, device, dropout):")
    path = checkpoint(tmp_path / "a.pth", reference(source, "VAE", lr=1, device="cpu", dropout=0.5))
    card = read(path, f"{written(tmp_path / 'm.py', source)}:VAE").card
    assert {one.source for one in card.assumptions if one.what == "argument lr"} == {"does not show in the weights"}


def test_an_activation_that_nobody_states_is_asked_for(tmp_path: Path) -> None:
    source = PLAIN.replace("latent_dim=5):", "latent_dim=5, *, activation: str):").replace(
        "super().__init__()", "super().__init__()\n        self.act = getattr(F, activation)"
    )
    path = checkpoint(tmp_path / "a.pth", reference(source, "VAE", activation="relu"))
    spec = f"{written(tmp_path / 'm.py', source)}:VAE"
    with pytest.raises(CheckpointError, match="--set activation=VALUE"):
        read(path, spec)
    assert read(path, spec, arguments=(("activation", "'relu'"),)).vae.latent_shape == (5,)


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    file = written(tmp_path / "m.py", PLAIN + "\ndef make():\n    return 3\nnumber = 4\n")
    with pytest.raises(CheckpointError, match=r"expected a torch.nn.Module, found int"):
        read(path, f"{file}:make")
    with pytest.raises(CheckpointError, match="expected a class or a function, found int"):
        read(path, f"{file}:number")
    with pytest.raises(CheckpointError, match=r"no class named(?s:.*)classes: VAE; functions: make"):
        read(path, str(file))


def test_encoder_and_decoder_in_two_states_of_one_file(tmp_path: Path) -> None:
    source = PLAIN.replace("class VAE", "class Old") + (
        "\nclass VAE(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))\n"
        "        self.decoder = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid())\n"
        "    def forward(self, x):\n        mu, s = self.encoder(x).chunk(2, 1)\n"
        "        return self.decoder(mu + torch.randn_like(mu) * torch.exp(s / 2)), mu, s\n"
    )
    model = reference(source, "VAE")
    parts = {name: module.state_dict() for name, module in model.named_children()}
    torch.save(parts, tmp_path / "a.pth")
    loaded = read(tmp_path / "a.pth", f"{written(tmp_path / 'm.py', source)}:VAE")
    assert loaded.vae.latent_shape == (5,)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_number_formats_and_gradients(tmp_path: Path, dtype: torch.dtype) -> None:
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    loaded = read(path, f"{written(tmp_path / 'm.py', PLAIN)}:VAE", dtype=dtype)
    assert loaded.card.gradients
    assert codes(loaded, samples(64).to(dtype))[0].dtype == dtype


def test_random_numbers_that_were_never_saved_are_refused_where_they_matter(tmp_path: Path) -> None:
    held = "super().__init__()\n        self.extra = torch.randn(input_dim)"
    path = checkpoint(tmp_path / "a.pth", reference(PLAIN, "VAE"))
    idle = PLAIN.replace("super().__init__()", held)
    assert read(path, f"{written(tmp_path / 'idle.py', idle)}:VAE").vae.latent_shape == (5,)
    used = idle.replace("self.fc1(x)", "self.fc1(x + self.extra)")
    with pytest.raises(CheckpointError, match="draws extra at random when it is made"):
        read(path, f"{written(tmp_path / 'used.py', used)}:VAE")


def test_a_class_that_holds_its_discriminator_gets_its_weights(tmp_path: Path) -> None:
    source = PLAIN.replace("def encode", "    self.discriminator = nn.Linear(64, 1)\n\n    def encode", 1)
    path = checkpoint(tmp_path / "w.pth", reference(source, "VAE"))
    loaded = read(path, f"{written(tmp_path / 'm.py', source)}:VAE")
    assert "all 12 names and shapes" in {one.what: one.value for one in loaded.card.assumptions}["weights"]
    # A class without it takes the rest.
    assert read(path, f"{written(tmp_path / 'plain.py', PLAIN)}:VAE").card.latent_shape == (5,)


HALVES = """
import argparse
import torch
from torch import nn

class Encoder(nn.Module):
    def __init__(self, nz):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(64, 16), nn.BatchNorm1d(16))
        self.mu, self.logvar = nn.Linear(16, nz), nn.Linear(16, nz)

    def forward(self, x):
        h = self.main(x.flatten(1))
        return self.mu(h), self.logvar(h)

class Generator(nn.Module):
    def __init__(self, nz):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(nz, 16), nn.BatchNorm1d(16), nn.Linear(16, 64), nn.Sigmoid())

    def forward(self, z):
        return self.main(z)

class VAE(nn.Module):
    def __init__(self, opt):
        super().__init__()
        self.encoder, self.decoder = Encoder(opt.nz), Generator(opt.nz)

    def forward(self, x):
        mu, logvar = self.encoder(x)
        return self.decoder(mu + torch.randn_like(mu) * (0.5 * logvar).exp()), mu, logvar

class Other(nn.Module):
    def __init__(self, opt):
        super().__init__()
        self.fc = nn.Linear(opt.nz, opt.wide)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--nz", type=int, default=6)
    parser.add_argument("--wide", type=int, default=6)
    opt = parser.parse_args()
    net, other = VAE(opt), Other(opt)
"""


def _halves(tmp_path: Path) -> Path:
    space: dict[str, object] = {"__name__": "reference"}
    exec(compile(HALVES, "reference", "exec"), space)
    encoder, decoder = space["Encoder"](6), space["Generator"](6)  # type: ignore[operator]  # classes of the text
    parts = {"netE": encoder.state_dict(), "netG": decoder.state_dict(), "opt": argparse.Namespace(nz=6, lr=0.1)}
    torch.save(parts, tmp_path / "both.pth")
    return tmp_path / "both.pth"


def test_encoder_and_decoder_saved_each_on_its_own_fill_the_class_of_both(tmp_path: Path) -> None:
    card = read(_halves(tmp_path), f"{written(tmp_path / 'm.py', HALVES)}:VAE", accept_guess=True).card
    assert card.latent_shape == (6,)
    sources = {one.what: one.source for one in card.assumptions}
    assert "encoder from netE, decoder from netG" in sources["weights"]


def test_several_networks_that_are_not_the_class_are_named_and_no_counter_is_an_argument(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"2 networks, .*netE .*netG .* each saved on its own") as caught:
        read(_halves(tmp_path), f"{written(tmp_path / 'm.py', HALVES)}:Other")
    said = f"{caught.value.message} {caught.value.hint}"
    assert "num_batches_tracked=" not in said
    assert " at 0x" not in said
    assert "self.netE.load_state_dict(weights['netE'])" in said
    assert "self.netG.load_state_dict(weights['netG'])" in said


def test_a_class_that_is_one_of_several_networks_is_told_of_the_others(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"2 networks, .*netE .*netG .* more than one of them") as caught:
        read(_halves(tmp_path), f"{written(tmp_path / 'm.py', HALVES)}:Encoder")
    assert "self.netG.load_state_dict(weights['netG'])" in caught.value.hint
