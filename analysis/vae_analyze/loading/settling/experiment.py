"""Questions about a network answered by trying every answer on the person's data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch

from vae_analyze.loading.card import Assumption
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.settling.convention import Convention, Core, posterior, prepared
from vae_analyze.loading.settling.cost import BUDGET, batches, samples_within
from vae_analyze.loading.settling.curvature import curvature
from vae_analyze.loading.settling.questions import INEXACT, Question, output_like
from vae_analyze.loading.settling.ruling import FEWEST, Ruling, rule
from vae_analyze.loading.settling.second import WORDS, second_of
from vae_analyze.loading.settling.trial import STRETCHES, Bench, Trial, finished, mean_sample_error, run_trials, scaled
from vae_analyze.loading.verifying.diagnosis import ACTIVE

# The mean sample's error over the model's. At most as much worse: a reading that errs far more is ruled out even of a
# model that carries nothing (collapsed models come to within 2 %). Beyond, which reading errs least is luck.
NOT_WORSE = 0.95
# From here on a model reconstructs something, and readings that err alike may be guessed between.
BETTER = 1.05
# Enough to tell readings apart that differ at all; what they leave open is tried again on more, for so many times the
# usual cost: a refusal costs a person more than a few seconds.
_FIRST = 128
_PATIENCE = 5
# Standard errors by which a reading that training makes likely must be better than the next.
_LIKELY_Z = 3.0


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The answer to one question.

    Args:
        answer: Itself.
        assumption: For the card.
        words: The option that would answer it.
        thin: Whether the evidence does not support it.
        measured: Whether it came from an experiment.
        numbers: The answer's own, to be said behind it; "" without an experiment.
    """

    answer: Any
    assumption: Assumption
    words: str
    thin: bool = False
    measured: bool = False
    numbers: str = ""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Experiment:
    """What trying everything showed.

    Args:
        convention: The reading that it leads to.
        findings: One per question.
        error: Mean squared error of that reading.
        mean_sample_error: Of the mean sample as the only reconstruction.
        diagnosis: What is wrong with the model, if that is why something stays open.
    """

    convention: Convention
    findings: tuple[Finding, ...]
    error: float
    mean_sample_error: float
    diagnosis: str


def by_experiment(
    core: Core, bench: Bench, base: Convention, questions: Sequence[Question], *, operations: float
) -> Experiment:
    """Try every combination of answers, on few samples and where those do not tell on more.

    Args:
        core: The network.
        bench: The data.
        base: What is known, and the usual answers.
        questions: Those that are open.
        operations: What one sample costs.
    """
    every = combined(base, questions, bench.value_range)
    trials, used = _on_some(core, bench, every, operations, most=_FIRST)
    rulings = _rulings(core, used, trials, base, questions)
    if any(ruling.kind != "clear" for ruling in rulings) and len(bench) > len(used):
        finalists, patience = _finalists(rulings, base), _PATIENCE * BUDGET
        trials, used = _on_some(core, bench, finalists, operations, most=len(bench), budget=patience)
        rulings = _rulings(core, used, trials, base, questions)
    rulings = agreeing(rulings, base, questions, used)
    return _concluded(core, used, base, questions, rulings, trials)


def _on_some(
    core: Core,
    bench: Bench,
    conventions: Sequence[Convention],
    operations: float,
    *,
    most: int,
    budget: float = BUDGET,
) -> tuple[tuple[Trial, ...], Bench]:
    codes = len({replace(convention, output="prob") for convention in conventions})
    used = bench.some(samples_within(operations, codes, most=most, budget=budget))
    return run_trials(core, used, conventions), used


def _rulings(
    core: Core, bench: Bench, trials: Sequence[Trial], base: Convention, questions: Sequence[Question]
) -> list[Ruling]:
    best = min(trials, key=lambda trial: trial.error).convention
    found = []
    for question in questions:
        tried: Sequence[Trial] = trials
        narrower = [
            answer for answer in question.answers if question.scale(answer) < question.scale(question.asked(best))
        ]
        if narrower:
            # A wider reading stretches the codes; it wins fairly if it beats the narrower ones at their best stretch.
            alike = [question.put(best, answer) for answer in (question.asked(best), *narrower)]
            fair = run_trials(core, bench, alike, stretches=STRETCHES)
            tried = [*fair, *(trial for trial in trials if question.asked(trial.convention) not in narrower)]
        found.append(rule(tried, question.asked, question.asked(base)))
    return found


def _finalists(rulings: Sequence[Ruling], base: Convention) -> list[Convention]:
    kept = [base]
    for ruling in rulings:
        kept += [ruling.trial.convention, *([ruling.rival.convention] if ruling.rival else [])]
    return list(dict.fromkeys(kept))


def agreeing(rulings: Sequence[Ruling], base: Convention, questions: Sequence[Question], bench: Bench) -> list[Ruling]:
    """A range in whose units the decoder answers is a guess where the numbers alone are thin.

    Training compares what the decoder gives with what the encoder was given: where the output is known or beyond doubt,
    the range that agrees with it is the likely one before any comparison of errors.
    """
    output: Hashable = base.output
    for question, ruling in zip(questions, rulings, strict=True):
        if question.what == "decoder output":
            output = ruling.trial.convention.output if ruling.kind == "clear" else None
    found = []
    for question, ruling in zip(questions, rulings, strict=True):
        pair = ruling.trial.convention.input_range
        agrees = (
            question.what == "input range" and pair not in INEXACT and output_like(pair, bench.value_range) == output
        )
        better = ruling.z >= _LIKELY_Z and len(bench) >= FEWEST
        found.append(replace(ruling, kind="guess") if ruling.kind == "thin" and agrees and better else ruling)
    return found


def combined(
    base: Convention, questions: Sequence[Question], value_range: tuple[float, float] | None
) -> list[Convention]:
    """The conventions of all combinations of answers, the usual one first; of those that mean the same, one."""
    found = [base]
    for question in questions:
        found = [question.put(convention, answer) for convention in found for answer in question.answers]
    plain = {convention: replace(convention, output=output_like(convention.input_range, value_range))
             for convention in found if convention.output == "same"}  # fmt: skip
    return [each for each in found if plain.get(each, each) == each or plain[each] not in found]


def _concluded(
    core: Core,
    bench: Bench,
    base: Convention,
    questions: Sequence[Question],
    rulings: Sequence[Ruling],
    trials: Sequence[Trial],
) -> Experiment:
    mean_sample = float(mean_sample_error(bench.x).mean())
    best = min(trials, key=lambda trial: trial.error)
    gain = mean_sample / best.error if best.error > 0 else float("inf")
    convention, findings = base, []
    for question, ruling in zip(questions, rulings, strict=True):
        findings.append(_finding(question, ruling, bench, gain))
        convention = question.put(convention, findings[-1].answer)
    chosen = [trial for trial in trials if trial.convention == convention] or run_trials(core, bench, [convention])
    return Experiment(
        convention=convention,
        findings=tuple(findings),
        error=chosen[0].error,
        mean_sample_error=mean_sample,
        diagnosis=_diagnosis(best, mean_sample, bench) if gain < BETTER else "",
    )


def _finding(question: Question, ruling: Ruling, bench: Bench, gain: float) -> Finding:
    answer = question.asked(ruling.trial.convention)
    sure = ruling.kind == "clear" and gain >= NOT_WORSE and answer not in INEXACT
    possible = sure or (ruling.kind in ("same", "guess") and gain >= BETTER)
    guess = not sure and not (possible and ruling.kind == "same")
    rival = "" if ruling.rival is None else question.said(question.asked(ruling.rival.convention))
    other = "" if ruling.rival is None else f"{rival}: {ruling.rival.error:.3g}"
    source = f"reconstruction error {ruling.trial.error:.3g} on {len(bench)} samples of {bench.name}"
    if not guess:
        source = f"{source}; next best {other}" if ruling.kind == "clear" else f"no matter: {rival} gives the same"
    return Finding(
        answer=answer,
        words=question.words,
        thin=not possible,
        measured=True,
        numbers=f": error {ruling.trial.error:.3g} on {len(bench)} samples",
        assumption=Assumption(
            what=question.what,
            value=question.said(answer),
            source=f"guess: {source}" if guess else source,
            guess=guess,
            runner_up=other if guess else "",
        ),
    )


def _diagnosis(best: Trial, mean_sample: float, bench: Bench) -> str:
    numbers = f"error {best.error:.3g} at best, {mean_sample:.3g} with the mean of the data for every sample"
    still = len(best.codes) > 1 and bool((best.codes.var(dim=0) < ACTIVE).all())
    if still and best.error <= mean_sample / NOT_WORSE:
        return f"it does not reconstruct {bench.name} in any reading ({numbers}): collapsed, as its codes carry nothing"
    return (
        f"it does not reconstruct {bench.name} in any reading ({numbers}): hardly trained, trained on other data, or "
        "read in a way that was not tried"
    )


def second_by_use(core: Core, bench: Bench, base: Convention, names: tuple[str, ...], *, operations: float) -> Finding:
    """What the second output is, by the spread of the codes and the decoder's curvature.

    Args:
        core: The network.
        bench: The data.
        base: How it is read otherwise.
        names: What the outputs are called: said, not relied on.
        operations: What one sample costs.
    """
    raw = replace(base, second="logvar")
    used = bench.some(samples_within(operations, 1))
    with torch.no_grad():
        mean, second = _encoded(core, used, raw)
        # A decoder is about half of what a sample costs.
        most = int(BUDGET / max(operations / 2, 1.0))
        found = curvature(_decoder(core, used, raw), mean, most_decoded=most) if most >= _FEWEST_DECODED else None
    reading = second_of(mean, second, found)
    guess = not reading.decided
    return Finding(
        answer=reading.second,
        words="--second logvar|logstd|std|variance",
        measured=True,
        assumption=Assumption(
            what="second output",
            value=WORDS[reading.second],
            source=("guess: " if guess else "") + reading.source + _called(names),
            guess=guess,
            runner_up=reading.runner_up if guess else "",
        ),
    )


# Below it the line through the curvatures rests on too little.
_FEWEST_DECODED = 128


def _encoded(core: Core, bench: Bench, convention: Convention) -> tuple[torch.Tensor, torch.Tensor]:
    means, seconds = [], []
    for x, numbers in batches(bench.x, bench.labels):
        labels = None if numbers is None else prepared(numbers, convention)
        found = posterior(core.outputs(scaled(x, bench.value_range, convention.input_range), labels), convention)
        means.append(found.mean)
        seconds.append(found.logvar)
    return torch.cat(means), torch.cat(seconds)


def _decoder(core: Core, bench: Bench, convention: Convention) -> Callable[[torch.Tensor, torch.Tensor], torch.Tensor]:
    def decode(z: torch.Tensor, samples: torch.Tensor) -> torch.Tensor:
        labels = None if bench.labels is None else prepared(bench.labels[samples], convention)
        return finished(core.decoded(z, labels), convention.output, bench.value_range, convention.input_range)

    return decode


def _called(names: tuple[str, ...]) -> str:
    return f" (called {printable(names[-1])})" if names else ""
