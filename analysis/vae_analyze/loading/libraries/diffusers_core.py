"""An autoencoder of diffusers as a core: what it encodes to and decodes, nothing drawn and nothing rounded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.libraries.diffusers_classes import Kind
from vae_analyze.loading.libraries.extras import said
from vae_analyze.loading.options import LoadOptions

_SMALL = 2  # places of the code along each side
_UNSAID = 8  # places of the code along each side, where neither data nor configuration say a size


@final
class DiffusersCore(nn.Module):
    """Encoder and decoder of a diffusers model, called apart: some models' ``forward`` rounds or draws between the two.

    Means and log variances are the library's own, log variances bounded to [-30, 20] as it does; its scaling and shift
    of latents for diffusion are no part of encoding and decoding.

    Args:
        model: Loaded by the library.
        kind: Of its class.
        input_shape: Images that it is to take, ``(c, h, w)``.
        latent_shape: Codes that belong to them.
    """

    def __init__(
        self, model: nn.Module, kind: Kind, *, input_shape: tuple[int, ...], latent_shape: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.model: Any = model
        self.kind = kind
        self._input_shape = input_shape
        self._latent_shape = latent_shape

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one image."""
        return self._input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code, ``(channels, h, w)``."""
        return self._latent_shape

    @property
    def small_shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shapes of a small image that it takes as well, and of its code: for questions that any image answers."""
        (channels, height, width), (latents, rows, columns) = self._input_shape, self._latent_shape
        few = (min(rows, _SMALL), min(columns, _SMALL))
        return (channels, few[0] * height // rows, few[1] * width // columns), (latents, *few)

    def outputs(self, x: Tensor, _labels: Tensor | None = None, /) -> tuple[Tensor, ...]:
        """Means and log variances, or the code alone, of ``(n, *input_shape)`` in [-1, 1]."""
        return _encoded(self.model, self.kind, x)

    def decoded(self, z: Tensor, _labels: Tensor | None = None, /) -> Tensor:
        """Images in [-1, 1] of ``(n, *latent_shape)``; quantised first where the model does that."""
        return _decoded(self.model, z)


def _encoded(model: Any, kind: Kind, x: Tensor) -> tuple[Tensor, ...]:
    if kind.code == "gaussian":
        posterior = model.encode(x, return_dict=False)[0]
        return posterior.mean, posterior.logvar
    return (model.encode(x, return_dict=False)[0],)


def _decoded(model: Any, z: Tensor) -> Tensor:
    decoded: Tensor = model.decode(z, return_dict=False)[0]
    return decoded


@final
@dataclass(frozen=True, slots=True)
class Shapes:
    """Shapes of one image and one code, and where the first comes from."""

    image: tuple[int, ...]
    code: tuple[int, ...]
    source: str


def shapes_of(model: nn.Module, kind: Kind, options: LoadOptions, *, where: str) -> Shapes:
    """The image size to use and the shape of its code, by a probe of one small image.

    The networks are convolutional: they take every size that halves evenly. The data's own size goes first, because
    a resize changes what is measured; then the size that the configuration states.

    Raises:
        CheckpointError: No size fits, or the model does not decode to what it encodes.
    """
    config: dict[str, Any] = dict(model.config)  # type: ignore[arg-type]  # a foreign module's own attribute
    factor, channels = kind.factor(config), int(config["in_channels"])
    size, source = _size(config, options, channels=channels, factor=factor, where=where)
    code = _probed(model, kind, channels=channels, factor=factor, where=where)
    return Shapes((channels, *size), (code, size[0] // factor, size[1] // factor), source)


def _size(
    config: dict[str, Any], options: LoadOptions, *, channels: int, factor: int, where: str
) -> tuple[tuple[int, int], str]:
    stated = config.get("sample_size")
    sizes = list(stated) if isinstance(stated, (list, tuple)) else [stated] * 2 if stated else []
    if not all(isinstance(side, int) for side in sizes):
        raise CheckpointError(
            f"{where}: field 'sample_size': expected one or two whole numbers, found {printable(stated)}",
            hint="the file is damaged or was edited by hand; get it again",
        )
    said_size = (
        f"the configuration states {sizes[0]}x{sizes[1]}" if len(sizes) == 2 else "the configuration states none"
    )
    data = options.evidence.shape if options.evidence is not None else ()
    if len(data) == 3 and data[0] == channels and not data[1] % factor and not data[2] % factor:
        return (data[1], data[2]), f"the data's own size; {said_size}"
    if len(sizes) == 2 and all(side > 0 and side % factor == 0 for side in sizes):
        return (sizes[0], sizes[1]), "configuration: sample_size"
    if len(data) == 3 or sizes:
        found = f"images of {data[1]}x{data[2]}" if len(data) == 3 else f"a sample size of {stated}"
        raise CheckpointError(
            f"{where} makes {factor}x{factor} pixels one place of its code: expected height and width to be multiples "
            f"of {factor}, found {found}; {said_size}",
            hint=f"use images whose sides are multiples of {factor}",
        )
    return (_UNSAID * factor, _UNSAID * factor), "none is stated: any multiple fits, the data decide"


def _probed(model: nn.Module, kind: Kind, *, channels: int, factor: int, where: str) -> int:
    """Channels of the code, from an image of 2 by 3 places: unlike sides show that both are halved alike."""
    image = torch.zeros(1, channels, 2 * factor, 3 * factor)
    try:
        with torch.no_grad():
            code = _encoded(model, kind, image)[0]
            decoded = _decoded(model, code)
    except Exception as error:
        raise CheckpointError(
            f"{where} fails on an image of {tuple(image.shape[1:])}: {said(error)}",
            hint="the configuration does not describe an autoencoder of images",
        ) from error
    if code.ndim != 4 or tuple(code.shape[2:]) != (2, 3):
        raise CheckpointError(
            f"{where}: expected an image of {tuple(image.shape[1:])} to give a code of 2x3 places, found a code of "
            f"{tuple(code.shape[1:])}"
        )
    if decoded.shape != image.shape:
        raise CheckpointError(
            f"{where}: expected decoded images of {tuple(image.shape[1:])}, like those encoded, found "
            f"{tuple(decoded.shape[1:])}",
            hint="it translates between two kinds of images, and an analysis compares like with like",
        )
    return int(code.shape[1])
