"""What a file does not say of a network, found on the person's own data: settled, announced as a guess, or refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Convention, Core, Labels, Second
from vae_analyze.loading.settling.cost import MOST_SAMPLES, evenly, operations_of
from vae_analyze.loading.settling.experiment import Finding, by_experiment, second_by_use
from vae_analyze.loading.settling.form import Form, form_of
from vae_analyze.loading.settling.questions import (
    Known,
    Question,
    labels_question,
    layout_question,
    output_question,
    range_question,
)
from vae_analyze.loading.settling.second import WORDS
from vae_analyze.loading.settling.trial import Bench

__all__ = ["Known", "Settled", "settle"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """How a network is read.

    Args:
        convention: The reading.
        assumptions: Every choice in it and what it rests on.
        value_range: Lowest and highest value of the data, for `Conventional`; None: passed on as they are.
        choices: What was found out by experiment, as text for the fingerprint.
        error: Mean squared error of the decoded posterior means on the evidence; NaN without.
        mean_sample_error: That of the mean sample as the only reconstruction; NaN without evidence.
    """

    convention: Convention
    assumptions: tuple[Assumption, ...]
    value_range: tuple[float, float] | None = (0.0, 1.0)
    choices: dict[str, str] = field(default_factory=dict)
    error: float = math.nan
    mean_sample_error: float = math.nan


def settle(core: Core, options: LoadOptions, *, known: Known | None = None) -> Settled:
    """How a network is read: as a person says, as the file says, and as the data show.

    Args:
        core: The network, on the CPU, deterministic.
        options: What a person says goes before what is known; its evidence answers the rest.
        known: What the caller found in the file.

    Raises:
        CheckpointError: Something is open and there are no data to settle it, or they do not settle it and no guess
            was asked for; the message says which options would.
    """
    known = known or Known()
    evidence = options.evidence
    classes = known.classes or (evidence.classes if evidence is not None else 0)
    form = form_of(core, _stated_labels(options, known), classes=classes)
    _check_second(form, options, known)
    bench, lacking = _bench(core, options, form)
    questions = _questions(core, options, known, form, bench)
    bare = form.arrangement == "mean" or _said_second(options, known) == "none"
    base = _usual(Convention(second="none" if bare else "logvar", classes=classes), questions)
    findings = [_given(question) for question in questions if not question.open]
    cost = operations_of(core, lambda: form_of(core, form.labels, classes=classes), tuple(core.input_shape))
    found = None
    if bench is None:
        findings += [_unanswered(question) for question in questions if question.open]
    else:
        found = by_experiment(core, bench, base, [question for question in questions if question.open], operations=cost)
        base = found.convention
        findings += found.findings
    second = _second(core, options, known, base, bench, cost)
    base = replace(base, second=second.answer)
    findings.append(second)
    _refuse_thin(findings, options, lacking if found is None else found.diagnosis)
    return Settled(
        convention=base,
        assumptions=tuple(finding.assumption for finding in findings),
        value_range=_value_range(core, bench),
        choices={finding.assumption.what: finding.assumption.value for finding in findings if finding.measured},
        error=found.error if found else math.nan,
        mean_sample_error=found.mean_sample_error if found else math.nan,
    )


def _usual(base: Convention, questions: list[Question]) -> Convention:
    """With what is known and the usual answers to the rest."""
    for question in questions:
        base = question.put(base, question.answers[0])
    return base


def _stated_labels(options: LoadOptions, known: Known) -> tuple[Labels, ...]:
    if options.labels != "auto":
        return (options.labels,)
    return (known.labels,) if known.labels is not None else ()


def _said_second(options: LoadOptions, known: Known) -> Second | None:
    return options.second if options.second != "auto" else known.second


def _check_second(form: Form, options: LoadOptions, known: Known) -> None:
    said = _said_second(options, known)
    if form.arrangement == "both" and said == "none":
        raise CheckpointError("expected a deterministic code, found an encoder output of twice its size")
    if form.arrangement == "mean" and said not in (None, "none"):
        raise CheckpointError(
            f"expected a second encoder output ({said}), found one of the size of the code: a deterministic code",
            hint="leave --second out; the model is then read as a plain autoencoder",
        )


def _bench(core: Core, options: LoadOptions, form: Form) -> tuple[Bench | None, str]:
    evidence = options.evidence
    if evidence is None or len(evidence) == 0:
        return None, "there are no data to settle it by: name them with --data"
    x = evidence.at(tuple(core.input_shape))
    if x is None:
        return None, (
            f"{evidence.name} has samples of shape {evidence.shape} and the model wants {tuple(core.input_shape)}: "
            "name data of that shape with --data"
        )
    if "none" not in form.labels and evidence.labels is None:
        return None, f"the model needs a label per sample and {evidence.name} has none: name data with labels"
    index = evenly(len(x), MOST_SAMPLES)
    labels = None if evidence.labels is None else evidence.labels[index]
    return Bench(name=evidence.name, x=x[index], value_range=evidence.value_range, labels=labels), ""


def _questions(core: Core, options: LoadOptions, known: Known, form: Form, bench: Bench | None) -> list[Question]:
    value_range = _value_range(core, bench)
    within = bench is None or bool((bench.x >= 0).all() and (bench.x <= 1).all())
    channels = core.input_shape[0] if len(core.input_shape) == 3 else 0
    extent = range_question(options, known, value_range, channels=channels)
    source = "option --labels" if options.labels != "auto" else known.source if known.labels else "the only way it runs"
    return [
        extent,
        layout_question(known, form),
        output_question(options, known, value_range, within=within, ranges=extent.answers),
        labels_question(form, source),
    ]


def _value_range(core: Core, bench: Bench | None) -> tuple[float, float] | None:
    if bench is not None:
        return bench.value_range
    return (0.0, 1.0) if len(core.input_shape) == 3 else None


def _given(question: Question) -> Finding:
    answer = question.answers[0]
    return Finding(
        answer=answer,
        words=question.words,
        assumption=Assumption(what=question.what, value=question.said(answer), source=question.source),
    )


def _unanswered(question: Question) -> Finding:
    usual = question.answers[0]
    others = " or ".join(question.said(answer) for answer in question.answers[1:])
    return Finding(
        answer=usual,
        words=question.words,
        thin=True,
        assumption=Assumption(
            what=question.what,
            value=question.said(usual),
            source="guess: the usual one, no data to try it on",
            guess=True,
            runner_up=others,
        ),
    )


def _second(
    core: Core, options: LoadOptions, known: Known, base: Convention, bench: Bench | None, cost: float
) -> Finding:
    answer: Second
    if base.second == "none":
        source, answer = known.source if known.second else "tensor shapes: one output of the code's size", base.second
    elif options.second != "auto":
        source, answer = "option --second", options.second
    elif known.second is not None:
        source, answer = known.source, known.second
    elif bench is not None:
        return second_by_use(core, bench, base, known.names, operations=cost)
    else:
        return Finding(
            answer="logvar",
            words="--second logvar|logstd|std|variance",
            thin=True,
            assumption=Assumption(
                what="second output",
                value=WORDS["logvar"],
                source="guess: the usual one, no data to try it on",
                guess=True,
                runner_up=f"{WORDS['logstd']} or {WORDS['std']}",
            ),
        )
    return Finding(
        answer=answer,
        words="--second",
        assumption=Assumption(what="second output", value=WORDS[answer], source=source),
    )


def _refuse_thin(findings: list[Finding], options: LoadOptions, reason: str) -> None:
    thin = [finding for finding in findings if finding.thin]
    if not thin or options.accept_guess:
        return
    parts = [
        f"{finding.assumption.what} ({finding.assumption.value}{finding.numbers}, or {finding.assumption.runner_up})"
        for finding in thin
    ]
    words = " ".join(finding.words for finding in thin)
    raise CheckpointError(
        f"cannot settle {'; '.join(parts)}: {reason}" if reason else f"cannot settle {'; '.join(parts)}",
        hint=f"say it with {words}, or go on with the likeliest with --accept-guess",
    )
