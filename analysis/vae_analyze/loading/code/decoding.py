"""Which function decodes, held against what forward makes of the same codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from vae_analyze.loading.code.core import Decoding
from vae_analyze.loading.code.outputs import Part
from vae_analyze.loading.code.recording import decoders
from vae_analyze.loading.code.survey import Run, Survey, attempt, close, run

After = Literal["", "sigmoid", "tanh"]
_AFTER: tuple[tuple[After, Any], ...] = (("", lambda raw: raw), ("sigmoid", torch.sigmoid), ("tanh", torch.tanh))


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """How codes are decoded, and what was found out about it.

    Args:
        decoding: The way.
        last: "sigmoid" or "tanh" where that is the last thing done to the result, else "".
        proven: Whether it gives what forward gives for the same codes.
        noise: Whether random numbers were drawn.
    """

    decoding: Decoding
    last: str
    proven: bool
    noise: bool


def decoded(model: nn.Module, survey: Survey, mean: Tensor) -> list[Decoded]:
    """Ways to decode, those first that agree with forward."""
    proven: list[Decoded] = []
    rest: list[Decoded] = []
    for where, shape in _candidates(model, survey, mean):
        for labelled in (False,) if survey.labels is None else (True, False):
            found = _tried(model, survey, mean.reshape(len(mean), *shape), where, labelled=labelled)
            proven += [one for one in found if one.proven]
            rest += [one for one in found if not one.proven]
            if proven:
                return proven
    entered = _entered(model, survey)
    return [entered] if entered is not None else rest


def _candidates(model: nn.Module, survey: Survey, mean: Tensor) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Functions with the names of decoders, then whatever is given the code; and the shape that it has there."""
    given = {event.where: event for event in survey.quiet.events if close(event.given, mean)}
    named = decoders(model)
    for where in (*(name for name in named if name in given), *(name for name in given if name not in named)):
        yield where, tuple(given[where].given.shape[1:])
    for where in named:
        if where not in given:
            yield where, tuple(mean.shape[1:])


def _tried(model: nn.Module, survey: Survey, codes: Tensor, where: str, *, labelled: bool) -> list[Decoded]:
    given: tuple[Any, ...] = (codes, survey.labels) if labelled else (codes,)
    made, _ = attempt(lambda: run(model, where, given, value=0.0))
    if made is None:
        return []
    found: list[Decoded] = []
    for pick, part in enumerate(made.parts):
        if part.tensor.numel() != survey.x.numel():
            continue
        after = _agrees(part.tensor, survey.recon)
        way = Decoding(
            where=where, pick=pick, labelled=labelled, shape=tuple(codes.shape[1:]), after=after or ""
        )  # fmt: skip
        last = after or made.noise.made_by(part.tensor)
        drawn = bool(made.noise.draws or made.noise.others or made.noise.drops)
        found.append(Decoded(decoding=way, last=last, proven=after is not None, noise=drawn))
    return found


def _agrees(x_hat: Tensor, recon: list[Part]) -> After | None:
    """What turns a decoder's result into forward's reconstruction; None: nothing does."""
    for after, apply in _AFTER:
        if any(close(apply(x_hat), part.tensor) for part in recon):
            return after
    return None


def _entered(model: nn.Module, survey: Survey) -> Decoded | None:
    """Forward with other codes put into the first module after the noise; only where it then forgets the data."""
    if survey.codes is None or not survey.recon or survey.loud is None:
        return None
    events = [event for event in survey.quiet.events if not event.method and close(event.given, survey.codes)]
    if not events:
        return None
    entry = events[0]
    pick = next(at for at, part in enumerate(survey.quiet.parts) if part.tensor is survey.recon[0].tensor)
    moved = next((one.given for one in survey.loud.events if one.where == entry.where), None)
    for codes, known in ((entry.given, survey.quiet), (moved, survey.loud)):
        made = None if codes is None else _through(model, survey, entry.where, codes)
        if made is None or not close(made.parts[pick].tensor, known.parts[pick].tensor):
            return None
    way = Decoding(
        where=entry.where,
        pick=pick,
        labelled=survey.labels is not None,
        shape=tuple(entry.given.shape[1:]),
        entry=True,
    )
    last = survey.quiet.noise.made_by(survey.recon[0].tensor)
    return Decoded(decoding=way, last=last, proven=True, noise=True)


def _through(model: nn.Module, survey: Survey, where: str, codes: Tensor) -> Run | None:
    def hook(_: nn.Module, args: Any) -> tuple[Any, ...]:
        return (codes, *args[1:])

    blank = torch.zeros_like(survey.feed.given(survey.x))
    given = (blank,) if survey.labels is None else (blank, survey.labels)
    handle = model.get_submodule(where).register_forward_pre_hook(hook)
    try:
        with torch.no_grad():
            return attempt(lambda: run(model, "", given, value=0.0))[0]
    finally:
        handle.remove()
