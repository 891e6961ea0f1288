"""A run in memory: what was analysed, how, and what each analyzer found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

from vae_analyze.findings import Column, Findings, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

SCHEMA = 1
ResultStatus = Literal["ok", "failed", "not applicable"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of one analyzer.

    Args:
        analyzer: Its name.
        version: Its version: numbers of different versions are not compared.
        question: The question it asks, one sentence.
        status: What became of it.
        reason: Why it failed or does not apply.
        traceback: Of a failure, for the engineer.
        options: Its options by name.
        references: Sources of its definitions.
        distribution: The package it comes from.
        seconds: Time spent in its own update and finish.
        findings: What it found; empty unless ok.
    """

    analyzer: str
    version: int
    question: str
    status: ResultStatus = "ok"
    reason: str = ""
    traceback: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    distribution: str = "vae-analyze"
    seconds: float = 0.0
    findings: Findings = field(default_factory=Findings)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class OptionValue:
    """One option of the run: its value and where the value comes from.

    Args:
        name: Such as ``samples`` or ``robustness.sigma``.
        value: Plain data.
        origin: "command line", "environment NAME", "vae-analyze.toml", "default", "python".
    """

    name: str
    value: Any
    origin: str


@final
@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Run:
    """One run.

    Args:
        name: Of the run; also its folder's name by default.
        created: ISO 8601, UTC.
        card: The model card as plain data (`vae_analyze.loading.card.Card.to_dict`).
        data: name, description, input_shape, value_range, fingerprint, size (samples in the data), n (samples used),
            transforms (such as "resized bilinearly to 32x32").
        options: Every option with its origin.
        provenance: command, reproduce (a command line to copy), versions, hardware, device, dtype, seed, git, timings.
        results: One per analyzer, in the order they were asked for.
        path: The folder; None before it is written.
    """

    name: str
    created: str
    card: Mapping[str, Any]
    data: Mapping[str, Any]
    options: tuple[OptionValue, ...]
    provenance: Mapping[str, Any]
    results: tuple[Result, ...]
    path: Path | None = None
    schema: int = SCHEMA

    def __getitem__(self, analyzer: str) -> Findings:
        for result in self.results:
            if result.analyzer == analyzer:
                if result.status != "ok":
                    raise KeyError(f"{analyzer} has no findings, it is {result.status}: {result.reason}")
                return result.findings
        raise KeyError(f"no analyzer {analyzer!r} in this run; it has {', '.join(r.analyzer for r in self.results)}")

    @property
    def failed(self) -> tuple[Result, ...]:
        """The analyzers that failed."""
        return tuple(result for result in self.results if result.status == "failed")

    def scalar_rows(self) -> list[dict[str, Any]]:
        """Every scalar as plain data, the rows of ``--json``; undefined numbers are NaN here."""
        return [
            {
                "analyzer": result.analyzer,
                "name": scalar.name,
                "params": dict(scalar.params),
                "value": scalar.value,
                "unit": scalar.unit,
                "direction": scalar.direction,
                "n": scalar.n,
                "low": scalar.low,
                "high": scalar.high,
                "status": scalar.status,
                "reason": scalar.reason,
                "level": scalar.level,
                "se": scalar.se,
                "definition": scalar.definition,
                "headline": scalar.headline,
            }
            for result in self.results
            for scalar in result.findings.scalars
        ]

    def to_frame(self) -> pd.DataFrame:
        """Every scalar of every analyzer as a tidy pandas frame."""
        import pandas as pd

        return pd.DataFrame(self.scalar_rows())

    def summary(self) -> Table:
        """The headline scalars of all analyzers."""
        rows = [row for row in self.scalar_rows() if row["headline"]]
        names = ("analyzer", "name", "params", "value", "low", "high", "unit", "direction", "n")
        return Table(
            name="summary",
            title="Headline numbers",
            columns=tuple(Column(name=name) for name in names),
            rows=tuple(tuple(str(row[name]) if name == "params" else row[name] for name in names) for row in rows),
        )

    def __repr__(self) -> str:
        statuses = ", ".join(f"{result.analyzer}: {result.status}" for result in self.results)
        return f"Run({self.name!r}, {statuses}, path={None if self.path is None else str(self.path)!r})"

    def _repr_html_(self) -> str:
        from html import escape

        heads = "".join(
            f"<h4>{escape(result.analyzer)}: {escape(result.status)}</h4>"
            f"<p>{escape(result.reason)}</p>{''.join(f'<p>{escape(text)}</p>' for text in result.findings.readings)}"
            for result in self.results
        )
        return f"<h3>{escape(self.name)}</h3>{heads}{self.summary()._repr_html_()}"
