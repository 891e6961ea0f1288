"""What a person says of a constructor's arguments, held against its signature."""

from __future__ import annotations

import ast
import difflib
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from torch import nn

from vae_analyze.errors import UsageError
from vae_analyze.loading.files.printable import listing, printable

_TORCH = re.compile(r"(?:torch\.)?nn\.([A-Z]\w*)(\(\))?")
# Parameters that are one object holding all sizes.
NAMESPACES = frozenset(
    [
        "args",
        "arg",
        "config",
        "cfg",
        "conf",
        "opt",
        "opts",
        "options",
        "option",
        "params",
        "param",
        "hparams",
        "hparam",
        "hps",
        "hp",
        "hyperparams",
        "configs",
        "settings",
        "flags",
        "FLAGS",
        "model_config",
        "model_args",
        "model_params",
        "vae_config",
    ]
)


def parsed_arguments(arguments: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The values of ``--set name=value``.

    Raises:
        UsageError: A value is no Python literal.
    """
    return {name.strip(): _value(name.strip(), text) for name, text in arguments}


def _value(name: str, text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        torch_name = _TORCH.fullmatch(text.strip())
        kind = getattr(nn, torch_name[1], None) if torch_name else None
        if torch_name and isinstance(kind, type):
            return kind() if torch_name[2] else kind
    hint = f"texts need quotes: --set {name}=\"'{printable(text)}'\"" if text.strip().isidentifier() else (
        f"such as --set {name}=20 or --set {name}='[128, 64]'"
    )  # fmt: skip
    raise UsageError(f"--set {printable(name)}: expected a Python literal, found {printable(text)!r}", hint=hint)


def signature_of(target: Callable[..., Any]) -> inspect.Signature | None:
    """The parameters of a class's constructor or of a function, without self; None where they cannot be told."""
    try:
        return inspect.signature(target)
    except (ValueError, TypeError):
        return None


def named_parameters(signature: inspect.Signature | None) -> dict[str, inspect.Parameter]:
    """Those that can be given by name."""
    if signature is None:
        return {}
    usable = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {name: parameter for name, parameter in signature.parameters.items() if parameter.kind in usable}


def takes_anything(signature: inspect.Signature | None) -> bool:
    """Whether names beyond those written are accepted."""
    return signature is None or any(
        parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in signature.parameters.values()
    )


def check_names(given: Iterable[str], signature: inspect.Signature | None, *, what: str, also: Iterable[str]) -> None:
    """Refuse names that are neither parameters nor names that the file lacks.

    Args:
        given: As the person wrote them.
        signature: Of the class.
        what: The class, for the message.
        also: Module globals that can be given.

    Raises:
        UsageError: One is unknown; the nearest is named.
    """
    known = list(named_parameters(signature))
    for name in given:
        root = name.split(".")[0]
        if root in known or name in also or root in also or takes_anything(signature):
            continue
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
        hint = f"did you mean {close[0]}? " if close else ""
        raise UsageError(
            f"--set {printable(name)}: {what} has no such parameter",
            hint=f"{hint}its parameters: {listing(known, most=30) or 'none'}",
        )
