"""Where the person's class is, taken apart."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

from vae_analyze.errors import CheckpointError, UsageError
from vae_analyze.loading.files.printable import listing, printable

SUFFIXES = (".py", ".ipynb")
EXAMPLE = "--model file.py:Class, notebook.ipynb:Class or package.module:Class"
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Spec:
    """A class, or a function that makes the model, and where it is.

    Args:
        text: As given.
        file: A Python file or notebook, or None.
        module: A module that can be imported, or "".
        names: The class, or what leads to it: ``Outer.Inner``, ``Class.from_config``. Empty: none was named.
    """

    text: str
    file: Path | None
    module: str
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The class as it was written, such as ``VAE.small``."""
        return ".".join(self.names)


def parse_spec(text: str) -> Spec:
    r"""Take ``place:Class`` apart; a drive's colon, as in ``C:\models\vae.py:VAE``, belongs to the place.

    Raises:
        UsageError: Neither a file nor a module.
    """
    place, name = _divided(text.strip())
    if not place:
        raise UsageError(f"expected {EXAMPLE}, found {printable(text, limit=300)!r}")
    names = tuple(name.split(".")) if name else ()
    file = _file(place)
    if file is None and not _DOTTED.fullmatch(place):
        raise UsageError(
            f"expected {EXAMPLE}; {printable(text, limit=300)!r} is neither a file nor the name of a module"
        )
    if file is None and not names:
        raise UsageError(f"{printable(text)}: no class named", hint=f"write {printable(text)}:Class")
    return Spec(text=text, file=file, module="" if file else place, names=names)


def _divided(text: str) -> tuple[str, str]:
    """Place and name; the name is "" where none was given."""
    place, colon, name = text.rpartition(":")
    name = name.strip().removesuffix("()")
    if colon and _DOTTED.fullmatch(name) and not name.endswith(SUFFIXES) and len(place) > 1:
        return place.rstrip(":").strip(), name
    return text.rstrip(":").strip(), ""


def _file(place: str) -> Path | None:
    path = Path(place).expanduser()
    for candidate in (path, *(path.with_name(path.name + suffix) for suffix in SUFFIXES if path.name)):
        if candidate.is_file():
            return candidate
    if path.is_dir() and (path / "__init__.py").is_file():
        return path / "__init__.py"
    looks = place.endswith((*SUFFIXES, ".txt")) or "/" in place or "\\" in place
    return path if looks else None


def missing_file(path: Path) -> CheckpointError:
    """What to say of a source file that is not there."""
    folder = path.parent
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in SUFFIXES) if folder.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=3, cutoff=0.5)
    if close:
        hint = f"did you mean {' or '.join(printable(name) for name in close)}?"
    elif names:
        hint = f"there are: {listing([printable(name) for name in names])}"
    else:
        hint = "check the path: its folder holds no Python files" if folder.is_dir() else "its folder does not exist"
    return CheckpointError(f"--model: no such file: {printable(path, limit=300)}", hint=hint)
