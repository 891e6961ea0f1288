"""One way through all layers: from the data to the code and back, each layer used once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, final

from vae_analyze.loading.rebuild.layers import Layer

Event = Literal["pair", "double", "single"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Width:
    """How many features pass between two layers.

    Args:
        size: Numbers of a vector, or channels of maps.
        maps: Whether they are maps of some height and width.
    """

    size: int
    maps: bool


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A layer at its place in the chain.

    Args:
        layer: The layer.
        transposed: Of a convolution: whether its weight is laid out as a transposed one.
        extra: Features that it takes beside those of the layer before it: a label.
    """

    layer: Layer
    transposed: bool = False
    extra: int = 0

    @property
    def enters(self) -> int:
        """Features or channels in, a label's included."""
        return self.layer.shape[0] if self.transposed else self.layer.shape[1]

    @property
    def leaves(self) -> int:
        """Features or channels out."""
        return self.layer.shape[1] if self.transposed else self.layer.shape[0]

    @property
    def width(self) -> Width:
        """What comes out."""
        return Width(size=self.leaves, maps=self.layer.kind == "conv")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Structure:
    """The order of all layers.

    Args:
        trunk: From the data up to the heads; may be empty.
        first: The first head, or the only one.
        second: The second head of equal shape; empty where one head gives all.
        decoder: From the code to the data.
        event: How the code is drawn: two heads, one head of twice the width, or not at all.
        latent: Numbers or channels of a code.
        maps: Whether a code is a map.
        embedding: Path of a table of label vectors, or "".
        cost: How much it goes against the names and the order of the file; 0 at best.
    """

    trunk: tuple[Link, ...]
    first: tuple[Link, ...]
    second: tuple[Link, ...]
    decoder: tuple[Link, ...]
    event: Event
    latent: int
    maps: bool
    embedding: str = ""
    cost: float = 0.0

    @property
    def encoder(self) -> tuple[Link, ...]:
        """The links from the data to the first head's output."""
        return (*self.trunk, *self.first)

    @property
    def extra(self) -> int:
        """Features that a label adds; 0 for an unconditional model."""
        return max(link.extra for link in (*self.encoder, *self.decoder))

    @property
    def spoken(self) -> tuple[tuple[str, ...], ...]:
        """The paths by part, which tell two structures apart (two heads in either order are one)."""
        heads = sorted(tuple(link.layer.path for link in head) for head in (self.first, self.second))
        return (_paths(self.trunk), *heads, _paths(self.decoder), tuple(str(x.transposed) for x in self.decoder))


def _paths(links: tuple[Link, ...]) -> tuple[str, ...]:
    return tuple(link.layer.path for link in links)
