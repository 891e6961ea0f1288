"""Wall time of `vae-analyze --help`, best of ten; bound: 0.35 s, and no numerical library loaded.

python benchmarks/startup.py
"""

from __future__ import annotations

import subprocess
import sys
import time

BOUND = 0.35


def main() -> int:
    """Measure; exit code 1 above the bound."""
    times = []
    for _ in range(10):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "vae_analyze", "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    print(f"vae-analyze --help: best {min(times):.3f} s, median {sorted(times)[5]:.3f} s (bound {BOUND})")
    return int(min(times) > BOUND)


if __name__ == "__main__":
    sys.exit(main())
