"""The sets that need no download, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vae_analyze.data.digits import DIGITS, digits
from vae_analyze.data.faces import FACES, faces
from vae_analyze.data.lines import LINES, lines
from vae_analyze.data.patches import PATCHES, patches
from vae_analyze.data.sprites import SPRITES, sprites

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vae_analyze.data.dataset import Dataset
    from vae_analyze.data.info import DataInfo

__all__ = ["BUILTIN", "list_data"]

BUILTIN: Mapping[str, Callable[[], Dataset]] = {
    "digits": digits,
    "faces": faces,
    "lines": lines,
    "patches": patches,
    "sprites": sprites,
}


def list_data() -> tuple[DataInfo, ...]:
    """What is known about every built-in set, without loading any."""
    return (DIGITS, FACES, LINES, PATCHES, SPRITES)
