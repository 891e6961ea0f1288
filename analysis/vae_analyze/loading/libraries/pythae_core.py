"""A pythae model as a core: its encoder and its decoder, called apart and without drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.extras import said
from vae_analyze.loading.libraries.pythae_classes import Code
from vae_analyze.loading.options import LoadOptions

_SECOND = "log_covariance"


@final
class PythaeCore(nn.Module):
    """Encoder, decoder and table of codes of a pythae model.

    Args:
        parts: "encoder", "decoder" and, for discrete codes, "quantizer".
        code: What it encodes to.
        input_shape: Shape of one sample as data have it.
        own_shape: Shape of one sample as the networks take it.
        latent_shape: Shape of one code.
    """

    def __init__(
        self,
        parts: nn.ModuleDict,
        code: Code,
        *,
        input_shape: tuple[int, ...],
        own_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
    ) -> None:
        super().__init__()
        self.parts = parts
        self.code = code
        self._input_shape = input_shape
        self._own_shape = own_shape
        self._latent_shape = latent_shape

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample as data have it."""
        return self._input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self._latent_shape

    def outputs(self, x: Tensor, _labels: Tensor | None = None, /) -> tuple[Tensor, ...]:
        """Means and log variances, or the code alone, of ``(n, *input_shape)``."""
        return encoded(self.parts, self.code, x.reshape(len(x), *self._own_shape))

    def decoded(self, z: Tensor, _labels: Tensor | None = None, /) -> Tensor:
        """What the decoder gives for ``(n, *latent_shape)``."""
        return decoded(self.parts, self.code, z).reshape(len(z), *self._input_shape)


def encoded(parts: nn.ModuleDict, code: Code, x: Tensor) -> tuple[Tensor, ...]:
    """What the encoder gives for samples in the networks' own shape."""
    found: Any = parts["encoder"](x)
    mean: Tensor = found["embedding"]
    return (mean, found[_SECOND]) if code == "gaussian" else (mean,)


def decoded(parts: nn.ModuleDict, code: Code, z: Tensor) -> Tensor:
    """What the decoder gives for codes, replaced by their nearest in the table where there is one."""
    if code == "quantised":
        # As the library has it: of a vector, every number is looked up on its own.
        image = z.reshape(len(z), 1, 1, -1) if z.ndim == 2 else z
        z = parts["quantizer"](image.permute(0, 2, 3, 1))["quantized_vector"].reshape(z.shape)
    x_hat: Tensor = parts["decoder"](z)["reconstruction"]
    return x_hat


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Shapes:
    """Shapes of a sample, as data have it and as the networks take it, and of a code; where the first comes from."""

    data: tuple[int, ...]
    own: tuple[int, ...]
    code: tuple[int, ...]
    source: str


def shapes_of(parts: nn.ModuleDict, code: Code, config: dict[str, Any], options: LoadOptions, *, where: str) -> Shapes:
    """What shapes the networks take and give, by a probe of two samples.

    Raises:
        CheckpointError: They fail, or give something else than a model of pythae does.
    """
    stated = config.get("input_dim")
    data = options.evidence.shape if options.evidence is not None else ()
    if isinstance(stated, list):
        own = tuple(int(size) for size in stated)
        shape, source = _as_data_have_it(own, data)
    elif data:
        own, shape, source = data, data, "the data's own; the configuration states none"
    else:
        raise CheckpointError(
            f"{where} does not state the shape of its samples (input_dim), and its networks are custom ones",
            hint="name the data (--data), whose shape is then tried",
        )
    return Shapes(data=shape, own=own, code=_probed(parts, code, own, where=where), source=source)


def _as_data_have_it(own: tuple[int, ...], data: tuple[int, ...]) -> tuple[tuple[int, ...], str]:
    """Networks that take images flat, or without their one channel, are given images."""
    if len(data) != 3 or len(own) == 3:
        return own, "configuration: input_dim"
    side = math.isqrt(math.prod(own) // data[0])
    if math.prod(own) == math.prod(data):
        return data, f"the data's own; the configuration states {_by(own)}, as many numbers"
    if data[0] * side * side == math.prod(own):
        square = (data[0], side, side)
        return square, f"the data are images; the configuration states {_by(own)}, as many numbers as {_by(square)}"
    return own, "configuration: input_dim"


def _by(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _probed(parts: nn.ModuleDict, code: Code, own: tuple[int, ...], *, where: str) -> tuple[int, ...]:
    x = torch.zeros(2, *own)
    try:
        with torch.no_grad():
            found: Any = parts["encoder"](x)
    except Exception as error:
        raise CheckpointError(
            f"{where}: its encoder fails on samples of shape {own}: {said(error)}",
            hint="name data of the shape that it was trained on (--data)",
        ) from error
    _check_outputs(found, code, where=where)
    latent = tuple(found["embedding"].shape[1:])
    try:
        with torch.no_grad():
            x_hat = decoded(parts, code, found["embedding"])
    except Exception as error:
        raise CheckpointError(f"{where}: its decoder fails on codes of shape {latent}: {said(error)}") from error
    if x_hat.shape[0] != 2 or x_hat.numel() != x.numel():
        raise CheckpointError(
            f"{where}: expected the decoder to give samples of shape {own}, found {tuple(x_hat.shape[1:])}"
        )
    return latent


def _check_outputs(found: Any, code: Code, *, where: str) -> None:
    names = list(found) if isinstance(found, dict) else []
    wanted = ["embedding", _SECOND] if code == "gaussian" else ["embedding"]
    if not all(name in names and isinstance(found[name], Tensor) for name in wanted):
        raise CheckpointError(
            f"{where}: expected its encoder to give {' and '.join(wanted)}, found "
            f"{listing([printable(name) for name in names]) or printable(type(found).__name__)}",
            hint="for such a network write an adapter (--adapter FILE.py)",
        )
    shapes = {tuple(found[name].shape) for name in wanted}
    if len(shapes) > 1 or found["embedding"].ndim not in (2, 4) or len(found["embedding"]) != 2:
        raise CheckpointError(
            f"{where}: expected codes {' and '.join(wanted)} of one shape, found {sorted(shapes)} for 2 samples"
        )
