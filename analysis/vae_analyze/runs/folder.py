"""A folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path

from vae_analyze.errors import StoreError
from vae_analyze.runs.layout import OWN_NAMES, RUN
from vae_analyze.strict_json import loads

_ELSEWHERE = "choose another place with --out DIR"


def resolved(target: Path) -> Path:
    """Where a run really goes: a link is followed, so that what it points to is replaced and not the link."""
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def check_target(target: Path) -> None:
    """Make sure that a run may be put at ``target``, without leaving a trace.

    Raises:
        StoreError: It is a file, or a folder with other content, or cannot be written.
    """
    target = resolved(target)
    if target.name in ("", ".."):
        raise StoreError(f"expected the name of a folder for the run, found {str(target)!r}", hint=_ELSEWHERE)
    try:
        _check_content(target)
        _probe(_existing_parent(target))
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror or error}", hint=_ELSEWHERE) from error


def _check_content(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise StoreError(f"expected a folder for the run, found a file: {target}", hint=_ELSEWHERE)
    if not target.is_dir():
        return
    # A run is replaced whole. So whatever is in its place must be a run's, and nothing else: not a person's notes
    # beside it, and not another program's folder that happens to hold a file of that name.
    others = sorted({entry.name for entry in target.iterdir()} - OWN_NAMES)
    if others or (any(target.iterdir()) and not _is_run(target / RUN)):
        named = f" ({', '.join(others[:3])}{', ...' if len(others) > 3 else ''})" if others else ""
        raise StoreError(
            f"{target} holds other files{named}, and a run would replace them",
            hint="choose an empty or a new folder for --out",
        )


def _is_run(file: Path) -> bool:
    try:
        plain = loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(plain, dict) and {"schema", "name", "results"} <= plain.keys()


def _probe(parent: Path) -> None:
    # Asking the permission bits is not enough: a read-only file system, or being root, makes them wrong.
    probe = parent / f".vae-analyze-probe.{os.getpid()}"
    probe.mkdir()
    probe.rmdir()


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A temporary folder beside ``target`` that takes its place on success and vanishes on failure.

    Raises:
        StoreError: The folder cannot be written.
    """
    target = resolved(target)
    check_target(target)
    made = _missing_parents(target)
    temporary = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(target)
        temporary.mkdir()
        try:
            yield temporary
            _exchange(temporary, target)
        finally:  # nothing to remove once it has been renamed
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise StoreError(f"cannot write {target}: {error.strerror or error}", hint=_ELSEWHERE) from error
    finally:
        for folder in made:
            _remove_empty(folder)


def _exchange(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    target.rename(old)
    try:
        temporary.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _remove_abandoned(target: Path) -> None:
    """Remove what a killed process left beside the target; a live process's folder stays."""
    for kind in ("tmp", "old"):
        for folder in target.parent.glob(f".{escape(target.name)}.{kind}-*"):
            if not _alive(folder.name.rpartition("-")[2]):
                if kind == "old" and not target.exists():
                    folder.rename(target)
                else:
                    shutil.rmtree(folder, ignore_errors=True)


def _alive(pid: str) -> bool:
    if not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it belongs to another person, or is no number of a process
        return True
    return True


def _existing_parent(path: Path) -> Path:
    parent = path.absolute().parent
    while not parent.exists():
        parent = parent.parent
    return parent


def _missing_parents(target: Path) -> list[Path]:
    """The folders that do not exist yet, innermost first."""
    missing = []
    parent = target.absolute().parent
    while not parent.exists():
        missing.append(parent)
        parent = parent.parent
    return missing


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
