"""Questions whose answers hang together, asked at once: one at a time each would keep the others wrong.

A network read with another activation than its own often does best without one of its seams, and then stays with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import product

from vae_analyze.loading.rebuild.choices import Choices, Half, Style
from vae_analyze.loading.rebuild.space import GROUPS, Open

_BOTH = (True, False)
_ENTRIES = ("relu", "leaky_relu(0.2)", "tanh")


def blocks(open_to: Open) -> list[Callable[[Choices], list[Choices]]]:
    """For every block of questions: all answers to it, given the present ones to the others."""
    found: list[Callable[[Choices], list[Choices]]] = [partial(one, open_to) for one in (_together, _front, _back)]
    found.append(partial(_ranged, open_to))
    return [*found, _grouped] if open_to.grouped else found


def around(open_to: Open, choices: Choices) -> list[Choices]:
    """Everything that differs in one block, and an activation behind the heads."""
    found = [one for block in blocks(open_to) for one in block(choices)]
    front = choices.encoder
    ends = dict.fromkeys(("none", front.activation if front.activation != "none" else "relu"))
    return found + [
        replace(choices, encoder=replace(front, ends=end, ends_both=both)) for end in ends for both in _BOTH
    ]


def _together(open_to: Open, choices: Choices) -> list[Choices]:
    """One activation throughout, with and without it at both seams, and one order of normalisations."""
    orders: tuple[bool | None, ...] = _BOTH if open_to.norms else (None,)
    styles: tuple[Style | None, ...] = open_to.styles if len(open_to.styles) > 1 else (None,)
    return [
        replace(
            choices,
            encoder=replace(_half(choices.encoder, activation, front, order), style=style or choices.encoder.style),
            decoder=replace(_half(choices.decoder, activation, back, order), style=style or choices.decoder.style),
        )
        for activation, front, back, order, style in product(open_to.activations, _BOTH, _BOTH, orders, styles)
    ]


def _ranged(open_to: Open, choices: Choices) -> list[Choices]:
    """The input range with one activation throughout: what a first look preferred, it preferred with relu."""
    return [
        replace(
            choices,
            input_range=input_range,
            encoder=_half(choices.encoder, activation, choices.encoder.seam, None),
            decoder=_half(choices.decoder, activation, choices.decoder.seam, None),
        )
        for input_range, activation in product(open_to.ranges, open_to.activations)
    ]


def _front(open_to: Open, choices: Choices) -> list[Choices]:
    return [replace(choices, encoder=half) for half in _halves(open_to, choices.encoder)]


def _back(open_to: Open, choices: Choices) -> list[Choices]:
    """Also with another activation behind the first layer than behind the rest, as where only a helper has its own."""
    halves = _halves(open_to, choices.decoder)
    entries = [
        replace(half, entry=entry)
        for half, entry in product(halves, _ENTRIES)
        if open_to.entry and half.seam and entry in open_to.activations and entry != half.activation
    ]
    return [replace(choices, decoder=half) for half in (*halves, *entries)]


def _halves(open_to: Open, half: Half) -> list[Half]:
    orders: tuple[bool | None, ...] = _BOTH if open_to.norms else (None,)
    halves = [_half(half, *one) for one in product(open_to.activations, _BOTH, orders)]
    styles = open_to.styles if len(open_to.styles) > 1 else (half.style,)
    return [replace(one, style=style) for one in halves for style in styles]


def _half(half: Half, activation: str, seam: bool, order: bool | None) -> Half:  # noqa: FBT001 - private
    ends = activation if half.ends == half.activation != "none" else half.ends
    first = half.norm_first if order is None else order
    return replace(half, activation=activation, seam=seam, entry="", norm_first=first, ends=ends)


def _grouped(choices: Choices) -> list[Choices]:
    """Numbers of groups; the same in both halves as a rule, so both are asked at once."""
    return [
        replace(choices, encoder=replace(choices.encoder, groups=one), decoder=replace(choices.decoder, groups=two))
        for one, two in product(GROUPS, repeat=2)
    ]
