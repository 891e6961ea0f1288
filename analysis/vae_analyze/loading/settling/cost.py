"""How many samples a check may take: what one sample costs is counted, so the answer does not depend on the machine."""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from vae_analyze.loading.live import modules_of

MOST_SAMPLES = 256
LEAST_SAMPLES = 8
# Multiplications and additions in all: well under a second on two idle cores.
BUDGET = 6e9
_MOST_AT_ONCE = 128
# Numbers at once: what a convolutional network makes of them in between is some hundred times as much.
_NUMBERS_AT_ONCE = 1 << 20
# Networks that show no layers (ONNX, NumPy, TorchScript): so much per number that a sample has.
_UNCOUNTED_PER_NUMBER = 4e3
# A convolution that did not show how often it is applied: at every fourth position of the input.
_SHARE_OF_POSITIONS = 0.25


# Estimated operations of one sample, from which on even one is not sent through to count: a second and more.
_DEAR = 1e11

# Other devices than the CPU do so many times as much in the same time.
_FASTER = 100


def samples_within(operations: float, passes: float, *, most: int = MOST_SAMPLES, budget: float = BUDGET) -> int:
    """How many samples may be sent through a network ``passes`` times.

    Args:
        operations: What one sample costs, see `operations_of`.
        passes: How often all samples go through.
        most: Never more than these.
        budget: Operations in all.
    """
    return int(min(most, max(LEAST_SAMPLES, budget / (max(operations, 1.0) * max(passes, 1.0)))))


def budget_of(model: object) -> float:
    """Operations that a check of a model may take, where it is."""
    return BUDGET * (1 if place(model)[0].type == "cpu" else _FASTER)


def operations_of(model: object, once: Callable[[], object], shape: tuple[int, ...]) -> float:
    """Multiplications and additions for one sample, nearly.

    A network that looks large is counted on a copy without numbers, so that asking costs next to nothing.

    Args:
        model: The network, or what holds it.
        once: Sends one sample through encoder and decoder.
        shape: Of one sample.
    """
    modules = [part for top in modules_of(model) for part in top.modules() if _weight(part) is not None]
    if not modules:
        return _UNCOUNTED_PER_NUMBER * math.prod(shape)
    if small_shapes(model) is not None or sum(_estimated(part, shape) for part in modules) > _DEAR:
        with contextlib.suppress(Exception):  # what cannot be copied is estimated
            blank = _blank(model)
            modules = [part for top in modules_of(blank) for part in top.modules() if _weight(part) is not None]
            return _counted(modules, lambda: _asked(blank, shape), shape)
        return sum(_estimated(part, shape) for part in modules)
    return _counted(modules, once, shape)


def small_shapes(model: object) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Shapes of a small sample and its code, which a core (or that of a model) states to take as well as its own.

    For questions that any sample answers: whether a network runs, repeats itself and has derivatives.
    """
    core = getattr(model, "core", model)
    found: tuple[tuple[int, ...], tuple[int, ...]] | None = getattr(core, "small_shapes", None)
    return found


def _counted(modules: list[nn.Module], once: Callable[[], object], shape: tuple[int, ...]) -> float:
    counted: dict[nn.Module, float] = {}
    hooks = []
    # What a foreign network does with hooks or a single sample is its own business: what was not seen is estimated.
    with contextlib.suppress(Exception):
        hooks = [part.register_forward_hook(_counter(counted)) for part in modules]
        with torch.no_grad():
            once()
    for hook in hooks:
        hook.remove()
    return sum(counted.get(part, 0.0) or _estimated(part, shape) for part in modules)


def _blank(model: object) -> Any:
    """A copy with shapes and without numbers; the model's own weights are not touched, nor copied on the way."""
    weights = (weight for top in modules_of(model) for weight in chain(top.parameters(), top.buffers()))
    # A copy that is already there is taken: that of every weight is one without numbers.
    known: dict[int, Any] = {id(weight): weight.detach().to("meta") for weight in weights}
    for top in modules_of(model):
        known |= {id(weight): nn.Parameter(known[id(weight)], requires_grad=False) for weight in top.parameters()}
    return copy.deepcopy(model, known)


def _asked(blank: Any, shape: tuple[int, ...]) -> None:
    """One sample without numbers through encoder and decoder of a core, a model or a conditional one."""
    x = torch.empty(1, *shape, device="meta")
    if hasattr(blank, "outputs"):
        blank.outputs(x, None)
        blank.decoded(torch.empty(1, *blank.latent_shape, device="meta"), None)
        return
    bound = blank.given(torch.zeros(1, dtype=torch.int64, device="meta")) if hasattr(blank, "given") else blank
    bound.encode(x)
    bound.decode(torch.empty(1, *blank.latent_shape, device="meta"))


def _weight(part: nn.Module) -> Tensor | None:
    weight = getattr(part, "weight", None)
    return weight if isinstance(weight, Tensor) and weight.ndim >= 2 else None


def _counter(counted: dict[nn.Module, float]) -> Callable[[nn.Module, Any, Any], None]:
    def count(part: nn.Module, inputs: Any, output: Any) -> None:
        weight = _weight(part)
        if weight is None or not isinstance(output, Tensor):
            return
        transposed = isinstance(part, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d)
        seen = inputs[0] if transposed else output
        positions = seen[0].numel() / weight.shape[0] if weight.ndim > 2 else seen[0].numel() / output.shape[-1]
        counted[part] = counted.get(part, 0.0) + 2 * weight.numel() * max(positions, 1.0)

    return count


def _estimated(part: nn.Module, shape: tuple[int, ...]) -> float:
    weight = _weight(part)
    assert weight is not None, "only modules with a weight are counted"
    positions = math.prod(shape[1:]) * _SHARE_OF_POSITIONS if weight.ndim > 2 and len(shape) > 1 else 1.0
    return 2 * weight.numel() * max(positions, 1.0)


def batches(x: Tensor, labels: Tensor | None = None) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The samples in order, at most 128 at a time, fewer large ones."""
    size = max(1, min(_MOST_AT_ONCE, _NUMBERS_AT_ONCE // max(1, x[0].numel()))) if len(x) else 1
    for start in range(0, len(x), size):
        yield x[start : start + size], None if labels is None else labels[start : start + size]


def evenly(n: int, most: int) -> Tensor:
    """Indices of at most ``most`` of ``n`` samples, evenly spread: data are often ordered by class."""
    if n <= most:
        return torch.arange(n)
    return torch.arange(most) * n // most


def place(model: object) -> tuple[torch.device, torch.dtype]:
    """Where a model's weights are and in which format; the CPU and float32 for a model without."""
    for module in modules_of(model):
        for weight in chain(module.parameters(), module.buffers()):
            if weight.is_floating_point():
                return weight.device, weight.dtype
    return torch.device("cpu"), torch.float32
