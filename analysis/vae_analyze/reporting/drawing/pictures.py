"""A grid of pictures: one sprite, cut by the page, with its labels as a table's headers."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

from vae_analyze.findings import Figure, Pictures
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.text import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

LARGEST_TILE = 128
LARGEST_SPRITE = 400_000  # bytes; above, colours are stored with loss
LARGEST_SIDE = 16_000  # pixels; WebP ends at 16383
PAGE_WIDTH, LABEL_WIDTH, GAP = 1000, 150, 4  # CSS pixels
LARGEST_SHOWN, COARSE, LARGEST_COARSE_SHOWN, SMALLEST_SHOWN = 128, 48, 88, 40


def draw(figure: Figure, prefix: str) -> Drawn:
    """A table of tiles; the sprite is embedded once as WebP (PNG where Pillow lacks WebP)."""
    if figure.pictures is None or figure.pictures.pixels.size == 0:
        return Drawn("")
    pixels, notes = _reduced(figure.pictures.pixels)
    source, lossy = _encoded(pixels)
    if lossy:
        notes = (*notes, "Stored with a little loss to keep the page small.")
    rows, columns, height, width, _ = pixels.shape
    sprite = (
        f'<svg class="sprite" width="0" height="0" aria-hidden="true"><defs><image id="{prefix}-s" '
        f'width="{columns * width}" height="{rows * height}" href="{source}"/></defs></svg>'
    )
    body = _table(figure.pictures, prefix, (height, width), figure.alt)
    return Drawn(sprite + body, notes, wide=True)


def _table(pictures: Pictures, prefix: str, tile: tuple[int, int], alt: str) -> str:
    height, width = tile
    scale = _shown_size(max(tile), len(pictures.column_labels)) / max(tile)
    size = (round(scale * width), round(scale * height))
    total = LABEL_WIDTH + len(pictures.column_labels) * (size[0] + GAP)
    columns = f'<col width="{LABEL_WIDTH}"><col span="{len(pictures.column_labels)}" width="{size[0] + GAP}">'
    head = "".join(f'<th scope="col">{_label(name)}</th>' for name in pictures.column_labels)
    lines = []
    for row, name in enumerate(pictures.row_labels):
        cells = "".join(
            f'<td><svg width="{size[0]}" height="{size[1]}" viewBox="{column * width} {row * height} {width} {height}">'
            f'<use href="#{prefix}-s"/></svg></td>'
            for column in range(len(pictures.column_labels))
        )
        lines.append(f'<tr><th scope="row">{_label(name)}</th>{cells}</tr>')
    return (
        f'<table class="tiles" width="{total}" role="img" aria-label="{escape(printable(alt))}">'
        f"<colgroup>{columns}</colgroup><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _shown_size(largest: int, columns: int) -> int:
    """CSS pixels of a tile's longer side: a whole multiple of its pixels where there is room for one."""
    room = min(LARGEST_SHOWN if largest >= COARSE else LARGEST_COARSE_SHOWN, PAGE_WIDTH // columns)
    room = max(room, SMALLEST_SHOWN)
    return room // largest * largest if room >= largest else room


def _label(name: str) -> str:
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
        np.asarray(_image(tile).resize(size, Image.Resampling.LANCZOS))
        for tile in pixels.reshape(-1, height, width, channels)
    ]
    small = np.stack(flat).reshape(rows, columns, size[1], size[0], channels)
    return small.astype(np.uint8), (f"Shown at {size[1]} by {size[0]} pixels, reduced from {height} by {width}.",)


def _encoded(pixels: NDArray[np.uint8]) -> tuple[str, bool]:
    """A data URI of the whole grid, and whether anything was lost."""
    from PIL import features

    rows, columns, height, width, channels = pixels.shape
    sheet = _image(pixels.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels))
    if not features.check("webp"):
        return _data_uri(sheet, "PNG", optimize=True), False
    exact = _data_uri(sheet.convert("RGB"), "WEBP", lossless=True, quality=100, method=4)
    if len(exact) <= LARGEST_SPRITE:
        return exact, False
    return _data_uri(sheet.convert("RGB"), "WEBP", quality=85, method=4), True


def _image(pixels: NDArray[np.uint8]) -> Image:
    from PIL import Image

    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _data_uri(image: Image, kind: str, **options: bool | int) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
