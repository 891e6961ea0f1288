"""An adapter file to complete, filled in with what the shapes of the weights say."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from torch import Tensor

from vae_analyze.loading.adapters.adapter_shapes import Guess, guessed, written
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.unwrapping.choice import is_called_model
from vae_analyze.loading.unwrapping.content import Content, State

_MOST_NAMES = 6
_MOST_NETWORKS = 6
_LONGEST = 40
_ENCODER = re.compile(r"enc|infer|recog|(?<=[a-z])E$|(^|_)[eq](_|$)")
_DECODER = re.compile(r"dec|gen|(?<=[a-z])G$|(^|_)[dgp](_|$)")


def next_steps(found: Content | Mapping[str, Tensor], *, input_shape: tuple[int, ...] | None = None) -> str:
    """What to do about weights that cannot be rebuilt from their shapes: the class, else an adapter to complete.

    Args:
        found: What the file holds, or its tensors by name.
        input_shape: Shape of one sample, where the data are known.
    """
    return (
        "if you have the code: --model FILE.py:CLASS, the class that was trained (nothing else of the file is run). "
        "Else save this as adapter.py beside the code, complete what is marked TODO, and pass --adapter adapter.py:\n\n"
        + template(found, input_shape=input_shape)
    )


def template(found: Content | Mapping[str, Tensor], *, input_shape: tuple[int, ...] | None = None) -> str:
    """The text of an adapter for these weights; valid Python, which runs once the lines marked TODO are completed.

    It reads the file as the suite does, every network in it, and states what their shapes say.

    Args:
        found: What the file holds, or its tensors by name.
        input_shape: Shape of one sample, where the data are known.
    """
    states = _states(found)
    parts = _parts(states)
    encoder, decoder = _halves(list(parts))
    whole = len(parts) == 1
    in_order = sorted(parts, key=lambda part: part != encoder)
    guess = guessed(
        {
            name if whole else f"{part}.{name}": tensor
            for part in in_order
            for name, tensor in parts[part][1].tensors.items()
        },
        input_shape,
    )
    classes = ", ".join(kind for kind, _ in parts.values())
    made = "\n".join(
        f"        self.{part} = {kind}()  # TODO: its arguments; the weights are {_listed(state)}\n"
        f"        self.{part}.load_state_dict({_expression(state)})"
        for part, (kind, state) in parts.items()
    )
    labels = ", labels" if guess.labels else ""
    told = f"; labels: class numbers, by {guess.labels}" if guess.labels else ""
    given = ("x.flatten(1)" if guess.flat else "x") + labels
    encode, decode = (f"{encoder}.encode", f"{decoder}.decode") if whole else (encoder, decoder)
    return f"""import torch
from vae_analyze.loading.adapters.networks import networks
from my_model import {classes}  # TODO: the file beside this one and what was trained

class Adapter(torch.nn.Module):
    input_shape, latent_shape = {guess.input_shape}, {guess.latent_shape}  # {_sure(guess)}{guess.source}

    def __init__(self, path):
        super().__init__()
        weights = networks(path)  # every network of the file; nothing in it is run
{made}

    def encode(self, x{labels}):  # x as the data are, images in [0, 1]{told}
        return self.{encode}({given})  # TODO: mean and log variance, nothing drawn

    def decode(self, z{labels}):  # data as they are, images in [0, 1]
        return self.{decode}(z{labels}).view(-1, *self.input_shape)  # TODO: with its last activation

load = Adapter
"""


def weights_expression(content: Content) -> str:
    """The weights of the model in what `networks` gives, as Python; ``weights`` is the whole."""
    return _expression(_states(content)[0])


def _states(found: Content | Mapping[str, Tensor]) -> list[State]:
    """The networks to load: the one that is called a VAE, else all of one kind."""
    if not isinstance(found, Content):
        return [State(name="", role="raw", tensors=dict(found))]
    alike = [state for state in found.states if state.role == found.states[0].role]
    called = [state for state in alike if is_called_model(state)]
    return (called[:1] or alike)[:_MOST_NETWORKS] or [State(name="", role="raw", tensors={})]


def _parts(states: list[State]) -> dict[str, tuple[str, State]]:
    """Attributes of the adapter, with the class and the weights of each."""
    if len(states) == 1:
        return {"vae": ("MyVAE", states[0])}
    parts: dict[str, tuple[str, State]] = {}
    for at, state in enumerate(states):
        word = re.sub(r"[^0-9A-Za-z_]", "_", state.name.rpartition(".")[2])[:_LONGEST]
        word = word if word.isidentifier() and not keyword.iskeyword(word) and word not in parts else f"network_{at}"
        parts[word] = (f"My{word[:1].upper()}{word[1:]}", state)
    return parts


def _halves(parts: list[str]) -> tuple[str, str]:
    """Which attribute encodes and which decodes, by name."""
    encoder = next((part for part in parts if _ENCODER.search(part)), None)
    decoder = next((part for part in parts if _DECODER.search(part) and part != encoder), None)
    rest = [part for part in parts if part not in (encoder, decoder)]
    encoder = encoder or (rest.pop(0) if rest else parts[0])
    return encoder, decoder or (rest[-1] if rest else parts[-1])


def _expression(state: State) -> str:
    # What goes between quotes comes from an untrusted file: escaped.
    where = f"weights[{state.name!a}]"
    if state.prefix:
        where = f"{{name.removeprefix({state.prefix!a}): value for name, value in {where}.items()}}"
    return where


def _listed(state: State) -> str:
    # What goes behind a comment sign comes from an untrusted file: one line.
    shapes = [f"{printable(name, limit=40)} {written(tensor)}" for name, tensor in state.tensors.items() if tensor.ndim]
    return listing(shapes, most=_MOST_NAMES)


def _sure(guess: Guess) -> str:
    return "" if guess.complete else "TODO: "
