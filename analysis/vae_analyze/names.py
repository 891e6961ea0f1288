"""What to say about a name that is not known."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known names, then all of them.

    Example:
        >>> nearest("robustnes", ["robustness", "latent"])
        'Did you mean robustness? Known: latent, robustness.'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    listing = f"Known: {', '.join(names)}." if names else "None are known."
    return f"Did you mean {' or '.join(close)}? {listing}" if close else listing
