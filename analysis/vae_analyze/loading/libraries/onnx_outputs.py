"""Which outputs of two ONNX graphs are the mean, the second output and the decoded data."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.onnx_core import Codes
from vae_analyze.loading.libraries.onnx_layout import Dims

_MEAN = re.compile(r"mu|mean|loc(?!al)")
_SECOND = re.compile(r"var|std|sigma|scale|cov|disp")
_DRAWN = re.compile(r"(^|_)z(_|$)|sampl")
_ADAPTER = "say which is which in an adapter file (--adapter FILE.py), or export only mean and log variance"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What a graph gave for the same samples, twice.

    Args:
        names: Its floating point outputs.
        first: What they were.
        again: What they were when asked again.
        drawn: Those that depend on random numbers, as the graph says.
    """

    names: tuple[str, ...]
    first: tuple[Tensor, ...]
    again: tuple[Tensor, ...]
    drawn: frozenset[str]

    def fixed(self) -> dict[str, Tensor]:
        """The outputs that are no random draws."""
        return {
            name: one
            for name, one, other in zip(self.names, self.first, self.again, strict=True)
            if name not in self.drawn and one.shape == other.shape and _same(one, other)
        }

    def shown(self) -> str:
        """Names and shapes, for a message."""
        texts = [
            f"{printable(name, limit=40)} {tuple(one.shape[1:])}"
            for name, one in zip(self.names, self.first, strict=True)
        ]
        return listing(texts, most=8) or "nothing"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What makes up the posterior.

    Args:
        names: Of one or two outputs, in the order of the graph.
        codes: What they are.
        latent_shape: Shape of one code.
        left: Outputs that are not used.
        draws: The unused ones of a code's shape that are random draws.
    """

    names: tuple[str, ...]
    codes: Codes
    latent_shape: tuple[int, ...]
    left: tuple[str, ...]
    draws: tuple[str, ...]


def posterior_outputs(answers: Answers, code: Dims, decodes: Callable[[tuple[int, ...]], bool]) -> Chosen:
    """Which encoder outputs are mean and second output.

    Args:
        answers: Of the encoder.
        code: What the decoder takes, without the batch axis; None where any size is accepted.
        decodes: Whether the decoder runs on codes of a shape.

    Raises:
        CheckpointError: None is of a code's size, only random draws are, or more than two.
    """
    fixed = answers.fixed()
    shapes = {name: tuple(value.shape[1:]) for name, value in zip(answers.names, answers.first, strict=True)}
    full = {name: shape for name, found in shapes.items() if (shape := _as_code(found, code, decodes))}
    half = {name: shape for name, found in shapes.items() if (shape := _as_code(_halved(found), code, decodes))}
    whole = _distinct({name: fixed[name] for name in full if name in fixed})
    both = _distinct({name: fixed[name] for name in half if name in fixed})
    draws = tuple(name for name in full if name not in fixed)
    if whole and both and not any(size is not None for size in code):
        raise CheckpointError(
            f"the decoder takes codes of any size, and of the encoder's outputs several would do: {answers.shown()}",
            hint="export the decoder with the number of latents as a fixed size",
        )
    if len(whole) > 2:
        whole = _by_name(whole)
    if len(whole) in (1, 2):
        names, codes = tuple(whole), "mean" if len(whole) == 1 else "pair"
        shape = full[names[0]]
    elif not whole and len(both) == 1:
        names, codes = tuple(both), "both"
        shape = half[names[0]]
    else:
        raise _none_chosen(answers, code, draws, [*whole, *both])
    left = tuple(name for name in answers.names if name not in names)
    return Chosen(names=names, codes=_codes(codes), latent_shape=shape, left=left, draws=draws)


def decoded_output(answers: Answers, shape: tuple[int, ...]) -> str:
    """Which decoder output is the decoded data.

    Raises:
        CheckpointError: None has the size of the data, or several have and no name tells them apart.
    """
    size = math.prod(shape)
    fitting = {name: value for name, value in answers.fixed().items() if value[0].numel() == size}
    found = _distinct(fitting)
    if len(found) == 2:  # logits beside probabilities
        (one, first), (other, second) = found.items()
        if _same(first.reshape(second.shape).sigmoid(), second):
            return other
        if _same(second.reshape(first.shape).sigmoid(), first):
            return one
    if len(found) > 1:
        found = {name: value for name, value in found.items() if not _SECOND.search(name.lower())}
    if len(found) == 1:
        return next(iter(found))
    drawn = ", leaving out random draws," if len(answers.fixed()) < len(answers.names) else ""
    raise CheckpointError(
        f"expected one decoder output{drawn} with the {size} numbers of samples of shape {shape}, found "
        f"{answers.shown()}",
        hint="export a decoder whose only output is the decoded data, as large as what the encoder takes",
    )


def _same(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-4, atol=1e-5, equal_nan=True)


def _codes(codes: str) -> Codes:
    return "mean" if codes == "mean" else "pair" if codes == "pair" else "both"


def _halved(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0] // 2, *shape[1:]) if shape and shape[0] % 2 == 0 else ()


def _as_code(found: tuple[int, ...], code: Dims, decodes: Callable[[tuple[int, ...]], bool]) -> tuple[int, ...]:
    """The shape in which the decoder takes codes of a shape; () where it does not."""
    if not found or 0 in found:
        return ()
    stated = tuple(size for size in code if size is not None)
    if len(stated) == len(code):
        return stated if math.prod(stated) == math.prod(found) and _compatible(found, stated) else ()
    fits = len(found) == len(code) and all(size in (None, one) for size, one in zip(code, found, strict=True))
    return found if fits and decodes(found) else ()


def _compatible(found: tuple[int, ...], stated: tuple[int, ...]) -> bool:
    """Whether two shapes of one size differ only by axes of length 1 or by where channels stand, or one is flat."""
    thick = [tuple(size for size in shape if size != 1) for shape in (found, stated)]
    turned = len(found) == 3 and (found[2], *found[:2]) == stated
    return thick[0] == thick[1] or turned or min(len(thick[0]), len(thick[1])) <= 1


def _distinct(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Without outputs that repeat another one, such as a code that is the mean in evaluation mode."""
    kept: dict[str, Tensor] = {}
    for name in sorted(values, key=lambda name: not _MEAN.search(name.lower())):
        flat = values[name].flatten()
        repeats = any(torch.equal(other.flatten(), flat) for other in kept.values())
        # Of a collapsed model mean and log variance may both be 0: a second output is not a repeated mean.
        if not repeats or _SECOND.search(name.lower()):
            kept[name] = values[name]
    return {name: kept[name] for name in values if name in kept}


def _by_name(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Mean and second output among several, if exactly one is called like each."""
    second = [name for name in values if _SECOND.search(name.lower())]
    mean = [name for name in values if _MEAN.search(name.lower()) and name not in second]
    if len(mean) == len(second) == 1:
        return {name: value for name, value in values.items() if name in (*mean, *second)}
    rest = {name: value for name, value in values.items() if not _DRAWN.search(name.lower())}
    return rest if len(rest) == 2 else values


def _none_chosen(answers: Answers, code: Dims, draws: tuple[str, ...], several: list[str]) -> CheckpointError:
    taken = tuple("any" if size is None else size for size in code)
    if draws and not several:
        return CheckpointError(
            f"the encoder gives only random draws of the code ({listing([printable(name) for name in draws])}), and "
            "from these neither mean nor variance can be told",
            hint="export an encoder that gives mean and log variance",
        )
    what = f"{len(several)} that may be" if several else "none that is"
    return CheckpointError(
        f"expected encoder outputs of the size that the decoder takes, {taken}, or one of twice that; found {what} "
        f"mean or second output: {answers.shown()}",
        hint=_ADAPTER,
    )
