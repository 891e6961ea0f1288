"""Everything about a network that names and shapes leave open, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, final

from vae_analyze.loading.rebuild.geometry import Geometry
from vae_analyze.loading.settling.convention import Split

Squash = Literal["sigmoid", "tanh", "none", "none in [-1, 1]", "tanh in [0, 1]", "as it went in"]
LabelSide = Literal["after", "before"]
Style = Literal["then active", "sum", "active first", "active inside"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Half:
    """Choices of the encoder or of the decoder.

    Args:
        geometry: Settings of its convolutions.
        activation: After its hidden layers, such as "relu" or "leaky_relu(0.2)".
        seam: Whether the activation also stands where names do not tell: in the encoder between its last layer and the
            heads, in the decoder between its first layer and the next.
        entry: In the decoder the activation behind its first layer, where that is another one than behind the rest; ""
            for the same.
        norm_first: Whether normalisation comes before the activation.
        groups: Of group norms.
        ends: In the encoder an activation behind the heads ("none" as a rule).
        ends_both: Whether that stands behind both of two heads, or behind the mean alone.
        labels: On which side of the data or the code a label is put.
        style: Of residual blocks: activations between the layers and behind the sum, only between them, ahead of every
            layer, or behind every layer but not the sum.
        channels_last: Whether maps lie in a vector with their channels innermost.
    """

    geometry: Geometry = field(default_factory=Geometry)
    activation: str = "relu"
    seam: bool = True
    entry: str = ""
    norm_first: bool = True
    groups: int = 32
    ends: str = "none"
    ends_both: bool = True
    labels: LabelSide = "after"
    style: Style = "then active"
    channels_last: bool = False


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """All choices.

    Args:
        encoder: Of the encoder.
        decoder: Of the decoder.
        squash: What the decoder's last numbers go through; "none in [-1, 1]" are data in that range.
        input_range: What the lowest and highest value of the data become.
        split: Where mean and second output are.
        swapped: Whether the second output comes first.
    """

    encoder: Half
    decoder: Half
    squash: Squash = "sigmoid"
    input_range: tuple[float, float] = (0.0, 1.0)
    split: Split = "separate"
    swapped: bool = False


def named(activation: str) -> tuple[str, float]:
    """Kind and slope of an activation as people write it: "leaky_relu(0.2)" is ("leaky_relu", 0.2)."""
    kind, _, rest = activation.partition("(")
    return kind, float(rest.rstrip(")")) if rest else 0.0
