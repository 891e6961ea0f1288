"""What the interpreter itself reports when something is run, imported or opened, collected while a file is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_RUNS = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "subprocess.Popen",
    "socket.",
    "ctypes.",
    "compile",
)
_listeners: list[list[str]] = []
_installed: list[bool] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if not _listeners:
        return
    writes = (
        event == "open" and len(arguments) > 1 and isinstance(arguments[1], str) and arguments[1][:1] in ("w", "a", "x")
    )
    unpickles = event == "pickle.find_class"
    if event.startswith(_RUNS) or writes or unpickles:
        _listeners[-1].append(f"{event} {arguments!r}"[:200])


@contextmanager
def watched() -> Iterator[list[str]]:
    """The events of programs, processes, sockets, compilation, unpickling and files written, as they happen."""
    if not _installed:
        sys.addaudithook(_hear)  # cannot be taken back; silent while nobody listens
        _installed.append(True)
    seen: list[str] = []
    _listeners.append(seen)
    try:
        yield seen
    finally:
        _listeners.pop()
