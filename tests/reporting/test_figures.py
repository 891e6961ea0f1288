from dataclasses import replace

import pytest

from reporting.fixture_run import bars, curves, heat_map, log_curves, pictures, scatter
from reporting.page import parse
from vae_analyze.findings import Axis, Figure
from vae_analyze.reporting.figures import draw

ALL = (curves(), log_curves(), heat_map(), bars(), scatter(), pictures(8), pictures(64))


@pytest.mark.parametrize("figure", ALL, ids=lambda figure: figure.name)
def test_drawing_is_reproducible_accessible_and_free_of_styles(figure: Figure) -> None:
    drawn = draw(figure, "p")

    assert drawn == draw(figure, "p")
    root = parse(drawn.markup)
    named = [node for node in root.every() if node.attributes.get("role") == "img"]
    assert [node.attributes["aria-label"] for node in named] == [figure.alt]
    assert not [node for node in root.every() if "style" in node.attributes or node.tag in ("style", "script", "img")]
    ids = [node.attributes["id"] for node in root.every() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("p-") for name in ids)


def test_an_unknown_kind_falls_back_to_the_data_table() -> None:
    drawn = draw(replace(curves(), kind="hologram"), "p")

    assert drawn.markup == ""
    assert "hologram" in drawn.notes[0]


def test_a_figure_that_cannot_be_drawn_costs_only_itself() -> None:
    drawn = draw(replace(curves(), y=Axis(column="nowhere", label="y")), "p")

    assert drawn.markup == ""
    assert "nowhere" in drawn.notes[0]


@pytest.mark.parametrize("kind", ["curves", "bars", "heatmap", "scatter", "pictures"])
def test_a_figure_without_axes_pictures_or_rows_says_so(kind: str) -> None:
    bare = replace(curves(), kind=kind, x=None, y=None)
    empty = replace(curves(), kind=kind, table=replace(curves().table, rows=()))

    assert draw(bare, "p").markup == draw(empty, "p").markup == ""
    assert draw(bare, "p").notes
    assert draw(empty, "p").notes == ("There is nothing to draw.",)
