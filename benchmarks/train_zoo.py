"""Train the zoo of foreign VAEs into the folder of VAE_ANALYZE_ZOO (by default ``zoo`` in the temporary folder).

python benchmarks/train_zoo.py [--only NAME ...] [--again]

Each network gets a folder with its file, ``truth.npz`` (posterior mean, log variance and reconstruction of 200 held-out
images, as its own class computes them) and ``facts.json``. Networks that are there already are left alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.zoo.entries import ENTRIES  # found by the path above
from support.zoo.entry import Entry  # found by the path above
from support.zoo.images import images  # found by the path above
from support.zoo.training import trained  # found by the path above
from support.zoo.truth import truth  # found by the path above
from support.zoo.writing import CONTAINERS, folder, write  # found by the path above

# The same network in every other container, beside the one that its entry names.
REWRAPPED = {
    "examples": tuple(name for name in CONTAINERS if name not in ("bare", "parts")),
    "strided-k4": ("pickled", "lightning"),
}
_HEALTHY = 0.6  # of the mean image's error
_HEALTHY_OF_TWO = 0.9  # two numbers cannot say more of a digit in so short a training


def main() -> int:
    """Train what is not there; exit code 1 where a healthy network did not learn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[], help="names")
    parser.add_argument("--again", action="store_true", help="train what is there as well")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    bad = 0
    for entry in ENTRIES:
        if arguments.only and entry.name not in arguments.only:
            continue
        if (folder() / entry.name / "facts.json").is_file() and not arguments.again:
            continue
        bad += not make(entry, folder())
    return int(bad > 0)


def make(entry: Entry, where: Path) -> bool:
    """Train and write one entry; whether it is what its nature says."""
    began = time.perf_counter()
    data = images(entry.size, entry.channels)
    network = trained(entry, data)
    facts: dict[str, Any] = {
        "name": entry.name, "nature": entry.nature, "size": entry.size, "channels": entry.channels,
        "labels": entry.labels, "container": entry.container, "file": entry.file,
    }  # fmt: skip
    numbers: dict[str, Any] = {}
    if entry.nature != "foreign":
        found = truth(entry, network, data)
        ratio = found.error / found.error_of_mean_image
        spread = float(found.mean.var(0).mean() + found.logvar.exp().mean())
        facts |= {"error": found.error, "error_of_mean_image": found.error_of_mean_image, "ratio": ratio}
        facts |= {"spread": spread, "latent": found.mean.shape[1]}
        numbers = {
            "mean": found.mean.numpy(), "logvar": found.logvar.numpy(),
            "reconstruction": found.reconstruction.numpy(),
        }  # fmt: skip
    for container in ("", *REWRAPPED.get(entry.name, ())):
        _save(network, entry, where, container, facts, numbers)
    good = entry.nature not in ("healthy", "autoencoder") or facts["ratio"] < (
        _HEALTHY_OF_TWO if facts["latent"] == 2 else _HEALTHY
    )
    print(
        f"{entry.name:28s} {time.perf_counter() - began:6.1f} s  "
        f"error / mean image's {facts.get('ratio', float('nan')):5.2f}  spread {facts.get('spread', float('nan')):5.2f}"
        f"{'' if good else '  NOT HEALTHY'}",
        flush=True,
    )
    return good


def _save(
    network: torch.nn.Module, entry: Entry, where: Path, container: str, facts: dict[str, Any], numbers: dict[str, Any]
) -> None:
    place = where / (f"{entry.name}@{container.strip('.')}" if container else entry.name)
    place.mkdir(parents=True, exist_ok=True)
    file = "model.safetensors" if container == "safetensors" else entry.file
    write(network, entry, place / file, container=container)
    np.savez(place / "truth.npz", **numbers)
    stated = facts | {"name": place.name, "file": file, "container": container or entry.container}
    (place / "facts.json").write_text(json.dumps(stated, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
