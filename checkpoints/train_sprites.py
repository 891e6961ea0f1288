"""Train the sprites checkpoint anew: ``python checkpoints/train_sprites.py [--out DIR] [--only NAME]``."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from measure import measure
from torch import Tensor
from training import Schedule, train

from vae_analyze.data.open import open_data
from vae_analyze.loading.architectures.conv import Conv, ConvOptions
from vae_analyze.loading.architectures.registry import Network
from vae_analyze.loading.own_files.own import save
from vae_analyze.loading.own_files.own_card import Expected

NAME = "sprites-beta"
TRAINING_DATA = "sprites:train"
HELD_OUT_DATA = "sprites:test"
HELD_OUT_SAMPLES = 2000
TOLERANCE = 0.1
SCHEDULE = Schedule(steps=6000, batch_size=64, learning_rate=1e-3, beta=4.0, points=1, warm_up=1000, seed=1)


def main() -> None:
    """Train the one recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the checkpoint")
    parser.add_argument("--only", choices=[NAME], help="there is only this one")
    make(SCHEDULE, parser.parse_args().out)


def make(schedule: Schedule, out: Path) -> Path:
    """Train and write the checkpoint with its card; returns the file."""
    data = open_data(TRAINING_DATA)
    options = ConvOptions(input_shape=(1, 64, 64), channels=16, hidden=(128, 128), latent_dim=10)

    def batches(n: int, generator: torch.Generator) -> Tensor:
        return torch.from_numpy(data.read(torch.randint(len(data), (n,), generator=generator).numpy()).x)

    print(NAME)
    network = train(Conv(options), schedule, batches)
    expected = measure(network, open_data(HELD_OUT_DATA), most=HELD_OUT_SAMPLES, tolerance=TOLERANCE)
    print(f"  {expected}")
    return write(network, schedule, expected, out)


def write(network: Network, schedule: Schedule, expected: Expected, out: Path) -> Path:
    """Write the trained network with its card; returns the file."""
    path = out / f"{NAME}.pt"
    save(
        path,
        network,
        name=NAME,
        description=f"A convolutional beta-VAE on 64x64 sprites, {schedule.steps:,} batches of {schedule.batch_size}.",
        data=TRAINING_DATA,
        objective=f"binary cross-entropy summed over pixels + {schedule.beta:g} x KL, nats per image",
        command="python checkpoints/train_sprites.py",
        seed=schedule.seed,
        epochs=1,  # begun, not finished: the training part has 589,788 images
        licence="Apache-2.0",
        expected=expected,
    )
    return path


if __name__ == "__main__":
    main()
