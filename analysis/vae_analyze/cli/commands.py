"""The commands that belong to no analyzer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from vae_analyze.analyzers.option import specs
from vae_analyze.cli.dynamic import CHECKPOINT, JSON, model_parameters, parameter, run_parameters, set_signature
from vae_analyze.engine.options import RunOptions
from vae_analyze.errors import UsageError

Guard = Callable[[Callable[..., int]], Callable[..., None]]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")]


_INSPECT = "What a file is and how it would load; executes nothing unless --model, --adapter or --trust is given."


def register_commands(app: typer.Typer, *, guard: Guard) -> None:
    """Add run, list, inspect, report and cache."""
    app.command("run", help="Every applicable analyzer into one run.")(guard(_run_command()))
    app.command("list", help="Analyzers, data and formats there are.")(guard(list_everything))
    app.command("inspect", help=_INSPECT)(guard(_inspect_command()))
    app.command("report", help="Make the report of a run again.")(guard(report))
    app.command("cache", help="Finished work that is kept, and how to remove it.")(guard(cache))


def _run_command() -> Callable[..., int]:
    import inspect

    def option(name: str, flag: str, help: str, metavar: str) -> inspect.Parameter:  # noqa: A002
        kind = Annotated[list[str] | None, typer.Option(flag, help=help, metavar=metavar)]
        return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)

    extra = [
        option("only", "--only", "only these analyzers, with commas or repeated", "NAME"),
        option("skip", "--skip", "not these analyzers, likewise", "NAME"),
    ]
    set_signature(run_all, [CHECKPOINT, *extra, *run_parameters()])
    return run_all


def _inspect_command() -> Callable[..., int]:
    (data,) = (parameter(spec, "Options of the run") for spec in specs(RunOptions) if spec.name == "data")
    set_signature(inspect_file, [CHECKPOINT, data, *model_parameters(), JSON])
    return inspect_file


def _apart(given: list[str] | None) -> tuple[str, ...]:
    """Names given one by one or with commas between them."""
    return tuple(name.strip() for part in given or () for name in part.split(",") if name.strip())


def run_all(**values: Any) -> int:
    """Every applicable analyzer, or those chosen."""
    from vae_analyze.cli.analyse import Request, analyse, applicable_names

    only, skipped = (_apart(values[flag]) for flag in ("only", "skip"))
    names = only or applicable_names()
    for name in skipped:
        _check_name(name)
    names = tuple(name for name in names if name not in skipped)
    if not names:
        raise UsageError("--skip leaves no analyzer to run")
    settings, arguments = _divided(values["set"] or (), names, constructs=bool(values["model"] or values["adapter"]))
    return analyse(
        Request(
            checkpoint=values["checkpoint"],
            analyzers=names,
            run={
                **{spec.name: values[spec.name] for spec in specs(RunOptions)},
                "set": arguments or None,
                "out": values["out"],
            },
            options=_settings(settings, names),
            json=values["json"],
            quiet=values["quiet"],
        )
    )


def list_everything(as_json: AsJson = False) -> int:  # noqa: FBT002 - a command's flag
    """Analyzers, data and formats."""
    from vae_analyze.cli.catalogue import catalogue, print_catalogue

    found = catalogue()
    if as_json:
        _print_json(found)
    else:
        print_catalogue(found)
    return 0


def inspect_file(**values: Any) -> int:
    """What a file is."""
    from vae_analyze.api import inspect
    from vae_analyze.cli.inspection import print_inspection
    from vae_analyze.engine.options import load_words, run_options

    given = {name: value for name, value in values.items() if name not in ("checkpoint", "json") and value is not None}
    chosen = run_options(given)
    found = inspect(values["checkpoint"], data=chosen.data, **load_words(chosen))
    if values["json"]:
        from dataclasses import asdict

        _print_json({"schema": 1, **asdict(found)})
    else:
        print_inspection(found)
    return 0


def report(run: Annotated[str, typer.Argument(metavar="RUN", help="The folder of a run.")]) -> int:
    """Make a report again from its run."""
    from vae_analyze.reporting.html import write_report
    from vae_analyze.runs.layout import REPORT
    from vae_analyze.runs.read import read_run

    found = read_run(run)
    typer.echo(f"Report: {write_report(found, Path(found.path or run) / REPORT)}")
    return 0


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove all finished work.")] = False,  # noqa: FBT002
    folder: Annotated[str, typer.Option("--cache", metavar="DIR", help="Folder of finished work.")] = "",
) -> int:
    """Show or clear finished work."""
    from vae_analyze.engine.units import UnitStore, default_root

    store = UnitStore(Path(folder) if folder else default_root())
    if clear:
        count = store.clear()
        typer.echo(f"Removed {count} units from {store.root}")
        return 0
    count, size = store.usage()
    typer.echo(f"{count} units, {size / 2**20:.1f} MiB in {store.root}")
    return 0


def _divided(
    words: list[str] | tuple[str, ...], names: tuple[str, ...], *, constructs: bool
) -> tuple[list[str], list[str]]:
    """Settings of analyzers, ANALYZER.OPTION=VALUE, and arguments of the person's class, NAME=VALUE.

    Args:
        words: What stood behind ``--set``.
        names: The analyzers of the run.
        constructs: Whether there is a class; without one everything is meant for an analyzer.
    """
    from vae_analyze.analyzers.registry import entries

    if not constructs:
        return list(words), []

    settings: list[str] = []
    arguments: list[str] = []
    for word in words:
        owner = word.partition("=")[0].rpartition(".")[0]
        (settings if owner in names or owner in entries() else arguments).append(word)
    return settings, arguments


def _settings(words: list[str] | tuple[str, ...], names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    from vae_analyze.analyzers.registry import get
    from vae_analyze.names import nearest

    found: dict[str, dict[str, Any]] = {}
    for word in words:
        key, equals, value = word.partition("=")
        analyzer, dot, name = key.rpartition(".")
        if not (equals and dot):
            raise UsageError(f"--set: expected ANALYZER.OPTION=VALUE, found {word!r}")
        if analyzer not in names:
            raise UsageError(
                f"--set: {analyzer!r} is not among the analyzers of this run", hint=nearest(analyzer, names)
            )
        known = {spec.name: spec for spec in specs(get(analyzer))}
        name = name.replace("-", "_")
        if name not in known:
            raise UsageError(f"--set: {analyzer} has no option {name!r}", hint=nearest(name, known))
        earlier = found.setdefault(analyzer, {})
        # Repeating a setting of many values adds to them, as repeating a flag does.
        earlier[name] = [*earlier.get(name, []), value] if known[name].many else value
    return found


def _check_name(name: str) -> None:
    from vae_analyze.analyzers.registry import entries
    from vae_analyze.names import nearest

    if name not in entries():
        raise UsageError(f"no analyzer called {name!r}", hint=nearest(name, entries()))


def _print_json(plain: Any) -> None:
    from vae_analyze.strict_json import dumps

    sys.stdout.write(dumps(plain) + "\n")
