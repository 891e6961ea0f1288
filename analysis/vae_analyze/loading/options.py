"""How a checkpoint is to be loaded, and the hash of all that determines the result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import final

import torch

from vae_analyze.errors import UsageError
from vae_analyze.loading.source import sha256

_VERSION = 1  # of the meaning of a loaded file: another reading of the same bytes is another model
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class LoadOptions:
    """What a person may say about a checkpoint.

    Args:
        device: Where the model goes; does not change what it is.
        dtype: Number format of its weights.
        name: What to call it; the file's own name otherwise.

    Raises:
        UsageError: Not a floating point format.
    """

    device: str | torch.device = "cpu"
    dtype: torch.dtype = torch.float32
    name: str = ""

    def __post_init__(self) -> None:
        if self.dtype not in _DTYPES:
            raise UsageError(f"expected a dtype of {', '.join(str(kind) for kind in _DTYPES)}, found {self.dtype}")

    def determining(self) -> dict[str, str]:
        """Those that change the result."""
        return {"dtype": str(self.dtype)}


def fingerprint(files: dict[str, Path], options: LoadOptions) -> str:
    """SHA-256 (hex) over the content of the files that make the model, and the options that change it.

    Args:
        files: Paths by the part they play; the paths themselves do not count.
        options: As given.

    Raises:
        CheckpointError: A file cannot be read.
    """
    parts = {
        "version": _VERSION,
        "files": {role: sha256(path) for role, path in sorted(files.items())},
        "options": options.determining(),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
