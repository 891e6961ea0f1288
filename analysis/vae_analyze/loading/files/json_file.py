"""Small JSON files beside weights: what a library writes about the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

_MOST_BYTES = 8 << 20


def read_json(path: Path) -> dict[str, Any]:
    """The named fields of a JSON file.

    Raises:
        CheckpointError: It is not there, too large, not JSON, or holds something else than named fields.
    """
    from vae_analyze.strict_json import loads

    shown = printable(path, limit=300)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CheckpointError(f"expected {shown} to be a small JSON file, found {path.stat().st_size:,} bytes")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CheckpointError(f"no such file: {shown}", hint="the folder is not whole; get it again") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CheckpointError(f"cannot read {shown}: {printable(error)}", hint="get the file again") from error
    if text.startswith("version https://git-lfs"):
        raise CheckpointError(f"{shown} is a Git-LFS pointer, not the file", hint="run `git lfs pull` where it is from")
    try:
        fields = loads(text)
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"expected {shown} to be JSON: {printable(error)}", hint="it is damaged or cut off; get it again"
        ) from error
    if not isinstance(fields, dict):
        raise CheckpointError(f"expected named fields in {shown}, found {type(fields).__name__}")
    return fields


def peek(path: Path) -> dict[str, Any]:
    """As `read_json`; nothing where that fails. For recognising a folder."""
    try:
        return read_json(path)
    except CheckpointError:
        return {}
