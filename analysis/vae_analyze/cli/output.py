"""Consoles: results on standard output, all else on standard error."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100  # where the width is not known, as in a pipe


def console(stream: IO[str]) -> Console:
    """A console on a stream; without colour where ``NO_COLOR`` is set or nobody is looking."""
    from rich.console import Console

    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(file=stream, width=width, highlight=False, emoji=False, markup=False)
