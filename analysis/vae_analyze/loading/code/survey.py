"""A model watched while it runs on a few samples: where its noise enters, and what it makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.loading.code.core import LOUD, awake
from vae_analyze.loading.code.feeding import SAMPLES, Feed
from vae_analyze.loading.code.harmless import harmless
from vae_analyze.loading.code.noise import Noise
from vae_analyze.loading.code.outputs import Part, parts
from vae_analyze.loading.code.recording import Event, at, recorded
from vae_analyze.loading.code.said import said
from vae_analyze.loading.options import LoadOptions

_CPU = torch.device("cpu")


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One run of a function of the model.

    Args:
        parts: Its result.
        events: What was called inside.
        noise: What was drawn.
    """

    parts: list[Part]
    events: list[Event]
    noise: Noise


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Survey:
    """What forward does.

    Args:
        feed: How it was given samples.
        x: Those, as data have them.
        labels: Those that went with them, or None.
        quiet: With all noise at 0.
        loud: With all noise at 1; None where nothing is drawn.
        sampling: Whether it samples only while it believes to be trained.
        codes: The sample that its decoder is given, without noise: the posterior mean; None where none was seen.
        deviation: How far noise of 1 moves it.
        entry: The first call that is given it.
        recon: The tensors of its result that have as many numbers as the samples.
    """

    feed: Feed
    x: Tensor
    labels: Tensor | None
    quiet: Run
    loud: Run | None
    sampling: bool
    codes: Tensor | None
    deviation: Tensor | None
    entry: Event | None
    recon: list[Part]


@contextmanager
def calm(noise: Noise, *, sampling: bool, model: nn.Module) -> Iterator[None]:
    """Surroundings in which a foreign function is tried: no GPU, no gradients, a noise that is known."""
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(harmless(_CPU))
        if sampling:
            stack.enter_context(awake(model))
        stack.enter_context(noise)
        yield


def run(
    model: nn.Module,
    where: str,
    given: tuple[Any, ...],
    *,
    value: float = 0.0,
    sampling: bool = False,
    noise: Noise | None = None,
) -> Run:
    """Run a function of the model, with noise of one value or with a noise of its own.

    Raises:
        Exception: Whatever it raises.
    """
    batch = len(given[0])
    tensors = tuple(one.clone() if isinstance(one, Tensor) else one for one in given)
    made = noise or Noise(value, watch=True)
    with recorded(model, batch) as events, calm(made, sampling=sampling, model=model):
        result = at(model, where)(*tensors)
    return Run(parts=parts(result, batch=batch), events=events, noise=made)


def attempt(action: Callable[[], Run]) -> tuple[Run | None, str]:
    """The run, or why there is none."""
    try:
        return action(), ""
    except Exception as error:  # noqa: BLE001 - a foreign network may fail in any way, above all on wrong shapes
        return None, f"{type(error).__name__}: {said(error, limit=200)}"


def surveyed(model: nn.Module, feed: Feed, options: LoadOptions) -> tuple[Survey | None, str]:
    """What forward does with samples given in one way, or why it fails."""
    x = feed.samples(options)
    labels = feed.wanted_labels()
    given = (feed.given(x),) if labels is None else (feed.given(x), labels)
    quiet, failure = attempt(lambda: run(model, "", given, value=0.0))
    if quiet is None:
        return None, failure
    sampling = False
    if not quiet.noise.draws:
        awoken, _ = attempt(lambda: run(model, "", given, value=0.0, sampling=True))
        if awoken is not None and awoken.noise.draws:
            quiet, sampling = awoken, True
    recon = [part for part in quiet.parts if part.tensor.numel() == x.numel()]
    loud = attempt(lambda: run(model, "", given, value=LOUD, sampling=sampling))[0] if quiet.noise.draws else None
    codes, deviation, entry = _codes(quiet, loud)
    return Survey(
        feed=feed,
        x=x,
        labels=labels,
        quiet=quiet,
        loud=loud,
        sampling=sampling,
        codes=codes,
        deviation=deviation,
        entry=entry,
        recon=recon,
    ), ""


def moved_place(quiet: Run, loud: Run) -> Callable[[Run], Tensor] | None:
    """Where the first thing is that noise moves and that has the size of the noise, as a way to take it from a run."""
    drawn = {int(torch.Size(shape).numel()) for shape in quiet.noise.draws}

    def moved(one: Tensor, other: Tensor) -> bool:
        return one.shape == other.shape and one.numel() in drawn and not torch.equal(one, other)

    for place, (still, loudly) in enumerate(zip(quiet.events, loud.events, strict=False)):
        if still.where != loudly.where:
            break
        if moved(still.given, loudly.given):
            return lambda one, place=place: one.events[place].given  # type: ignore[misc]  # bound now, not when called
    for place, (part, other) in enumerate(zip(quiet.parts, loud.parts, strict=False)):
        if moved(part.tensor, other.tensor):
            return lambda one, place=place: one.parts[place].tensor  # type: ignore[misc]  # likewise
    return None


def _codes(quiet: Run, loud: Run | None) -> tuple[Tensor | None, Tensor | None, Event | None]:
    """The sample without noise, how far noise of 1 moves it, and the first call that is given it."""
    place = moved_place(quiet, loud) if loud is not None else None
    if place is None or loud is None:
        return None, None, None
    codes = place(quiet)
    entry = next((event for event in quiet.events if event.given is codes), None)
    return codes, (place(loud) - codes) / LOUD, entry


def close(one: Tensor, other: Tensor, *, tolerance: float = 1e-4) -> bool:
    """Whether two tensors hold the same numbers, whatever their shape."""
    if one.numel() != other.numel() or len(one) != SAMPLES:
        return False
    scale = float(other.abs().max()) if other.numel() else 0.0
    return bool(torch.allclose(one.flatten(), other.flatten(), rtol=tolerance, atol=tolerance * max(scale, 1e-3)))
