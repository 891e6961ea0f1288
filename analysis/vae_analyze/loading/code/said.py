"""What a foreign class said when it failed, and values as they are shown, on one line."""

from __future__ import annotations

import re

from vae_analyze.loading.files.printable import printable

_ADDRESS = re.compile(r"(?: object)? at 0x[0-9A-Fa-f]+")
_MODULE = re.compile(r"<(?:\w+\.)+(?=\w+>)")


def said(error: object, *, limit: int = 300) -> str:
    """The message of an error; line breaks become spaces, an object is called by its class and not by its address."""
    text = " ".join(str(error).split())
    return printable(_MODULE.sub("<", _ADDRESS.sub("", text)), limit=limit)


def shown(value: object, *, limit: int = 120) -> str:
    """A value as Python writes it, on one line; see `said`."""
    return said(repr(value), limit=limit)
