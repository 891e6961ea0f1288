"""How far a pass is: a bar for people, lines for logs, nothing when asked."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from vae_analyze.api import Silent
from vae_analyze.cli.output import console
from vae_analyze.cli.progress import Bar, Lines, progress_for


def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=150, no_color=True, highlight=False)


def text(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def test_the_display_follows_the_stream() -> None:
    assert isinstance(progress_for(screen(), quiet=False), Bar)
    assert isinstance(progress_for(Console(file=io.StringIO()), quiet=False), Lines)
    assert isinstance(progress_for(screen(), quiet=True), Silent)


def test_a_bar_shows_share_and_remaining_time() -> None:
    on = screen()
    bar = Bar(on)
    bar.advance(1)  # before the start: nothing to show
    bar.start(200, present=2, units=5)
    bar.advance(50)
    bar.finish()
    assert "2 of 5 parts were done before" in text(on)
    assert "25%" in text(on)
    assert "50/200 model evaluations" in text(on)
    assert "left" in text(on)


def test_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    on = Console(file=io.StringIO(), width=150)
    lines = Lines(on)
    lines.start(100, present=0, units=3)
    for _ in range(4):
        now[0] += 6
        lines.advance(10)
    lines.finish()
    assert text(on) == (
        "analysing: 20%, 12 s elapsed, about 48 s left\nanalysing: 40%, 24 s elapsed, about 36 s left\n"
    )


def test_silence_is_silent() -> None:
    silent = Silent()
    silent.start(1, present=1, units=1)
    silent.advance(1)
    silent.finish()


def test_output_in_a_pipe_has_a_width_and_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    on = console(io.StringIO())
    assert on.width == 100
    on.print("x", style="red")
    assert text(on) == "x\n"
