"""Files that scikit-image carries in its wheel; nothing is ever downloaded."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from vae_analyze.errors import DataError

__all__ = ["shipped_file"]


def shipped_file(name: str) -> Path:
    """Path of a data file of the installed scikit-image.

    The file is found without importing scikit-image, whose own loader would fetch what is missing from the network.

    Raises:
        DataError: scikit-image is not installed, or this build of it does not carry the file.
    """
    spec = find_spec("skimage")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    for folder in folders:
        path = Path(folder) / "data" / name
        if path.is_file():
            return path
    raise DataError(
        f"expected {name} in the installed scikit-image, found {'no such file' if folders else 'no scikit-image'}",
        hint="install scikit-image from its wheel (pip install --force-reinstall scikit-image), or use other data",
    )
