"""Which function encodes, which of its results is the mean, and what the second one means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.loading.code.core import LOUD, Encoding
from vae_analyze.loading.code.feeding import SAMPLES
from vae_analyze.loading.code.outputs import Part
from vae_analyze.loading.code.recording import encoders
from vae_analyze.loading.code.survey import Run, Survey, attempt, close, run
from vae_analyze.loading.settling.convention import Second, Split

# How far a noise of 1 moves a code, from the second output.
_READINGS: tuple[tuple[Second, Callable[[Tensor], Tensor]], ...] = (
    ("logvar", lambda raw: torch.exp(raw.clamp(max=80) / 2)),
    ("logstd", lambda raw: torch.exp(raw.clamp(max=80))),
    ("std", lambda raw: raw.abs()),
    ("variance", lambda raw: raw.clamp(min=0).sqrt()),
)
_APART = 1e-3


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Encoded:
    """How codes are had, and what was found out about them.

    Args:
        encoding: The way.
        mean: Of the survey's samples.
        shape: Of one code.
        second: What the second output means; None where their code does not show it.
        split: Where the two are in one output; None where open.
        swapped: Whether the second comes first; None where open.
        names: What the outputs are called, where they have names.
        proof: What all this rests on, in words; "" where nothing but the order of outputs.
        rival: Another reading that agrees with the samples just as well, or "".
        noisy: Whether random numbers are drawn on the way.
    """

    encoding: Encoding
    mean: Tensor
    shape: tuple[int, ...]
    second: Second | None = None
    split: Split | None = "separate"
    swapped: bool | None = False
    names: tuple[str, ...] = ()
    proof: str = ""
    rival: str = ""
    noisy: bool = True


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Attempt:
    """One function that may encode, run without and with noise."""

    where: str
    labelled: bool
    flat: bool
    still: Run
    moved: Run

    def steady(self) -> list[tuple[int, Part]]:
        """The results that noise does not move."""
        pairs = zip(self.still.parts, self.moved.parts, strict=False)
        return [(at, one) for at, (one, other) in enumerate(pairs) if torch.equal(one.tensor, other.tensor)]

    def moving(self) -> list[int]:
        """Those that it moves."""
        fixed = {at for at, _ in self.steady()}
        return [at for at in range(min(len(self.still.parts), len(self.moved.parts))) if at not in fixed]

    def noisy(self) -> bool:
        """Whether it draws random numbers."""
        noise = self.still.noise
        return bool(noise.draws or noise.others or noise.drops)

    def way(self, picks: tuple[int, ...], *, sampled: bool = False) -> Encoding:
        """This function, with these results."""
        return Encoding(where=self.where, picks=picks, labelled=self.labelled, flat=self.flat, sampled=sampled)


def attempts(model: nn.Module, survey: Survey) -> Iterator[Attempt]:
    """Everything that may encode, the likeliest first; forward comes last."""
    for where in (*encoders(model), ""):
        for labelled in (False,) if survey.labels is None else (True, False):
            for flat in dict.fromkeys((survey.feed.flat, True)):
                made = _attempt(model, survey, where, labelled=labelled, flat=flat)
                if made is not None:
                    yield made
                    break
            else:
                continue
            break


def _attempt(model: nn.Module, survey: Survey, where: str, *, labelled: bool, flat: bool) -> Attempt | None:
    x = survey.x.flatten(start_dim=1) if flat else survey.x
    given: tuple[Any, ...] = (x, survey.labels) if labelled else (x,)
    sampling = survey.sampling
    still, _ = attempt(lambda: run(model, where, given, value=0.0, sampling=sampling))
    if still is None or not still.parts:
        return None
    moved, _ = attempt(lambda: run(model, where, given, value=LOUD, sampling=sampling))
    return None if moved is None else Attempt(where=where, labelled=labelled, flat=flat, still=still, moved=moved)


def encoded(model: nn.Module, survey: Survey) -> list[Encoded]:
    """Ways to have codes: first those whose meaning their own sampling proves, then the samples themselves."""
    proven: list[Encoded] = []
    sampled: list[Encoded] = []
    for one in attempts(model, survey):
        codes, deviation = survey.codes, survey.deviation
        if codes is None:
            codes, deviation = _own_codes(one, survey)
        if codes is None:
            continue
        found = _proven(one, codes, deviation) or _halves(one, codes, deviation)
        if found is not None and found.second is not None:
            proven.append(found)
            break
        for at in one.moving():
            if close(one.still.parts[at].tensor, codes):
                sampled.append(_as_sample(one.way((at,), sampled=True), codes))
                break
    if not proven and survey.codes is not None and survey.entry is not None:
        through = Encoding(
            where="",
            picks=(0,),
            labelled=survey.labels is not None,
            flat=survey.feed.flat,
            sampled=True,
            entry=_module_of(survey),
        )
        if through.entry:
            sampled.append(_as_sample(through, survey.codes))
    return [*proven, *sampled]


def _module_of(survey: Survey) -> str:
    """The first module that is given the code."""
    assert survey.codes is not None
    for event in survey.quiet.events:
        if not event.method and close(event.given, survey.codes):
            return event.where
    return ""


def _as_sample(way: Encoding, codes: Tensor) -> Encoded:
    return Encoded(
        encoding=way,
        mean=codes,
        shape=tuple(codes.shape[1:]),
        second="std",
        proof="its own sample with the noise at 0 and away from it",
    )


def _own_codes(one: Attempt, survey: Survey) -> tuple[Tensor | None, Tensor | None]:
    """A sample among a function's own results, where forward shows none."""
    drawn = {int(torch.Size(shape).numel()) for shape in one.still.noise.draws}
    for at in one.moving():
        still, moved = one.still.parts[at].tensor, one.moved.parts[at].tensor
        if still.numel() in drawn and still.numel() != survey.x.numel():
            return still, (moved - still) / LOUD
    return None, None


def _proven(one: Attempt, codes: Tensor, deviation: Tensor | None) -> Encoded | None:
    steady = one.steady()
    for at, mean in steady:
        if not close(mean.tensor, codes):
            continue
        for other, second in [pair for pair in steady if pair[0] > at] + [pair for pair in steady if pair[0] < at]:
            readings = _readings(second.tensor, deviation) if deviation is not None else []
            if second.tensor.numel() == codes.numel() and readings:
                return Encoded(
                    encoding=one.way((at, other)),
                    mean=mean.tensor,
                    shape=tuple(mean.tensor.shape[1:]),
                    second=readings[0],
                    names=(mean.name, second.name),
                    proof=_PROOF,
                    rival=readings[1] if len(readings) > 1 else "",
                    noisy=one.noisy(),
                )
    return None


_PROOF = f"the class's own code, run on {SAMPLES} samples with its noise at 0 and away from it"


def _halves(one: Attempt, codes: Tensor, deviation: Tensor | None) -> Encoded | None:
    """One result that holds both."""
    if deviation is None:
        return None
    for at, part in one.steady():
        both = part.tensor
        if both.numel() != 2 * codes.numel() or both.shape[1] % 2:
            continue
        turns = torch.unflatten(both, 1, (both.shape[1] // 2, 2)).unbind(dim=2)
        ways: tuple[tuple[Split, Any], ...] = (("halves", both.chunk(2, dim=1)), ("interleaved", turns))
        for split, (first, second) in ways:
            for swapped, mean, raw in ((False, first, second), (True, second, first)):
                readings = _readings(raw, deviation)
                if close(mean, codes) and readings:
                    return Encoded(
                        encoding=one.way((at,)),
                        mean=mean,
                        shape=tuple(mean.shape[1:]),
                        second=readings[0],
                        split=split,
                        swapped=swapped,
                        proof=_PROOF,
                        rival=readings[1] if len(readings) > 1 else "",
                        noisy=one.noisy(),
                    )
    return None


def _readings(raw: Tensor, deviation: Tensor) -> list[Second]:
    """The meanings under which the second output moves the codes as far as they were moved."""
    if raw.numel() != deviation.numel():
        return []
    wanted = deviation.abs()
    found: list[Second] = []
    for name, reading in _READINGS:
        if name == "variance" and bool((raw < 0).any()):
            continue
        if close(reading(raw), wanted, tolerance=_APART):
            found.append(name)
    return found


def unproven(model: nn.Module, survey: Survey) -> Iterator[Encoded]:
    """Encoders of which nothing but the shapes of their results is known: no noise was seen."""
    for one in attempts(model, survey):
        if one.where == "":
            continue
        steady = [(at, part) for at, part in one.steady() if part.tensor.numel() != survey.x.numel()]
        steady = steady or one.steady()
        for at, first in steady:
            twins = [(other, part) for other, part in steady if other > at and part.tensor.shape == first.tensor.shape]
            if twins:
                other, second = twins[0]
                yield Encoded(
                    encoding=one.way((at, other)),
                    mean=first.tensor,
                    shape=tuple(first.tensor.shape[1:]),
                    swapped=None,
                    names=(first.name, second.name),
                    noisy=one.noisy(),
                )
        for at, part in steady:
            yield Encoded(
                encoding=one.way((at,)),
                mean=part.tensor,
                shape=tuple(part.tensor.shape[1:]),
                second="none",
                noisy=one.noisy(),
            )
            if part.tensor.shape[1] % 2 == 0:
                half = part.tensor.chunk(2, dim=1)[0]
                yield Encoded(
                    encoding=one.way((at,)),
                    mean=half,
                    shape=tuple(half.shape[1:]),
                    split=None,
                    swapped=None,
                    noisy=one.noisy(),
                )
