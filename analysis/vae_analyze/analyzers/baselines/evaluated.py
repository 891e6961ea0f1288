"""What the model, and the other one, make of the compared samples: reconstructions, and what is left of noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.baselines.compared import noisy
from vae_analyze.metrics import mean_squared_difference

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Batch, Context
    from vae_analyze.analyzers.baselines.against import Against
    from vae_analyze.analyzers.baselines.compared import Compared

Floats = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Errors:
    """Squared errors per sample, mean over features, ``(n,)`` each.

    Args:
        reconstruction: Of a sample from its code.
        denoising: Of a sample from the code of it with noise.
    """

    reconstruction: Floats
    denoising: Floats


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Evaluated:
    """Both models on the compared samples.

    Args:
        x: The samples, ``(n, D)`` on the CPU.
        reconstructions: Of the model, likewise.
        model: Its errors.
        noise: Squared error of the noisy samples themselves, ``(n,)``.
        against: Errors of the other model, or None.
        against_codes: Its codes, ``(n, d')``, or None.
    """

    x: Tensor
    reconstructions: Tensor
    model: Errors
    noise: Floats
    against: Errors | None
    against_codes: Floats | None


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Of some samples."""

    x: Tensor
    reconstruction: Tensor
    errors: tuple[Tensor, ...]
    codes: Tensor | None


def evaluated(context: Context, compared: Compared, other: Against | None, noise: float) -> Evaluated:
    """Evaluate both models, a few samples at a time.

    The codes of the samples are those of the pass; only noisy ones are encoded.
    """
    foreign = None if other is None or other.same else other
    pieces = [_piece(context, compared, rows, foreign, noise) for rows in compared.pieces()]
    columns = [torch.cat(parts).numpy() for parts in zip(*(piece.errors for piece in pieces), strict=True)]
    model = Errors(columns[0], columns[1])
    codes = [piece.codes for piece in pieces if piece.codes is not None]
    against, against_codes = None, None
    if foreign is not None:
        against, against_codes = Errors(columns[3], columns[4]), torch.cat(codes).double().numpy()
    elif other is not None:  # the same model a second time would only add rounding
        against, against_codes = model, compared.flat
    return Evaluated(
        x=torch.cat([piece.x for piece in pieces]),
        reconstructions=torch.cat([piece.reconstruction for piece in pieces]),
        model=model,
        noise=columns[2],
        against=against,
        against_codes=against_codes,
    )


def _piece(context: Context, compared: Compared, rows: slice, other: Against | None, noise: float) -> _Piece:
    batch = context.read(compared.index[rows])
    x_hat = batch.decode(torch.from_numpy(compared.codes[rows]).to(batch.x))
    added = noisy(batch, context, noise)
    denoised = batch.decode(batch.encode(added).mean)
    made = [x_hat, denoised, added]
    codes = None
    if other is not None:
        codes, *more = _foreign(other, batch, added, compared.given(rows))
        made += more
    return _Piece(
        x=batch.x.flatten(start_dim=1).cpu(),
        reconstruction=x_hat.flatten(start_dim=1).cpu(),
        errors=tuple(mean_squared_difference(one, batch.x) for one in made),
        codes=codes,
    )


def _foreign(other: Against, batch: Batch, added: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Codes, reconstructions and denoised samples of the other model."""
    codes = other.encode(batch.x, labels)
    denoised = other.decode(other.encode(added, labels), labels)
    return codes.flatten(start_dim=1).cpu(), other.decode(codes, labels), denoised
