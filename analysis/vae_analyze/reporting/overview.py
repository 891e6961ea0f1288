"""The first screen: what was analysed, what it says, and what not to trust."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from vae_analyze.findings import Scalar, params_text
from vae_analyze.reporting.numbers import count
from vae_analyze.reporting.tables import value_text
from vae_analyze.reporting.text import printable
from vae_analyze.runs.run import Result, Run

MOST_READINGS = 8
MOST_NAMED = 4


@final
@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the card."""

    name: str
    value: str
    note: str = ""


@final
@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence and the analyzer that it comes from."""

    text: str
    analyzer: str


@final
@dataclass(frozen=True, slots=True)
class Doubt:
    """Something not to trust.

    Args:
        kind: "failed", "not applicable", "undefined", "warning", "model", "guess".
        where: Analyzer or subject it concerns.
        text: What and why.
        analyzer: The analyzer whose section says more, or "".
    """

    kind: str
    where: str
    text: str
    analyzer: str = ""


def facts(run: Run) -> tuple[Fact, ...]:
    """What was analysed, on what."""
    card, data = run.card, run.data
    found = [
        Fact("Model", _text(card, "name"), _text(card, "path")),
        Fact("Architecture", _text(card, "architecture"), _text(card, "format")),
        Fact("Input", _shape(card.get("input_shape")), _range(data.get("value_range"))),
        Fact("Latent code", _shape(card.get("latent_shape")), _posterior(card)),
        Fact("Parameters", count(int(card.get("parameters") or 0)) if card.get("parameters") else "unknown"),
        Fact("Trained on", _text(card, "data")),
        Fact("Data", _text(data, "name"), _text(data, "description")),
        Fact("Samples", f"{count(int(data.get('n', 0)))} of {count(int(data.get('size', 0)))}"),
        Fact("Transforms", "; ".join(printable(t) for t in data.get("transforms") or ())),
    ]
    return tuple(fact for fact in found if fact.value)


def assumptions(run: Run) -> tuple[Mapping[str, Any], ...]:
    """What the loader inferred, guesses first."""
    found = [dict(item) for item in run.card.get("assumptions") or ()]
    for item in found:  # that it is one is said beside it
        item["source"] = str(item.get("source", "")).removeprefix("guess: ")
    return tuple(sorted(found, key=lambda item: not item.get("guess")))


def checks(run: Run) -> tuple[Mapping[str, Any], ...]:
    """What was verified when the model was loaded, failures first."""
    found = [dict(item) for item in run.card.get("checks") or ()]
    return tuple(sorted(found, key=lambda item: item.get("outcome") == "passed"))


def readings(run: Run) -> tuple[Reading, ...]:
    """The first sentence of every analyzer, then the second, and so on, up to a screenful."""
    ranked = [
        (rank, at, Reading(printable(text), result.analyzer))
        for at, result in enumerate(run.results)
        for rank, text in enumerate(result.findings.readings)
    ]
    return tuple(reading for _, _, reading in sorted(ranked, key=lambda item: item[:2])[:MOST_READINGS])


def doubts(run: Run) -> tuple[Doubt, ...]:
    """Everything not to trust, gravest first."""
    found = [
        Doubt(result.status, printable(result.analyzer), printable(result.reason), result.analyzer)
        for status in ("failed", "not applicable")
        for result in run.results
        if result.status == status
    ]
    found += [Doubt("model", "the checkpoint", printable(text)) for text in run.card.get("warnings") or ()]
    if any(item.get("guess") for item in assumptions(run)):
        whole = "every number of this run holds only if the guesses below are right"
        found.append(Doubt("guess", "the model", f"{printable(run.card.get('format') or 'read')}: {whole}"))
    found += [
        Doubt(
            "guess",
            printable(item.get("what", "")),
            f"taken to be {printable(item.get('value'))}: {printable(item.get('source'))}"
            + (f"; runner-up: {printable(item['runner_up'])}" if item.get("runner_up") else ""),
        )
        for item in assumptions(run)
        if item.get("guess")
    ]
    # Behind what concerns the model, on which all of them rest.
    for result in run.results:
        found += doubts_of(result)
    return tuple(found)


def doubts_of(result: Result) -> tuple[Doubt, ...]:
    """Warnings of one analyzer, its undefined scalars and those that come with a reservation, grouped by reason."""
    where, findings = printable(result.analyzer), result.findings
    found = [Doubt("warning", where, printable(text), result.analyzer) for text in findings.warnings]
    for status, kind in (("undefined", "undefined"), ("warning", "warning")):
        concerned = [scalar for scalar in findings.scalars if scalar.status == status]
        found += [Doubt(kind, where, text, result.analyzer) for text in _by_reason(concerned)]
    return tuple(found)


def _by_reason(scalars: Sequence[Scalar]) -> Iterator[str]:
    groups: dict[str, list[Scalar]] = {}
    for scalar in scalars:
        groups.setdefault(scalar.reason, []).append(scalar)
    for reason, members in groups.items():
        by_name: dict[str, list[Scalar]] = {}
        for member in members:
            by_name.setdefault(member.name, []).append(member)
        names = [_named(name, same) for name, same in by_name.items()]
        rest = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        yield printable(f"{', '.join(names[:MOST_NAMED])}{rest}: {reason}")


def _named(name: str, same: Sequence[Scalar]) -> str:
    if len(same) > 1:
        return f"{name} ({len(same)} settings)"
    params = params_text(same[0].params)
    return f"{name} ({params})" if params else name


def _text(mapping: Mapping[str, Any], key: str) -> str:
    return value_text(mapping[key]) if mapping.get(key) not in (None, "") else ""


def _shape(shape: Any) -> str:
    return " × ".join(str(size) for size in shape) if shape else ""


def _range(bounds: Any) -> str:
    return (
        f"values from {value_text(bounds[0])} to {value_text(bounds[1])}" if bounds else "values without known bounds"
    )


def _posterior(card: Mapping[str, Any]) -> str:
    said = ["deterministic: no posterior"] if card.get("deterministic") else ["diagonal Gaussian posterior"]
    said += [f"{card['likelihood']} likelihood"] if card.get("likelihood") not in (None, "", "unknown") else []
    said += ["conditional on a label"] if card.get("conditional") else []
    said += ["without gradients"] if card.get("gradients") is False else []
    return ", ".join(said)
