"""Pictures as one image that a page embeds once and cuts into tiles."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, final

from vae_analyze.findings import Pictures
from vae_analyze.reporting.text import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

LARGEST_TILE = 128
LARGEST_SPRITE = 400_000  # bytes; above, colours are stored with loss
LARGEST_SIDE = 16_000  # pixels; WebP ends at 16383
_QUALITIES = (85, 60, 35, 15)


@final
@dataclass(frozen=True, slots=True)
class Sprite:
    """All pictures of a figure in one image.

    Args:
        id: Of the image on the page.
        markup: Embeds it once, unseen.
        tile: Height and width of one picture in it, in pixels.
        notes: What was changed for want of room.
    """

    id: str
    markup: str
    tile: tuple[int, int]
    notes: tuple[str, ...]

    def cut(self, row: int, column: int, size: tuple[int, int]) -> str:
        """One tile as SVG, shown at ``size``, width and height in CSS pixels."""
        height, width = self.tile
        box = f"{column * width} {row * height} {width} {height}"
        return f'<svg width="{size[0]}" height="{size[1]}" viewBox="{box}"><use href="#{self.id}"/></svg>'


def sprite(pictures: Pictures, prefix: str, room: int) -> Sprite:
    """Embed pictures as WebP (PNG where Pillow lacks WebP), without loss where ``room`` bytes are enough."""
    pixels, notes = _reduced(pictures.pixels)
    source, lossy = _encoded(pixels, room)
    if lossy:
        notes = (*notes, "Stored with a little loss to keep the page small.")
    rows, columns, height, width, _ = pixels.shape
    markup = (
        f'<svg class="sprite" width="0" height="0" aria-hidden="true"><defs><image id="{prefix}-s" '
        f'width="{columns * width}" height="{rows * height}" href="{source}"/></defs></svg>'
    )
    return Sprite(f"{prefix}-s", markup, (height, width), notes)


def label(name: str) -> str:
    """A name as markup, whatever it is made of."""
    return f"<bdi>{escape(printable(name))}</bdi>"


def _reduced(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Large pictures made smaller: a tile is never shown larger than `LARGEST_TILE`."""
    import numpy as np
    from PIL import Image

    rows, columns, height, width, channels = pixels.shape
    limit = min(LARGEST_TILE, LARGEST_SIDE // max(rows, columns))
    largest = max(height, width)
    if largest <= limit:
        return pixels, ()
    size = (max(1, width * limit // largest), max(1, height * limit // largest))
    flat = [
        np.asarray(image(tile).resize(size, Image.Resampling.LANCZOS))
        for tile in pixels.reshape(-1, height, width, channels)
    ]
    small = np.stack(flat).reshape(rows, columns, size[1], size[0], channels)
    return small.astype(np.uint8), (f"Shown at {size[1]} by {size[0]} pixels, reduced from {height} by {width}.",)


def _encoded(pixels: NDArray[np.uint8], room: int) -> tuple[str, bool]:
    """A data URI of the whole grid, and whether anything was lost."""
    from PIL import features

    rows, columns, height, width, channels = pixels.shape
    sheet = image(pixels.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels))
    if not features.check("webp"):
        return data_uri(sheet, "PNG", optimize=True), False
    found = data_uri(sheet.convert("RGB"), "WEBP", lossless=True, quality=100, method=4)
    if len(found) <= room:
        return found, False
    for quality in _QUALITIES:
        found = data_uri(sheet.convert("RGB"), "WEBP", quality=quality, method=4)
        if len(found) <= room:
            break
    return found, True


def image(pixels: NDArray[np.uint8]) -> Image:
    """A picture ``(h, w, 1 or 3)`` for Pillow."""
    from PIL import Image

    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def data_uri(picture: Image, kind: str, **options: bool | int) -> str:
    """A picture as a text that stands where an address would."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
