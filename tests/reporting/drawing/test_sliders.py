"""Sliders and animations as markup and as files."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from reporting.fixture_run import hostile_run, pictures
from reporting.page import Node, parse
from vae_analyze.findings import Figure
from vae_analyze.reporting.drawing.animation import FRAME_MS, encoded, write_animations
from vae_analyze.reporting.figures import draw


def sliders() -> Figure:
    figure = pictures(8)
    assert figure.pictures is not None
    return replace(figure, kind="sliders", pictures=replace(figure.pictures, boxed=(3,)))


def moving(kind: str = "webp") -> Figure:
    return replace(sliders(), kind="animation", series=kind)


def stages(root: Node) -> list[Node]:
    return [node for node in root.all("td") if node.attributes.get("class") == "stage"]


def test_every_row_has_a_slider_that_starts_at_the_box() -> None:
    root = parse(draw(sliders(), "p").markup)
    found = stages(root)
    assert len(found) == 6
    for row, stage in enumerate(found):
        (control,) = stage.all("input")
        assert {name: control.attributes[name] for name in ("type", "min", "max", "value")} == {
            "type": "range", "min": "0", "max": "7", "value": "3",
        }  # fmt: skip
        assert control.attributes["aria-label"]
        assert control.attributes["aria-valuetext"] == "75 % (sample 51)"
        (large,) = stage.all("svg")
        assert large.attributes["viewbox"] == f"24 {8 * row} 8 8"


def test_the_strip_is_there_without_scripts_and_its_anchor_is_boxed() -> None:
    root = parse(draw(sliders(), "p").markup)
    boxed = [node for node in root.all("td") if node.attributes.get("class") == "boxed"]
    assert len(boxed) == 6
    assert all(node.all("svg")[0].attributes["viewbox"].startswith("24 ") for node in boxed)
    assert len(root.all("use")) == 6 * 8 + 6


def test_what_can_be_operated_is_not_hidden_in_an_image() -> None:
    root = parse(draw(sliders(), "p").markup)
    (table,) = root.all("table")
    assert "role" not in table.attributes
    assert table.attributes["aria-label"] == sliders().alt


def test_a_plain_grid_shows_its_box_too() -> None:
    root = parse(draw(replace(sliders(), kind="pictures"), "p").markup)
    assert len([node for node in root.all("td") if node.attributes.get("class") == "boxed"]) == 6


@pytest.mark.parametrize("kind", ["webp", "gif"])
def test_an_animation_goes_there_and_back(kind: str) -> None:
    figure = moving(kind)
    assert figure.pictures is not None
    with Image.open(io.BytesIO(encoded(figure.pictures, kind))) as found:
        played: Any = found
        assert played.format == kind.upper()
        assert played.n_frames == 8 + 6
        assert played.size == (3 * 64, 2 * 64)
        assert played.info["loop"] == 0
        frames = []
        for at in range(played.n_frames):
            played.seek(at)
            frames.append(np.asarray(played.convert("L"), dtype=np.float64))
        # The encoder may lose a little, so that a frame is known by which picture it is nearest to.
        tile = figure.pictures.pixels[0, :, ..., 0].repeat(8, axis=1).repeat(8, axis=2).astype(np.float64)
        nearest = [int(np.abs(tile - frame[:64, :64]).mean(axis=(1, 2)).argmin()) for frame in frames]
        assert nearest == [0, 1, 2, 3, 4, 5, 6, 7, 6, 5, 4, 3, 2, 1]
        assert kind == "webp" or played.info["duration"] == FRAME_MS


def test_nothing_moves_before_it_is_asked_for() -> None:
    drawn = draw(moving(), "p")
    root = parse(drawn.markup)
    (details,) = root.all("details")
    assert "open" not in details.attributes
    (image,) = details.all("img")
    assert image.attributes["alt"] == moving().alt
    content = base64.b64decode(image.attributes["src"].removeprefix("data:image/webp;base64,"))
    assert content.startswith(b"RIFF")
    assert drawn.notes[0].startswith("In each frame 6 pictures in reading order: clean, its reconstruction")


def test_one_that_is_too_large_for_the_page_is_a_file_only(tmp_path: Path) -> None:
    drawn = draw(moving(), "p", 100)
    assert drawn.markup == ""
    assert any("a file of its own in the run folder" in note for note in drawn.notes)
    write_animations(hostile_run(figures=(moving(), moving("gif"))), tmp_path)
    names = sorted(re.sub(r"^.*\.", "", path.name) for path in (tmp_path / "images").iterdir())
    assert names == ["gif", "webp"]


def test_less_room_costs_exactness_not_pictures() -> None:
    full, tight = draw(sliders(), "p"), draw(sliders(), "p", 2000)
    assert len(tight.markup) < len(full.markup)
    assert len(parse(tight.markup).all("use")) == len(parse(full.markup).all("use"))
    assert any("a little loss" in note for note in tight.notes)
