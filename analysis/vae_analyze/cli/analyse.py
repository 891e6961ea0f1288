"""What every analysing command does: settle options, analyse, print."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

from vae_analyze.errors import AnalyzerError

if TYPE_CHECKING:
    from rich.console import Console

    from vae_analyze.data.dataset import Dataset
    from vae_analyze.loading.card import Card
    from vae_analyze.runs.run import Run


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was typed.

    Args:
        checkpoint: The path.
        analyzers: Names; None for every one that applies.
        run: Run options and ``out``; None where not typed.
        options: Options of analyzers, by analyzer.
        json: Whether to print JSON.
        quiet: Whether to show no progress.
    """

    checkpoint: str
    analyzers: tuple[str, ...] | None
    run: Mapping[str, Any]
    options: Mapping[str, Mapping[str, Any]]
    json: bool = False
    quiet: bool = False


def analyse(request: Request) -> int:
    """Analyse and print; returns the exit code."""
    from vae_analyze.analyzers.registry import get
    from vae_analyze.cli.output import console
    from vae_analyze.cli.progress import progress_for
    from vae_analyze.configuration import resolve

    names = applicable_names() if request.analyzers is None else request.analyzers
    settled = resolve([get(name) for name in names], given=request.run, given_analyzers=request.options)
    out, err = console(sys.stdout), console(sys.stderr)
    about = err if request.json else out

    from vae_analyze.api import analyze  # after the options: a typo should not wait for torch

    run = analyze(
        request.checkpoint,
        settled.analyzers,
        out=settled.out,
        progress=progress_for(err, quiet=request.quiet),
        on_loaded=lambda card, data, n: announce(about, card, data, n),
        origins=settled.origins,
        command=shlex.join(["vae-analyze", *sys.argv[1:]]),
        **settled.run,
    )
    _show(run, out, as_json=request.json)
    return AnalyzerError.exit_code if run.failed else 0


def applicable_names() -> tuple[str, ...]:
    """Every analyzer that can be loaded; one that cannot is a warning."""
    import warnings

    from vae_analyze.analyzers.registry import entries

    names = []
    for name, entry in entries().items():
        try:
            entry.load()
        except AnalyzerError as error:
            warnings.warn(str(error), UserWarning, stacklevel=2)
        else:
            names.append(name)
    return tuple(names)


def announce(console: Console, card: Card, data: Dataset, n: int) -> None:
    """Say what was loaded, and what was inferred from where."""
    from rich.text import Text

    kind = "deterministic autoencoder" if card.deterministic else "VAE"
    latent = "x".join(map(str, card.latent_shape))
    lines = [
        f"{card.name}: {kind}, {card.architecture}, latent {latent}, {card.parameters:,} parameters ({card.format})",
        f"data: {data.name}, {n:,} of {len(data):,} samples, {data.description}",
    ]
    lines += [
        f"  {a.what}: {a.value} ({assumed(a.source, guess=a.guess, runner_up=a.runner_up)})" for a in card.assumptions
    ]
    lines += [f"  {verified(check.outcome)}: {check.what}: {check.value}" for check in card.checks]
    for line in lines:
        console.print(Text(line), soft_wrap=True)
    for warning in card.warnings:
        console.print(Text(f"Warning: {warning}", style="yellow"))


def assumed(source: str, *, guess: bool, runner_up: str) -> str:
    """Where an assumption comes from, in words."""
    evidence = f"guess: {source.removeprefix('guess: ')}" if guess else f"from {source}"
    return f"{evidence}{f'; runner-up: {runner_up}' if runner_up else ''}"


def verified(outcome: str) -> str:
    """What came of a check, in words."""
    return {"passed": "verified", "failed": "FAILED", "not made": "not verified"}.get(outcome, outcome)


def _show(run: Run, console: Console, *, as_json: bool) -> None:
    if as_json:
        from vae_analyze.strict_json import dumps

        sys.stdout.write(dumps(as_plain(run)) + "\n")
        return
    from rich.text import Text

    from vae_analyze.reporting.terminal import print_run
    from vae_analyze.runs.layout import REPORT

    print_run(run, console)
    if run.path is not None:
        console.print(Text(f"Report: {run.path / REPORT}"), soft_wrap=True)


def as_plain(run: Run) -> dict[str, Any]:
    """A run as ``--json`` prints it."""
    return {
        "schema": run.schema,
        "run": None if run.path is None else run.path.as_posix(),
        "model": {name: run.card[name] for name in ("name", "path", "fingerprint", "warnings")},
        "data": {name: run.data[name] for name in ("name", "fingerprint", "n")},
        "analyzers": [
            {
                "analyzer": result.analyzer,
                "status": result.status,
                "reason": result.reason,
                "readings": result.findings.readings,
                "warnings": result.findings.warnings,
            }
            for result in run.results
        ],
        "scalars": run.scalar_rows(),
    }
