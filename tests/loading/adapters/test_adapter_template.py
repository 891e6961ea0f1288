from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from loading.small_vaes import evidence, trained
from vae_analyze.loading.adapters.adapter import read_adapter
from vae_analyze.loading.adapters.adapter_template import next_steps, template
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.loading.unwrapping.content import Content, State


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
        ({"a": (8, 1, 4, 4)}, None, ((1, 28, 28), (10,))),
        ({}, None, ((1, 28, 28), (10,))),
    ],
)
def test_what_is_not_known_is_marked(
    weights: dict[str, tuple[int, ...]], data: tuple[int, ...] | None, expected: tuple[tuple[int, ...], ...]
) -> None:
    text = template(tensors(**weights), input_shape=data)
    compile(text, "adapter.py", "exec")
    assert tuple(shapes(text).values()) == expected
    assert ("# TODO: " in text.split("latent_shape", 1)[1].splitlines()[0]) == (len(weights) < 3)


def test_where_the_weights_are_in_the_file_is_filled_in() -> None:
    state = State(name="checkpoint.model", role="raw", tensors=tensors(**EXAMPLES), prefix="module.")
    text = template(Content(states=(state,)))
    compile(text, "adapter.py", "exec")
    assert "removeprefix('module.'): value for name, value in weights['checkpoint']['model'].items()" in text
    compile(template(Content(states=())), "adapter.py", "exec")


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
