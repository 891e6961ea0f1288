"""Pictures in time: every column is a frame, the rows of one frame lie side by side."""

from __future__ import annotations

import base64
import io
import math
from html import escape
from typing import TYPE_CHECKING

from vae_analyze.findings import Figure, Pictures
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.sprite import image
from vae_analyze.reporting.text import printable
from vae_analyze.runs.layout import pictures_path

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from vae_analyze.runs.run import Run

FRAME_MS = 120
_SMALLEST_TILE = 64  # pixels; smaller pictures are magnified, since players blur them
_FORMATS = {"webp": "WEBP", "gif": "GIF"}


def draw(figure: Figure, prefix: str, room: int) -> Drawn:
    """The animation behind a disclosure: nothing moves before it is asked for, and closing it stops it."""
    del prefix  # nothing in it is referred to
    if figure.pictures is None or figure.pictures.pixels.size == 0:
        return Drawn("")
    kind = suffix(figure)
    content = encoded(figure.pictures, kind)
    rows = len(figure.pictures.row_labels)
    notes = (
        (f"In each frame {rows} pictures in reading order: {', '.join(figure.pictures.row_labels)}.",)
        if rows > 1
        else ()
    )
    if len(content) > room:
        return Drawn(
            "", (*notes, f"Too large for this page ({len(content)} bytes); it is a file of its own in the run folder.")
        )
    source = f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
    markup = (
        f"<details><summary>Play {len(figure.pictures.column_labels)} frames</summary>"
        f'<img src="{source}" alt="{escape(printable(figure.alt))}"></details>'
    )
    return Drawn(markup, notes, wide=True)


def write_animations(run: Run, folder: Path) -> None:
    """The animations of a run as files of their own, for slides and pages; beside the pictures they are made of."""
    for result in run.results:
        for figure in result.findings.figures:
            if figure.kind == "animation" and figure.pictures is not None and figure.pictures.pixels.size:
                path = folder / pictures_path(result.analyzer, figure.name).with_suffix(f".{suffix(figure)}")
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(encoded(figure.pictures, suffix(figure)))


def suffix(figure: Figure) -> str:
    """The file format that the figure asks for in its series: "gif", else "webp"."""
    return figure.series if figure.series in _FORMATS else "webp"


def encoded(pictures: Pictures, kind: str) -> bytes:
    """The frames there and back again, for ever, as a file."""
    frames = [_frame(pictures.pixels[:, column]) for column in range(pictures.pixels.shape[1])]
    cycle = frames + frames[-2:0:-1]
    buffer = io.BytesIO()
    cycle[0].save(
        buffer, _FORMATS[kind], save_all=True, append_images=cycle[1:], duration=FRAME_MS, loop=0, **_options(kind)
    )
    return buffer.getvalue()


def _options(kind: str) -> dict[str, bool | int]:
    return {"quality": 80, "method": 4} if kind == "webp" else {"optimize": True}


def _frame(tiles: NDArray[np.uint8]) -> Image:
    """Tiles ``(rows, h, w, c)`` in a grid about as wide as high."""
    import numpy as np

    rows, height, width, channels = tiles.shape
    scale = max(1, -(-_SMALLEST_TILE // max(height, width)))
    tiles = tiles.repeat(scale, axis=1).repeat(scale, axis=2)
    height, width = scale * height, scale * width
    across = math.ceil(math.sqrt(rows))
    down = -(-rows // across)
    grid = np.zeros((down * across, height, width, channels), dtype=np.uint8)
    grid[:rows] = tiles
    sheet = grid.reshape(down, across, height, width, channels).transpose(0, 2, 1, 3, 4)
    return image(np.ascontiguousarray(sheet.reshape(down * height, across * width, channels))).convert("RGB")
