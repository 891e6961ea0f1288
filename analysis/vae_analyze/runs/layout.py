"""Names within a run folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

RUN: Final = "run.json"
SCALARS: Final = "scalars.csv"
TABLES: Final = "tables"
SAMPLES: Final = "samples"
IMAGES: Final = "images"
REPORT: Final = "report.html"
OWN_NAMES: Final = frozenset({RUN, SCALARS, TABLES, SAMPLES, IMAGES, REPORT})


def safe(name: str) -> str:
    """A name as a part of a file name on any system: nothing but letters, digits, dot, dash and underscore."""
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    return cleaned[:80] or "unnamed"


def table_path(analyzer: str, table: str) -> Path:
    """Where a table lies, relative to the run folder."""
    return Path(TABLES) / f"{safe(analyzer)}.{safe(table)}.csv"


def pictures_path(analyzer: str, figure: str) -> Path:
    """Where the pictures of a figure lie, relative to the run folder."""
    return Path(IMAGES) / f"{safe(analyzer)}.{safe(figure)}.npz"


def samples_path(analyzer: str) -> Path:
    """Where the values per sample lie, relative to the run folder."""
    return Path(SAMPLES) / f"{safe(analyzer)}.npz"
