"""The pass: missing shards to an executor, finished ones merged in order, then each analyzer's findings."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, final

import numpy as np
import torch

from vae_analyze.analyzers.base import Analyzer
from vae_analyze.engine.context import AnalyzerContext, StoredCodes
from vae_analyze.engine.evaluator import Tick, no_tick
from vae_analyze.engine.plan import Plan, Work
from vae_analyze.engine.session import Session
from vae_analyze.engine.shard import CODES, ENCODED, Failure, ShardReport, deterministic, failure, run_shard
from vae_analyze.engine.state import restore
from vae_analyze.engine.units import UnitStore
from vae_analyze.errors import AnalyzerError, CheckpointError, DataError, StoreError
from vae_analyze.findings import Findings


class Progress(Protocol):
    """Told how far the pass is; evaluations are the unit."""

    def start(self, total: float, *, present: int, units: int) -> None:
        """The pass begins: ``total`` evaluations to do; ``present`` of ``units`` units were already there."""

    def advance(self, evaluations: float) -> None:
        """So many evaluations are done."""

    def finish(self) -> None:
        """The pass is over."""


@final
@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an analyzer: findings or a failure, and the time it took."""

    analyzer: Analyzer
    findings: Findings
    failure: Failure | None
    seconds: float


@final
@dataclass(slots=True)
class Gathered:
    """What the shards reported."""

    failures: dict[str, Failure] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    smallest_batch: int | None = None

    def add(self, report: ShardReport) -> None:
        """Take in a shard's report."""
        self.failures = {**report.failures, **self.failures}
        for name, seconds in report.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        sizes = [size for size in (self.smallest_batch, report.batch_size) if size]
        self.smallest_batch = min(sizes) if sizes else None


def execute(
    work: Work,
    plan: Plan,
    session: Session,
    executor: Executor | None,
    progress: Progress,
    *,
    announced: bool = False,
) -> tuple[list[Outcome], Gathered]:
    """Work off what is missing and finish every analyzer.

    Args:
        work: The work, as processes get it.
        plan: The shards and keys.
        session: Model and data in this process.
        executor: None to work here, else any executor.
        progress: Told how far it is.
        announced: Whether the executor's processes know the work already (see `announce`), so that it need not travel
            with every shard.

    Raises:
        DataError: The data cannot be read.
        StoreError: A unit cannot be written.
        AnalyzerError: A worker process died.
    """
    gathered = Gathered()
    progress.start(_evaluations(work, plan), present=plan.present, units=plan.units)
    try:
        if executor is None:
            _here(work, plan, session, progress, gathered)
        else:
            _elsewhere(work, plan, executor, progress, gathered, work.key if announced else work)
    finally:
        progress.finish()
    return [_finish(analyzer, plan, session, gathered) for analyzer in work.analyzers], gathered


def _here(work: Work, plan: Plan, session: Session, progress: Progress, gathered: Gathered) -> None:
    def tick(kind: Literal["encode", "decode"], n: int) -> None:
        del kind
        progress.advance(n)

    for number, missing in enumerate(plan.missing):
        wanted = tuple(name for name in missing if name not in gathered.failures)
        if wanted:
            gathered.add(_run(work, session, number, wanted, plan.keys[number], tick))


def _elsewhere(
    work: Work, plan: Plan, executor: Executor, progress: Progress, gathered: Gathered, sent: Work | str
) -> None:
    try:
        # A process may die before the last shard is handed out, so that submitting fails already.
        futures: dict[Future[ShardReport], int] = {
            executor.submit(run_in_process, sent, number, missing, plan.keys[number]): number
            for number, missing in enumerate(plan.missing)
            if missing
        }
        for future in as_completed(futures):
            gathered.add(future.result())
            number = futures[future]
            progress.advance(len(plan.shards[number].index) * _per_sample(work, plan.missing[number]))
    except BrokenProcessPool as error:
        raise AnalyzerError(
            "a worker process ended without a word; the system may have ended it for want of memory",
            hint="run the same command again to go on where it stopped, with fewer --workers",
        ) from error


def _run(
    work: Work, session: Session, number: int, names: tuple[str, ...], keys: dict[str, str], tick: Tick
) -> ShardReport:
    wanted = tuple(analyzer for analyzer in work.analyzers if analyzer.name in names)
    return run_shard(session, work.shard(number), wanted, keys, tick=tick)


_SESSIONS: dict[str, tuple[Work, Session]] = {}
_ANNOUNCED: dict[str, Work] = {}


def announce(work: Work) -> None:
    """Make work known to this process; later calls of `run_in_process` may name it by its key."""
    _ANNOUNCED[work.key] = work


def run_in_process(work: Work | str, number: int, names: tuple[str, ...], keys: dict[str, str]) -> ShardReport:
    """Work off one shard in whatever process this is; model and data are loaded once per process."""
    known = _ANNOUNCED[work] if isinstance(work, str) else work
    if known.key not in _SESSIONS:
        _SESSIONS.clear()
        _SESSIONS[known.key] = (known, known.session())
    return _run(*_SESSIONS[known.key], number, names, keys, no_tick)


def _finish(analyzer: Analyzer, plan: Plan, session: Session, gathered: Gathered) -> Outcome:
    began = time.perf_counter()
    failed = gathered.failures.get(CODES) if analyzer.needs & ENCODED else None
    failed = failed or gathered.failures.get(analyzer.name)
    findings = Findings()
    if failed is None:
        try:
            findings = _findings(analyzer, plan, session)
        except (CheckpointError, DataError, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - an analyzer's failure becomes a status; the others still report
            failed = failure(error)
    seconds = gathered.seconds.get(analyzer.name, 0.0) + time.perf_counter() - began
    return Outcome(analyzer, findings, failed, seconds)


def _findings(analyzer: Analyzer, plan: Plan, session: Session) -> Findings:
    store = UnitStore(session.settings.cache)
    keys = tuple(key[CODES] for key in plan.keys if CODES in key)
    index = np.concatenate([shard.index for shard in plan.shards])
    codes = StoredCodes(index, store, keys) if analyzer.needs & {"codes", "posterior"} else None
    context = AnalyzerContext(session, analyzer, index=index, codes=codes)
    with deterministic(), torch.set_grad_enabled("gradients" in analyzer.needs):
        total: Any = analyzer.start(context)
        for shard_keys in plan.keys:
            key = shard_keys[analyzer.name]
            unit = store.read(key)
            if unit is None:
                raise StoreError(f"finished work of {analyzer.name} disappeared from {store.root}", hint="run again")
            total.merge(restore(analyzer.start(context), *unit, path=store.path(key)))
        findings: Findings = total.finish()
    return findings


def _evaluations(work: Work, plan: Plan) -> float:
    per_shard: Callable[[int], float] = lambda number: _per_sample(work, plan.missing[number])  # noqa: E731
    return sum(len(shard.index) * per_shard(number) for number, shard in enumerate(plan.shards))


def _per_sample(work: Work, names: tuple[str, ...]) -> float:
    """Model evaluations per sample: each analyzer's own, and the shared ones once."""
    wanted = [analyzer for analyzer in work.analyzers if analyzer.name in names]
    if not wanted:
        return 0.0
    costs = [analyzer.cost() for analyzer in wanted]
    needs = frozenset().union(*(analyzer.needs for analyzer in wanted))
    shared = bool(needs & {"codes", "posterior", "sample", "reconstruction"}) + ("reconstruction" in needs)
    return shared + sum(cost.encodes + cost.decodes + cost.gradients for cost in costs)
