"""The program: builds the commands, and turns every outcome into a message and an exit code."""

from __future__ import annotations

import io
import re
import signal
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, NoReturn

import typer

from vae_analyze._version import __version__
from vae_analyze.cli.commands import register_commands
from vae_analyze.cli.dynamic import register_analyzers
from vae_analyze.errors import VaeAnalyzeError

INTERRUPTED = 130
_SETTING = re.compile(r"[A-Za-z_][\w.]*=")

EPILOG = "No telemetry, and no network unless a command says so. Exit codes: 0 ok, 1 a gate failed, 2 usage, 3 checkpoint or data could not be loaded, 4 an analyzer failed, 130 interrupted."  # noqa: E501


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; ends the process with the exit code."""
    words = repeated_settings(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, _terminated)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign shows a question mark; it must not end the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app(words)(words)
    except KeyboardInterrupt:
        _say("Interrupted.")
        sys.exit(INTERRUPTED)


def repeated_settings(words: list[str]) -> list[str]:
    """``--set a=1 b=2`` as ``--set a=1 --set b=2``: several settings may follow one flag."""
    found: list[str] = []
    after_setting = False
    for word in words:
        more = after_setting and _SETTING.match(word) is not None and found[-2:-1] == ["--set"]
        found += ["--set", word] if more else [word]
        after_setting = more or found[-2:-1] == ["--set"]
    return found


def app(words: list[str]) -> typer.Typer:
    """The application; an installed package's analyzer is imported only when ``words`` ask for it."""
    made = typer.Typer(
        name="vae-analyze",
        help="Can this trained variational autoencoder be trusted? Start with: vae-analyze robustness CHECKPOINT",
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_root)
    register_analyzers(made, words, guard=guarded)
    register_commands(made, guard=guarded)
    return made


def guarded(command: Callable[..., int]) -> Callable[..., None]:
    """A command whose errors become one message and an exit code; its return value is the exit code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        import warnings

        warnings.showwarning = _show_warning
        try:
            code = command(*args, **kwargs)
        except VaeAnalyzeError as error:
            _say(f"Error: {error}")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            _say("Interrupted; finished work is kept, and the same command goes on from there.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of our output has gone; there is nobody to tell.
            sys.stderr.close()
            raise typer.Exit(0) from None
        raise typer.Exit(code)

    return run


def _print_version(asked: bool) -> None:  # noqa: FBT001 - how an option's callback is called
    if asked:
        typer.echo(f"vae-analyze {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    del version  # its callback has done the work


def _terminated(number: int, frame: object) -> NoReturn:
    # As an exception, so that temporary folders are removed on the way out.
    del frame
    sys.exit(128 + number)


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the command line's messages


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    # Warnings of libraries are for developers; ours are for people.
    if category is UserWarning:
        _say(f"Warning: {message}")
