"""What is to be saved: a live model, how its encoder and decoder are read, and the batch on which that was tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import UsageError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.own_files.answered import Answer, encoded
from vae_analyze.loading.own_files.example import example_batch, example_labels
from vae_analyze.loading.own_files.live_core import Callee, LiveCore, callables, evaluating, modules_behind, place_of
from vae_analyze.loading.settling.convention import (
    ConditionalConventional,
    Convention,
    Conventional,
    Output,
    Second,
    Split,
)
from vae_analyze.loading.settling.convention import prepared as prepared_labels
from vae_analyze.loading.settling.second import second_of
from vae_analyze.loading.settling.trial import finished, squared_error
from vae_analyze.vae import VAE

_ENOUGH = 64  # samples to judge a spread by
_CLEARLY = 1.5  # how much better codes from the second output must reconstruct to say that the two are swapped


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Subject:
    """A live model ready to be written.

    Args:
        model: It, with its conventions: data in, data out.
        modules: The torch modules behind it.
        x: A batch of at least three samples, where and as the network computes.
        labels: A class number per sample, or None.
        latent_shape: Shape of one code.
        architecture: One line.
    """

    model: Conventional | ConditionalConventional
    modules: tuple[nn.Module, ...]
    x: Tensor
    labels: Tensor | None
    latent_shape: tuple[int, ...]
    architecture: str

    @property
    def deterministic(self) -> bool:
        """Whether the encoder gives the code alone."""
        return self.model.convention.second == "none"

    @property
    def classes(self) -> int:
        """How many labels it knows; 0 for a model without."""
        return 0 if self.labels is None else self.model.convention.classes

    @property
    def parameters(self) -> int:
        """Trained numbers."""
        weights = {id(weight): weight.numel() for module in self.modules for weight in module.parameters()}
        return sum(weights.values())

    def vae(self, labels: Tensor | None) -> VAE:
        """The model, for samples of these classes."""
        if isinstance(self.model, ConditionalConventional):
            assert labels is not None
            return self.model.given(labels)
        return self.model


def subject_of(
    model: Any,
    *,
    encode: Callee | None,
    decode: Callee | None,
    example: Any,
    labels: Any,
    label_form: Literal["index", "onehot"],
    classes: int,
    second: Second | Literal["auto"],
    split: Split,
    input_range: tuple[float, float],
    output: Output,
) -> Subject:
    """Try a live model on a batch; the arguments are those of `vae_analyze.save`.

    Raises:
        UsageError: It fails, or what it gives leaves open how it is to be read.
    """
    low, high = (float(end) for end in input_range)
    functions = callables(model, encode, decode)
    modules = modules_behind(*(thing for thing in (model, encode, decode) if thing is not None))
    device, dtype = place_of(modules)
    bounded = (low, high) != (0.0, 1.0) or output != "prob"
    x = example_batch(example, model, device, dtype, bounded=bounded)
    numbers = example_labels(labels, x, len(x) if example is None else len(example))
    known = max(classes, int(numbers.max()) + 1) if numbers is not None else 0
    base = Convention(
        input_range=(low, high),
        split=split,
        output=output,
        labels="none" if numbers is None else label_form,
        classes=known,
    )
    with evaluating(modules):
        trial = _Trial(functions, modules, x, numbers, base)
        convention, latent_shape = trial.settled(second)
        core = trial.core(latent_shape)
    kind = ConditionalConventional if numbers is not None else Conventional
    return Subject(
        model=kind(core, convention),
        modules=modules,
        x=x,
        labels=numbers,
        latent_shape=latent_shape,
        architecture=printable(type(model).__qualname__ if model is not None else "encode and decode"),
    )


@final
class _Trial:
    """One batch sent through encoder and decoder, and what can be told from the answers."""

    def __init__(
        self,
        functions: tuple[Callee, Callee],
        modules: tuple[nn.Module, ...],
        x: Tensor,
        numbers: Tensor | None,
        base: Convention,
    ) -> None:
        self._functions = functions
        self._modules = modules
        self._x = x
        self._base = base
        self._labels = None if numbers is None else prepared_labels(numbers, base)
        self._flat = False
        low, high = base.input_range
        self._scaled = low + x * (high - low)
        self._answer = self._encoded()

    def core(self, latent_shape: tuple[int, ...]) -> LiveCore:
        """The network as it is to be called."""
        return LiveCore(
            *self._functions,
            self._modules,
            input_shape=tuple(self._x.shape[1:]),
            latent_shape=latent_shape,
            flat=self._flat,
        )

    def settled(self, second: Second | Literal["auto"]) -> tuple[Convention, tuple[int, ...]]:
        """How the answers are read, and the shape of a code."""
        tensors, said = self._answer.tensors, self._answer.second
        if len(tensors) == 2 and bool((tensors[1] == -torch.inf).all()):
            said = "none"
        if said not in (None, "none") and second not in ("auto", said):
            raise UsageError(
                f"second={second!r}: encode already says that its second output is the {said}", hint="leave second out"
            )
        if len(tensors) == 1:
            word, width = self._single(tensors[0], second)
        else:
            word, width = said or (self._pair(tensors, second) if second == "auto" else second), 1
        if len(tensors) == 2 and self._base.split != "separate":
            raise UsageError(f"split={self._base.split!r}: encode gives two tensors", hint="leave split out")
        first = tensors[0].shape[1:]
        latent = tuple(first) if width == 1 else (first[0] // 2, *first[1:])
        self._decoded(torch.zeros(len(self._x), *latent, dtype=self._x.dtype, device=self._x.device))
        return replace(self._base, second=word), latent

    def _encoded(self) -> Answer:
        failures: list[str] = []
        for flat in (False, True) if self._x.ndim > 2 else (False,):
            self._flat = flat
            try:
                raw = self.core(()).raw(self._scaled, self._labels)
            except Exception as error:  # noqa: BLE001 - a foreign network may fail in any way
                shape = tuple(self._scaled.flatten(1).shape if flat else self._scaled.shape)
                failures.append(f"on {shape}: {type(error).__name__}: {printable(error, limit=160)}")
                continue
            answer = encoded(raw)
            if any(len(value) != len(self._x) for value in answer.tensors):
                raise UsageError(f"encode gives {len(answer.tensors[0])} codes for {len(self._x)} samples")
            return answer
        raise UsageError(
            f"encode fails {'; '.join(failures)}",
            hint="give example= in the shape of the training data, labels= for a conditional model, or encode=",
        )

    def _single(self, both: Tensor, second: Second | Literal["auto"]) -> tuple[Second, int]:
        """What one tensor is, and how many codes wide."""
        if self._base.split != "separate":
            if both.shape[1] % 2 or second == "none":
                raise UsageError(f"split={self._base.split!r}: encode gives {both.shape[1]} numbers per sample")
            return ("logvar" if second == "auto" else second), 2
        if second in ("auto", "none") and self._fits(both):
            return "none", 1
        half = both[:, : both.shape[1] // 2]
        found = f"encode gives one tensor of shape {tuple(both.shape)}"
        if both.shape[1] % 2 == 0 and self._fits(half):
            raise UsageError(
                f"{found} and decode takes half of it: mean and second output in one",
                hint="say where they are: split='halves' or split='interleaved'",
            )
        raise UsageError(
            f"{found}, which decode does not take", hint="give encode=lambda x: (mean, second), and decode= of a code"
        )

    def _pair(self, tensors: tuple[Tensor, ...], second: str) -> Second:
        """What the second of two is, unless the batch speaks against the usual reading."""
        first, other = tensors
        if len(self._x) < _ENOUGH or second != "auto":
            return "logvar"
        errors = [self._error(first), self._error(other)]
        mean_image = float(squared_error(self._x, self._x.mean(dim=0, keepdim=True).expand_as(self._x)).mean())
        if _CLEARLY * errors[1] < min(errors[0], mean_image):
            raise UsageError(
                f"codes from the second output reconstruct the example better than those from the first "
                f"(squared error {errors[1]:.4g} against {errors[0]:.4g}): the two look swapped",
                hint="give encode=lambda x: model.encode(x)[::-1] if they are, or say second='logvar' if not",
            )
        reading = second_of(first, other)
        positive = bool((other > 0).all())  # deviations and variances are; log variances above 0 everywhere are not
        if reading.second != "logvar" and (reading.decided or positive):
            raise UsageError(
                f"the second output of encode does not look like a log variance: {reading.source}; {reading.runner_up}",
                hint=f"say what it is: second={reading.second!r}, or second='logvar' if it is that",
            )
        return "logvar"

    def _error(self, codes: Tensor) -> float:
        x_hat = finished(self._decoded(codes), self._base.output, (0.0, 1.0), self._base.input_range)
        return float(squared_error(self._x, x_hat).mean())

    def _fits(self, codes: Tensor) -> bool:
        try:
            self._decoded(torch.zeros_like(codes))
        except UsageError:
            return False
        return True

    def _decoded(self, z: Tensor) -> Tensor:
        try:
            x_hat = self.core(tuple(z.shape[1:])).decoded(z, self._labels)
        except UsageError:
            raise
        except Exception as error:
            raise UsageError(
                f"decode fails on codes {tuple(z.shape)}: {type(error).__name__}: {printable(error, limit=160)}",
                hint="give decode=, a function of codes (and labels) that returns the decoded batch",
            ) from error
        if x_hat.shape != self._x.shape:
            raise UsageError(
                f"expected decode to give data of shape {tuple(self._x.shape)}, found {tuple(x_hat.shape)}",
                hint="give decode=lambda z: ..., with its result brought to the shape of the data",
            )
        return x_hat
