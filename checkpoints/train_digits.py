"""Train the digits checkpoints anew: ``python checkpoints/train_digits.py [--out DIR] [--only NAME]``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from measure import measure
from torch import Tensor
from training import Schedule, train

from vae_analyze.data.open import open_data
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions
from vae_analyze.loading.own_files.own import save

TRAINING_DATA = "digits:train"
HELD_OUT_DATA = "digits:test"
SEED = 1
BATCH_SIZE = 64
# A digits pixel counts the white points in a 4x4 block of the scanned 32x32 bitmap (Alpaydin and Kaynak 1998), so that
# the ELBO over the points of that bitmap is 16 times the binary cross-entropy of the 8x8 image, plus the KL.
POINTS_PER_PIXEL = 16
TOLERANCE = 0.1


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """One checkpoint: its name, what it is for, and how it is trained."""

    name: str
    description: str
    beta: float = 1.0
    epochs: int = 300
    deterministic: bool = False


RECIPES = (
    Recipe(name="digits-vae", description="A healthy VAE on 8x8 digits."),
    Recipe(name="digits-beta4", description="A VAE on 8x8 digits whose KL counts four times.", beta=4.0),
    Recipe(
        name="digits-ae",
        description="A plain autoencoder on 8x8 digits, for contrast: no posterior, no prior.",
        beta=0.0,
        deterministic=True,
    ),
    Recipe(
        name="digits-collapsed",
        description="A VAE on 8x8 digits regularised to death: its codes carry nothing.",
        beta=1000.0,
        epochs=100,
    ),
)


def main() -> None:
    """Train every recipe, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the checkpoints")
    parser.add_argument("--only", choices=[recipe.name for recipe in RECIPES], help="train this one")
    arguments = parser.parse_args()
    for recipe in RECIPES:
        if arguments.only in (None, recipe.name):
            make(recipe, arguments.out)


def make(recipe: Recipe, out: Path) -> Path:
    """Train one recipe and write it with its card; returns the file."""
    print(f"{recipe.name}: {recipe.description}")
    data = open_data(TRAINING_DATA)
    images = torch.from_numpy(data.read(np.arange(len(data))).x)
    options = MLPOptions(input_shape=data.input_shape, latent_dim=10, deterministic=recipe.deterministic)
    per_epoch = -(-len(images) // BATCH_SIZE)
    schedule = Schedule(
        steps=recipe.epochs * per_epoch,
        batch_size=BATCH_SIZE,
        learning_rate=2e-3,
        beta=recipe.beta,
        points=POINTS_PER_PIXEL,
        warm_up=int(0.3 * recipe.epochs * per_epoch),
        seed=SEED,
    )

    def batches(n: int, generator: torch.Generator) -> Tensor:
        return images[torch.randint(len(images), (n,), generator=generator)]

    network = train(MLP(options), schedule, batches)
    expected = measure(network, open_data(HELD_OUT_DATA), most=1_000_000, tolerance=TOLERANCE)
    print(f"  {expected}")
    path = out / f"{recipe.name}.pt"
    save(
        path,
        network,
        name=recipe.name,
        description=recipe.description,
        data=TRAINING_DATA,
        objective=objective(recipe),
        command=f"python checkpoints/train_digits.py --only {recipe.name}",
        seed=SEED,
        epochs=recipe.epochs,
        licence="Apache-2.0",
        expected=expected,
    )
    return path


def objective(recipe: Recipe) -> str:
    """What is minimised, in words."""
    error = (
        f"{POINTS_PER_PIXEL} x binary cross-entropy summed over pixels (each counts {POINTS_PER_PIXEL} binary points)"
    )
    return error if recipe.deterministic else f"{error} + {recipe.beta:g} x KL, nats per image"


if __name__ == "__main__":
    main()
