"""In what shape, and with what labels, a foreign network takes its samples."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, one_hot

from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Labels

SAMPLES = 5  # a number that is hardly a size of anything else
_SEED = 20262
_SIDES = (28, 32, 64, 96, 128, 224, 256, 16, 48, 512)
# Flat sizes that are squares of images in use, and their number of channels.
_IMAGES = {c * side * side: (c, side, side) for c in (3, 1) for side in (256, 128, 96, 64, 48, 32, 28)}
_CLASS_WORDS = ("class", "label", "cond", "n_y", "y_dim", "categories")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """One way of giving samples.

    Args:
        shape: Of a sample as data have it.
        flat: Whether the network is given vectors.
        labels: What goes with them.
        classes: Length of one-hot labels; 0 where there are none.
        guessed: Whether nothing but habit speaks for the shape.
    """

    shape: tuple[int, ...]
    flat: bool
    labels: Labels
    classes: int
    guessed: bool = False

    def given(self, x: Tensor) -> Tensor:
        """Samples as the network wants them."""
        return x.flatten(start_dim=1) if self.flat else x

    def numbers(self) -> int:
        """How many numbers a sample has."""
        return math.prod(self.shape)

    def samples(self, options: LoadOptions) -> Tensor:
        """A few samples: the person's own where they have the shape, else noise in [0, 1]."""
        evidence = options.evidence
        if evidence is not None and len(evidence) >= SAMPLES:
            own = evidence.x[torch.linspace(0, len(evidence) - 1, SAMPLES).long()].float()
            if evidence.shape == self.shape:
                return own.clone()
            if len(evidence.shape) == len(self.shape) == 3 and evidence.shape[0] == self.shape[0]:
                return interpolate(
                    own, self.shape[1:], mode="bilinear", align_corners=False
                )  # only tried, not measured
        return torch.rand(SAMPLES, *self.shape, generator=torch.Generator().manual_seed(_SEED))

    def wanted_labels(self, count: int = SAMPLES) -> Tensor | None:
        """Labels for the samples, in the network's form."""
        if self.labels == "none":
            return None
        numbers = torch.arange(count) % max(self.classes, 1)
        return one_hot(numbers, self.classes).float() if self.labels == "onehot" else numbers


def feeds(model: nn.Module, options: LoadOptions, arguments: Mapping[str, Any]) -> Iterator[Feed]:
    """All ways worth a try, the likeliest first."""
    classes = _classes(model, options, arguments)
    ways: tuple[Labels, ...] = ("none", "index", "onehot") if options.labels == "auto" else (options.labels,)
    for shape, guessed in _shapes(model, options, arguments):
        for labels in ways:
            for count in classes if labels != "none" else (0,):
                for flat in (False, True) if len(shape) > 1 else (False,):
                    yield Feed(shape=shape, flat=flat, labels=labels, classes=count, guessed=guessed)
                if labels == "index":
                    break  # class numbers have no width; the first count serves


def _shapes(model: nn.Module, options: LoadOptions, arguments: Mapping[str, Any]) -> list[tuple[tuple[int, ...], bool]]:
    convolution = next((weight for weight in model.parameters() if weight.dim() in (3, 4, 5)), None)
    linear = [weight.shape for weight in model.parameters() if weight.dim() == 2]
    evidence = options.evidence
    found: list[tuple[tuple[int, ...], bool]] = []
    if evidence is not None:
        found.append((evidence.shape, False))
        if len(evidence.shape) == 3:
            channels = evidence.shape[0]
            sides = _stated_sides(arguments) + _flat_sides(linear, channels)
            found += [((channels, side, side), False) for side in (*sides, *_SIDES)]
        elif len(evidence.shape) > 1:
            found.append(((math.prod(evidence.shape),), False))
        return list(dict.fromkeys(found))
    if convolution is not None and convolution.dim() == 4:
        channels = int(convolution.shape[1])
        found += [((channels, side, side), False) for side in _stated_sides(arguments)]
        found += [((c, side, side), True) for c in dict.fromkeys((channels, 1, 3)) for side in _SIDES]
    for width in dict.fromkeys(int(size) for shape in linear for size in (shape[1], shape[0])):
        found += [(_IMAGES[width], True)] if width in _IMAGES else []
        found.append(((width,), False))
    return list(dict.fromkeys(found))


def _stated_sides(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    numbers: list[int] = []
    for name, value in arguments.items():
        if any(word in name.lower() for word in ("im", "size", "shape", "res", "height", "input")):
            values = value if isinstance(value, (list, tuple)) else [value]
            numbers += [one for one in values if isinstance(one, int) and 8 <= one <= 1024]
    return tuple(dict.fromkeys(numbers))


def _flat_sides(linear: list[torch.Size], channels: int) -> tuple[int, ...]:
    sides = []
    for shape in linear:
        side = math.isqrt(int(shape[1]) // channels)
        if side >= 8 and side * side * channels == shape[1]:
            sides.append(side)
    return tuple(dict.fromkeys(sides))


def _classes(model: nn.Module, options: LoadOptions, arguments: Mapping[str, Any]) -> list[int]:
    stated = [
        value
        for name, value in (*arguments.items(), *vars(model).items())
        if any(word in name.lower() for word in _CLASS_WORDS)
        and isinstance(value, int)
        and not isinstance(value, bool)
        and 1 < value < 10_000
    ]
    embedded = [module.num_embeddings for module in model.modules() if isinstance(module, nn.Embedding)]
    own = [options.evidence.classes] if options.evidence is not None and options.evidence.classes else []
    return list(dict.fromkeys([*own, *stated, *embedded, 10]))
