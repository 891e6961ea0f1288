"""A few made-up samples sent through a model: does it answer in the right shapes, and always the same?

A model that is dear to ask is asked less: fewer samples; and of a convolutional one that says which smaller samples it
takes (``small_shapes`` of its core), small ones.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import chain
from typing import final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.settling.cost import budget_of, operations_of, small_shapes
from vae_analyze.vae import VAE, ConditionalVAE, DiagonalGaussian

_SAMPLES = 4
_FEWEST = 2  # that different inputs may give different answers
_PASSES = 3  # asked, asked again, asked for derivatives
_DEAR = 10  # budgets, from which on fewer samples do
_SEED = 20260


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """What a model did with uniform noise and standard normal codes.

    Args:
        deterministic: Every posterior is a point mass.
        gradients: Derivatives run through encode and decode.
        warnings: What looks wrong.
        digest: SHA-256 (hex) of the answers.
    """

    deterministic: bool
    gradients: bool
    warnings: tuple[str, ...]
    digest: str


def probe(model: VAE | ConditionalVAE) -> Probe:
    """Ask a model twice for the posteriors and decoded means of four samples, of two where they are dear.

    Raises:
        CheckpointError: It fails, or answers in shapes other than it states.
    """
    size = _size(model)
    vae = _bound(model, size.samples)
    x, z = _draws(model, size)
    with torch.no_grad():
        posterior = _posterior(vae, x, size.code)
        x_hat = _decoded(vae, z, size.sample)
        again, decoded_again = _posterior(vae, x, size.code), _decoded(vae, z, size.sample)
    warnings = _doubts(posterior, again) + _decoder_doubts(x_hat, decoded_again)
    return Probe(
        deterministic=bool((posterior.logvar == -torch.inf).all()),
        gradients=_differentiable(_bound(model, size.gradients), x[: size.gradients]),
        warnings=tuple(warnings),
        digest=_digest(posterior.mean, posterior.logvar, x_hat),
    )


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class _Size:
    """How much a model is asked: samples, those for derivatives, shapes of one sample and of its code."""

    samples: int
    gradients: int
    sample: tuple[int, ...]
    code: tuple[int, ...]


def _size(model: VAE | ConditionalVAE) -> _Size:
    sample, code = tuple(model.input_shape), tuple(model.latent_shape)
    cost = operations_of(model, lambda: _once(model), sample)
    budget = budget_of(model)
    small = small_shapes(model)
    if small is not None and cost * _PASSES * _SAMPLES > budget:
        return _Size(samples=_FEWEST, gradients=1, sample=small[0], code=small[1])
    if cost * _PASSES * _SAMPLES > _DEAR * budget:
        return _Size(samples=_FEWEST, gradients=1, sample=sample, code=code)
    return _Size(samples=_SAMPLES, gradients=_SAMPLES, sample=sample, code=code)


def _once(model: VAE | ConditionalVAE) -> None:
    x, z = _draws(model, _Size(samples=1, gradients=1, sample=tuple(model.input_shape), code=tuple(model.latent_shape)))
    vae = _bound(model, 1)
    vae.encode(x)
    vae.decode(z)


def _bound(model: VAE | ConditionalVAE, samples: int) -> VAE:
    if not isinstance(model, ConditionalVAE):
        return model
    return model.given(torch.zeros(samples, dtype=torch.int64, device=_place(model)[0]))


def _place(model: object) -> tuple[torch.device, torch.dtype]:
    if isinstance(model, nn.Module):
        for weight in chain(model.parameters(), model.buffers()):
            if weight.is_floating_point():
                return weight.device, weight.dtype
    return torch.device("cpu"), torch.float32


def _draws(model: VAE | ConditionalVAE, size: _Size) -> tuple[Tensor, Tensor]:
    device, dtype = _place(model)
    generator = torch.Generator().manual_seed(_SEED)
    x = torch.rand(size.samples, *size.sample, generator=generator)
    z = torch.randn(size.samples, *size.code, generator=generator)
    return x.to(device, dtype), z.to(device, dtype)


def _posterior(vae: VAE, x: Tensor, code: tuple[int, ...]) -> DiagonalGaussian:
    expected = (len(x), *code)
    try:
        posterior: object = vae.encode(
            x.clone()
        )  # some write to their input; foreign: what it states is not what it gives
    except Exception as error:
        raise CheckpointError(f"encode failed on {tuple(x.shape)}: {_said(error)}", hint=_HINT) from error
    if not isinstance(posterior, DiagonalGaussian):
        raise CheckpointError(
            f"expected encode to return a DiagonalGaussian, found {type(posterior).__name__}",
            hint="return DiagonalGaussian(mean, logvar) from vae_analyze.vae, or DiagonalGaussian.point(mean)",
        )
    if tuple(posterior.mean.shape) != expected:
        raise CheckpointError(f"expected codes of shape {expected}, found {tuple(posterior.mean.shape)}", hint=_HINT)
    return posterior


def _decoded(vae: VAE, z: Tensor, sample: tuple[int, ...]) -> Tensor:
    expected = (len(z), *sample)
    try:
        x_hat: object = vae.decode(z.clone())
    except Exception as error:
        raise CheckpointError(f"decode failed on {tuple(z.shape)}: {_said(error)}", hint=_HINT) from error
    if not isinstance(x_hat, Tensor) or tuple(x_hat.shape) != expected:
        found = tuple(x_hat.shape) if isinstance(x_hat, Tensor) else type(x_hat).__name__
        raise CheckpointError(f"expected decoded data of shape {expected}, found {found}", hint=_HINT)
    return x_hat


_HINT = "input_shape and latent_shape must be those of one sample and one code, without the batch axis"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {printable(error, limit=200)}"


def _doubts(posterior: DiagonalGaussian, again: DiagonalGaussian) -> list[str]:
    found = []
    mean, logvar = posterior.mean.float(), posterior.logvar.float()
    point = logvar == -torch.inf
    if not bool(torch.isfinite(mean).all() and (torch.isfinite(logvar) | point).all()):
        return ["encode gives NaN or infinity on uniform noise in [0, 1]"]
    if not bool(torch.allclose(mean, again.mean.float(), rtol=1e-4, atol=1e-5)):
        found.append("encode gives other means for the same input when asked twice: the model draws random numbers")
    if bool((mean - mean[:1]).abs().max() <= 1e-6 * (1 + mean.abs().max())):
        found.append("encode gives the same means for different inputs: the codes carry nothing")
    return found


def _decoder_doubts(x_hat: Tensor, again: Tensor) -> list[str]:
    values = x_hat.float()
    if not bool(torch.isfinite(values).all()):
        return ["decode gives NaN or infinity on standard normal codes"]
    found = []
    if not bool(torch.allclose(values, again.float(), rtol=1e-4, atol=1e-5)):
        found.append("decode gives other data for the same code when asked twice: the model draws random numbers")
    if bool((values - values[:1]).abs().max() <= 1e-6 * (1 + values.abs().max())):
        found.append("decode gives the same data for different codes: it ignores them")
    return found


def _differentiable(vae: VAE, x: Tensor) -> bool:
    with torch.enable_grad():
        try:
            mean = vae.encode(x.detach().clone().requires_grad_()).mean
            return bool(mean.requires_grad and vae.decode(mean).requires_grad)
        except Exception:  # noqa: BLE001 - a foreign model that refuses gradients may say so in any way
            return False


def _digest(*answers: Tensor) -> str:
    digest = hashlib.sha256()
    for answer in answers:
        digest.update(answer.detach().double().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
