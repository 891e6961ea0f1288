"""A grid of pictures: one sprite, cut by the page, with its labels as a table's headers."""

from __future__ import annotations

from html import escape

from vae_analyze.findings import Figure, Pictures
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.sprite import Sprite, label, sprite
from vae_analyze.reporting.text import printable

PAGE_WIDTH, LABEL_WIDTH, GAP = 1000, 150, 4  # CSS pixels
LARGEST_SHOWN, COARSE, LARGEST_COARSE_SHOWN, SMALLEST_SHOWN = 128, 48, 88, 40


def draw(figure: Figure, prefix: str, room: int) -> Drawn:
    """A table of tiles."""
    if figure.pictures is None or figure.pictures.pixels.size == 0:
        return Drawn("")
    sheet = sprite(figure.pictures, prefix, room)
    return Drawn(sheet.markup + _table(figure.pictures, sheet, figure.alt), sheet.notes, wide=True)


def _table(pictures: Pictures, sheet: Sprite, alt: str) -> str:
    size = shown(sheet.tile, len(pictures.column_labels))
    total = LABEL_WIDTH + len(pictures.column_labels) * (size[0] + GAP)
    columns = f'<col width="{LABEL_WIDTH}"><col span="{len(pictures.column_labels)}" width="{size[0] + GAP}">'
    head = "".join(f'<th scope="col">{label(name)}</th>' for name in pictures.column_labels)
    lines = [
        f'<tr><th scope="row">{label(name)}</th>{tiles(pictures, sheet, row, size)}</tr>'
        for row, name in enumerate(pictures.row_labels)
    ]
    return (
        f'<table class="tiles" width="{total}" role="img" aria-label="{escape(printable(alt))}">'
        f"<colgroup>{columns}</colgroup><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def tiles(pictures: Pictures, sheet: Sprite, row: int, size: tuple[int, int]) -> str:
    """The cells of one row, with those of boxed columns marked."""
    marks = [' class="boxed"' if column in pictures.boxed else "" for column in range(len(pictures.column_labels))]
    return "".join(f"<td{mark}>{sheet.cut(row, column, size)}</td>" for column, mark in enumerate(marks))


def shown(tile: tuple[int, int], columns: int) -> tuple[int, int]:
    """Width and height of a tile in CSS pixels where so many stand side by side."""
    scale = _longer_side(max(tile), columns) / max(tile)
    return round(scale * tile[1]), round(scale * tile[0])


def _longer_side(largest: int, columns: int) -> int:
    """A whole multiple of the tile's pixels where there is room for one."""
    room = min(LARGEST_SHOWN if largest >= COARSE else LARGEST_COARSE_SHOWN, PAGE_WIDTH // columns)
    room = max(room, SMALLEST_SHOWN)
    return room // largest * largest if room >= largest else room
