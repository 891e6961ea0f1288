"""Text from files made fit for a terminal: names in a checkpoint are untrusted."""

from __future__ import annotations

import re

# CSI sequences (colours, cursor), OSC sequences (titles, links) and two-character escapes.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\-_]|\x9b[0-?]*[ -/]*[@-~]")
_LONGEST = 100


def printable(text: object, *, limit: int = _LONGEST) -> str:
    r"""The text on one line without escape sequences and control characters, at most ``limit`` characters.

    Characters that do not print (controls, text direction marks, surrogates) become a question mark.

    Example:
        >>> printable("encoder\x1b[31m.weight\n")
        'encoder.weight?'
    """
    raw = str(text)[: 8 * limit]
    line = "".join(c if c.isprintable() else "?" for c in _ESCAPES.sub("", raw))
    return line if len(line) <= limit else line[: limit - 3] + "..."


def listing(names: list[str], *, most: int = 12) -> str:
    """Names separated by commas; beyond ``most`` only how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
