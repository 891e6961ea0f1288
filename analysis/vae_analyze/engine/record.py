"""The record of a pass: a run, with everything needed to judge and to repeat it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from vae_analyze.analyzers.base import Analyzer
from vae_analyze.analyzers.registry import entries
from vae_analyze.engine.execute import Gathered, Outcome
from vae_analyze.engine.keys import digest, identity
from vae_analyze.engine.options import RunOptions, values_of
from vae_analyze.engine.plan import Plan
from vae_analyze.engine.prepare import Prepared
from vae_analyze.engine.provenance import peak_memory, provenance
from vae_analyze.engine.reproduce import command_line
from vae_analyze.runs.layout import safe
from vae_analyze.runs.run import OptionValue, Result, Run


def run_name(prepared: Prepared, analyzers: Sequence[Analyzer], n: int) -> str:
    """Model, analyzer and a hash of all that determines the numbers: the same command gives the same name."""
    session = prepared.session
    card = session.loaded.card
    what = analyzers[0].name if len(analyzers) == 1 else "all"
    everything = [
        card.fingerprint,
        session.data.fingerprint,
        [identity(analyzer) for analyzer in analyzers],
        [session.settings.seed, session.settings.dtype, n],
    ]
    return f"{safe(card.name)}-{safe(what)}-{digest(everything)[:8]}"


def make_run(
    prepared: Prepared,
    plan: Plan,
    outcomes: Sequence[Outcome],
    gathered: Gathered,
    *,
    name: str,
    n: int,
    order: Sequence[str],
    not_applicable: Mapping[Analyzer, str],
    options: tuple[OptionValue, ...],
    command: str,
    repeatable: bool,
    seconds: float,
) -> Run:
    """The run in memory."""
    session = prepared.session
    card, data = session.loaded.card, session.data
    # A command can only name what has a name: a checkpoint's path, data by spec, registered analyzers.
    named = all(_registered(analyzer) for analyzer in [*(o.analyzer for o in outcomes), *not_applicable])
    reproduce = command_line(card.path, order, options) if repeatable and named else ""
    results = [_result(outcome) for outcome in outcomes]
    results += [_inapplicable(analyzer, reason) for analyzer, reason in not_applicable.items()]
    results.sort(key=lambda result: order.index(result.analyzer))
    return Run(
        name=name,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        card=card.to_dict(),
        data={
            "name": data.name,
            "description": data.description,
            "input_shape": list(data.input_shape),
            "value_range": None if data.value_range is None else list(data.value_range),
            "fingerprint": data.fingerprint,
            "size": len(data),
            "n": n,
            "transforms": list(prepared.transforms),
        },
        options=options,
        provenance=_provenance(prepared, plan, gathered, command, seconds, reproduce),
        results=tuple(results),
    )


def options_from_python(options: RunOptions, analyzers: Sequence[Analyzer]) -> tuple[OptionValue, ...]:
    """Every option of a call from Python, with "default" or "python" as its origin."""
    given = [("", values_of(options), values_of(RunOptions()))]
    given += [(f"{a.name}.", values_of(a), values_of(type(a)())) for a in analyzers]
    return tuple(
        OptionValue(name=prefix + name, value=value, origin="default" if value == defaults[name] else "python")
        for prefix, values, defaults in given
        for name, value in values.items()
    )


def _provenance(
    prepared: Prepared,
    plan: Plan,
    gathered: Gathered,
    command: str,
    seconds: float,
    reproduce: str,
) -> dict[str, Any]:
    session = prepared.session
    card = session.loaded.card
    memory = peak_memory()
    return {
        "command": command,
        "reproduce": reproduce,
        "seed": session.settings.seed,
        "dtype": session.settings.dtype,
        "batch size": gathered.smallest_batch,
        "checkpoint fingerprint": card.fingerprint,
        "data fingerprint": session.data.fingerprint,
        **provenance(session.settings.device),
        "work": {
            "units": plan.units,
            "units taken from earlier work": plan.present,
            "wall seconds": round(seconds, 3),
            "peak memory MiB": None if memory is None else round(memory[0] / 2**20),
            "peak memory of the largest worker MiB": None if memory is None else round(memory[1] / 2**20),
        },
    }


def _result(outcome: Outcome) -> Result:
    analyzer, failed = outcome.analyzer, outcome.failure
    return Result(
        analyzer=analyzer.name,
        version=analyzer.version,
        question=analyzer.question,
        status="ok" if failed is None else "failed",
        reason="" if failed is None else failed.reason,
        traceback="" if failed is None else failed.traceback,
        options=values_of(analyzer),
        references=analyzer.references,
        distribution=_distribution(analyzer),
        seconds=round(outcome.seconds, 3),
        findings=outcome.findings,
    )


def _inapplicable(analyzer: Analyzer, reason: str) -> Result:
    return Result(
        analyzer=analyzer.name,
        version=analyzer.version,
        question=analyzer.question,
        status="not applicable",
        reason=reason,
        options=values_of(analyzer),
        references=analyzer.references,
        distribution=_distribution(analyzer),
    )


def _registered(analyzer: Analyzer) -> bool:
    return analyzer.name in entries()


def _distribution(analyzer: Analyzer) -> str:
    entry = entries().get(analyzer.name)
    return entry.distribution if entry is not None else type(analyzer).__module__
