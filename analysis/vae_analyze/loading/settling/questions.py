"""What has to be known to read a network, and which answers are possible."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Convention, Labels, Output, Second, Split
from vae_analyze.loading.settling.form import Form

MINUS_ONE = (-1.0, 1.0)
PLAIN = (0.0, 1.0)
# (x - mean) / std with the constants that the field copies for MNIST, 0.1307 and 0.3081.
MNIST = (-0.4242, 2.8215)
# Standardised by channel, with ImageNet's constants: a range cannot say that, only come near.
COLOURS = (-1.986, 2.439)
INEXACT: frozenset[Hashable] = frozenset({COLOURS})
_OUTPUTS: tuple[Output, ...] = ("prob", "logits", "tanh", "same")
_FIRST_IS_MEAN = ("mu", "mean", "loc", "embedding")
_IS_SECOND = ("var", "std", "sigma", "scale", "cov")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the caller knows of a network; None is not known.

    Args:
        input_range: As in `Convention`.
        second: As in `Convention`.
        split: As in `Convention`.
        swapped: As in `Convention`.
        output: As in `Convention`.
        labels: As in `Convention`.
        classes: As in `Convention`.
        names: What the encoder's outputs are called, in their order, where they have names.
        source: Where all this comes from.
    """

    input_range: tuple[float, float] | None = None
    second: Second | None = None
    split: Split | None = None
    swapped: bool | None = None
    output: Output | None = None
    labels: Labels | None = None
    classes: int | None = None
    names: tuple[str, ...] = ()
    source: str = "stated by the file"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One thing to be known.

    Args:
        what: For people.
        words: The option that answers it.
        asked: The answer that a convention gives.
        put: A convention with an answer.
        answers: Those possible, the usual one first; a single one needs no evidence.
        said: An answer in words.
        source: Of a single answer.
        scale: By how much an answer stretches the data, see `vae_analyze.loading.settling.trial.STRETCHES`.
    """

    what: str
    words: str
    asked: Callable[[Convention], Hashable]
    put: Callable[[Convention, Any], Convention]
    answers: tuple[Any, ...]
    said: Callable[[Any], str]
    source: str = ""
    scale: Callable[[Any], float] = lambda _: 1.0

    @property
    def open(self) -> bool:
        """Whether it is still to be answered."""
        return len(self.answers) > 1


def range_question(
    options: LoadOptions, known: Known, value_range: tuple[float, float] | None, *, channels: int
) -> Question:
    """What data must become before they are encoded.

    Args:
        options: As given.
        known: By the caller.
        value_range: Of the data.
        channels: Of images; 0 for other data.
    """
    answers: tuple[tuple[float, float], ...]
    if value_range is None and options.range is not None:
        raise CheckpointError(
            f"--range {options.range[0]:g} {options.range[1]:g} maps the data's lowest and highest value, and these "
            "data have no bounds",
            hint="leave --range out; such data are passed on as they are",
        )
    if value_range is None:
        answers, source = (PLAIN,), "the data have no bounds: passed on as they are"
    elif options.range is not None:
        answers, source = (options.range,), "option --range"
    elif known.input_range is not None:
        answers, source = (known.input_range,), known.source
    else:
        answers, source = (PLAIN, MINUS_ONE, *_STANDARDISED.get(channels, ())), ""
        answers = answers if value_range in answers else (value_range, *answers)
    return Question(
        what="input range",
        words="--range LOW HIGH",
        asked=lambda convention: convention.input_range,
        put=lambda convention, pair: replace(convention, input_range=pair),
        answers=answers,
        said=_range_said if value_range else lambda _: "as it is",
        source=source,
        scale=lambda pair: float(pair[1] - pair[0]),
    )


_STANDARDISED = {1: (MNIST,), 3: (COLOURS,)}


def _range_said(pair: tuple[float, float]) -> str:
    near = "standardised by channel, about " if pair in INEXACT else ""
    return f"{near}{pair[0]:g} to {pair[1]:g}"


def layout_question(known: Known, form: Form) -> Question:
    """Where the mean is among the encoder's outputs."""
    splits: tuple[Split, ...] = ("separate",)
    if form.arrangement == "both":
        splits = (known.split,) if known.split in ("halves", "interleaved") else ("halves", "interleaved")
    swaps = (known.swapped,) if known.swapped is not None else _order(known.names)
    answers = tuple((split, swapped) for swapped in swaps for split in splits)
    if form.arrangement == "mean" or known.second == "none":
        answers = (("separate", False),)
    return Question(
        what="encoder outputs",
        words="--adapter FILE.py",
        asked=lambda convention: (convention.split, convention.swapped),
        put=lambda convention, pair: replace(convention, split=pair[0], swapped=pair[1]),
        answers=answers,
        said=lambda pair: "the mean alone" if form.arrangement == "mean" else LAYOUTS[pair],
        source="tensor shapes" if form.arrangement == "mean" else known.source,
    )


LAYOUTS: dict[tuple[Split, bool], str] = {
    ("separate", False): "the mean first",
    ("separate", True): "the mean second",
    ("halves", False): "one output: the mean in the first half",
    ("halves", True): "one output: the mean in the second half",
    ("interleaved", False): "one output, taking turns: the mean in even places",
    ("interleaved", True): "one output, taking turns: the mean in odd places",
}


def _order(names: tuple[str, ...]) -> tuple[bool, ...]:
    """Whether the second output comes first, the likelier answer first."""
    if len(names) == 2:
        first, second = (name.lower() for name in names)
        spread_first = any(word in first for word in _IS_SECOND) and not any(word in second for word in _IS_SECOND)
        if spread_first:
            return (True, False)
    return (False, True)


def output_question(
    options: LoadOptions,
    known: Known,
    value_range: tuple[float, float] | None,
    *,
    within: bool,
    ranges: tuple[tuple[float, float], ...] = (),
) -> Question:
    """What the decoder gives.

    Training compares it with what the encoder was given, so where that range is known the output in its units is the
    usual one.

    Args:
        options: As given.
        known: By the caller.
        value_range: Of the data.
        within: Whether all data lie in [0, 1].
        ranges: What the data may become before they are encoded.

    Raises:
        CheckpointError: Numbers in [-1, 1] were said to be mapped to the range of data that have none.
    """
    check_output(options, value_range)
    answers: tuple[Output, ...]
    if options.output != "auto":
        answers, source = (options.output,), "option --output"
    elif known.output is not None:
        answers, source = (known.output,), known.source
    elif value_range is None:
        answers = ("prob", "logits") if within else ("prob",)
        source = "the data have no bounds: taken as it is"
    else:
        answers, source = _outputs(value_range, within=within, ranges=ranges), ""
    return Question(
        what="decoder output",
        words="--output prob|logits|tanh|same",
        asked=lambda convention: convention.output,
        put=lambda convention, way: replace(convention, output=way),
        answers=answers,
        said=lambda way: OUTPUTS[way] if value_range else _UNMAPPED.get(way, OUTPUTS[way]),
        source=source,
    )


def _outputs(
    value_range: tuple[float, float], *, within: bool, ranges: tuple[tuple[float, float], ...]
) -> tuple[Output, ...]:
    """The possible ones, the usual one first."""
    own = {pair: output_like(pair, value_range) for pair in ranges}
    usual = own[ranges[0]] if len(ranges) == 1 else "prob"
    possible = [way for way in _OUTPUTS if way in own.values() or way == "tanh" or (way == "logits" and within)]
    return tuple(dict.fromkeys((usual, "prob", *possible)))


def output_like(input_range: tuple[float, float], value_range: tuple[float, float] | None) -> Output:
    """What a decoder gives that answers in the units that its encoder is given, by the plainest word for it."""
    if value_range in (None, input_range):
        return "prob"
    return "tanh" if input_range == MINUS_ONE else "same"


OUTPUTS: dict[Output, str] = {
    "prob": "data in their own range",
    "logits": "logits: a sigmoid follows",
    "tanh": "-1 to 1, mapped to the data's range",
    "same": "in the units of the encoder's input, mapped back to the data's range",
}


_UNMAPPED: dict[Output, str] = {
    "tanh": "-1 to 1, as it is: the data have no bounds to map it to",
    "same": "as it is: the data have no bounds",
}


def check_output(options: LoadOptions, value_range: tuple[float, float] | None) -> None:
    """Refuse what cannot be done to data without bounds.

    Raises:
        CheckpointError: Numbers in [-1, 1] were said to be mapped to the range of data that have none.
    """
    if value_range is None and options.output == "tanh":
        raise CheckpointError(
            "--output tanh maps -1 and 1 to the data's lowest and highest value, and no bounds of the data are known",
            hint="use --output prob, which takes the output as it is, or data with bounds",
        )


def labels_question(form: Form, source: str) -> Question:
    """What the network is given beside the data."""
    return Question(
        what="labels",
        words="--labels none|index|onehot",
        asked=lambda convention: convention.labels,
        put=lambda convention, way: replace(convention, labels=way),
        answers=form.labels,
        said=lambda way: {"none": "none", "index": "class numbers", "onehot": "one-hot vectors"}[way],
        source=source,
    )
