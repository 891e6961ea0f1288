"""The bytes of a file for a live model: weights with a card, programs, or TorchScript."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze._version import __version__
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.registry import Network, name_of
from vae_analyze.loading.card import Likelihood
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.own_files.own import own_bytes
from vae_analyze.loading.own_files.own_card import Expected, OwnCard
from vae_analyze.loading.own_files.plain_card import shown
from vae_analyze.loading.own_files.program import program_bytes
from vae_analyze.loading.own_files.program_card import CARD_RECORD, ProgramCard
from vae_analyze.loading.own_files.torchscript import KIND as SCRIPT
from vae_analyze.loading.own_files.torchscript_guard import random_operators
from vae_analyze.loading.programs.exporting import export
from vae_analyze.loading.verifying.subject import Subject
from vae_analyze.strict_json import clean

_SEED = 20264


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What a person states of a model.

    Args:
        name: What to call it.
        data: Spec of the training data.
        likelihood: p(x | z).
        said: Description, objective, command, licence, seed, epochs, by name.
        details: Whatever else.
        expected: Numbers to expect.
    """

    name: str
    data: str
    likelihood: Likelihood
    said: dict[str, Any]
    details: dict[str, Any] = field(default_factory=dict)
    expected: Expected | None = None


def weights_of(network: Network, stated: Stated, *, safetensors: bool) -> bytes:
    """The file of a network of ours."""
    card = OwnCard(
        name=stated.name,
        architecture=name_of(network),
        options=network.options.to_plain(),
        data=stated.data,
        expected=stated.expected,
        details=shown(clean(stated.details)),
        **stated.said,
    )
    return own_bytes(network, card, container="safetensors" if safetensors else "torch")


def program_of(subject: Subject, stated: Stated) -> bytes:
    """The file of a model whose encoder and decoder are exported for any batch size.

    Raises:
        CheckpointError: They cannot be.
    """
    x, z, labels = _drawn(subject)
    encode = export(_Encode(subject), (x, *labels), what="encode")
    decode = export(_Decode(subject), (z, *labels), what="decode")
    return program_bytes(_card(subject, stated), encode.renamed(_short), decode.renamed(_short))


def script_of(subject: Subject, stated: Stated) -> bytes:
    """The file of a model whose encoder and decoder are traced by TorchScript.

    Raises:
        CheckpointError: They cannot be, or draw random numbers.
    """
    x, z, labels = _drawn(subject)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            traced: Any = torch.jit.trace_module(  # type: ignore[no-untyped-call]  # torch does not annotate it
                _Both(subject), {"encode": (x, *labels), "decode": (z, *labels)}, check_trace=False, _store_inputs=False
            )
        except Exception as error:  # tracing a foreign network raises almost anything
            raise CheckpointError(
                f"the model cannot be traced: {type(error).__name__}: {printable(error, limit=300)}",
                hint="try kind='program'",
            ) from error
        drawn = random_operators(traced, ("encode", "decode"))
        if drawn:
            raise CheckpointError(
                f"the model draws random numbers ({listing(list(drawn))}) on the way to its codes or data",
                hint="use kind='program', which keeps only what the result needs, or give encode= and decode= without",
            )
        buffer = io.BytesIO()
        extra = {CARD_RECORD: _card(subject, stated).to_json(SCRIPT).decode()}
        torch.jit.save(traced, buffer, _extra_files=extra)
    return buffer.getvalue()


def _card(subject: Subject, stated: Stated) -> ProgramCard:
    said = {name: value for name, value in stated.said.items() if value}
    return ProgramCard(
        name=stated.name,
        architecture=subject.architecture,
        input_shape=tuple(subject.x.shape[1:]),
        latent_shape=subject.latent_shape,
        data=stated.data,
        likelihood=stated.likelihood,
        deterministic=subject.deterministic,
        classes=subject.classes,
        parameters=subject.parameters,
        made_with={"vae-analyze": __version__, "torch": str(torch.__version__)},
        details=shown(clean({**stated.details, **said})),
    )


def _drawn(subject: Subject) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """Made-up samples, codes and labels to trace with: no person's data get into a file."""
    generator = torch.Generator().manual_seed(_SEED)
    n = 3  # not 1 and not 2: tracing takes such a size for a fixed one
    x = torch.rand(n, *subject.x.shape[1:], generator=generator).to(subject.x)
    z = torch.randn(n, *subject.latent_shape, generator=generator).to(subject.x)
    labels = () if subject.labels is None else (subject.labels[:n].clone(),)
    return x, z, labels


def _short(name: str) -> str:
    return name.removeprefix("subject.core.parts.")


@final
class _Encode(nn.Module):
    """The encoder as one function of tensors."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject.model
        self._whole = (subject,)  # in a tuple, so that only the model is registered

    def forward(self, x: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
        """The mean and the log variance, or the mean alone."""
        posterior = self._whole[0].vae(labels).encode(x)
        return (posterior.mean,) if self._whole[0].deterministic else (posterior.mean, posterior.logvar)


@final
class _Decode(nn.Module):
    """The decoder as one function of tensors."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject.model
        self._whole = (subject,)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Data."""
        return self._whole[0].vae(labels).decode(z)


@final
class _Both(nn.Module):
    """Encoder and decoder as methods of one module."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        self.subject = subject.model
        self._whole = (subject,)

    def encode(self, x: Tensor, labels: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        """The mean and the log variance, or the mean alone."""
        posterior = self._whole[0].vae(labels).encode(x)
        return posterior.mean if self._whole[0].deterministic else (posterior.mean, posterior.logvar)

    def decode(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Data."""
        return self._whole[0].vae(labels).decode(z)
