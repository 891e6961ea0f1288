"""Can this trained variational autoencoder be trusted? Load it, analyse it, read the report.

Example:
    >>> import vae_analyze
    >>> run = vae_analyze.analyze("checkpoints/digits-vae.pt", ["robustness"])  # doctest: +SKIP
    >>> run["robustness"].to_frame()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vae_analyze._version import __version__

if TYPE_CHECKING:
    from vae_analyze.api import analyze, load
    from vae_analyze.data.open import open_data
    from vae_analyze.loading.memory import wrap
    from vae_analyze.loading.own_files.saving import save
    from vae_analyze.runs.read import read_run

__all__ = ["__version__", "analyze", "load", "open_data", "read_run", "save", "wrap"]

# Resolved on first use: importing the package must not import torch.
_LAZY = {
    "analyze": "vae_analyze.api",
    "load": "vae_analyze.api",
    "open_data": "vae_analyze.data.open",
    "read_run": "vae_analyze.runs.read",
    "save": "vae_analyze.loading.own_files.saving",
    "wrap": "vae_analyze.loading.memory",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'vae_analyze' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_LAZY[name]), name)
