"""A file put in its place whole or not at all, and only after it has been read back."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

from vae_analyze.errors import StoreError
from vae_analyze.loading.files.printable import printable

# What a zip archive calls its earliest moment: equal content should be equal files, whenever it is saved.
_ALWAYS = (1980, 1, 1, 0, 0, 0)


def put(target: Path, content: bytes, check: Callable[[Path], None] | None = None) -> None:
    """Write a file under a name of its own beside the target, check it, then rename it onto the target.

    Args:
        target: Where to; an existing file is replaced, unless anything fails.
        content: All of it.
        check: Reads the written file back; what it raises is raised, and the target stays as it was.

    Raises:
        StoreError: The file cannot be written.
    """
    temporary = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    try:
        temporary.write_bytes(content)
        if check is not None:
            check(temporary)
        temporary.replace(target)
    except OSError as error:
        raise StoreError(
            f"cannot write {printable(target, limit=300)}: {printable(error.strerror)}", hint="choose another path"
        ) from error
    finally:
        _remove(temporary)


def zipped(records: Mapping[str, bytes]) -> bytes:
    """Records as an uncompressed zip archive, in their order; the same bytes for the same content."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in records.items():
            archive.writestr(zipfile.ZipInfo(name, date_time=_ALWAYS), content)
    return buffer.getvalue()


def _remove(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return  # its folder cannot be written: then it never came to be
