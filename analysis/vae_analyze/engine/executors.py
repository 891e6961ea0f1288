"""Where shards are worked off: here, or in a pool of processes; any `concurrent.futures.Executor` will do."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, final


@final
class Inline(Executor):
    """Runs each call at once, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call it and return its finished future."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - an executor hands every error to its future
            future.set_exception(error)
        return future


def _nothing() -> None:
    pass


@contextmanager
def process_pool(workers: int, prepare: Callable[[], None] = _nothing) -> Iterator[Executor]:
    """A pool of fresh processes that share the cores evenly.

    They are started anew, not forked: a forked process cannot use an accelerator, and inherits locked threads.

    Args:
        workers: How many.
        prepare: Called once in each process when it starts; picklable.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")
    threads = max(1, cores // workers)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet_worker, initargs=(threads, prepare))
    processes = pool._processes
    try:
        yield pool
        pool.shutdown()
    except BaseException:
        # Interrupted or failed: what runs now is not wanted any more, and finished units are already stored.
        for process in list((processes or {}).values()):
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)
        raise


def _quiet_worker(threads: int, prepare: Callable[[], None]) -> None:
    # Ctrl-C reaches the whole group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch

    torch.set_num_threads(threads)
    prepare()
