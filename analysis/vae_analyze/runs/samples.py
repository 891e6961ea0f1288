"""Values per sample in a file, written and read without holding them all."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import IO

import numpy as np

from vae_analyze.stats.rows import Rows

INDEX = "index"
VALUES = "values"


def write_rows(rows: Rows, path: Path) -> int:
    """Write rows to an ``.npz`` with ``index`` (n,) and ``values`` (n, columns), chunk by chunk.

    Returns:
        n.
    """
    n = sum(len(chunk.index) for chunk in rows)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        with _member(archive, INDEX, (n,), "<i8") as file:
            for chunk in rows:
                file.write(chunk.index.astype("<i8").tobytes())
        with _member(archive, VALUES, (n, len(rows.columns)), "<f8") as file:
            for chunk in rows:
                file.write(np.ascontiguousarray(chunk.values, dtype="<f8").tobytes())
    return n


def _member(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: str) -> IO[bytes]:
    """A ``.npy`` array inside a zip file, open after its header for the raw bytes."""
    # The same date in every file, so that equal rows give equal bytes.
    info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
    file = archive.open(info, "w", force_zip64=True)
    header = {"descr": dtype, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file
