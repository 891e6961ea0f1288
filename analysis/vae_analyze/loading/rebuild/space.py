"""Which answers every open question has, and what an unusual answer must gain before it is believed.

An answer's cost is in units of the logarithm of the reconstruction error: 0.03 means that it has to be 3 % better than
the usual one. Another slope than the one a network was trained with is worse by more than that as a rule, but not
always, so that the usual answer wins where the data cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import final

from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.choices import Choices, LabelSide, Squash, Style
from vae_analyze.loading.settling.convention import Split

ACTIVATIONS: dict[str, float] = {
    "relu": 0.0,
    "leaky_relu(0.2)": 0.12,
    "tanh": 0.12,
    "elu": 0.15,
    "silu": 0.15,
    "gelu": 0.15,
    "leaky_relu(0.01)": 0.3,
    "leaky_relu(0.1)": 0.35,
    "sigmoid": 0.15,
    "softplus": 0.15,
    "selu": 0.2,
    "none": 0.3,
}
_UNTIED = 0.32
_SQUASHES: dict[Squash, float] = {
    "sigmoid": 0.0,
    "tanh": 0.03,
    "none": 0.03,
    "none in [-1, 1]": 0.05,
    "tanh in [0, 1]": 0.08,
    "as it went in": 0.09,
}
SQUASHED: dict[Squash, str] = {
    "sigmoid": "probabilities, by a sigmoid",
    "tanh": "[-1, 1], by a tanh",
    "none": "data as they are",
    "none in [-1, 1]": "data in [-1, 1], as they are",
    "tanh in [0, 1]": "data as they are, by a tanh",
    "as it went in": "data in the input's range, as they are",
}
_ODD_PAIR = 0.25  # data come out in another range than they went in
_SEAM = 0.01
_ENDS = 0.10
_ENTRY = 0.04
_RANGE = 0.02
_UNUSUAL_RANGE = 0.08
_ACTIVATION_FIRST = 0.02
_GROUPS = {32: 0.0, 8: 0.01, 16: 0.01, 4: 0.01, 1: 0.01, 2: 0.02, 64: 0.02}
GROUPS = (*_GROUPS, 1 << 20)  # beyond the channels: a group each, an instance norm
_OTHER_GROUPS = 0.05
_STYLES = 0.05


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """What may be chosen: all, unless the person or the file says.

    Args:
        activations: Of the hidden layers.
        squashes: Of the decoder's end.
        ranges: Of the input.
        splits: Of one double head, with whether the second output comes first.
        swaps: Whether two heads may have changed places.
        norms: Whether normalisations are there whose order is open.
        grouped: Whether group norms are there.
        labels: Whether labels are put in.
        styles: Of residual blocks, where there are any.
        entry: Whether behind the decoder's first layer another activation may stand than behind the rest.
    """

    activations: tuple[str, ...] = tuple(ACTIVATIONS)
    squashes: tuple[Squash, ...] = tuple(_SQUASHES)
    ranges: tuple[tuple[float, float], ...] = ((0.0, 1.0), (-1.0, 1.0))
    splits: tuple[tuple[Split, bool], ...] = (
        ("halves", False),
        ("interleaved", False),
        ("halves", True),
        ("interleaved", True),
    )
    swaps: bool = True
    norms: bool = False
    grouped: bool = False
    labels: bool = False
    styles: tuple[Style, ...] = ("then active",)
    entry: bool = True


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Coordinate:
    """One question.

    Args:
        what: In words.
        variants: The choices with every answer to it, the present one included.
        said: The answer in words.
    """

    what: str
    variants: Callable[[Choices], Iterable[Choices]]
    said: Callable[[Choices], str]


def coordinates(open_to: Open, plan: Plan) -> list[Coordinate]:
    """The questions that a structure leaves open."""
    return [
        _squash(open_to),
        _range(open_to),
        *_drawing(open_to, plan),
        _together(open_to),
        _alone(open_to, "encoder"),
        _alone(open_to, "decoder"),
        _seam(),
        _entry(open_to),
        *([_order("encoder"), _order("decoder")] if open_to.norms else []),
        *([_groups("encoder"), _groups("decoder")] if open_to.grouped else []),
        *([_labels("encoder"), _labels("decoder")] if open_to.labels else []),
        *([_styles(open_to, "encoder"), _styles(open_to, "decoder")] if len(open_to.styles) > 1 else []),
        _ends(),
    ]


def penalty(choices: Choices) -> float:
    """What the choices cost by being unusual."""
    front, back = choices.encoder, choices.decoder
    cost = _activation(front.activation)
    if front.activation != back.activation:
        cost += _UNTIED + _activation(back.activation)
    cost += _SQUASHES[choices.squash]
    if choices.squash in ("tanh", "none in [-1, 1]") and choices.input_range != (-1.0, 1.0):
        cost += _ODD_PAIR
    cost += _range_cost(choices.input_range)
    cost += _SEAM * (not front.seam) + (_ENTRY + _activation(back.entry) if back.entry else 0.0)
    cost += _ENDS * (front.ends != "none")
    cost += _ACTIVATION_FIRST * ((not front.norm_first) + (not back.norm_first))
    cost += (_GROUPS.get(front.groups, 0.03) + _GROUPS.get(back.groups, 0.03)) / 2
    cost += _OTHER_GROUPS * (front.groups != back.groups)
    cost += _STYLES * (front.style != back.style)
    cost += 0.01 * ((front.labels != "after") + (back.labels != "after"))
    return cost + 0.1 * choices.swapped + 0.02 * (choices.split == "interleaved")


def _activation(name: str) -> float:
    return ACTIVATIONS.get(name, 0.03)


def _range_cost(input_range: tuple[float, float]) -> float:
    return {(0.0, 1.0): 0.0, (-1.0, 1.0): _RANGE}.get(input_range, _UNUSUAL_RANGE)


def _squash(open_to: Open) -> Coordinate:
    return Coordinate(
        what="decoder output",
        variants=lambda choices: (replace(choices, squash=squash) for squash in open_to.squashes),
        said=lambda choices: SQUASHED[choices.squash],
    )


def _range(open_to: Open) -> Coordinate:
    return Coordinate(
        what="input range",
        variants=lambda choices: (replace(choices, input_range=one) for one in open_to.ranges),
        said=lambda choices: f"[{choices.input_range[0]:g}, {choices.input_range[1]:g}]",
    )


def _drawing(open_to: Open, plan: Plan) -> list[Coordinate]:
    if plan.structure.event == "double":
        return [
            Coordinate(
                what="which outputs of the head are means",
                variants=lambda choices: (replace(choices, split=one, swapped=two) for one, two in open_to.splits),
                said=lambda choices: choices.split + (", second output first" if choices.swapped else ""),
            )
        ]
    if plan.structure.event == "pair" and open_to.swaps:
        heads = (plan.structure.first[-1].layer.path, plan.structure.second[-1].layer.path)
        return [
            Coordinate(
                what="which head gives the mean",
                variants=lambda choices: (replace(choices, swapped=one) for one in (False, True)),
                said=lambda choices: heads[int(choices.swapped)],
            )
        ]
    return []


def _together(open_to: Open) -> Coordinate:
    return Coordinate(
        what="activation",
        variants=lambda choices: (
            replace(
                choices,
                encoder=replace(choices.encoder, activation=one),
                decoder=replace(choices.decoder, activation=one),
            )
            for one in open_to.activations
        ),
        said=lambda choices: choices.encoder.activation,
    )


def pairs_of(open_to: Open) -> Callable[[Choices], Iterable[Choices]]:
    """The choices with every pair of activations, one for each half."""

    def variants(choices: Choices) -> Iterable[Choices]:
        for front, back in product(open_to.activations, repeat=2):
            yield replace(
                choices,
                encoder=replace(choices.encoder, activation=front),
                decoder=replace(choices.decoder, activation=back),
            )

    return variants


def _alone(open_to: Open, side: str) -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        for one in open_to.activations:
            if side == "encoder":
                yield replace(choices, encoder=replace(choices.encoder, activation=one))
            else:
                yield replace(choices, decoder=replace(choices.decoder, activation=one))

    return Coordinate(
        what=f"activation of the {side}",
        variants=variants,
        said=lambda choices: (choices.encoder if side == "encoder" else choices.decoder).activation,
    )


def _seam() -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        for one in (True, False):
            yield replace(choices, encoder=replace(choices.encoder, seam=one))

    return Coordinate(
        what="activation before the heads",
        variants=variants,
        said=lambda choices: "yes" if choices.encoder.seam else "no",
    )


def _entry(open_to: Open) -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        back = choices.decoder
        yield replace(choices, decoder=replace(back, seam=False, entry=""))
        for one in ("", *(open_to.activations if open_to.entry else ())):
            if one not in (back.activation, "none"):
                yield replace(choices, decoder=replace(back, seam=True, entry=one))

    def said(choices: Choices) -> str:
        back = choices.decoder
        return back.entry or back.activation if back.seam else "none"

    return Coordinate(what="activation behind the decoder's first layer", variants=variants, said=said)


def _order(side: str) -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        for one in (True, False):
            if side == "encoder":
                yield replace(choices, encoder=replace(choices.encoder, norm_first=one))
            else:
                yield replace(choices, decoder=replace(choices.decoder, norm_first=one))

    def said(choices: Choices) -> str:
        first = (choices.encoder if side == "encoder" else choices.decoder).norm_first
        return "normalisation, then activation" if first else "activation, then normalisation"

    return Coordinate(what=f"order in the {side}", variants=variants, said=said)


def _groups(side: str) -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        for one in GROUPS:
            if side == "encoder":
                yield replace(choices, encoder=replace(choices.encoder, groups=one))
            else:
                yield replace(choices, decoder=replace(choices.decoder, groups=one))

    return Coordinate(
        what=f"groups of the {side}'s group norms",
        variants=variants,
        said=lambda choices: str((choices.encoder if side == "encoder" else choices.decoder).groups),
    )


def _styles(open_to: Open, side: str) -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        for one in open_to.styles:
            if side == "encoder":
                yield replace(choices, encoder=replace(choices.encoder, style=one))
            else:
                yield replace(choices, decoder=replace(choices.decoder, style=one))

    return Coordinate(
        what=f"residual blocks of the {side}",
        variants=variants,
        said=lambda choices: (choices.encoder if side == "encoder" else choices.decoder).style,
    )


def _labels(side: str) -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        places: tuple[LabelSide, ...] = ("after", "before")
        for one in places:
            if side == "encoder":
                yield replace(choices, encoder=replace(choices.encoder, labels=one))
            else:
                yield replace(choices, decoder=replace(choices.decoder, labels=one))

    return Coordinate(
        what=f"place of the label in the {side}",
        variants=variants,
        said=lambda choices: (choices.encoder if side == "encoder" else choices.decoder).labels,
    )


def _ends() -> Coordinate:
    def variants(choices: Choices) -> Iterable[Choices]:
        front = choices.encoder
        yield replace(choices, encoder=replace(front, ends="none", ends_both=True))
        for both in (True, False):
            end = front.activation if front.activation != "none" else "relu"
            yield replace(choices, encoder=replace(front, ends=end, ends_both=both))

    def said(choices: Choices) -> str:
        return choices.encoder.ends + ("" if choices.encoder.ends_both else ", of the mean alone")

    return Coordinate(what="activation behind the heads", variants=variants, said=said)
