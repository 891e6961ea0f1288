"""Rows of pictures, each with a slider that shows one of them large; without scripts the rows alone."""

from __future__ import annotations

from html import escape

from vae_analyze.findings import Figure, Pictures
from vae_analyze.reporting.drawing.drawn import Drawn
from vae_analyze.reporting.drawing.pictures import GAP, LABEL_WIDTH, shown, tiles
from vae_analyze.reporting.drawing.sprite import Sprite, label, sprite
from vae_analyze.reporting.text import printable

STAGE_WIDTH = 132  # CSS pixels of the column with the slider
_STAGE_COLUMNS = 8  # the large picture is as large as if so few stood side by side


def draw(figure: Figure, prefix: str, room: int) -> Drawn:
    """A table with a slider in every row."""
    if figure.pictures is None or figure.pictures.pixels.size == 0:
        return Drawn("")
    sheet = sprite(figure.pictures, prefix, room)
    words = "A slider moves the large picture along its row; arrow keys move it by one step."
    return Drawn(sheet.markup + _table(figure.pictures, sheet, figure.alt), (*sheet.notes, words), wide=True)


def _table(pictures: Pictures, sheet: Sprite, alt: str) -> str:
    columns = len(pictures.column_labels)
    large, small = shown(sheet.tile, _STAGE_COLUMNS), shown(sheet.tile, columns + 3)
    total = LABEL_WIDTH + STAGE_WIDTH + columns * (small[0] + GAP)
    widths = f'<col width="{LABEL_WIDTH}"><col width="{STAGE_WIDTH}"><col span="{columns}" width="{small[0] + GAP}">'
    head = "".join(f'<th scope="col">{label(name)}</th>' for name in pictures.column_labels)
    lines = [
        f'<tr><th scope="row">{label(name)}</th><td class="stage">{_stage(pictures, sheet, row, large)}</td>'
        f"{tiles(pictures, sheet, row, small)}</tr>"
        for row, name in enumerate(pictures.row_labels)
    ]
    # Not one image to assistive technology, as a plain grid is: what is inside can be operated.
    return (
        f'<table class="tiles sliders" width="{total}" aria-label="{escape(printable(alt))}">'
        f'<colgroup>{widths}</colgroup><thead><tr><td></td><th scope="col">any of them</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _stage(pictures: Pictures, sheet: Sprite, row: int, size: tuple[int, int]) -> str:
    at = pictures.boxed[0] if pictures.boxed else len(pictures.column_labels) // 2
    name = escape(printable(pictures.row_labels[row]))
    return (
        f'{sheet.cut(row, at, size)}<input class="needs-script" type="range" min="0" '
        f'max="{len(pictures.column_labels) - 1}" step="1" value="{at}" aria-label="{name}" '
        f'aria-valuetext="{escape(printable(pictures.column_labels[at]))}">'
        f'<span class="needs-script at" aria-hidden="true">{label(pictures.column_labels[at])}</span>'
    )
