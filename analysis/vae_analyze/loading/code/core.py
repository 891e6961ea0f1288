"""The person's network as a `Core`: which of its functions encodes and decodes, and what is taken of their results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.feeding import Feed
from vae_analyze.loading.code.harmless import on_device
from vae_analyze.loading.code.noise import Noise
from vae_analyze.loading.code.outputs import parts
from vae_analyze.loading.code.recording import at, person_modules

# Of normal noise: the larger, the smaller the rounding error of (z - mean) / LOUD.
LOUD = 64.0


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Encoding:
    """How codes are had.

    Args:
        where: Path of the function that is given samples; "" is the model itself.
        picks: Which tensors of its result: the mean, or the mean and the second, or one with both.
        labelled: Whether it is given labels.
        sampled: The (single) pick is a sample: its mean and deviation are had by replacing the noise.
        entry: Path of the module whose input is the code, where the result does not hold it.
        flat: Whether it is given vectors.
    """

    where: str
    picks: tuple[int, ...]
    labelled: bool
    flat: bool
    sampled: bool = False
    entry: str = ""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Decoding:
    """How codes are decoded.

    Args:
        where: Path of the function that is given codes; with `entry`, of the model.
        pick: Which tensor of its result.
        labelled: Whether it is given labels.
        shape: Of one code as the function wants it.
        entry: Whether `where` is a module inside of forward, whose input is replaced by the codes.
        after: What forward does to the result: "" or "sigmoid" or "tanh".
    """

    where: str
    pick: int
    labelled: bool
    shape: tuple[int, ...]
    entry: bool = False
    after: Literal["", "sigmoid", "tanh"] = ""


class _Enough(Exception):  # noqa: N818 - not an error: the rest of forward is not needed
    pass


@final
class PersonCore(nn.Module):
    """A network made by the person's class.

    Args:
        model: The network, filled.
        feed: How it takes samples.
        latent_shape: Of one code.
        encoding: How codes are had.
        decoding: How they are decoded.
        quiet: Whether it draws random numbers, which are replaced by zeros.
        placed: Whether it names devices, which are replaced by its own.
        sampling: Whether its own modules must believe that they are trained, to sample at all.
    """

    def __init__(
        self,
        model: nn.Module,
        feed: Feed,
        *,
        latent_shape: tuple[int, ...],
        encoding: Encoding,
        decoding: Decoding,
        quiet: bool,
        placed: bool,
        sampling: bool = False,
    ) -> None:
        super().__init__()
        self.model = model
        self.encoding = encoding
        self.decoding = decoding
        self.feed = feed
        self._latent_shape = latent_shape
        self._quiet = quiet
        self._placed = placed
        self._sampling = sampling

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self.feed.shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self._latent_shape

    def outputs(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
        """What its encoder gives: the mean and the second output, one with both, or the mean."""
        way = self.encoding
        given = x.flatten(start_dim=1) if way.flat else x
        if not way.sampled:
            with self._surroundings(0.0):
                found = parts(self._called(way.where, given, labels, labelled=way.labelled), batch=len(x))
            return tuple(self._as_code(found[pick].tensor) for pick in way.picks)
        mean = self._sample(given, labels, 0.0)
        deviation = (self._sample(given, labels, LOUD) - mean) / LOUD
        return mean, deviation

    def decoded(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """What its decoder gives, in the shape of samples."""
        way = self.decoding
        codes = z.reshape(len(z), *way.shape)
        with self._surroundings(0.0):
            result = self._entered(codes, labels) if way.entry else self._called(
                way.where, codes, labels, labelled=way.labelled
            )  # fmt: skip
        x_hat = parts(result, batch=len(z))[way.pick].tensor
        x_hat = x_hat.sigmoid() if way.after == "sigmoid" else x_hat.tanh() if way.after == "tanh" else x_hat
        return x_hat.reshape(len(z), *self.input_shape)

    def _called(self, where: str, given: Tensor, labels: Tensor | None, *, labelled: bool) -> Any:
        function = at(self.model, where)
        return function(given, labels) if labelled else function(given)

    def _as_code(self, tensor: Tensor) -> Tensor:
        wanted = self._latent_shape
        if tensor.dim() == len(wanted) + 1:
            return tensor
        return tensor.reshape(len(tensor), *wanted)

    def _sample(self, given: Tensor, labels: Tensor | None, value: float) -> Tensor:
        way = self.encoding
        with self._surroundings(value, sampling=self._sampling):
            if not way.entry:
                found = parts(self._called(way.where, given, labels, labelled=way.labelled), batch=len(given))
                return self._as_code(found[way.picks[0]].tensor)
            held: list[Tensor] = []

            def hook(_: nn.Module, args: Any, kwargs: Any) -> None:
                held.append(parts((*args, *kwargs.values()), batch=len(given))[0].tensor)
                raise _Enough

            handle = self.model.get_submodule(way.entry).register_forward_pre_hook(hook, with_kwargs=True)
            try:
                self._called(way.where, given, labels, labelled=way.labelled)
            except _Enough:
                return self._as_code(held[0])
            finally:
                handle.remove()
        raise CheckpointError(f"expected forward to pass a code to {way.entry}, found that it does not")

    def _entered(self, codes: Tensor, labels: Tensor | None) -> Any:
        """Run forward with the input of the decoder's first module replaced."""

        def hook(_: nn.Module, args: Any) -> tuple[Any, ...]:
            return (codes, *args[1:])

        x = codes.new_zeros(len(codes), *self.feed.given(torch.empty(1, *self.feed.shape)).shape[1:])
        handle = self.model.get_submodule(self.decoding.where).register_forward_pre_hook(hook)
        try:
            return self._called("", x, labels, labelled=self.decoding.labelled)
        finally:
            handle.remove()

    @contextmanager
    def _surroundings(self, value: float, *, sampling: bool = False) -> Iterator[None]:
        with ExitStack() as stack:
            if self._placed:
                stack.enter_context(on_device(_device(self.model)))
            if self._quiet:
                stack.enter_context(Noise(value))
            if sampling:
                stack.enter_context(awake(self.model))
            yield


@contextmanager
def awake(model: nn.Module) -> Iterator[None]:
    """While this holds, the person's own modules believe that they are trained; torch's (dropout, norms) do not."""
    own = [module for _, module in person_modules(model) if not module.training]
    for module in own:
        module.training = True
    try:
        yield
    finally:
        for module in own:
            module.training = False


def _device(model: nn.Module) -> torch.device:
    return next((tensor.device for tensor in (*model.parameters(), *model.buffers())), torch.device("cpu"))
