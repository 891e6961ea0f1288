"""CPU time of the Jacobian by columns, forward, over that by rows, backward: what `traversal`'s heat maps cost.

A heat map of a latent dimension is a column of the decoder's Jacobian. The suite computes columns: one forward pass on
dual numbers, all dimensions of some anchors at once. The plain way computes rows: one backward pass per output pixel.
Both are timed side by side in one run, in turns, on one thread (times on a shared machine drift; neighbouring ones
drift alike), and the median of the ratios is held to the bound. Two settings, because batching helps both: one anchor,
where the loop over pixels is run whole and its Jacobian compared; and several anchors at once, where the loop, which
then passes backward through all of them for each pixel, is run on a part of the pixels and its time scaled up.

The bound holds where there are pixels enough: rows cost as many passes as there are pixels, columns as there are
dimensions. On 8x8 digits, 64 against 10, no way of taking columns could be ten times as cheap; their ratio is printed
and held to nothing.

For honesty also torch.func.jacrev and jacfwd, which batch rows or columns of one anchor by vmap.

    python benchmarks/decoder_derivative.py [--rounds 5] [--anchors 8]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

import vae_analyze
from vae_analyze.metrics import pushforward
from vae_analyze.vae import VAE

ROOT = Path(__file__).resolve().parent.parent
MNIST = ROOT.parent / "shared" / "data" / "checkpoints" / "VAE_mnist"
CASES = {
    "sprites": ROOT / "checkpoints" / "sprites-beta.pt",
    "digits": ROOT / "checkpoints" / "digits-vae.pt",
    "mnist": MNIST,
}
BOUND = 10.0
FEWEST = 50  # pixels per dimension where the bound is held
TOLERANCE = 1e-4
PART = 64  # pixels of the loop where it is not run whole
CHUNK = 64  # rows that jacrev passes backward at once: all 4,096 take gigabytes

Decode = Callable[[Tensor], Tensor]


def forward_columns(decode: Decode, z: Tensor) -> Tensor:
    """``(anchors, pixels, d)``: one forward pass for all anchors and dimensions."""
    anchors, d = z.shape
    along = torch.eye(d).repeat(anchors, 1)
    with torch.no_grad():
        found = pushforward(decode, z.repeat_interleave(d, dim=0), along)
    assert found.exact, "the decoder has no forward-mode derivative"
    return found.value.reshape(anchors, d, -1).transpose(1, 2)


def backward_rows(decode: Decode, z: Tensor, pixels: range) -> Tensor:
    """``(anchors, pixels, d)``: one backward pass per pixel, through all anchors."""
    z = z.clone().requires_grad_()
    x = decode(z).flatten(start_dim=1)
    rows = [torch.autograd.grad(x[:, pixel].sum(), z, retain_graph=True)[0] for pixel in pixels]
    return torch.stack(rows, dim=1)


def flat(vae: VAE, code: Tensor) -> Tensor:
    """One code ``(d,)`` decoded to ``(pixels,)``, as torch.func wants it."""
    return vae.decode(code[None]).flatten()


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    work()
    return time.process_time() - began


def measure(name: str, path: Path, *, rounds: int, anchors: int) -> float:
    """The smaller of both ratios, after saying all; infinite where there are too few pixels for the bound."""
    vae = vae_analyze.load(path).vae
    assert isinstance(vae, VAE)
    d = vae.latent_shape[0]
    z = torch.randn(anchors, d, generator=torch.Generator().manual_seed(0))
    one, total = z[:1], int(torch.tensor(vae.input_shape).prod())
    part = range(0, total, max(1, total // PART))
    ways: dict[str, Callable[[], Tensor]] = {
        "one": lambda: backward_rows(vae.decode, one, range(total)),
        "jacrev": lambda: torch.func.jacrev(partial(flat, vae), chunk_size=CHUNK)(one[0]),
        "jacfwd": lambda: torch.func.jacfwd(partial(flat, vae))(one[0]),
    }
    rows, columns = backward_rows(vae.decode, one, range(total)), forward_columns(vae.decode, one)
    apart = float((rows - columns).abs().max())
    assert apart <= TOLERANCE, f"{name}: the two Jacobians differ by {apart:.2g}"
    for name_of in ("jacrev", "jacfwd"):
        assert float((ways[name_of]() - rows[0]).abs().max()) <= TOLERANCE
    found: dict[str, list[float]] = {key: [] for key in ("ours", *ways, "ours many", "many")}
    for _ in range(rounds):
        found["ours"].append(seconds(lambda: forward_columns(vae.decode, one)))
        for key, way in ways.items():
            found[key].append(seconds(way) / found["ours"][-1])
        ours = seconds(lambda: forward_columns(vae.decode, z))
        found["ours many"].append(ours / anchors)
        found["many"].append(seconds(lambda: backward_rows(vae.decode, z, part)) * total / len(part) / ours)
    bound = f"bound {BOUND:g}" if total >= FEWEST * d else "too few pixels for the bound"
    medians = {key: statistics.median(values) for key, values in found.items()}
    print(
        f"{name}: {total} pixels, {d} dimensions, Jacobians within {apart:.1g}; ours {1e3 * medians['ours']:.1f} ms an "
        f"anchor alone, {1e3 * medians['ours many']:.1f} ms among {anchors}\n"
        f"  per-pixel backward loop over ours: {medians['one']:.0f} at one anchor "
        f"({', '.join(f'{ratio:.0f}' for ratio in found['one'])}), {medians['many']:.0f} at {anchors} anchors "
        f"({', '.join(f'{ratio:.0f}' for ratio in found['many'])}); {bound}\n"
        f"  torch.func at one anchor over ours: jacrev {medians['jacrev']:.1f}, jacfwd {medians['jacfwd']:.2f}"
    )
    return min(medians["one"], medians["many"]) if total >= FEWEST * d else float("inf")


def main() -> int:
    """Measure every decoder that is here; exit code 1 if a ratio is below the bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--anchors", type=int, default=8)
    parser.add_argument("--only", choices=CASES)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    least = float("inf")
    for name, path in CASES.items():
        if chosen.only not in (None, name):
            continue
        if not path.exists():
            print(f"{name}: skipped, {path.name} is not here")
            continue
        least = min(least, measure(name, path, rounds=chosen.rounds, anchors=chosen.anchors))
    return int(least < BOUND)


if __name__ == "__main__":
    sys.exit(main())
