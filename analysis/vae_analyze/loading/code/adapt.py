"""From a filled network of the person's class to a `Core`: its encoder and decoder, found by running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.code.core import LOUD, PersonCore
from vae_analyze.loading.code.decoding import Decoded, decoded
from vae_analyze.loading.code.encoding import Encoded, encoded, unproven
from vae_analyze.loading.code.feeding import SAMPLES, Feed, feeds
from vae_analyze.loading.code.gaussian import check_diagonal
from vae_analyze.loading.code.mixed import MixedCodeError, described, mixed_code
from vae_analyze.loading.code.noise import Noise
from vae_analyze.loading.code.recording import decoders, encoders
from vae_analyze.loading.code.survey import Run, Survey, attempt, moved_place, run, surveyed
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Output
from vae_analyze.loading.settling.questions import Known

_ADAPTER = "write an adapter file of ten lines that calls it as it wants to be called (--adapter FILE.py)"


@final
@dataclass(frozen=True, kw_only=True)
class Adapted:
    """A network in the loader's terms.

    Args:
        core: Itself.
        known: What its own code shows of its convention.
        assumptions: What was found, and how.
        warnings: What looks wrong.
        second_open: Whether the code does not say what the second output is.
    """

    core: PersonCore
    known: Known
    assumptions: tuple[Assumption, ...]
    warnings: tuple[str, ...]


def adapt(model: nn.Module, options: LoadOptions, *, arguments: Mapping[str, Any], placed: bool, name: str) -> Adapted:
    """Find encoder and decoder.

    Args:
        model: Filled, in evaluation mode, on the CPU.
        options: Evidence and what the person says.
        arguments: Those it was made with: they state sizes of images and numbers of classes.
        placed: Whether its code names devices.
        name: Of the class.

    Raises:
        CheckpointError: Nothing in it encodes or decodes in a way that can be told.
    """
    failures: list[str] = []
    runs = False
    ran: list[Survey] = []
    ways = list(feeds(model, options, arguments))
    for feed in ways:
        survey, failure = surveyed(model, feed, options)
        if survey is not None and survey.recon:
            runs = True
            ran.append(survey)
            found = _from_forward(model, survey)
            if found is not None:
                made = _adapted(model, survey, *found, placed=placed, also=_also(model, ways, feed, options), name=name)
                return _with_other_sizes(model, ways, feed, options, made)
        elif failure and failure not in failures:
            failures.append(failure)
    for feed in () if runs else ways:
        survey = _blind(feed, options)
        found = _from_parts(model, survey)
        if found is not None:
            return _adapted(model, survey, *found, placed=placed, also=(), name=name)
    for survey in ran:
        mixed = mixed_code(model, survey)
        if mixed is not None:
            raise MixedCodeError(described(mixed, name), mixed)
    raise CheckpointError(_nothing(model, name, failures, runs=runs), hint=_ADAPTER)


def _from_forward(model: nn.Module, survey: Survey) -> tuple[Encoded, Decoded] | None:
    """What forward shows; None where this way of giving samples shows nothing."""
    if survey.codes is None:
        return _from_parts(model, survey)
    for way in encoded(model, survey):
        for other in decoded(model, survey, way.mean):
            if other.proven:
                return way, other
    return None


def _from_parts(model: nn.Module, survey: Survey) -> tuple[Encoded, Decoded] | None:
    """An encoder and a decoder that fit each other, where forward does not show how they work together."""
    ways = encoded(model, survey) or list(unproven(model, survey))
    best: tuple[Encoded, Decoded] | None = None
    for way in ways:
        for other in decoded(model, survey, way.mean):
            if other.proven:
                return way, other
            best = best or (way, other)
    if survey.recon and survey.codes is None and not survey.quiet.noise.draws:
        return None  # a forward without noise must be what encoder and decoder make together
    return best


def _blind(feed: Feed, options: LoadOptions) -> Survey:
    nothing = Run(parts=[], events=[], noise=Noise())
    return Survey(
        feed=feed,
        x=feed.samples(options),
        labels=feed.wanted_labels(),
        quiet=nothing,
        loud=None,
        sampling=False,
        codes=None,
        deviation=None,
        entry=None,
        recon=[],
    )


def _also(model: nn.Module, ways: list[Feed], chosen: Feed, options: LoadOptions) -> tuple[Feed, ...]:
    """Other kinds of labels that the network takes as well."""
    if chosen.labels == "none":
        return ()
    others = [way for way in ways if way.shape == chosen.shape and way.flat == chosen.flat
              and way.labels not in ("none", chosen.labels)]  # fmt: skip
    return tuple(way for way in others if (surveyed(model, way, options)[0]) is not None)


def _with_other_sizes(model: nn.Module, ways: list[Feed], chosen: Feed, options: LoadOptions, made: Adapted) -> Adapted:
    """Say so where images of another size would do as well: nothing in such a network tells what it was trained on."""
    if len(chosen.shape) != 3 or chosen.guessed:
        return made
    others = dict.fromkeys(way.shape for way in ways if way.shape != chosen.shape)
    for shape in list(others)[:3]:
        survey, _ = surveyed(model, replace(chosen, shape=shape), options)
        if survey is not None and survey.recon:
            doubt = Assumption(
                what="image size",
                value=f"{chosen.shape[1]} x {chosen.shape[2]}",
                source="guess: the network takes any size; that of the data",
                guess=True,
                runner_up=f"{shape[1]} x {shape[2]}: runs as well",
            )
            return replace(made, assumptions=(*made.assumptions, doubt))
    return made


def _adapted(
    model: nn.Module, survey: Survey, way: Encoded, other: Decoded, *, placed: bool, also: tuple[Feed, ...], name: str
) -> Adapted:
    _check_gaussian(model, survey, way, name)
    noise = survey.quiet.noise
    core = PersonCore(
        model,
        survey.feed,
        latent_shape=way.shape,
        encoding=way.encoding,
        decoding=other.decoding,
        quiet=way.noisy or way.encoding.sampled or other.noise,
        placed=placed,
        sampling=survey.sampling,
    )
    known = _known(survey, way, other, also)
    warnings = []
    if noise.others:
        warnings.append(
            f"the class draws {listing(sorted(set(noise.others)))} beside normal noise; uniform ones were set to 0.5"
        )
    if not other.proven:
        warnings.append("its forward does not show whether encoder and decoder were found rightly")
    return Adapted(core=core, known=known, assumptions=tuple(_told(survey, way, other)), warnings=tuple(warnings))


def _check_gaussian(model: nn.Module, survey: Survey, way: Encoded, name: str) -> None:
    """Hold the samples under other noise against mean and deviation.

    Raises:
        CheckpointError: They are not those of a diagonal Gaussian.
    """
    forward = survey.codes is not None
    if not forward and not way.proof:
        return
    encoding = way.encoding
    x = survey.x.flatten(start_dim=1) if (encoding.flat and not forward) else survey.feed.given(survey.x)
    labelled = survey.labels is not None and (forward or encoding.labelled)
    given = (x, survey.labels) if labelled else (x,)
    where = "" if forward else encoding.where

    def ran(noise: Noise) -> Run | None:
        return attempt(lambda: run(model, where, given, noise=noise, sampling=survey.sampling))[0]

    quiet, loud = ran(Noise(0.0)), ran(Noise(LOUD))
    if quiet is None or loud is None:
        return
    place = moved_place(quiet, loud)
    if place is None:
        return
    codes, deviation = place(quiet), (place(loud) - place(quiet)) / LOUD

    def sample(noise: Noise) -> Tensor | None:
        other = ran(noise)
        return None if other is None else place(other)

    check_diagonal(codes, deviation, len(quiet.noise.draws), sample, name=name)


def _known(survey: Survey, way: Encoded, other: Decoded, also: tuple[Feed, ...]) -> Known:
    output: Output | None = "prob" if other.last == "sigmoid" else None
    labels = None if also or (survey.feed.labels == "none" and not survey.recon) else survey.feed.labels
    return Known(
        second=way.second,
        split=way.split,
        swapped=way.swapped,
        output=output,
        labels=labels,
        classes=survey.feed.classes or None,
        names=tuple(name for name in way.names if name),
        source=way.proof or "the class's own code",
    )


def _told(survey: Survey, way: Encoded, other: Decoded) -> list[Assumption]:
    feed = survey.feed
    told = [
        Assumption(
            what="sample shape",
            value=f"{feed.shape}{', given as vectors' if feed.flat else ''}",
            source="guess: the usual shape of so many numbers" if feed.guessed else "the network runs on it",
            guess=feed.guessed,
        ),
        Assumption(what="encoder", value=_said(way), source=way.proof or "the shapes of what it returns"),
        Assumption(
            what="decoder",
            value=(
                f"forward from {other.decoding.where} on" if other.decoding.entry else printable(other.decoding.where)
            )
            + (f", then {other.decoding.after} as in forward" if other.decoding.after else ""),
            source=f"gives what forward gives for {SAMPLES} codes" if other.proven else "guess: shapes only",
            guess=not other.proven,
        ),
    ]
    if feed.labels != "none":
        told.append(Assumption(what="labels", value=feed.labels, source="the network runs with them"))
    if way.rival:
        told.append(
            Assumption(
                what="second output, another reading",
                value=f"{way.second} and {way.rival} agree on the samples tried",
                source="guess: the usual one was taken",
                guess=True,
                runner_up=way.rival,
            )
        )
    return told


def _said(way: Encoded) -> str:
    where = printable(way.encoding.where or "forward")
    if way.encoding.sampled:
        place = f"what forward gives to {way.encoding.entry}" if way.encoding.entry else f"the sample of {where}"
        return f"{place}, without its noise"
    picks = ", ".join(str(pick) for pick in way.encoding.picks)
    return f"{where}, results {picks}" if len(way.encoding.picks) > 1 else where


def _nothing(model: nn.Module, name: str, failures: list[str], *, runs: bool) -> str:
    names = [*encoders(model), *decoders(model)]
    reason = f"forward fails: {failures[0]}" if failures else "forward shows no reconstruction of its input"
    if runs:
        reason = "no two functions in it make together what forward makes (skip connections, a quantised code?)"
    return (
        f"no encoder and decoder could be told in {name}: "
        f"{reason}; "
        f"looked at {listing(names) or 'forward'}; its modules: "
        f"{listing([path for path, _ in model.named_children()])}"
    )


def same_answers(one: PersonCore, other: PersonCore) -> bool:
    """Whether two networks encode and decode alike, on noise."""
    if one.input_shape != other.input_shape or one.latent_shape != other.latent_shape:
        return False
    generator = torch.Generator().manual_seed(1)
    x = torch.rand(SAMPLES, *one.input_shape, generator=generator)
    z = torch.randn(SAMPLES, *one.latent_shape, generator=generator)
    labels = one.feed.wanted_labels()
    with torch.no_grad():
        pairs = zip(one.outputs(x, labels), other.outputs(x, labels), strict=False)
        return all(torch.equal(a, b) for a, b in pairs) and torch.equal(
            one.decoded(z, labels), other.decoded(z, labels)
        )
