"""Where a run comes from: versions, hardware, code state."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from vae_analyze._version import __version__

_PACKAGES = ("torch", "numpy", "scipy", "pandas", "scikit-image", "scikit-learn", "matplotlib", "seaborn")


def provenance(device: str) -> dict[str, Any]:
    """What a reader needs to judge or repeat a run, as plain data; nothing that identifies the person."""
    import torch

    from vae_analyze.engine.devices import describe

    return {
        "versions": {"vae-analyze": __version__, "python": platform.python_version(), **_versions()},
        "hardware": {
            "device": describe(device),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "system": f"{platform.system()} {platform.machine()}",
        },
        "git": _git(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def _git() -> dict[str, Any]:
    """Commit of the working directory's repository, if it is one."""
    commit = _git_says("rev-parse", "HEAD")
    if commit is None:
        return {}
    return {
        "working directory commit": commit,
        "uncommitted changes": bool(_git_says("status", "--porcelain")),
    }


def _git_says(*arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", *arguments],  # noqa: S607 - git is found on the path as everywhere
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def peak_memory() -> tuple[int, int] | None:
    """Largest resident memory so far of this process and of its largest child, in bytes; None where not known."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    own, child = (resource.getrusage(who).ru_maxrss * unit for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own, child
