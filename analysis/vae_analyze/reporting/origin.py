"""Where a run comes from: options with their origin and provenance as nested lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from vae_analyze.reporting.tables import value_text
from vae_analyze.reporting.text import printable
from vae_analyze.runs.run import Run

SHOWN_APART = frozenset({"reproduce"})


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A name with a value, or with entries below it."""

    name: str
    value: str = ""
    entries: tuple[Entry, ...] = ()


def options(run: Run) -> tuple[tuple[str, str, str], ...]:
    """Name, value and origin of every option; those that somebody set come first."""
    ranked = sorted(run.options, key=lambda option: option.origin == "default")
    return tuple((printable(o.name), value_text(o.value), printable(o.origin)) for o in ranked)


def provenance(run: Run) -> tuple[Entry, ...]:
    """Everything recorded about how the run was made."""
    kept = {name: value for name, value in run.provenance.items() if name not in SHOWN_APART}
    return entries({"run": run.name, "created": run.created, **kept})


def entries(mapping: Mapping[str, Any]) -> tuple[Entry, ...]:
    """Nested plain data as entries; empty ones are left out."""
    found = []
    for key, value in mapping.items():
        name = printable(key).replace("_", " ")
        if isinstance(value, Mapping):
            below = entries(value)
            found += [Entry(name, entries=below)] if below else []
        elif value not in (None, "", (), []):
            found.append(Entry(name, _exact(value)))
    return tuple(found)


def _exact(value: Any) -> str:
    """Numbers as they are: a seed is not rounded."""
    return printable(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value_text(value)
