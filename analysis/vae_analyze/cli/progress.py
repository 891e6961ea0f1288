"""How far a pass is: a bar with the remaining time for people, plain lines for files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

    from vae_analyze.engine.execute import Progress

_LINE_EVERY = 10.0  # seconds


def progress_for(console: Console, *, quiet: bool) -> Progress:
    """The progress display for a console."""
    from vae_analyze.api import Silent

    if quiet:
        return Silent()
    return Bar(console) if console.is_terminal else Lines(console)


@final
class Bar:
    """A bar with share, speed and remaining time."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None

    def start(self, total: float, *, present: int, units: int) -> None:
        """Show the bar."""
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        _say_present(self._console, present, units)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} model evaluations"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._progress.add_task("analysing", total=max(total, 1e-9))
        self._progress.start()

    def advance(self, evaluations: float) -> None:
        """Move the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, evaluations)

    def finish(self) -> None:
        """Remove the bar."""
        if self._progress is not None:
            self._progress.stop()


@final
class Lines:
    """A line now and then, for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._total = self._done = 0.0
        self._began = self._last = 0.0

    def start(self, total: float, *, present: int, units: int) -> None:
        """Begin counting."""
        _say_present(self._console, present, units)
        self._total = total
        self._began = self._last = time.monotonic()

    def advance(self, evaluations: float) -> None:
        """Count, and say so if it is time."""
        self._done += evaluations
        now = time.monotonic()
        if now - self._last < _LINE_EVERY or self._done <= 0:
            return
        self._last = now
        spent = now - self._began
        left = spent * max(self._total - self._done, 0.0) / self._done
        share = self._done / self._total if self._total else 1.0
        self._console.print(f"analysing: {share:.0%}, {spent:.0f} s elapsed, about {left:.0f} s left")

    def finish(self) -> None:
        """Nothing more to say."""


def _say_present(console: Console, present: int, units: int) -> None:
    if present:
        console.print(f"{present} of {units} parts were done before and are taken from the cache")
