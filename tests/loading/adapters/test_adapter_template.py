from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.small_vaes import evidence, trained
from vae_analyze.loading.adapters.adapter import read_adapter
from vae_analyze.loading.adapters.adapter_template import next_steps, template
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.loading.unwrapping.content import Content, State
from vae_analyze.loading.unwrapping.unwrap import unwrap


def tensors(**shapes: tuple[int, ...]) -> dict[str, Tensor]:
    return {name: torch.zeros(shape) for name, shape in shapes.items()}


EXAMPLES = {"fc1": (400, 784), "fc21": (20, 400), "fc22": (20, 400), "fc3": (400, 20), "fc4": (784, 400)}


def shapes(text: str) -> dict[str, Any]:
    line = next(line for line in text.splitlines() if "input_shape, latent_shape =" in line)
    found: dict[str, Any] = {}
    exec(line.strip(), found)
    return {name: found[name] for name in ("input_shape", "latent_shape")}


def test_shapes_are_read_from_the_weights() -> None:
    text = template(tensors(**EXAMPLES))
    assert shapes(text) == {"input_shape": (1, 28, 28), "latent_shape": (20,)}
    assert "input guessed from fc1 400x784, latent guessed from fc21 and fc22 20x400" in text
    assert "x.flatten(1)" in text


@pytest.mark.parametrize(
    ("weights", "data", "expected"),
    [
        ({"a": (64, 30), "b": (8, 64), "c": (64, 4), "d": (30, 64)}, None, ((30,), (4,))),
        ({"a": (64, 3072), "b": (8, 64), "c": (64, 4)}, None, ((3, 32, 32), (4,))),
        ({"a": (8, 1, 4, 4), "m": (5, 64), "v": (5, 64), "c": (64, 5)}, (1, 32, 32), ((1, 32, 32), (5,))),
        ({"a": (8, 3, 4, 4)}, None, ((3, 28, 28), None)),
        ({}, None, ((1, 28, 28), None)),
    ],
)
def test_what_is_not_known_is_marked(
    weights: dict[str, tuple[int, ...]], data: tuple[int, ...] | None, expected: tuple[tuple[int, ...] | None, ...]
) -> None:
    text = template(tensors(**weights), input_shape=data)
    compile(text, "adapter.py", "exec")
    assert tuple(shapes(text).values()) == expected
    assert ("# TODO: " in text.split("latent_shape", 1)[1].splitlines()[0]) == (len(weights) < 3)


def test_where_the_weights_are_in_the_file_is_filled_in() -> None:
    state = State(name="checkpoint.model", role="raw", tensors=tensors(**EXAMPLES), prefix="module.")
    text = template(Content(states=(state,)))
    compile(text, "adapter.py", "exec")
    assert "removeprefix('module.'): value for name, value in weights['checkpoint.model'].items()" in text
    compile(template(Content(states=())), "adapter.py", "exec")


def test_a_conditional_convolutional_model_is_called_as_it_is() -> None:
    shapes_ = {"label_emb.weight": (10, 784), "conv1.weight": (24, 2, 5, 5), "linear1.weight": (200, 2352)}
    shapes_ |= {"mu.weight": (16, 200), "logvar.weight": (16, 200), "linear2.weight": (200, 26)}
    text = template(tensors(**shapes_), input_shape=(1, 28, 28))
    assert shapes(text) == {"input_shape": (1, 28, 28), "latent_shape": (16,)}
    assert "latent guessed from mu.weight and logvar.weight 16x200" in text
    assert "self.vae.encode(x, labels)" in text
    assert "self.vae.decode(z, labels)" in text
    assert "labels: class numbers, by label_emb.weight 10x784" in text


@pytest.mark.parametrize(
    ("weights", "data", "why"),
    [
        (
            {"fc1": (9, 794), "mu": (6, 9), "logvar": (6, 9), "d": (9, 16)},
            None,
            "d 9x16, which takes more than the code",
        ),
        (
            {"c": (8, 4, 3, 3), "mu": (6, 9), "logvar": (6, 9), "d": (9, 6)},
            (3, 8, 8),
            "c 8x4x3x3, which takes more than",
        ),
        ({"fc1": (9, 64), "mu": (6, 9), "logvar": (6, 9), "d": (9, 6)}, (1, 8, 8), ""),
    ],
)
def test_labels_are_seen_by_what_layers_take(
    weights: dict[str, tuple[int, ...]], data: tuple[int, ...] | None, why: str
) -> None:
    text = template(tensors(**weights), input_shape=data)
    assert ("labels" in text) == bool(why)
    assert why in text


def test_two_networks_of_one_file_load_as_printed(tmp_path: Path) -> None:
    encoder = nn.Sequential(nn.Conv2d(1, 4, 8), nn.Flatten(), nn.Linear(4, 3))
    decoder = nn.Sequential(nn.Linear(3, 64))
    parts = {"netE": encoder.state_dict(), "netG": decoder.state_dict(), "opt": argparse.Namespace(nz=3)}
    torch.save(parts, tmp_path / "both.pth")
    content = unwrap(Source.open(tmp_path / "both.pth").content, LoadOptions())
    text = template(content, input_shape=(1, 8, 8))
    (tmp_path / "my_two_nets.py").write_text(
        "from torch import nn\ndef MyNetE(): return nn.Sequential(nn.Conv2d(1, 4, 8), nn.Flatten(), nn.Linear(4, 3))\n"
        "def MyNetG(): return nn.Sequential(nn.Linear(3, 64))\n"
    )
    (tmp_path / "adapter.py").write_text(text.replace("from my_model import", "from my_two_nets import"))
    loaded = read_adapter(Source.open(tmp_path / "both.pth"), LoadOptions(adapter=str(tmp_path / "adapter.py")))
    vae: Any = loaded.vae
    x = evidence().x[:4]
    assert torch.equal(vae.encode(x).mean, encoder(x))
    assert loaded.card.latent_shape == (3,)


def test_names_from_a_hostile_file_stay_in_their_comment() -> None:
    name = "fc1\n    import os; os.system('x')\r\u2028\x1b[31m\"\"\"'''"
    state = State(name="a'] + evil['\n", role="raw", tensors={name: torch.zeros(4, 4)}, prefix="m'\n\"")
    text = template(Content(states=(state,)))
    compile(text, "adapter.py", "exec")
    assert len(text.splitlines()) == len(template(tensors(**EXAMPLES)).splitlines())
    assert "\x1b" not in text


def test_completed_it_loads(tmp_path: Path) -> None:
    torch.save(trained().state_dict(), tmp_path / "vae.pt")
    text = template(trained().state_dict(), input_shape=(1, 8, 8))
    assert len([line for line in text.splitlines() if line.strip()]) <= 16
    text = text.replace("from my_model import MyVAE", "from loading.small_vaes import SmallVAE as MyVAE")
    (tmp_path / "adapter.py").write_text(text)
    options = LoadOptions(adapter=str(tmp_path / "adapter.py"))
    vae: Any = read_adapter(Source.open(tmp_path / "vae.pt"), options).vae
    x = evidence().x[:4]
    assert torch.equal(vae.encode(x).mean, trained().encode(x)[0])


def test_the_next_steps_are_the_class_and_then_the_adapter() -> None:
    text = next_steps(tensors(**EXAMPLES))
    assert text.index("--model FILE.py:CLASS") < text.index("--adapter adapter.py") < text.index("import torch")
