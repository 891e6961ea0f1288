"""The training scripts, importable."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).resolve().parents[2] / "checkpoints"
NAMES = ("digits-vae", "digits-beta4", "digits-ae", "digits-collapsed", "sprites-beta")


def script(name: str) -> ModuleType:
    """A module of the folder checkpoints/, which is no package."""
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return importlib.import_module(name)
