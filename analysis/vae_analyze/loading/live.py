"""A model as it is now: what its weights are, and which torch modules it is made of."""

from __future__ import annotations

import hashlib

from torch import nn


def modules_of(model: object) -> tuple[nn.Module, ...]:
    """The model itself if it is a torch module, else the torch modules among its attributes."""
    if isinstance(model, nn.Module):
        return (model,)
    return tuple(value for value in getattr(model, "__dict__", {}).values() if isinstance(value, nn.Module))


def weights_digest(model: object) -> str:
    """SHA-256 (hex) of the weights as they are now; "" for a model without torch modules."""
    modules = modules_of(model)
    if not modules:
        return ""
    digest = hashlib.sha256()
    for module in modules:
        for key, value in module.state_dict().items():
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().double().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
