"""How well a candidate network reconstructs the person's data, with whatever two candidates share computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from vae_analyze.loading.rebuild.blueprint import Blueprint, Plan, assemble
from vae_analyze.loading.rebuild.choices import Choices
from vae_analyze.loading.rebuild.steps import run, watched
from vae_analyze.loading.settling.evidence import Evidence

_MOST_CODES = 400
_MOST_DECODED = 40
_BATCH = 256
_MOST_STRAIN = 2.0


@final
class Bench:
    """Evidence and weights.

    Args:
        weights: Tensors by name.
        evidence: The person's data.
    """

    def __init__(self, weights: Mapping[str, Tensor], evidence: Evidence) -> None:
        self.weights = weights
        self.evidence = evidence
        self._codes: dict[object, tuple[Tensor, ...]] = {}
        self._decoded: dict[object, Tensor] = {}
        self._errors: dict[object, Tensor] = {}
        self._entered: dict[object, list[Tensor]] = {}
        self._strains: dict[object, float] = {}
        self._normed = any(name.endswith(".running_mean") for name in weights)
        self._data: dict[tuple[int, ...], Tensor | None] = {}

    def data(self, shape: tuple[int, ...]) -> Tensor | None:
        """All samples in a shape; None where they cannot be brought to it."""
        if shape not in self._data:
            x = self.evidence.at(shape)
            if x is None and len(shape) == 1 and self.evidence.x[0].numel() == shape[0]:
                x = self.evidence.x.flatten(1)
            self._data[shape] = x
        return self._data[shape]

    def spread(self, shape: tuple[int, ...], count: int) -> float:
        """Mean squared error of the mean sample, over the first samples in a shape; 1 where there are none."""
        x = self.data(shape)
        if x is None or count < 2:
            return 1.0
        few = x[:count]
        return max(float((few - few.mean(dim=0)).square().mean()), 1e-12)

    def labels(self, blueprint: Blueprint, count: int) -> Tensor | None:
        """What the network wants to be told of the first samples."""
        if not blueprint.classes or self.evidence.labels is None:
            return None
        numbers = self.evidence.labels[:count]
        return numbers if blueprint.embedded else one_hot(numbers, blueprint.classes).float()

    def outputs(self, blueprint: Blueprint, choices: Choices, count: int) -> tuple[Tensor, ...]:
        """The encoder's raw outputs for the first samples."""
        key = self._coding(blueprint, choices, count)
        if key not in self._codes:
            if len(self._codes) > _MOST_CODES:
                self._codes.clear()
            x = self.scaled(self._samples(blueprint, count), choices.input_range)
            labels = self.labels(blueprint, count)
            parts = [self._encode(blueprint, *piece) for piece in _pieces(x, labels)]
            self._codes[key] = tuple(
                torch.cat(list(column)) for column in zip(*(part for part, _ in parts), strict=True)
            )
            self._entered[key] = parts[0][1]
        return self._codes[key]

    def _coding(self, blueprint: Blueprint, choices: Choices, count: int) -> object:
        """What an encoder's outputs depend on."""
        return blueprint.input_shape, blueprint.trunk, blueprint.first, blueprint.second, choices.input_range, count

    def _decoding(self, blueprint: Blueprint, choices: Choices, count: int) -> object:
        """What decoded means depend on."""
        drawn = (choices.split, choices.swapped)
        return self._coding(blueprint, choices, count), blueprint.decoder, drawn

    def mean(self, blueprint: Blueprint, choices: Choices, count: int) -> Tensor:
        """Posterior means of the first samples."""
        return self.both(blueprint, choices, count)[0]

    def both(self, blueprint: Blueprint, choices: Choices, count: int) -> tuple[Tensor, Tensor | None]:
        """Posterior means and the raw second output of the first samples; None where there is none."""
        return self.drawn(blueprint, choices, self.outputs(blueprint, choices, count))

    def drawn(
        self, blueprint: Blueprint, choices: Choices, outputs: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor | None]:
        """Mean and raw second output among an encoder's outputs."""
        if len(outputs) == 2:
            return (outputs[1], outputs[0]) if choices.swapped else (outputs[0], outputs[1])
        size = blueprint.latent_shape[0]
        if outputs[0].shape[1] == size:
            return outputs[0], None
        if choices.split == "interleaved":
            parts = torch.unflatten(outputs[0], 1, (size, 2)).unbind(dim=2)
        else:
            parts = torch.split(outputs[0], size, dim=1)
        return (parts[1], parts[0]) if choices.swapped else (parts[0], parts[1])

    def chunk(self, blueprint: Blueprint, rows: slice) -> tuple[Tensor, Tensor | None]:
        """Some samples, and what the network wants to be told of them."""
        labels = self.labels(blueprint, len(self.evidence))
        return self._samples(blueprint, len(self.evidence))[rows], None if labels is None else labels[rows]

    def decode(self, blueprint: Blueprint, z: Tensor) -> Tensor:
        """What the decoder gives before it is squashed."""
        return self._decode(blueprint, z)[0]

    def _decode(self, blueprint: Blueprint, z: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Also how far what enters batch normalisations is from what entered them in training, by the first samples."""
        pieces = _pieces(z, self.labels(blueprint, z.shape[0]))
        found = [watched(blueprint.decoder, self.weights, part, labels) for part, labels in pieces]
        return torch.cat([x for x, _ in found]), self._divergences(found[0][1])

    def decoded_means(self, blueprint: Blueprint, choices: Choices, count: int) -> Tensor:
        """What the decoder makes of the posterior means of the first samples, before it is squashed."""
        key = self._decoding(blueprint, choices, count)
        if key not in self._decoded:
            if len(self._decoded) > _MOST_DECODED:
                self._decoded.clear()
            self._decoded[key], self._entered[key] = self._decode(blueprint, self.mean(blueprint, choices, count))
        return self._decoded[key]

    def reconstruction(self, blueprint: Blueprint, choices: Choices, count: int) -> Tensor:
        """Decoded posterior means of the first samples, in the data's own range."""
        return self.squashed(self.decoded_means(blueprint, choices, count), choices)

    def squashed(self, raw: Tensor, choices: Choices) -> Tensor:
        """The decoder's numbers as data."""
        if choices.squash == "none":
            return raw
        if choices.squash == "sigmoid":
            return torch.sigmoid(raw)
        if choices.squash == "tanh in [0, 1]":
            return torch.tanh(raw)
        low, high = self.evidence.value_range or (0.0, 1.0)
        if choices.squash == "as it went in":
            least, most = choices.input_range
            return low + (raw - least) * ((high - low) / (most - least))
        numbers = torch.tanh(raw) if choices.squash == "tanh" else raw
        return low + (numbers + 1) / 2 * (high - low)

    def errors(self, plan: Plan, choices: Choices, shape: tuple[int, ...], count: int) -> Tensor:
        """Mean squared error of the reconstruction of each of the first samples; infinite where it cannot be run."""
        blueprint = assemble(plan, choices, shape)
        key = (blueprint, choices.input_range, choices.split, choices.swapped, choices.squash, count)
        if key not in self._errors:
            self._errors[key] = self._measured(blueprint, choices, count)
        return self._errors[key]

    def strain(self, plan: Plan, choices: Choices, shape: tuple[int, ...], count: int) -> float:
        """How far what enters the batch normalisations is from what entered them in training; 0 without any.

        Mean over channels of the KL divergence, in nats, between Gaussians of both means and variances; at most 2.
        """
        if not self._normed:
            return 0.0
        blueprint = assemble(plan, choices, shape)
        key = (blueprint, choices.input_range, choices.split, choices.swapped, count)
        if key not in self._strains:
            self._strains[key] = self._strained(blueprint, choices, count)
        return self._strains[key]

    def _strained(self, blueprint: Blueprint, choices: Choices, count: int) -> float:
        coding, decoding = (way(blueprint, choices, count) for way in (self._coding, self._decoding))
        try:
            if coding not in self._entered:
                self.outputs(blueprint, choices, count)
            if decoding not in self._entered:
                self.decoded_means(blueprint, choices, count)
        except (RuntimeError, ValueError, IndexError):
            return _MOST_STRAIN
        found = [*self._entered[coding], *self._entered[decoding]]
        return float(torch.cat(found).mean()) if found else 0.0

    def _divergences(self, seen: dict[str, Tensor]) -> list[Tensor]:
        return [self._divergence(path, entering) for path, entering in seen.items()]

    def _divergence(self, path: str, entering: Tensor) -> Tensor:
        variance, mean = torch.var_mean(entering, dim=[axis for axis in range(entering.ndim) if axis != 1])
        variance = variance.clamp(min=1e-12)
        then, spread = self.weights[f"{path}.running_mean"], self.weights[f"{path}.running_var"].clamp(min=1e-12)
        divergence = 0.5 * (variance / spread + (mean - then).square() / spread - 1 - (variance / spread).log())
        return torch.nan_to_num(divergence, nan=_MOST_STRAIN).clamp(max=_MOST_STRAIN)

    def _measured(self, blueprint: Blueprint, choices: Choices, count: int) -> Tensor:
        x = self._samples(blueprint, count)
        try:
            x_hat = self.reconstruction(blueprint, choices, count)
        except (RuntimeError, ValueError, IndexError):  # shapes that do not meet: not a way to read these weights
            return torch.full((x.shape[0],), torch.inf)
        if x_hat.shape != x.shape:
            return torch.full((x.shape[0],), torch.inf)
        errors = (x_hat - x).flatten(1).square().mean(dim=1)
        return torch.nan_to_num(errors, nan=torch.inf)

    def _encode(
        self, blueprint: Blueprint, x: Tensor, labels: Tensor | None
    ) -> tuple[tuple[Tensor, ...], list[Tensor]]:
        """Raw outputs, and how far what enters batch normalisations is from what entered them in training."""
        hidden, seen = watched(blueprint.trunk, self.weights, x, labels)
        first, more = watched(blueprint.first, self.weights, hidden, labels)
        found = self._divergences(seen | more)
        if not blueprint.second:
            return (first,), found
        return (first, run(blueprint.second, self.weights, hidden, labels)), found

    def _samples(self, blueprint: Blueprint, count: int) -> Tensor:
        x = self.data(blueprint.input_shape)
        if x is None:
            raise ValueError(f"data of another shape than {blueprint.input_shape}")
        return x[:count]

    def scaled(self, x: Tensor, to: tuple[float, float]) -> Tensor:
        """Data as the encoder takes them."""
        if self.evidence.value_range is None or self.evidence.value_range == to:
            return x
        least, most = self.evidence.value_range
        return to[0] + (x - least) * ((to[1] - to[0]) / (most - least))


def _pieces(x: Tensor, labels: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
    starts = range(0, x.shape[0], _BATCH)
    return [(x[at : at + _BATCH], None if labels is None else labels[at : at + _BATCH]) for at in starts]
