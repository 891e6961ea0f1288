"""A network in somebody's training script as a core: its own encode and decode, called as they want to be called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from vae_analyze.errors import UsageError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.live import modules_of
from vae_analyze.loading.own_files.answered import decoded, encoded
from vae_analyze.vae import ConditionalVAE

Callee = Callable[..., Any]


@final
class LiveCore(nn.Module):
    """A live network: a `vae_analyze.loading.settling.convention.Core`.

    Args:
        encode: Called with a batch, and labels where there are any.
        decode: Called with codes, and labels where there are any.
        modules: The torch modules behind the two.
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
        flat: Whether the encoder wants samples as vectors.
    """

    def __init__(
        self,
        encode: Callee,
        decode: Callee,
        modules: Sequence[nn.Module],
        *,
        input_shape: tuple[int, ...],
        latent_shape: tuple[int, ...] = (),
        flat: bool = False,
    ) -> None:
        super().__init__()
        self._encode = (encode,)  # in tuples, so that torch does not register what may be a module a second time
        self._decode = (decode,)
        self.parts = nn.ModuleList(modules)
        self._input_shape = input_shape
        self._latent_shape = latent_shape
        self.flat = flat

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self._input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self._latent_shape

    def outputs(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
        """What the encoder gives."""
        return encoded(self.raw(x, labels)).tensors

    def raw(self, x: Tensor, labels: Tensor | None) -> Any:
        """What the encoder gives, in whatever form."""
        given = x.flatten(1) if self.flat else x
        return self._encode[0](given) if labels is None else self._encode[0](given, labels)

    def decoded(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """What the decoder gives, in the shape of the data where the numbers are as many."""
        given = decoded(self._decode[0](z) if labels is None else self._decode[0](z, labels))
        if given.shape[1:] != self._input_shape and given[0].numel() == torch.Size(self._input_shape).numel():
            return given.reshape(given.shape[0], *self._input_shape)
        return given


def callables(model: Any, encode: Callee | None, decode: Callee | None) -> tuple[Callee, Callee]:
    """The two functions of a model: those given, else its ``encode`` and ``decode``, or ``encoder`` and ``decoder``.

    Raises:
        UsageError: It has neither.
    """
    if encode is None and decode is None and isinstance(model, ConditionalVAE):
        return lambda x, labels: model.given(labels).encode(x), lambda z, labels: model.given(labels).decode(z)
    return encode or _found(model, "encode"), decode or _found(model, "decode")


def _found(model: Any, what: str) -> Callee:
    for name in (what, f"{what}r"):
        found = getattr(model, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]  # foreign
    kind = "nothing" if model is None else f"a {printable(type(model).__name__)} without one"
    raise UsageError(
        f"expected a model with {what} or {what}r, found {kind}",
        hint=f"give {what}=: a function of "
        + ("a batch that returns (mean, log variance)" if what == "encode" else "codes that returns the decoded batch"),
    )


def modules_behind(*sources: Any) -> tuple[nn.Module, ...]:
    """The torch modules that objects and functions use: themselves, bound to them, in their closures and globals."""
    found: dict[int, nn.Module] = {}
    for source in sources:
        for value in _reached(source):
            for module in modules_of(value):
                found.setdefault(id(module), module)
    inner = {id(part) for module in found.values() for part in module.modules() if part is not module}
    return tuple(module for key, module in found.items() if key not in inner)


def _reached(source: Any) -> Iterator[Any]:
    yield source
    inner = getattr(source, "func", None)  # functools.partial
    function = inner if callable(inner) else source
    if getattr(function, "__self__", None) is not None:
        yield function.__self__
    yield from getattr(source, "args", ()) if callable(inner) else ()
    function = getattr(function, "__func__", function)
    if inspect.isfunction(function):
        used = inspect.getclosurevars(function)
        yield from used.nonlocals.values()
        yield from used.globals.values()


@contextmanager
def evaluating(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Every module in evaluation mode for a while; its mode, and torch's random numbers, afterwards as they were.

    Distributions do not check their arguments meanwhile: a check is a branch on numbers, which cannot be traced.
    """
    checks = Distribution._validate_args
    parts = [(part, part.training) for module in modules for part in module.modules()]
    devices = {weight.device for module in modules for weight in module.parameters() if weight.is_cuda}
    with torch.random.fork_rng(devices=[device.index for device in devices]), torch.no_grad():
        try:
            Distribution.set_default_validate_args(value=False)
            for part, _ in parts:
                part.training = False
            yield
        finally:
            Distribution.set_default_validate_args(checks)
            for part, mode in parts:
                part.training = mode


def place_of(modules: Sequence[nn.Module]) -> tuple[torch.device, torch.dtype]:
    """Where a model computes, and in which number format."""
    for module in modules:
        for weight in (*module.parameters(), *module.buffers()):
            if weight.is_floating_point():
                return weight.device, weight.dtype
    return torch.device("cpu"), torch.float32
