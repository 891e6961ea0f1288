"""Numbers and lists as sentences have them."""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 6


def percent(share: float, digits: int = 0) -> str:
    """A share as percent."""
    return f"{100 * share:.{digits}f} %"


def listed(words: Sequence[str], most: int = MOST_NAMED) -> str:
    """The words with commas and an "and"; of more than ``most`` the first ones and how many more."""
    if len(words) > most:
        return f"{', '.join(words[:most])} and {len(words) - most} more"
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
