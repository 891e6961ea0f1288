"""Their random draws, replaced by a constant: what is left of a model is what its samples are made of.

With all normal noise at 0 a reparameterised sample *is* the posterior mean, and with all of it at 1 it is the mean
plus the standard deviation. That settles, by their own code, which output is the mean and what the second one means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

_DROPS = frozenset(
    {
        *(functional.dropout, functional.dropout2d, functional.dropout3d, functional.dropout1d, torch.dropout),
        *(functional.alpha_dropout, functional.feature_alpha_dropout, torch.feature_dropout, torch.dropout_),
    }
)
_UNIFORM = frozenset({torch.rand, torch.rand_like, Tensor.uniform_})
_OTHER = frozenset(
    {
        *(torch.bernoulli, Tensor.bernoulli, Tensor.bernoulli_, torch.multinomial, Tensor.multinomial, torch.randint),
        *(torch.randint_like, torch.randperm, torch.poisson, Tensor.exponential_, Tensor.log_normal_),
        *(Tensor.cauchy_, Tensor.geometric_, Tensor.random_),
    }
)
_HALF = 0.5
# What only changes the shape: the operation behind is still the last one.
_SHAPES = frozenset(
    {
        *(Tensor.view, Tensor.reshape, torch.reshape, Tensor.flatten, torch.flatten, Tensor.unsqueeze, Tensor.squeeze),
        *(torch.unsqueeze, torch.squeeze, Tensor.contiguous, Tensor.view_as, Tensor.reshape_as, torch.unflatten),
        *(Tensor.unflatten, Tensor.permute, Tensor.transpose, Tensor.__getitem__, Tensor.float),
    }
)
_LAST: dict[Any, str] = {
    torch.sigmoid: "sigmoid",
    torch.sigmoid_: "sigmoid",
    Tensor.sigmoid: "sigmoid",
    Tensor.sigmoid_: "sigmoid",
    functional.sigmoid: "sigmoid",
    torch.tanh: "tanh",
    torch.tanh_: "tanh",
    Tensor.tanh: "tanh",
    Tensor.tanh_: "tanh",
    functional.tanh: "tanh",
}


@final
class Noise(TorchFunctionMode):
    """Normal draws become a constant number of standard deviations, uniform ones a half; dropout does nothing.

    Args:
        value: That number.
        watch: Whether to note what every result was made by.
        only: Which normal draw, counted from 0, gets it; all others are 0. None: all of them.
        swaying: Whether the sign changes from number to number.

    Attributes:
        draws: Shapes of the normal draws, in their order.
        others: Names of draws of other kinds that were made, and left random where they cannot be replaced.
        drops: Whether dropout was asked for.
    """

    def __init__(
        self, value: float = 0.0, *, watch: bool = False, only: int | None = None, swaying: bool = False
    ) -> None:
        super().__init__()
        self.draws: list[tuple[int, ...]] = []
        self.others: list[str] = []
        self.drops = False
        self._value = value
        self._watch = watch
        self._only = only
        self._swaying = swaying
        self._last: dict[int, tuple[Tensor, str]] = {}

    def made_by(self, result: Tensor) -> str:
        """The last thing done to a tensor: "sigmoid", "tanh", or "" for anything else."""
        held = self._last.get(id(result))
        return held[1] if held is not None and held[0] is result else ""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One call of torch."""
        words = kwargs or {}
        if func in _DROPS:
            self.drops = self.drops or _training(args, words)
            return args[0] if args else words["input"]
        if func in (torch.randn, torch.randn_like, torch.normal, Tensor.normal_):
            return self._drawn(func, args, words)
        result = func(*args, **words)
        if func in _UNIFORM:
            self.others.append(func.__name__)
            return result.fill_(_HALF)
        if func in _OTHER:
            self.others.append(func.__name__)
        if self._watch and isinstance(result, Tensor):
            self._note(func, args, result)
        return result

    def _drawn(self, func: Any, args: tuple[Any, ...], words: dict[str, Any]) -> Tensor:
        mean: Any = 0.0
        spread: Any = 1.0
        if func is torch.normal:
            mean = args[0] if args else words.get("mean", 0.0)
            spread = args[1] if len(args) > 1 else words.get("std", 1.0)
        elif func is Tensor.normal_:
            mean = args[1] if len(args) > 1 else words.get("mean", 0.0)
            spread = args[2] if len(args) > 2 else words.get("std", 1.0)
        if func is torch.normal and (isinstance(mean, Tensor) or isinstance(spread, Tensor)):
            like = mean if isinstance(mean, Tensor) else spread
            drawn: Tensor = mean + self._constant(like) * spread
        else:
            place = args[0].detach() if func is Tensor.normal_ else func(*args, **words).detach()
            drawn = place.copy_(mean + self._constant(place) * spread)
        self.draws.append(tuple(drawn.shape))
        return drawn

    def _constant(self, like: Tensor) -> Tensor:
        """Standard normal numbers, as far as anybody knows."""
        value = self._value if self._only in (None, len(self.draws)) else 0.0
        noise = torch.full(like.shape, value, dtype=like.dtype, device=like.device)
        if self._swaying and like.dim():
            inner = like.shape[1:] or like.shape
            places = torch.arange(inner.numel(), device=like.device)
            noise = noise * (1 - 2 * ((places + places // 3) % 2)).reshape(inner).to(noise.dtype)
        return noise

    def _note(self, func: Any, args: tuple[Any, ...], result: Tensor) -> None:
        name = _LAST.get(func, "")
        if func in _SHAPES and args and isinstance(args[0], Tensor):
            name = self.made_by(args[0])
        if name or id(result) in self._last:
            self._last[id(result)] = (result, name)


def _training(args: tuple[Any, ...], words: dict[str, Any]) -> bool:
    return bool(words.get("training", args[2] if len(args) > 2 else True))
