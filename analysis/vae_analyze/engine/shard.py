"""The pass over one shard: every analyzer that still misses it, fed from the same batches."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, final

import torch

from vae_analyze.analyzers.base import Analyzer, Need
from vae_analyze.engine.batch import AnalyzerBatch, SharedBatch
from vae_analyze.engine.context import AnalyzerContext
from vae_analyze.engine.evaluator import Tick, no_tick
from vae_analyze.engine.partition import Shard
from vae_analyze.engine.randomness import Streams
from vae_analyze.engine.session import Session
from vae_analyze.engine.state import dump
from vae_analyze.engine.units import UnitStore
from vae_analyze.errors import CheckpointError, DataError, StoreError
from vae_analyze.vae import DiagonalGaussian

ENCODED: frozenset[Need] = frozenset({"codes", "posterior", "sample", "reconstruction"})
CODES = "codes"  # the unit that holds a shard's posteriors, labels and factors
CODES_VERSION = 2  # raised when that unit holds something else


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """Why an analyzer failed."""

    reason: str
    traceback: str


@final
@dataclass(slots=True)
class ShardReport:
    """What became of a shard.

    Args:
        number: Of the shard.
        batch_size: The size it was worked off with, after any halving.
        failures: By analyzer name.
        seconds: Time in each analyzer's update.
    """

    number: int
    batch_size: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def run_shard(
    session: Session,
    shard: Shard,
    analyzers: tuple[Analyzer, ...],
    keys: Mapping[str, str],
    *,
    tick: Tick = no_tick,
) -> ShardReport:
    """Work off one shard for these analyzers and store each one's unit.

    When memory runs out the shard starts again with half the batch size; what a batch holds changes no result beyond
    rounding.

    Args:
        session: Model, data, settings.
        shard: The samples.
        analyzers: Those that miss this shard.
        keys: The unit key of each analyzer by name, and of the codes.
        tick: Told of every model evaluation.

    Raises:
        DataError: The data cannot be read.
        StoreError: A unit cannot be written.
    """
    store = UnitStore(session.settings.cache)
    batch_size = session.settings.batch_size
    while True:
        try:
            return _Pass(session, shard, analyzers, batch_size, tick).run(store, keys)
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or batch_size == 1:
                raise
            batch_size //= 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on any device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "not enough memory", "can't allocate memory")
    )


@final
class _Pass:
    """One attempt at one shard with one batch size."""

    def __init__(
        self, session: Session, shard: Shard, analyzers: tuple[Analyzer, ...], batch_size: int, tick: Tick
    ) -> None:
        self._session = session
        self._shard = shard
        self._analyzers = analyzers
        self._batch_size = batch_size
        self._evaluator = session.evaluator(batch_size=batch_size, tick=tick)
        self._report = ShardReport(shard.number, batch_size)
        self._codes: list[dict[str, torch.Tensor]] = []

    def run(self, store: UnitStore, keys: Mapping[str, str]) -> ShardReport:
        stored = self._stored_codes(store, keys) if CODES in keys else None
        with deterministic(), self._gradient_mode():
            accumulators = self._start()
            for start in range(0, len(self._shard.index), self._batch_size):
                self._batch(start, stored, accumulators, keep_codes=CODES in keys and stored is None)
        if self._codes and CODES not in self._report.failures:
            store.write(keys[CODES], None, self._codes_arrays())
        for name, accumulator in accumulators.items():
            self._guarded(name, partial(_store, store, keys[name], accumulator))
        return self._report

    def _start(self) -> dict[str, Any]:
        accumulators: dict[str, Any] = {}
        for analyzer in self._analyzers:
            self._guarded(analyzer.name, partial(self._start_one, analyzer, accumulators))
        return accumulators

    def _start_one(self, analyzer: Analyzer, accumulators: dict[str, Any]) -> None:
        context = AnalyzerContext(self._session, analyzer, index=self._shard.index)
        accumulators[analyzer.name] = analyzer.start(context)

    def _batch(
        self, start: int, stored: DiagonalGaussian | None, accumulators: dict[str, Any], *, keep_codes: bool
    ) -> None:
        session = self._session
        rows = slice(start, start + self._batch_size)
        posterior = None if stored is None else DiagonalGaussian(stored.mean[rows], stored.logvar[rows])
        shared = SharedBatch(
            session.read(self._shard.index[rows]),
            self._evaluator,
            device=session.device,
            dtype=session.dtype,
            seed=session.settings.seed,
            posterior=posterior,
        )
        if keep_codes:
            # A model that cannot encode its data fails every analyzer that needs codes, with one reason.
            self._guarded(CODES, lambda: self._codes.append(_known(shared)))
        for analyzer in self._analyzers:
            if analyzer.name not in accumulators:
                continue
            streams = Streams(session.settings.seed, analyzer.name)
            view = AnalyzerBatch(shared, name=analyzer.name, needs=analyzer.needs, streams=streams)
            update = partial(accumulators[analyzer.name].update, view)
            with torch.set_grad_enabled("gradients" in analyzer.needs):
                if not self._guarded(analyzer.name, update):
                    del accumulators[analyzer.name]

    def _guarded(self, name: str, work: Callable[[], None]) -> bool:
        """Do an analyzer's work; its failure is its own and is kept, the others go on.

        A model or data that cannot be had is nobody's failure: the person named it, and should hear of it at once.
        """
        began = time.perf_counter()
        try:
            work()
        except (CheckpointError, DataError, StoreError):
            raise
        except Exception as error:
            if out_of_memory(error) and self._batch_size > 1:
                raise
            self._report.failures[name] = failure(error)
            return False
        finally:
            spent = time.perf_counter() - began
            self._report.seconds[name] = self._report.seconds.get(name, 0.0) + spent
        return True

    def _stored_codes(self, store: UnitStore, keys: Mapping[str, str]) -> DiagonalGaussian | None:
        unit = store.read(keys[CODES])
        if unit is None:
            return None
        mean, logvar = (
            torch.from_numpy(unit[1][name]).to(device=self._session.device, dtype=self._session.dtype)
            for name in ("mean", "logvar")
        )
        return DiagonalGaussian(mean, logvar)

    def _codes_arrays(self) -> dict[str, Any]:
        # In the model's own format, so that codes from the store are the codes of the pass to the bit.
        arrays = {name: torch.cat([batch[name] for batch in self._codes]).cpu().numpy() for name in self._codes[0]}
        return {"index": self._shard.index, **arrays}

    def _gradient_mode(self) -> AbstractContextManager[Any]:
        # Inference mode is the cheapest, but its tensors can never take part in a derivative.
        if any("gradients" in analyzer.needs for analyzer in self._analyzers):
            return torch.no_grad()
        return torch.inference_mode()


def _known(shared: SharedBatch) -> dict[str, torch.Tensor]:
    """Codes, and what the data say of their samples, so that nobody reads the data again for it."""
    known = {"mean": shared.posterior.mean, "logvar": shared.posterior.logvar}
    stated = {"labels": shared.labels, "factors": shared.factors}
    return known | {name: value for name, value in stated.items() if value is not None}


def failure(error: BaseException) -> Failure:
    """An exception as a reason for people and a traceback for engineers."""
    kind = "" if type(error).__module__.startswith("vae_analyze") else f"{type(error).__name__}: "
    return Failure(f"{kind}{error}", "".join(traceback.format_exception(error)))


@contextmanager
def deterministic() -> Iterator[None]:
    """Fixed algorithms in full precision on accelerators, so that a run repeats to the bit."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        before = torch.backends.cuda.matmul.allow_tf32
        torch.backends.cuda.matmul.allow_tf32 = False
        try:
            yield
        finally:
            torch.backends.cuda.matmul.allow_tf32 = before


def needs_codes(analyzers: tuple[Analyzer, ...]) -> bool:
    """Whether any of them reads the posterior of the data."""
    return any(analyzer.needs & ENCODED for analyzer in analyzers)


def _store(store: UnitStore, key: str, accumulator: Any) -> None:
    store.write(key, *dump(accumulator))
