"""One complete network that the weights may be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.choices import Choices
from vae_analyze.loading.rebuild.space import Open


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Candidate:
    """One complete network.

    Args:
        plan: The order of its layers.
        choices: Everything else.
        shape: Of a sample.
        start: How unusual its geometry and its order are.
    """

    plan: Plan
    choices: Choices
    shape: tuple[int, ...]
    start: float = 0.0


def tied(choices: Choices, activation: str) -> Choices:
    """The choices with one activation throughout."""
    return replace(
        choices,
        encoder=replace(choices.encoder, activation=activation),
        decoder=replace(choices.decoder, activation=activation),
    )


def begun(start: Candidate, open_to: Open) -> Candidate:
    """A candidate with the first answer to every question, for want of data."""
    choices = replace(tied(start.choices, open_to.activations[0]), squash=open_to.squashes[0])
    return replace(start, choices=replace(choices, input_range=open_to.ranges[0]))
