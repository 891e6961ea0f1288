"""The numbers that a card states, measured on held-out data."""

from __future__ import annotations

import numpy as np
import torch

from vae_analyze.data.dataset import Dataset
from vae_analyze.loading.architectures.registry import Network
from vae_analyze.loading.own_files.own_card import Expected

_ACTIVE_VARIANCE = 0.01  # of the posterior mean over the data: Burda et al. 2016, section 5.2
_BATCH = 500
_SMALLEST = 1e-12  # a decoded mean of exactly 0 or 1 would make the cross-entropy infinite


def measure(network: Network, data: Dataset, *, most: int, tolerance: float) -> Expected:
    """Reconstruction error, KL per dimension and active units, all of posterior means, none of random codes.

    Args:
        network: In evaluation mode.
        data: Held out from the training.
        most: Number of samples; where the data have more, that many at equal distances.
        tolerance: To be stated on the card.
    """
    index = np.unique(np.linspace(0, len(data) - 1, min(most, len(data))).round().astype(np.int64))
    squared, entropy, means, kls = 0.0, 0.0, [], []
    with torch.inference_mode():
        for rows in np.array_split(index, max(1, len(index) // _BATCH)):
            x = torch.from_numpy(data.read(rows).x)
            posterior = network.encode(x)
            x_hat = network.decode(posterior.mean).double()
            squared += float((x_hat - x).square().sum())
            p = x_hat.clamp(_SMALLEST, 1 - _SMALLEST)
            entropy -= float((x * p.log() + (1 - x) * (1 - p).log()).sum())
            means.append(posterior.mean.double().numpy())
            kls.append(posterior.kl_to_prior().double().numpy())
    variance = np.concatenate(means).var(axis=0)
    kl = () if network.options.deterministic else tuple(float(v) for v in np.concatenate(kls).mean(axis=0))
    return Expected(
        data=data.name,
        n=len(index),
        mse_per_pixel=squared / (len(index) * int(np.prod(data.input_shape))),
        bce_per_image=entropy / len(index),
        kl_per_dim=kl,
        active_units=int((variance > _ACTIVE_VARIANCE).sum()),
        tolerance=tolerance,
    )
