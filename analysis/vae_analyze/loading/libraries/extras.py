"""Libraries that are optional: imported where a model needs one, and named where it is not installed."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable


def needed(module: str, *, extra: str, what: str) -> ModuleType:
    """An optional library.

    Args:
        module: What to import.
        extra: The extra of this package that brings it.
        what: What was found that needs it, as the beginning of a sentence.

    Raises:
        CheckpointError: It is not installed, or fails when imported.
    """
    try:
        with quiet(extra):
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        missing = f", which misses the package {error.name}" if error.name and error.name != library else ""
        raise CheckpointError(
            f"{what} needs the library {library}{missing}, which is not installed",
            hint=f"pip install 'vae-analyze[{extra}]'",
        ) from error
    except Exception as error:
        raise CheckpointError(
            f"{what} needs {module}, and importing it failed: {said(error)}",
            hint=f"pip install --upgrade 'vae-analyze[{extra}]'",
        ) from error


@contextmanager
def quiet(library: str) -> Iterator[None]:
    """Keep a library from writing its warnings between ours; errors still come through."""
    log = logging.getLogger(library)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def said(error: BaseException) -> str:
    """What a foreign library's error says, on one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return printable(f"{type(error).__name__}: {' '.join(lines[:4])}", limit=400)
