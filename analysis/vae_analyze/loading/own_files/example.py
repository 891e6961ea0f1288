"""The batch with which a model is traced and checked when it is saved."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vae_analyze.errors import UsageError
from vae_analyze.loading.files.printable import printable

_FEWEST = 3  # not 1 and not 2: tracing takes such a size for a fixed one
_SEED = 20263
_NORMALISED = (
    "give the batch as it is before any normalisation, with values in [0, 1], and say what the network was trained on "
    "with input_range=, such as (-1, 1)"
)


def example_batch(example: Any, model: Any, device: torch.device, dtype: torch.dtype, *, bounded: bool) -> Tensor:
    """A batch of at least three samples where and as the network computes.

    Args:
        example: As given; None: uniform noise of the shape that the model states.
        model: What may state its shape.
        device: Where the network is.
        dtype: Its number format.
        bounded: Whether the values must lie in [0, 1] whatever their shape.

    Raises:
        UsageError: Not a batch of numbers, not of the model's shape, or normalised images.
    """
    stated = getattr(model, "input_shape", None)
    shape = tuple(stated) if isinstance(stated, (tuple, list, torch.Size)) else None
    if example is None:
        if shape is None:
            raise UsageError(
                f"expected example=, a batch of data; {printable(type(model).__name__)} does not state its shapes",
                hint="save(model, path, example=batch), a batch as the analyses will see it: images in [0, 1]",
            )
        x = torch.rand(_FEWEST, *shape, generator=torch.Generator().manual_seed(_SEED))
    else:
        x = _numbers(example)
    if shape is not None and tuple(x.shape[1:]) != shape:
        raise UsageError(f"example: expected samples of the model's shape {shape}, found {tuple(x.shape[1:])}")
    if (bounded or x.ndim == 4) and bool((x < 0).any() or (x > 1).any()):
        raise UsageError(
            f"example: expected values in [0, 1], found {float(x.min()):.4g} to {float(x.max()):.4g}", hint=_NORMALISED
        )
    return repeated(x).to(device, dtype)


def example_labels(labels: Any, x: Tensor, given: int) -> Tensor | None:
    """One class number per sample of the batch, int64, or None.

    Args:
        labels: As given.
        x: The batch, perhaps repeated.
        given: Samples in the example as it was given.

    Raises:
        UsageError: Not one whole number per sample.
    """
    if labels is None:
        return None
    numbers = torch.as_tensor(labels).detach()
    if numbers.ndim != 1 or numbers.is_floating_point() or len(numbers) != given or bool((numbers < 0).any()):
        raise UsageError(
            f"labels: expected {given} class numbers, one per sample of example, found {printable(numbers.dtype)} of "
            f"shape {tuple(numbers.shape)}"
        )
    return repeated(numbers.to(torch.int64))[: len(x)].to(x.device)


def repeated(batch: Tensor) -> Tensor:
    """The batch, repeated until it has three samples or more."""
    return batch if len(batch) >= _FEWEST else batch.repeat(_FEWEST, *([1] * (batch.ndim - 1)))


def _numbers(example: Any) -> Tensor:
    try:
        x = torch.as_tensor(example).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(
            f"example: expected a batch of numbers, found {printable(type(example).__name__)}",
            hint="a tensor or array of shape (n, *shape); of a loader's batch take the images alone",
        ) from error
    if not x.is_floating_point() or x.ndim < 2 or len(x) == 0 or not bool(torch.isfinite(x).all()):
        raise UsageError(
            f"example: expected a batch of finite floating point numbers (n, *shape), found {printable(x.dtype)} of "
            f"shape {tuple(x.shape)}",
            hint="of bytes divide by 255; of one sample make a batch with x[None]",
        )
    return x
