"""Foreign text made safe to place in XML and to encode; escaping is the template's business."""

from __future__ import annotations

import re

# What XML 1.0 cannot carry, halves of surrogate pairs (file names that are not UTF-8), and the marks that reorder text.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def printable(text: object) -> str:
    """Text with every character that cannot be shown replaced by U+FFFD."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", str(text))


def shorten(text: str, limit: int) -> str:
    """Text of at most ``limit`` characters, cut with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
