"""Peak memory of `robustness` at 10,000 and at 60,000 samples, each in a process of its own; bound: within 10 %.

python benchmarks/memory.py
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (10_000, 60_000)
BOUND = 1.10


def peak(samples: int) -> float:
    """Peak resident memory in MiB of one analysis of sprites, with its run and report."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        words = ["robustness", str(ROOT / "checkpoints" / "sprites-beta.pt"), "--samples", str(samples)]
        words += ["--sigma", "0.1", "--draws", "1", "--no-cache", "--quiet", "--out", str(out)]
        subprocess.run([sys.executable, "-m", "vae_analyze", *words], check=True, stdout=subprocess.DEVNULL)
        run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["data"]["n"] == samples
    return float(run["provenance"]["work"]["peak memory MiB"])


def main() -> int:
    """Measure both sizes; exit code 1 if the larger needs too much more."""
    small, large = (peak(samples) for samples in SIZES)
    print(
        f"peak memory: {SIZES[0]:,} samples {small:.0f} MiB, {SIZES[1]:,} samples {large:.0f} MiB, ratio "
        f"{large / small:.3f} (bound {BOUND})"
    )
    return int(large / small > BOUND)


if __name__ == "__main__":
    sys.exit(main())
