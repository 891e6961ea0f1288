"""The model as the engine calls it: on its device, in chunks, counted."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, cast, final

import torch
from torch import Tensor

from vae_analyze.errors import AnalyzerError
from vae_analyze.loading.card import Loaded
from vae_analyze.metrics.derivative import Derivative, pushforward
from vae_analyze.vae import VAE, ConditionalVAE, DiagonalGaussian

Tick = Callable[[Literal["encode", "decode"], int], None]


def no_tick(kind: Literal["encode", "decode"], n: int) -> None:
    """Count nothing."""


@final
class Evaluator:
    """Encodes and decodes any number of samples, at most ``batch_size`` at a time.

    Args:
        loaded: The model, already on the device.
        batch_size: Largest number of samples the model sees at once.
        tick: Told of every evaluation; drives the progress bar.
    """

    def __init__(self, loaded: Loaded, *, batch_size: int, tick: Tick = no_tick) -> None:
        self._model = loaded.vae
        # Asked once: a protocol check costs more than a small batch.
        self._conditional = isinstance(loaded.vae, ConditionalVAE)
        self._batch_size = batch_size
        self._tick = tick

    def encode(self, x: Tensor, labels: Tensor | None, *, consume: bool = False) -> DiagonalGaussian:
        """Posteriors of ``x``, ``(m, *input_shape)``; with ``consume`` the model may overwrite ``x``."""
        parts = [self._encode(part, given, consume=consume) for part, given in self._chunks(x, labels)]
        if len(parts) == 1:
            return parts[0]
        return DiagonalGaussian(torch.cat([p.mean for p in parts]), torch.cat([p.logvar for p in parts]))

    def decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Decoded means of ``z``, ``(m, *latent_shape)``."""
        parts = [self._decode(part, given) for part, given in self._chunks(z, labels)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def derivative(self, z: Tensor, tangent: Tensor, labels: Tensor | None, *, exact: bool, scale: float) -> Derivative:
        """Directional derivatives of the decoded mean at ``z`` along ``tangent``, both ``(m, *latent_shape)``."""
        found = []
        for (part, given), along in zip(self._chunks(z, labels), torch.split(tangent, self._batch_size), strict=True):
            found.append(pushforward(partial(self._decode, labels=given), part, along, exact=exact, scale=scale))
        return Derivative(torch.cat([one.value for one in found]), all(one.exact for one in found))

    def _encode(self, x: Tensor, labels: Tensor | None, *, consume: bool) -> DiagonalGaussian:
        # A copy: some models scale their input in place, and it is still needed as it was.
        posterior = self._given(labels).encode(x if consume else x.clone())
        expected = (len(x), *self._model.latent_shape)
        if tuple(posterior.mean.shape) != expected:
            raise AnalyzerError(f"expected codes of shape {expected} from encode, got {tuple(posterior.mean.shape)}")
        self._tick("encode", len(x))
        return posterior

    def _decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        x_hat = self._given(labels).decode(z.clone())
        expected = (len(z), *self._model.input_shape)
        if tuple(x_hat.shape) != expected:
            raise AnalyzerError(f"expected data of shape {expected} from decode, got {tuple(x_hat.shape)}")
        self._tick("decode", len(z))
        return x_hat

    def _given(self, labels: Tensor | None) -> VAE:
        model: Any = self._model
        if not self._conditional:
            return cast("VAE", model)
        if labels is None:
            raise AnalyzerError("this model needs a label per sample, and none was given")
        return cast("VAE", model.given(labels))

    def _chunks(self, x: Tensor, labels: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
        if not self._conditional:
            labels = None
        if labels is not None and len(labels) != len(x):
            raise AnalyzerError(
                f"expected a label for each of {len(x)} inputs, got {len(labels)}",
                hint="say with `of=` which row of the batch each input belongs to",
            )
        if len(x) <= self._batch_size:
            return [(x, labels)]
        starts = range(0, len(x), self._batch_size)
        rows = [slice(start, start + self._batch_size) for start in starts]
        return [(x[part], None if labels is None else labels[part]) for part in rows]
