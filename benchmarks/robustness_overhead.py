"""Wall time of `robustness` over the wall time of the bare encode and decode calls it needs, side by side in one run.

The bare calls are made on the same images (with noise drawn beforehand), in the same batches, threads and precision,
and count nothing else: no noise, no differences, no intervals, no files. The analysis is everything from the path of
the checkpoint to the findings; a second figure adds writing the run with its report.

    python benchmarks/robustness_overhead.py [--draws 1] [--only sprites]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import vae_analyze
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.data.resize import Resized
from vae_analyze.engine.session import automatic_batch_size
from vae_analyze.vae import VAE

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
BOUND = 1.15
CASES = {
    "mnist": (SHARED / "checkpoints" / "VAE_mnist", SHARED / "mnist" / "t10k-images-idx3-ubyte.gz", 10_000),
    "sprites": (ROOT / "checkpoints" / "sprites-beta.pt", "sprites", 2_000),
}


def bare(checkpoint: Path, spec: str, samples: int, passes: int) -> float:
    """Seconds for ``passes`` encode and decode calls on every image."""
    loaded = vae_analyze.load(checkpoint)
    assert isinstance(loaded.vae, VAE)
    data = vae_analyze.open_data(spec)
    if data.input_shape != loaded.card.input_shape:
        _, height, width = loaded.card.input_shape
        data = Resized(data, (height, width))
    size = automatic_batch_size(loaded.card.input_shape)
    images = torch.from_numpy(data.read(np.arange(samples)).x)
    noisy = images + 0.2 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    spent = 0.0
    with torch.inference_mode():
        for repeat in range(passes):
            source = noisy if repeat else images
            for start in range(0, samples, size):
                batch = source[start : start + size].clone()
                began = time.perf_counter()
                loaded.vae.decode(loaded.vae.encode(batch).mean)
                spent += time.perf_counter() - began
    return spent


def whole(checkpoint: Path, spec: str, samples: int, draws: int, out: Path | None) -> float:
    """Seconds for the analysis, from the path to the findings (and the report, with ``out``)."""
    began = time.perf_counter()
    vae_analyze.analyze(
        checkpoint, [Robustness(draws=draws)], data=spec, samples=samples, resize=True, no_cache=True, out=out
    )
    return time.perf_counter() - began


def main() -> int:
    """Measure every case that is here; exit code 1 if a ratio is above the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=Robustness().draws)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--repeats", type=int, default=2)
    chosen = parser.parse_args()
    passes = 1 + 2 * len(Robustness().sigma) * chosen.draws
    worst = 0.0
    for name, (checkpoint, data, samples) in CASES.items():
        if chosen.only not in (None, name):
            continue
        if not checkpoint.exists():
            print(f"{name}: skipped, {checkpoint.name} is not here")
            continue
        # Warm up libraries and allocator, then alternate, so that both see the same machine; the best of each counts.
        whole(checkpoint, str(data), 512, 1, None)
        times = [
            (bare(checkpoint, str(data), samples, passes), whole(checkpoint, str(data), samples, chosen.draws, None))
            for _ in range(chosen.repeats)
        ]
        calls, analysis = min(t[0] for t in times), min(t[1] for t in times)
        with tempfile.TemporaryDirectory() as folder:
            written = whole(checkpoint, str(data), samples, chosen.draws, Path(folder) / "run")
        worst = max(worst, analysis / calls)
        print(
            f"{name}: {samples} images, {passes} passes: bare {calls:.2f} s, robustness {analysis:.2f} s, ratio "
            f"{analysis / calls:.3f} (bound {BOUND}); with run and report {written:.2f} s, {written / calls:.3f}"
        )
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
