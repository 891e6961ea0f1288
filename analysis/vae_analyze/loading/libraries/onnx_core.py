"""An encoder's and a decoder's graph as one network in the loader's own terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import Tensor

from vae_analyze.loading.libraries.onnx_layout import Layout, arranged, restored
from vae_analyze.loading.libraries.onnx_session import KINDS, Feed, OnnxSession
from vae_analyze.loading.settling.convention import Labels

Codes = Literal["mean", "pair", "both"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two graphs and what goes into it.

    Args:
        session: Runs it.
        main: Its input of samples or codes.
        labels: Its input of labels, or None.
        layout: How samples or codes are laid out in that input.
    """

    session: OnnxSession
    main: Feed
    labels: Feed | None
    layout: Layout = "as data"

    def run(self, value: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
        """The answers for samples or codes, in the number format and on the device that these are in."""
        given = arranged(value, self.layout).to("cpu", KINDS[self.main.kind])
        feeds = {self.main.name: given}
        if self.labels is not None and labels is not None:
            told = labels.to("cpu", KINDS[self.labels.kind])
            feeds[self.labels.name] = told.reshape(len(told), *_sizes(self.labels, told))
        answers = self.session.run(feeds)
        return tuple(answer.to(value.device, value.dtype) for answer in answers)


@final
class OnnxCore:
    """Two graphs as a core; nothing in them can be differentiated.

    Args:
        encoder: Its session gives only what makes up the posterior.
        decoder: Its session gives only the decoded data.
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
        codes: What the encoder gives: means, means and a second output, or one output with both.
    """

    def __init__(
        self, encoder: Side, decoder: Side, *, input_shape: tuple[int, ...], latent_shape: tuple[int, ...], codes: Codes
    ) -> None:
        self.encoder = encoder
        self.decoder = decoder
        self.input_shape = input_shape
        self.latent_shape = latent_shape
        self._codes = codes

    @property
    def labels(self) -> Labels:
        """What the graphs want beside data."""
        feed = self.decoder.labels or self.encoder.labels
        if feed is None:
            return "none"
        return "onehot" if KINDS[feed.kind].is_floating_point else "index"

    def outputs(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
        """What the encoder gives for ``(n, *input_shape)``."""
        double = (2 * self.latent_shape[0], *self.latent_shape[1:])
        shape = double if self._codes == "both" else self.latent_shape
        return tuple(restored(answer, shape) for answer in self.encoder.run(x, _told(labels, self.labels)))

    def decoded(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """What the decoder gives for ``(n, *latent_shape)``, as ``(n, *input_shape)``."""
        (answer,) = self.decoder.run(z, _told(labels, self.labels))
        return restored(answer, self.input_shape)


def _told(labels: Tensor | None, wanted: Labels) -> Tensor | None:
    if labels is None and wanted != "none":
        raise ValueError("the graph takes labels, and none were given")
    return labels


def _sizes(feed: Feed, labels: Tensor) -> tuple[int, ...]:
    """The shape of one label: class numbers may stand in an axis of their own."""
    return tuple(labels.shape[1:]) if labels.is_floating_point() else (1,) * len(feed.dims)


def made_up(count: int, shape: tuple[int, ...], *, uniform: bool) -> Tensor:
    """Samples in [0, 1] or standard normal codes, always the same."""
    generator = torch.Generator().manual_seed(20262)
    return (
        torch.rand(count, *shape, generator=generator) if uniform else torch.randn(count, *shape, generator=generator)
    )
