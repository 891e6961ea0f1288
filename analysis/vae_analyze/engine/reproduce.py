"""The command line that repeats a run."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from vae_analyze.runs.run import OptionValue

_NO_INFLUENCE = frozenset({"cache", "no_cache", "workers", "strict", "batch_size"})


def command_line(path: str, analyzers: Sequence[str], options: Sequence[OptionValue]) -> str:
    """A command to copy: every option that is not the default and can change a number, wherever it came from.

    Returns:
        "" for a model that is not in a file.
    """
    if not path:
        return ""
    single = analyzers[0] if len(analyzers) == 1 else ""
    words = ["vae-analyze", single or "run", path]
    if not single:
        words += [word for name in analyzers for word in ("--only", name)]
    for option in options:
        if option.origin == "default" or option.name in _NO_INFLUENCE:
            continue
        analyzer, _, name = option.name.rpartition(".")
        values = option.value if isinstance(option.value, (list, tuple)) else [option.value]
        for value in values:
            words += _words(analyzer, name, value, single=bool(single))
    return shlex.join(words)


def _words(analyzer: str, name: str, value: Any, *, single: bool) -> list[str]:
    if analyzer and not single:
        return ["--set", f"{analyzer}.{name}={value}"]
    flag = "--" + name.replace("_", "-")
    if isinstance(value, bool):
        return [flag] if value else [f"--no-{flag[2:]}"]
    return [flag, str(value)]
