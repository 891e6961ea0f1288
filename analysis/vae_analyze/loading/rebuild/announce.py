"""What is said of every choice: its value, the evidence with numbers, and the runner-up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from vae_analyze.loading.card import Assumption
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.choices import Choices
from vae_analyze.loading.rebuild.fit import Fit, Rival
from vae_analyze.loading.rebuild.layers import Layers
from vae_analyze.loading.rebuild.space import SQUASHED
from vae_analyze.loading.rebuild.structure import Structure

# What reads another geometry, range or half of the head wrongly does at least so much worse.
CLEAR_RATIO = 1.5
# Wrong activations have come out with an equal or lower error: no ratio makes one certain.
_NEVER_SURE = ("activation", "activation of the encoder", "activation of the decoder", "activation behind the heads")
_SPOKEN = _NEVER_SURE[:3]


def assumptions(best: Candidate, layers: Layers, fit: Fit | None, options: LoadOptions) -> list[Assumption]:
    """Everything that was assumed, the order of the layers first.

    Args:
        best: The network.
        layers: All layers of the file.
        fit: How it was chosen; None: without data.
        options: What the person said.
    """
    found = [*_structural(best, layers), *_geometry(best, fit)]
    if fit is not None:
        found.insert(0, _judged(fit, options))
    if fit is not None and len(fit.sizes) > 1:
        found.append(_size(best, fit, options))
    found += _fitted(best, fit, options) if fit is not None else _usual(best.choices, options)
    return found


def _judged(fit: Fit, options: LoadOptions) -> Assumption:
    name = options.evidence.name if options.evidence is not None else ""
    return Assumption(
        what="fitted on", value=f"{fit.count} samples of {name}", source=f"reconstruction error {fit.error:.4g}"
    )


def _structural(best: Candidate, layers: Layers) -> Iterator[Assumption]:
    structure = best.plan.structure
    yield Assumption(what="order of layers", value=path_of(structure), source="tensor names and shapes")
    yield Assumption(what="latent size", value=str(structure.latent), source="tensor shapes")
    if structure.event == "single":
        yield Assumption(
            what="kind",
            value="a plain autoencoder, not a VAE: one code per sample, no variances",
            source="tensor shapes",
        )
    if structure.extra:
        yield Assumption(what="classes", value=str(best.plan.classes), source="tensor shapes")
    if layers.beside:
        yield Assumption(
            what="left out: beside the autoencoder",
            value=listing([printable(name, limit=40) for name in layers.beside], most=6),
            source="names and shapes; the way from the data to the code and back needs none of it",
        )
    if layers.loose:
        names = listing([printable(layer.path, limit=40) for layer in layers.loose], most=4)
        yield Assumption(
            what="numbers without a part in encoding or decoding", value=names, source="tensor shapes: lone numbers"
        )


def path_of(structure: Structure) -> str:
    """The layers by name, in the order in which data pass them."""
    heads = structure.first[-1].layer.path
    if structure.second:
        heads += f" | {structure.second[-1].layer.path}"
    parts = [link.layer.path for link in (*structure.trunk, *structure.first[:-1])]
    behind = [link.layer.path for link in structure.decoder]
    return " > ".join(printable(part, limit=60) for part in (*parts, heads, *behind))


def _geometry(best: Candidate, fit: Fit | None) -> Iterator[Assumption]:
    shape = "x".join(str(size) for size in best.shape)
    halves = [geometry_of(best, part) for part in ("encoder", "decoder")]
    value = shape + "".join(
        f"; {part}: {text}" for part, text in zip(("encoder", "decoder"), halves, strict=True) if text
    )
    rival = min(fit.others, key=lambda other: other.error, default=None) if fit is not None else None
    if not any(halves) and rival is None:
        yield _shape(best, shape, fit)
        return
    if fit is None:
        yield Assumption(what="geometry", value=value, source="guess: the most usual that fits the shapes", guess=True)
        return
    sure = rival is None or rival.error > CLEAR_RATIO * fit.error
    yield Assumption(
        what="geometry",
        value=value,
        source=_source(fit, sure=sure),
        guess=not sure,
        runner_up="" if rival is None else f"{_other(rival, best)}: {rival.error:.4g}",
    )


def _shape(best: Candidate, shape: str, fit: Fit | None) -> Assumption:
    if fit is not None:
        return Assumption(what="input shape", value=shape, source="tensor shapes and the data")
    numbers = math.prod(best.shape)
    image = len(best.shape) == 3
    return Assumption(
        what="input shape",
        value=shape,
        source="guess: a usual image size" if image else "guess: no usual image size",
        guess=True,
        runner_up=f"vectors of {numbers} numbers" if image else "images of as many pixels",
    )


def _size(best: Candidate, fit: Fit, options: LoadOptions) -> Assumption:
    """The image size of a network that takes several: nothing in its weights tells which it was trained on."""
    own = options.evidence.shape if options.evidence is not None else None
    others = ["x".join(str(size) for size in shape) for shape in fit.sizes if shape != best.shape]
    tried = [f"{'x'.join(map(str, o.candidate.shape))}: {o.error:.4g}" for o in fit.others
             if o.candidate.shape != best.shape]  # fmt: skip
    return Assumption(
        what="image size",
        value="x".join(str(size) for size in best.shape),
        source="guess: the network takes several sizes; "
        + ("that of the data" if best.shape == own else "at this one it reconstructs best"),
        guess=True,
        runner_up=tried[0] if tried else f"{others[0]}: runs as well",
    )


def geometry_of(candidate: Candidate, part: str) -> str:
    """The settings of the convolutions of one half, such as "k4s2p1, k4s2p1"."""
    gaps = candidate.plan.encoder if part == "encoder" else candidate.plan.decoder
    half = candidate.choices.encoder if part == "encoder" else candidate.choices.decoder
    kernels = [gap.owner.layer.shape[2] for gap in gaps if gap.owner.layer.kind == "conv"]
    words = [setting.said(kernel) for setting, kernel in zip(half.geometry.settings, kernels, strict=False)]
    words += ["mean over all pixels"] * half.geometry.averaged + ["channels innermost in vectors"] * half.channels_last
    return ", ".join(words)


def _other(rival: Rival, best: Candidate) -> str:
    """What is different in a rival: its shape, its geometry, its order of layers."""
    other, parts = rival.candidate, []
    if other.shape != best.shape:
        parts.append("x".join(str(size) for size in other.shape))
    for part in ("encoder", "decoder"):
        text = geometry_of(other, part)
        parts += [f"{part}: {text}"] if text != geometry_of(best, part) else []
    blocks = [_blocks(one) for one in (other, best)]
    if path_of(other.plan.structure) != path_of(best.plan.structure) and blocks[0] == blocks[1]:
        parts.append(path_of(other.plan.structure))
    if blocks[0] != blocks[1]:
        parts.append("with residual blocks" if blocks[0] else "without residual blocks")
    return "; ".join(parts) or "the same with other activations"


def _blocks(candidate: Candidate) -> bool:
    structure = candidate.plan.structure
    return any(link.layer.block is not None for link in (*structure.encoder, *structure.decoder))


def _fitted(best: Candidate, fit: Fit, options: LoadOptions) -> Iterator[Assumption]:
    told = {"input range": options.range is not None, "decoder output": options.output != "auto"}
    for rival in _said_once(fit.rivals):
        if told.get(rival.what):
            continue
        sure = rival.what not in _NEVER_SURE and rival.error > CLEAR_RATIO * fit.error
        value = f"{rival.chosen} throughout" if rival.what == "activation" else rival.chosen
        yield Assumption(
            what=rival.what,
            value=value,
            source=_source(fit, sure=sure) + (f"; {fit.told}" if fit.told and rival.what in _SPOKEN else ""),
            guess=not sure,
            runner_up=f"{rival.value}: {rival.error:.4g}",
        )
    yield from _given(best.choices, options)


def _said_once(rivals: tuple[Rival, ...]) -> list[Rival]:
    """One answer for the activations where both halves have the same one, with the closest of their runners-up."""
    found = [rival for rival in rivals if rival.chosen != rival.value]
    about = {rival.what: rival for rival in found if rival.what in _SPOKEN}
    if len({rival.chosen for rival in about.values()}) > 1:
        return [rival for rival in found if rival.what != "activation"]
    if len(about) < 2:
        return found
    closest = min(about.values(), key=lambda rival: rival.score)
    half = closest.what.removeprefix("activation").removeprefix(" of the ")
    value = f"{closest.value} in the {half}" if half else closest.value
    one = replace(closest, what="activation", value=value)
    first = next(at for at, rival in enumerate(found) if rival.what in _SPOKEN)
    return [*found[:first], one, *(rival for rival in found[first:] if rival.what not in _SPOKEN)]


def _given(choices: Choices, options: LoadOptions) -> Iterator[Assumption]:
    if options.range is not None:
        low, high = choices.input_range
        yield Assumption(what="input range", value=f"[{low:g}, {high:g}]", source="option --range")
    if options.output != "auto":
        yield Assumption(what="decoder output", value=SQUASHED[choices.squash], source="option --output")


def _source(fit: Fit, *, sure: bool) -> str:
    return f"error {fit.error:.4g}" if sure else f"guess: error {fit.error:.4g}"


def _usual(choices: Choices, options: LoadOptions) -> Iterator[Assumption]:
    """What is assumed where there are no data to try anything on."""
    yield from _given(choices, options)
    usual = "guess: the usual one, no data to try it on"
    yield Assumption(
        what="activation",
        value=choices.encoder.activation,
        source=usual,
        guess=True,
        runner_up="any other; leaky_relu, tanh and elu are common",
    )
    if options.output == "auto":
        yield Assumption(
            what="decoder output", value=SQUASHED[choices.squash], source=usual, guess=True, runner_up="tanh or none"
        )
    if options.range is None:
        yield Assumption(what="input range", value="[0, 1]", source=usual, guess=True, runner_up="[-1, 1]")
    if choices.split == "halves":
        yield Assumption(
            what="which outputs of the head are means",
            value="the first half",
            source=usual,
            guess=True,
            runner_up="interleaved",
        )
