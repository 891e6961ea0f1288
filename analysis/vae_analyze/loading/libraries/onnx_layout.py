"""How an ONNX graph lays out samples: channels first or last, flat, or without a channel axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, final

from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.settling.evidence import Evidence

Layout = Literal["as data", "flat", "channels last", "no channels"]
Dims = tuple[int | None, ...]
_CHANNELS = (1, 2, 3, 4)
_SMALLEST_SIDE = 8


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class DataShape:
    """The shape of one sample and how the graph wants it.

    Args:
        shape: As data have it, images ``(c, h, w)``.
        layout: As the graph has it.
        source: Where the shape comes from.
    """

    shape: tuple[int, ...]
    layout: Layout
    source: str


def data_shape(dims: Dims, decoded: Dims, evidence: Evidence | None) -> DataShape:
    """The shape of the samples that an encoder takes.

    Args:
        dims: Of the encoder's input, without the batch axis; None where any size is accepted.
        decoded: Of the decoder's output, likewise.
        evidence: The person's data, if any.

    Raises:
        CheckpointError: The graph leaves sizes open and there are no data to take them from.
    """
    data = None if evidence is None else evidence.shape
    if data is not None and _fits(data, dims):
        as_images_last = len(data) == 3 and _fits_better_last(data, dims)
        if not as_images_last:
            return DataShape(shape=data, layout="as data", source="the data, which fit the graph")
    if len(dims) == 1:
        return _flat(dims[0], decoded, data)
    if len(dims) == 3:
        return _image(dims, decoded, data)
    if len(dims) == 2 and (data is None or len(data) == 3):
        height, width = _filled(dims, data[1:] if data else (None, None))
        return DataShape(shape=(1, height, width), layout="no channels", source="the encoder's input")
    return DataShape(shape=_filled(dims, data or (None,) * len(dims)), layout="as data", source="the encoder's input")


def arranged(x: Tensor, layout: Layout) -> Tensor:
    """Samples as data have them, as a graph wants them."""
    if layout == "flat":
        return x.flatten(1)
    if layout == "channels last":
        return x.movedim(1, -1)
    return x[:, 0] if layout == "no channels" else x


def restored(answer: Tensor, shape: tuple[int, ...]) -> Tensor:
    """What a graph gives, in the shape of data; channels last where that is the only way in which it fits."""
    found = tuple(answer.shape[1:])
    if len(shape) == 3 and found != shape and found == (*shape[1:], shape[0]):
        return answer.movedim(-1, 1)
    return answer.reshape(len(answer), *shape)


def _fits(shape: tuple[int, ...], dims: Dims) -> bool:
    return len(shape) == len(dims) and all(size in (None, found) for size, found in zip(dims, shape, strict=True))


def _fits_better_last(data: tuple[int, ...], dims: Dims) -> bool:
    """Whether only the sizes given say channels last: an open axis says nothing."""
    last = (*data[1:], data[0])
    return _fits(last, dims) and _stated(last, dims) > _stated(data, dims)


def _stated(shape: tuple[int, ...], dims: Dims) -> int:
    return sum(size == found for size, found in zip(dims, shape, strict=True))


def _flat(width: int | None, decoded: Dims, data: tuple[int, ...] | None) -> DataShape:
    if data is not None and (width is None or math.prod(data) == width):
        return DataShape(shape=data, layout="flat", source="the data, flattened")
    image = _known_image(decoded)
    if image is not None and width in (None, math.prod(image)):
        return DataShape(shape=image, layout="flat", source="the decoder's output")
    if width is None:
        raise _open_sizes()
    for channels in data[:1] if data is not None and len(data) == 3 else (1,):
        side = math.isqrt(width // channels)
        if channels * side * side == width and side >= _SMALLEST_SIDE and (data is None or len(data) == 3):
            shape = (channels, side, side)
            return DataShape(shape=shape, layout="flat", source=f"{width} inputs make square images")
    return DataShape(shape=(width,), layout="as data", source="the encoder's input")


def _known_image(dims: Dims) -> tuple[int, int, int] | None:
    if len(dims) != 3:
        return None
    first, second, third = dims
    if first is None or second is None or third is None:
        return None
    return (third, first, second) if first not in _CHANNELS and third in _CHANNELS else (first, second, third)


def _image(dims: Dims, decoded: Dims, data: tuple[int, ...] | None) -> DataShape:
    first, third = dims[0], dims[2]
    channels = data[0] if data is not None and len(data) == 3 else None
    if channels is not None and first != third and channels in (first, third):
        last = channels == third
    else:
        last = first not in (*_CHANNELS, None) and third in _CHANNELS
    sizes = (third, *dims[:2]) if last else dims
    guide = data if data is not None and len(data) == 3 else _known_image(decoded) or (None, None, None)
    layout: Layout = "channels last" if last else "as data"
    return DataShape(shape=_filled(sizes, guide), layout=layout, source="the encoder's input")


def _filled(dims: Dims, guide: Dims) -> tuple[int, ...]:
    """Open sizes taken from data or the decoder."""
    found = tuple(size or open_size for size, open_size in zip(dims, guide, strict=True))
    known = tuple(size for size in found if size is not None)
    if len(known) < len(found):
        raise _open_sizes()
    return known


def _open_sizes() -> CheckpointError:
    return CheckpointError(
        "the encoder takes samples of any size, and nothing says which",
        hint="name the data with --data to take theirs, or write an adapter file (--adapter FILE.py)",
    )
