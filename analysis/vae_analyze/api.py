"""The one function behind every analysing command: a model, data and analyzers to a run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from vae_analyze.errors import AnalyzerError, DataError, UsageError

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer
    from vae_analyze.data.dataset import Dataset
    from vae_analyze.engine.execute import Outcome, Progress
    from vae_analyze.engine.plan import Plan, Work
    from vae_analyze.engine.prepare import Prepared
    from vae_analyze.loading.card import Card, Loaded
    from vae_analyze.loading.inspect import Inspection
    from vae_analyze.loading.settling.evidence import Evidence
    from vae_analyze.runs.run import OptionValue, Run
    from vae_analyze.vae import VAE, ConditionalVAE

Announce = Callable[["Card", "Dataset", int], None]


def load(path: str | os.PathLike[str], *, data: str | os.PathLike[str] | Dataset = "", **words: Any) -> Loaded:
    """Load a checkpoint and, where data are given, hold it against them.

    Args:
        path: A file or a folder.
        data: Spec of the data or a dataset: what the file does not say is settled by experiment on some of them, and
            the model is verified on them.
        **words: The fields of `vae_analyze.loading.options.LoadOptions` but evidence: device, dtype, name, model,
            arguments, adapter, second, output, range, labels, weights, trust, accept_guess.

    Returns:
        The model in evaluation mode, its weights frozen, and its card: what was read, assumed, verified, and what looks
        wrong.

    Raises:
        CheckpointError: It cannot be loaded; the message says what was found and what to do next.
        DataError: The data cannot be opened.
        UsageError: A word that cannot be used.
    """
    from vae_analyze.loading.load import load as load_file
    from vae_analyze.loading.load import verified

    evidence = _evidence(data)
    loaded = load_file(path, **words, evidence=evidence)
    return loaded if evidence is None else verified(loaded, evidence)


def inspect(path: str | os.PathLike[str], *, data: str | os.PathLike[str] | Dataset = "", **words: Any) -> Inspection:
    """What a file is and how it would load; hostile and damaged files are described, not raised.

    Args:
        path: A file or a folder.
        data: As for `load`.
        **words: As for `load`; without model, adapter and trust nothing is executed.

    Raises:
        CheckpointError: Nothing is there, it cannot be read, or it is empty.
        DataError: The data cannot be opened.
        UsageError: A word that cannot be used.
    """
    from vae_analyze.loading.inspect import inspect_file

    return inspect_file(path, evidence=_evidence(data), **words)


@final
class Silent:
    """Progress for nobody."""

    def start(self, total: float, *, present: int, units: int) -> None:
        """Ignore it."""

    def advance(self, evaluations: float) -> None:
        """Ignore it."""

    def finish(self) -> None:
        """Ignore it."""


def analyze(
    model: str | os.PathLike[str] | VAE | ConditionalVAE | Loaded,
    /,
    analyzers: Sequence[str | Analyzer] | None = None,
    *,
    data: str | os.PathLike[str] | Dataset = "",
    out: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    on_loaded: Announce | None = None,
    origins: Sequence[OptionValue] | None = None,
    command: str = "python",
    **options: Any,
) -> Run:
    """Analyse a model.

    Args:
        model: Path of a checkpoint, a loaded one, or any object with the members of `vae_analyze.vae.VAE`.
        analyzers: Names or instances; None for every one that can be loaded.
        data: Spec of the data or a dataset; by default the held-out part of what the checkpoint was trained on.
        out: Folder to write the run and its report to; "auto" is ``reports/<run name>``; None writes nothing.
        executor: Any `concurrent.futures.Executor` to work off shards; by default processes as ``workers`` says.
        progress: Told how far the pass is.
        on_loaded: Called with the card, the data and the number of samples before the pass.
        origins: The options with their origins, for the record; by default "default" and "python".
        command: What was typed, for the record.
        **options: The fields of `vae_analyze.engine.options.RunOptions`: samples, seed, device, dtype, ..., and how the
            checkpoint is loaded: ``model="net.py:VAE"`` names its class, as `load` has it.

    Returns:
        The run; its path is set if it was written.

    Raises:
        UsageError: An option or name that cannot be used.
        CheckpointError: The model cannot be loaded.
        DataError: The data cannot be loaded or do not fit the model.
        AnalyzerError: An analyzer failed and ``strict`` is set, or a worker process died.
        StoreError: ``out`` or the cache cannot be written.
    """
    from vae_analyze.engine.execute import execute
    from vae_analyze.engine.options import run_options
    from vae_analyze.engine.prepare import prepare, unit_folder
    from vae_analyze.engine.record import make_run, options_from_python, run_name

    began = time.perf_counter()
    chosen = run_options(options)
    wanted = resolve(analyzers)
    if isinstance(data, (str, os.PathLike)) and os.fspath(data):
        chosen = replace(chosen, data=os.fspath(data))
        data = ""
    _check_out(out)
    with ExitStack() as stack:
        prepared = prepare(model, data, chosen, stack.enter_context(unit_folder(chosen)))
        served, not_applicable = _divide(wanted, prepared, all_of_them=analyzers is None)
        work, plan = _plan(prepared, served, chosen.samples or None)
        n = len(work.index)
        name = run_name(prepared, wanted, n)
        target = _target(out, name)
        if on_loaded is not None:
            on_loaded(prepared.session.loaded.card, prepared.session.data, n)
        own_pool = stack.enter_context(_pool(chosen.workers, work, plan)) if executor is None else None
        outcomes, gathered = execute(
            work, plan, prepared.session, executor or own_pool, progress or Silent(), announced=own_pool is not None
        )
        if chosen.strict:
            _raise_first_failure(outcomes)
        run = make_run(
            prepared,
            plan,
            outcomes,
            gathered,
            name=name,
            n=n,
            order=[analyzer.name for analyzer in wanted],
            not_applicable=not_applicable,
            options=tuple(origins) if origins is not None else options_from_python(chosen, wanted),
            command=command,
            repeatable=isinstance(data, str),
            seconds=time.perf_counter() - began,
        )
        if target is None:
            return _self_contained(run) if chosen.no_cache else run
        return write(run, target)


def _evidence(data: str | os.PathLike[str] | Dataset) -> Evidence | None:
    from vae_analyze.engine.evidence import evidence_of
    from vae_analyze.engine.sources import InMemoryData, NamedData

    if not isinstance(data, (str, os.PathLike)):
        return evidence_of(InMemoryData(data).open())
    return evidence_of(NamedData(spec=os.fspath(data)).open()) if os.fspath(data) else None


def write(run: Run, target: Path) -> Run:
    """Write a run and its report to a folder.

    Raises:
        StoreError: The folder cannot be written, or holds something that is not a run.
    """
    from vae_analyze.reporting.drawing.animation import write_animations
    from vae_analyze.reporting.html import write_report
    from vae_analyze.runs.layout import REPORT
    from vae_analyze.runs.read import read_run
    from vae_analyze.runs.write import write_run

    def report(whole: Run, folder: Path) -> None:
        write_report(whole, folder / REPORT)
        write_animations(whole, folder)

    write_run(run, target, also=report)
    return read_run(target)


def resolve(analyzers: Sequence[str | Analyzer] | None) -> tuple[Analyzer, ...]:
    """Analyzer instances from names and instances; for None every analyzer that can be loaded.

    Raises:
        UsageError: An unknown name (with the nearest), none, or one twice.
        AnalyzerError: One asked for by name cannot be loaded.
    """
    from vae_analyze.analyzers.registry import entries, get

    if analyzers is None:
        return tuple(entry.load()() for entry in entries().values() if _loads(entry))
    if isinstance(analyzers, str):
        raise UsageError(f"analyzers: expected a list of names, found {analyzers!r}", hint=f"write [{analyzers!r}]")
    made = tuple(get(item)() if isinstance(item, str) else _checked(item) for item in analyzers)
    if not made:
        raise UsageError("analyzers: expected at least one, found none")
    names = [analyzer.name for analyzer in made]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"analyzers: {', '.join(twice)} was asked for twice", hint="use a run for each")
    return made


def _checked(analyzer: Analyzer) -> Analyzer:
    """An analyzer made in Python, its options held to their kinds and ranges as those of the command line are."""
    from vae_analyze.analyzers.option import build
    from vae_analyze.engine.options import values_of

    checked: Analyzer = build(type(analyzer), values_of(analyzer), where=f"{analyzer.name}.")
    return checked


def _loads(entry: Any) -> bool:
    try:
        entry.load()
    except AnalyzerError as error:
        import warnings

        warnings.warn(str(error), stacklevel=4)
        return False
    return True


def _divide(
    wanted: tuple[Analyzer, ...], prepared: Prepared, *, all_of_them: bool
) -> tuple[tuple[Analyzer, ...], dict[Analyzer, str]]:
    """Analyzers that apply, and the others with the reason."""
    from vae_analyze.engine.applicability import why_not

    session = prepared.session
    reasons = {analyzer: why_not(analyzer, session.loaded.card, session.data) for analyzer in wanted}
    served = tuple(analyzer for analyzer, reason in reasons.items() if not reason)
    refused = {analyzer: reason for analyzer, reason in reasons.items() if reason}
    if not served and not all_of_them:
        listing = "; ".join(f"{analyzer.name} does not apply: {reason}" for analyzer, reason in refused.items())
        raise DataError(listing, hint="choose other analyzers or other data")
    return served, refused


def _plan(prepared: Prepared, served: tuple[Analyzer, ...], samples: int | None) -> tuple[Work, Plan]:
    from vae_analyze.engine.keys import data_identity, digest, identity
    from vae_analyze.engine.partition import select
    from vae_analyze.engine.plan import Work, make_plan

    session = prepared.session
    card, data, settings = session.loaded.card, session.data, session.settings
    index = select(len(data), samples, seed=settings.seed)
    plan = make_plan(served, index, card=card, data=data, settings=settings)
    what = [identity(analyzer) for analyzer in served]
    key = digest([card.fingerprint, data.fingerprint, what, settings.seed, settings.device, settings.dtype, len(index)])
    fingerprints = (card.fingerprint, data_identity(data))
    return Work(prepared.model, prepared.data, settings, served, index, key, fingerprints), plan


@contextmanager
def _pool(workers: int, work: Work, plan: Plan) -> Iterator[Executor | None]:
    from vae_analyze.engine.execute import announce
    from vae_analyze.engine.executors import process_pool

    shards = sum(1 for missing in plan.missing if missing)
    if workers == 1 or shards == 0:
        yield None
        return
    with process_pool(min(workers, shards), partial(announce, work)) as pool:
        yield pool


def _raise_first_failure(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if outcome.failure is not None:
            raise AnalyzerError(f"{outcome.analyzer.name} failed: {outcome.failure.reason}")


def _check_out(out: str | os.PathLike[str] | None) -> None:
    """Refuse an output place before any work is done."""
    from vae_analyze.runs.folder import check_target

    if out is not None:
        check_target(_target(out, "run") or Path())


def _target(out: str | os.PathLike[str] | None, name: str) -> Path | None:
    if out is None:
        return None
    return Path("reports") / name if os.fspath(out) == "auto" else Path(out)


def _self_contained(run: Run) -> Run:
    """The run with its values per sample in memory: the files they lie in are about to vanish."""
    from vae_analyze.stats.rows import Rows

    results = []
    for result in run.results:
        rows = result.findings.rows
        if rows is not None:
            kept = Rows(rows.columns, [rows.gather()])
            result = replace(result, findings=replace(result.findings, rows=kept))  # noqa: PLW2901
        results.append(result)
    return replace(run, results=tuple(results))
