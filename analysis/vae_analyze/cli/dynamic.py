"""One command per analyzer, its flags made from the analyzer's fields."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vae_analyze.analyzers.option import OptionSpec, specs
from vae_analyze.analyzers.registry import OWN, Entry, entries
from vae_analyze.engine.options import MODEL_OPTIONS, RunOptions, flag

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer

Guard = Callable[[Callable[..., int]], Callable[..., None]]
OUT_HELP = "folder of the run [default: reports/<name of the run>]"


def register_analyzers(app: typer.Typer, words: list[str], *, guard: Guard) -> None:
    """Add a command for every analyzer.

    Those of other packages are imported only when asked for: what they import is not ours to pay for on ``--help``.
    """
    asked = next((word for word in words if not word.startswith("-")), "")
    for name, entry in entries().items():
        if entry.distribution == OWN or asked == name:
            _register(app, entry, guard)
        else:
            app.command(name, help=f"An analyzer of the package {entry.distribution}.")(_unreachable)


def _register(app: typer.Typer, entry: Entry, guard: Guard) -> None:
    from vae_analyze.errors import AnalyzerError

    try:
        analyzer = entry.load()
    except AnalyzerError as broken:
        _register_broken(app, entry, broken, guard)
        return
    app.command(entry.name, help=analyzer.question)(guard(_command(entry.name, analyzer)))


def _register_broken(app: typer.Typer, entry: Entry, broken: Exception, guard: Guard) -> None:
    def fail(context: typer.Context) -> int:
        del context
        raise broken

    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(entry.name, help="Cannot be loaded.", context_settings=settings)(guard(fail))


def _command(name: str, analyzer: type[Analyzer]) -> Callable[..., int]:
    own = specs(analyzer)

    def command(**values: Any) -> int:
        from vae_analyze.cli.analyse import Request, analyse

        return analyse(
            Request(
                checkpoint=values["checkpoint"],
                analyzers=(name,),
                run={**{spec.name: values[spec.name] for spec in specs(RunOptions)}, "out": values["out"]},
                options={name: {spec.name: values[spec.name] for spec in own}},
                json=values["json"],
                quiet=values["quiet"],
            )
        )

    panel = f"Options of {name}"
    set_signature(command, [CHECKPOINT, *(parameter(s, panel) for s in own), *run_parameters()])
    return command


def run_parameters() -> list[inspect.Parameter]:
    """The flags that every analysing command has."""
    common = [parameter(spec, "Options of the run") for spec in specs(RunOptions) if spec.name not in MODEL_OPTIONS]
    return [*common, _OUT, *model_parameters(), JSON, _QUIET]


def model_parameters() -> list[inspect.Parameter]:
    """What a person may say about a checkpoint."""
    return [parameter(spec, "Options of the model") for spec in specs(RunOptions) if spec.name in MODEL_OPTIONS]


def parameter(spec: OptionSpec, panel: str) -> inspect.Parameter:
    """An option as a parameter of a command; its default is None: not typed."""
    default = (
        ",".join(f"{v:g}" if isinstance(v, float) else str(v) for v in spec.default) if spec.many else spec.default
    )
    shown = f" [default: {default}]" if default not in ("", None) and "[default" not in spec.help else ""
    text = spec.help + ("; repeat it for several" if spec.many else "") + shown
    if spec.kind is bool:
        names = (
            (flag(spec.name),) if spec.name.startswith("no_") else (f"{flag(spec.name)}/--no-{flag(spec.name)[2:]}",)
        )
        declared: Any = Annotated[bool | None, typer.Option(*names, help=spec.help, rich_help_panel=panel)]
        return _keyword(spec.name, declared)
    metavar = "|".join(spec.choices) or {int: "N", float: "X", str: "TEXT"}[spec.kind]
    kind: Any = list[str] | None if spec.many else str | None
    declared = Annotated[kind, typer.Option(flag(spec.name), help=text, metavar=metavar, rich_help_panel=panel)]
    return _keyword(spec.name, declared)


def set_signature(function: Callable[..., int], parameters: list[inspect.Parameter]) -> None:
    """Give a function the signature that the command line is made from."""
    function.__signature__ = inspect.Signature(parameters, return_annotation=int)  # type: ignore[attr-defined]
    function.__annotations__ = {p.name: p.annotation for p in parameters} | {"return": int}


def _keyword(name: str, annotation: Any, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _unreachable() -> None:
    raise AssertionError("a command that was not asked for cannot be called")


CHECKPOINT = _keyword(
    "checkpoint",
    Annotated[str, typer.Argument(help="The trained model: a file or folder.", metavar="CHECKPOINT")],
    inspect.Parameter.empty,
)
_OUT = _keyword("out", Annotated[str | None, typer.Option("--out", help=OUT_HELP, metavar="DIR")])
JSON = _keyword("json", Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")], False)  # noqa: FBT003
_QUIET = _keyword("quiet", Annotated[bool, typer.Option("--quiet", "-q", help="no progress")], False)  # noqa: FBT003
