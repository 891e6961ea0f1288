"""Wall time of `robustness` over the wall time of the bare encode and decode calls it needs, side by side in one run.

Two ways, because each has a fault. *Alternating*: loop, analysis, loop, analysis, ..., loop: a plain loop of the bare
calls and the whole analysis, each analysis over the mean of the loops before and after it, because the clock of a
shared machine drifts by a factor of two within a minute. The median over the pairs is held to the bound: it is the
honest figure, and a single pair means little. *In turns*: after every
encode (decode) of the analysis one bare encode (decode) of the same size, timed alone and taken off. That is steady on
a busy machine, but it flatters: each call finds the caches emptied by the other, so both are slower.

The analysis is everything from the path of the checkpoint to the findings: loading, noise, differences, intervals,
pictures, finished work on disk.

    python benchmarks/robustness_overhead.py [--draws 4] [--only sprites] [--pairs 5]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

import vae_analyze
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.data.dataset import Dataset
from vae_analyze.data.resize import Resized
from vae_analyze.engine.session import automatic_batch_size
from vae_analyze.vae import VAE

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
BOUND = 1.15
CASES = {
    "mnist": (SHARED / "checkpoints" / "VAE_mnist", SHARED / "mnist" / "t10k-images-idx3-ubyte.gz", 10_000),
    "sprites": (ROOT / "checkpoints" / "sprites-beta.pt", Path("sprites"), 2_000),
}


class Bare:
    """A bare call after each of the analysis's own; it stands in for the progress display, which hears of all."""

    def __init__(self, checkpoint: Path, spec: str) -> None:
        loaded = vae_analyze.load(checkpoint)
        vae: object = loaded.vae
        assert isinstance(vae, VAE)
        self._vae = vae
        data: Dataset = vae_analyze.open_data(spec)
        if data.input_shape != loaded.card.input_shape:
            data = Resized(data, (loaded.card.input_shape[1], loaded.card.input_shape[2]))
        images = torch.from_numpy(data.read(np.arange(512)).x)
        self._images = images + 0.2 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
        with torch.inference_mode():
            self._codes = self._vae.encode(self._images).mean
        self.seconds = 0.0
        self.calls = 0

    def start(self, total: float, *, present: int, units: int) -> None:
        """Nothing to show."""

    def advance(self, evaluations: float) -> None:
        """Make the same call once more, bare."""
        n = int(evaluations)
        with torch.inference_mode():
            began = time.perf_counter()
            if self.calls % 2 == 0:  # the analysis encodes and decodes in turns
                self._vae.encode(self._images[:n])
            else:
                self._vae.decode(self._codes[:n])
            self.seconds += time.perf_counter() - began
        self.calls += 1

    def finish(self) -> None:
        """Nothing to show."""

    def loop(self, samples: int, passes: int) -> float:
        """Seconds of a plain loop of as many calls, of the size the analysis takes, with nothing between them."""
        size = automatic_batch_size(tuple(self._images.shape[1:]), "cpu")
        began = time.perf_counter()
        with torch.inference_mode():
            for _ in range(passes):
                for start in range(0, samples, size):
                    batch = self._images[: min(size, samples - start)]
                    self._vae.decode(self._vae.encode(batch).mean)
        return time.perf_counter() - began


def alternating(checkpoint: Path, spec: str, samples: int, draws: int, pairs: int) -> list[float]:
    """Seconds of the analysis over those of the plain loops around it."""
    bare = Bare(checkpoint, spec)
    analyzer = Robustness(draws=draws)
    passes = 1 + 2 * len(analyzer.sigma) * draws
    ratios = []
    before = bare.loop(samples, passes)
    for _ in range(pairs):
        began = time.perf_counter()
        vae_analyze.analyze(checkpoint, [analyzer], data=spec, samples=samples, resize=True, no_cache=True)
        seconds = time.perf_counter() - began
        after = bare.loop(samples, passes)
        ratios.append(2 * seconds / (before + after))
        before = after
    return ratios


def measure(checkpoint: Path, spec: str, samples: int, draws: int) -> tuple[float, float, int]:
    """Seconds of the analysis, seconds of the bare calls, and their number."""
    bare = Bare(checkpoint, spec)
    began = time.perf_counter()
    vae_analyze.analyze(
        checkpoint,
        [Robustness(draws=draws)],
        data=spec,
        samples=samples,
        resize=True,
        no_cache=True,
        progress=bare,
    )
    return time.perf_counter() - began - bare.seconds, bare.seconds, bare.calls


def main() -> int:
    """Measure every case that is here; exit code 1 if a ratio is above the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=Robustness().draws)
    parser.add_argument("--only", choices=CASES)
    parser.add_argument("--pairs", type=int, default=5, help="analyses between plain loops")
    chosen = parser.parse_args()
    worst = 0.0
    for name, (checkpoint, data, samples) in CASES.items():
        if chosen.only not in (None, name):
            continue
        if not checkpoint.exists():
            print(f"{name}: skipped, {checkpoint.name} is not here")
            continue
        measure(checkpoint, str(data), 512, 1)  # libraries and allocator warmed up
        analysis, bare, calls = measure(checkpoint, str(data), samples, chosen.draws)
        ratios = alternating(checkpoint, str(data), samples, chosen.draws, chosen.pairs)
        worst = max(worst, statistics.median(ratios))
        print(
            f"{name}: {samples} images, {calls} calls: alternating {', '.join(f'{ratio:.3f}' for ratio in ratios)}, "
            f"median {statistics.median(ratios):.3f} (bound {BOUND}); in turns {analysis / bare:.3f}"
        )
    return int(worst > BOUND)


if __name__ == "__main__":
    sys.exit(main())
