import math
from dataclasses import replace

import numpy as np
import pytest

from reporting.fixture_run import bars, curves, heat_map, log_curves, pictures, scatter
from reporting.page import parse
from vae_analyze.findings import Axis, Cell, Column, Figure, Pictures, Table
from vae_analyze.reporting.figures import draw


def simple(kind: str, rows: list[tuple[Cell, ...]], **changes: object) -> Figure:
    table = Table(
        name="t", title="t", columns=tuple(Column(name=name) for name in "xyz"[: len(rows[0])]), rows=tuple(rows)
    )
    plain = Figure(
        name="f",
        kind=kind,
        title="t",
        alt="a",
        table=table,
        x=Axis(column="x", label="x"),
        y=Axis(column="y", label="y"),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # each test names its own


def words(figure: Figure) -> list[str]:
    return [node.text for node in parse(draw(figure, "p").markup).all("text")]


def test_panels_series_and_axes_are_named() -> None:
    found = words(curves())

    assert {"as it is", "clipped", "reconstruction_mse", "denoising_mse", "input_mse"} <= set(found)
    assert found.count("noise level σ (share of the data's range)") == 2


def test_gaps_are_counted() -> None:
    assert draw(log_curves(), "p").notes == ("1 of 10 values are undefined and leave gaps.",)


@pytest.mark.parametrize("kind", ["curves", "bars", "scatter"])
def test_all_undefined_still_draws_axes(kind: str) -> None:
    figure = simple(kind, [(1.0, math.nan), (2.0, math.nan)], y=Axis(column="y", label="height", scale="log"))

    assert "height" in words(figure)


def test_one_point_and_constant_values_draw() -> None:
    for kind in ("curves", "bars", "scatter"):
        assert draw(simple(kind, [(1.0, 0.0)]), "p").markup
        assert draw(simple(kind, [(1.0, 2.0), (1.0, 2.0)]), "p").markup


def test_what_a_log_axis_cannot_show_is_said() -> None:
    figure = simple("curves", [(1.0, -1.0), (2.0, 3.0), (3.0, 5.0)], y=Axis(column="y", label="y", scale="log"))

    assert draw(figure, "p").notes == ("1 values at or below zero cannot be shown on a logarithmic axis.",)
    assert "2" in words(figure) or "5" in words(figure)


def test_names_on_the_horizontal_axis_and_log_scales() -> None:
    assert {"one", "two"} <= set(words(simple("curves", [("one", 1.0), ("two", -2.0)])))
    log = Axis(column="x", label="x", scale="log")
    assert {"0.1", "10"} <= set(words(simple("curves", [(0.1, 1.0), (10.0, 2.0)], x=log)))
    assert draw(simple("scatter", [(0.1, 1.0), (10.0, 2.0)], x=log, y=replace(log, column="y")), "p").markup


def test_long_lines_are_thinned_and_many_series_left_unnamed() -> None:
    line = draw(simple("curves", [(float(k), math.sin(k)) for k in range(5000)]), "p")
    many = simple("curves", [(0.0, float(k), f"s{k}") for k in range(40)], series="z")

    assert len(line.markup) < 30_000
    assert draw(many, "p").notes[0].startswith("40 series")


def test_dollar_signs_are_not_formulas() -> None:
    assert "four $x_1$" in words(bars())


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("name", ["b", "a rather long name"])
def test_bars_stand_or_lie(name: str, scale: str) -> None:
    figure = simple("bars", [("a", 1.0), (name, 20.0)], y=Axis(column="y", label="y", scale=scale))  # type: ignore[arg-type]  # both are scales

    assert {"a", name} <= set(words(figure))


def test_cells_are_annotated_up_to_a_hundred() -> None:
    assert "0.7" in words(heat_map(10))
    assert "n/a" in words(heat_map(10))
    assert "0.0064" not in words(heat_map(64))
    assert draw(heat_map(10), "p").notes == ("1 of 50 cells are undefined and left empty.",)


def test_many_rows_lie_down_and_many_cells_become_a_picture() -> None:
    drawn = draw(heat_map(100), "p")

    assert drawn.wide
    assert len(drawn.markup) < 40_000
    assert 2 <= len(parse(drawn.markup).all("image")) <= 3


@pytest.mark.parametrize("values", [(-1.0, 1.0), (0.0, 0.0), (math.nan, math.nan), (-3.0, -1.0), (5.0, 5.0)])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_any_range_of_cells_draws(values: tuple[float, float], scale: str) -> None:
    value = Axis(column="z", label="v", scale=scale)  # type: ignore[arg-type]  # both are scales

    assert draw(simple("heatmap", [("a", "r", values[0]), ("b", "r", values[1])], value=value), "p").markup


def test_crowds_become_one_picture() -> None:
    few, crowd = (draw(scatter(n), "p").markup for n in (300, 5000))

    assert parse(few).all("image") == []
    assert len(parse(crowd).all("image")) >= 1
    assert len(crowd) < 200_000


def test_the_sprite_is_embedded_once_and_cut_into_labelled_tiles() -> None:
    root = parse(draw(pictures(8), "p").markup)

    (sprite,) = root.all("image")
    assert sprite.attributes["href"].startswith("data:image/webp;base64,")
    assert (sprite.attributes["width"], sprite.attributes["height"]) == ("64", "48")
    assert len(root.all("use")) == 48
    assert len([node for node in root.all("th") if node.attributes["scope"] == "col"]) == 8
    tile = root.all("use")[9].parent
    assert tile is not None
    assert tile.attributes["viewbox"] == "8 8 8 8"


def test_the_sprite_holds_the_pixels_exactly() -> None:
    import base64
    import io

    from PIL import Image

    figure = pictures(8)
    (sprite,) = parse(draw(figure, "p").markup).all("image")
    data = base64.b64decode(sprite.attributes["href"].partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("L"))

    assert figure.pictures is not None
    assert np.array_equal(pixels[8:16, 16:24], figure.pictures.pixels[1, 2, ..., 0])


def test_large_pictures_are_reduced_and_noise_stored_with_loss() -> None:
    large = draw(pictures(200, channels=3), "p")
    noise = np.random.default_rng(0).integers(0, 256, (6, 8, 128, 128, 3), dtype=np.uint8)
    figure = replace(pictures(8), pictures=Pictures(pixels=noise, row_labels=("r",) * 6, column_labels=("c",) * 8))

    assert large.notes[0] == "Shown at 128 by 128 pixels, reduced from 200 by 200."
    assert "loss" in draw(figure, "p").notes[-1]
    assert len(draw(figure, "p").markup) < 1_500_000


def test_without_webp_the_sprite_is_a_png(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import features

    monkeypatch.setattr(features, "check", lambda name: False)

    assert "data:image/png;base64," in draw(pictures(8), "p").markup


def test_lying_bars_take_a_log_axis_and_many_panels_leave_no_empty_axes() -> None:
    rows: list[tuple[Cell, ...]] = [(f"name {k} of twenty", 10.0**k, f"panel {k % 4}") for k in range(20)]
    figure = simple("bars", rows, y=Axis(column="y", label="height", scale="log"), panel="z")

    assert {f"panel {k}" for k in range(4)} <= set(words(figure))
    assert words(figure).count("height") == 4


def test_cells_without_a_name_or_with_truth_values_are_categories() -> None:
    found = words(simple("bars", [(None, 1.0), (True, 2.0), (False, 3.0), (0.5, 4.0)]))

    assert {"true", "false", "0.5"} <= set(found)
