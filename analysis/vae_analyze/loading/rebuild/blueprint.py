"""A structure and choices put together: the whole network as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

from vae_analyze.loading.rebuild.block_steps import block_steps
from vae_analyze.loading.rebuild.choices import Choices, Half, Squash
from vae_analyze.loading.rebuild.gaps import Gap, gaps_of
from vae_analyze.loading.rebuild.geometry import Setting, side_of
from vae_analyze.loading.rebuild.layers import Layer
from vae_analyze.loading.rebuild.steps import Step
from vae_analyze.loading.rebuild.structure import Structure
from vae_analyze.loading.rebuild.tail import normalisation, tail
from vae_analyze.loading.unwrapping.content import ModuleTree

_PLAIN = Setting()


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Blueprint:
    """A network as plain data.

    Args:
        input_shape: Of one sample.
        latent_shape: Of one code.
        trunk: From the data to the heads.
        first: The first head, or the only one.
        second: The second head; empty where one head gives all.
        decoder: From the code to the data's shape, without what squashes the numbers at the end.
        squash: That.
        classes: Length of the one-hot vector, or number of rows of the table, that a label is given as; 0 without.
        embedded: Whether labels go through a table.
    """

    input_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    trunk: tuple[Step, ...]
    first: tuple[Step, ...]
    second: tuple[Step, ...]
    decoder: tuple[Step, ...]
    squash: Squash
    classes: int = 0
    embedded: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the card."""
        return {
            "input_shape": list(self.input_shape),
            "latent_shape": list(self.latent_shape),
            "trunk": [step.to_dict() for step in self.trunk],
            "first_head": [step.to_dict() for step in self.first],
            "second_head": [step.to_dict() for step in self.second],
            "decoder": [step.to_dict() for step in self.decoder],
            "squash": self.squash,
            "classes": self.classes,
        }


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Plan:
    """A structure with what is known of the gaps between its layers.

    Args:
        structure: The order of the layers.
        encoder: Gaps of the trunk and the first head.
        second: Gaps of the second head.
        decoder: Gaps of the decoder.
        classes: Of labels; 0 for an unconditional model.
    """

    structure: Structure
    encoder: tuple[Gap, ...]
    second: tuple[Gap, ...]
    decoder: tuple[Gap, ...]
    classes: int = 0

    @classmethod
    def of(
        cls, structure: Structure, attached: dict[str, tuple[Layer, ...]], tree: ModuleTree | None, classes: int
    ) -> Plan:
        """The plan of a structure; ``attached`` as `Layers` has it."""
        return cls(
            structure=structure,
            encoder=gaps_of(structure.encoder, attached, tree),
            second=gaps_of(structure.second, attached, tree),
            decoder=gaps_of(structure.decoder, attached, tree),
            classes=classes if structure.extra else 0,
        )


def assemble(plan: Plan, choices: Choices, input_shape: tuple[int, ...]) -> Blueprint:
    """The network that a plan and choices make for samples of a shape."""
    structure, at = plan.structure, len(plan.structure.trunk)
    trunk, heads = plan.encoder[:at], plan.encoder[at:]
    half = choices.encoder
    settings = half.geometry.settings
    shape = _flow(structure, choices, input_shape)
    convs = sum(gap.owner.layer.kind == "conv" for gap in trunk)
    table = structure.embedding
    enter = _enter(plan.encoder[0], input_shape)
    steps = tuple(_chain(trunk, half, settings[:convs], table, seam_last=True)) if trunk else ()
    alone = half if half.ends_both else replace(half, ends="none")
    one, two = (alone, half) if choices.swapped else (half, alone)  # which of the heads gives the mean
    first = tuple(_chain(heads, one, settings[convs:], table, is_head=True, before=trunk))
    second = tuple(_chain(plan.second, two, settings[convs:], table, is_head=True, before=trunk))
    leave: tuple[Step, ...] = (Step(op="flatten"),) if structure.maps and len(shape) == 1 else ()
    return Blueprint(
        input_shape=input_shape,
        latent_shape=shape,
        trunk=(*enter, *steps),
        first=(*first, *leave),
        second=(*second, *leave) if second else (),
        decoder=tuple(_decoder(plan, choices, shape, input_shape)),
        squash=choices.squash,
        classes=plan.classes,
        embedded=bool(table),
    )


def _flow(structure: Structure, choices: Choices, input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a code; maps of one pixel are vectors."""
    if not structure.maps:
        return (structure.latent,)
    side = choices.encoder.geometry.end or input_shape[-1]
    return (structure.latent,) if side == 1 else (structure.latent, side, side)


def _enter(gap: Gap, input_shape: tuple[int, ...]) -> tuple[Step, ...]:
    return (Step(op="flatten"),) if len(input_shape) > 1 and gap.owner.layer.kind == "linear" else ()


def _decoder(plan: Plan, choices: Choices, shape: tuple[int, ...], input_shape: tuple[int, ...]) -> Iterator[Step]:
    half = choices.decoder
    entry, last = plan.decoder[0].owner, plan.decoder[-1].owner
    if len(shape) == 3 and entry.layer.kind == "linear":
        yield Step(op="flatten")
    elif len(shape) == 1 and entry.layer.kind == "conv":
        channels = entry.enters - entry.extra if len(plan.decoder) else 0
        side = side_of(shape[0], channels)
        yield Step(op="unflatten", size=(channels, side, side))
    yield from _chain(plan.decoder, half, half.geometry.settings, plan.structure.embedding, seam_first=True)
    if last.layer.kind == "linear" and len(input_shape) > 1:
        yield Step(op="unflatten", size=input_shape)


def _chain(
    gaps: tuple[Gap, ...],
    half: Half,
    settings: tuple[Setting, ...],
    table: str,
    *,
    is_head: bool = False,
    seam_last: bool = False,
    seam_first: bool = False,
    before: tuple[Gap, ...] = (),
) -> Iterator[Step]:
    waiting = iter(settings)
    behind = before[-1] if before else None
    for at, gap in enumerate(gaps):
        link, last = gap.owner, at == len(gaps) - 1
        setting = next(waiting, _PLAIN) if link.layer.kind == "conv" else _PLAIN
        yield from _reshape(behind, gap, half)
        if link.extra:
            yield Step(op="labels", at=table, kind=half.labels)
        yield from _weights(gap, setting, half)
        following = gaps[at + 1] if not last else None
        seam = (seam_last and last) or (seam_first and at == 0 and not last)
        ends = last and not seam_last
        entering = replace(half, activation=half.entry) if half.entry and seam_first and at == 0 and not last else half
        yield from tail(gap, following, entering, setting, seam=seam, ends=ends, head=is_head)
        behind = gap


def _reshape(before: Gap | None, gap: Gap, half: Half) -> Iterator[Step]:
    if before is None or before.owner.layer.kind == gap.owner.layer.kind:
        return
    order = "channels last" if half.channels_last else ""
    if gap.owner.layer.kind == "linear":
        if half.geometry.averaged:
            yield Step(op="pool", kind="global")
        yield Step(op="flatten", kind=order)
    else:
        channels = gap.owner.enters - gap.owner.extra
        side = side_of(before.owner.leaves, channels)
        yield Step(op="unflatten", kind=order, size=(channels, side, side))


def _weights(gap: Gap, setting: Setting, half: Half) -> Iterator[Step]:
    layer = gap.owner.layer
    if setting.up:
        yield Step(op="upsample", kind=setting.up, stride=2)
    if layer.block is not None:
        normalising = partial(normalisation, half=half, maps=layer.kind == "conv")
        yield from block_steps(layer.block, half, setting, normalising)
        return
    if layer.kind == "linear":
        yield Step(op="linear", at=layer.path)
        return
    yield Step(
        op="deconv" if setting.transposed else "conv",
        at=layer.path,
        stride=setting.stride,
        padding=setting.padding,
        output_padding=setting.output_padding,
    )
