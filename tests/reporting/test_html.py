import os
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from reporting.fixture_run import HOSTILE, curves, hostile_run, scatter
from reporting.page import Node, parse
from vae_analyze.errors import StoreError
from vae_analyze.findings import Pictures
from vae_analyze.reporting.html import LARGEST, render, write_report
from vae_analyze.runs.run import Run


@pytest.fixture(scope="module")
def markup() -> str:
    return render(hostile_run())


@pytest.fixture(scope="module")
def page(markup: str) -> Node:
    return parse(markup)


def test_every_figure_has_a_text_alternative_a_title_and_its_data(page: Node) -> None:
    figures = page.all("figure")

    assert len(figures) == 7
    for figure in figures:
        (image,) = [node for node in figure.every() if node.attributes.get("role") == "img"]
        assert image.attributes["aria-label"]
        (details,) = figure.all("details")
        assert len(details.all("tr")) > 1
        assert figure.all("h3")[0].words().strip()


def test_nothing_points_outside_the_page(page: Node) -> None:
    ids = {node.attributes["id"] for node in page.every() if "id" in node.attributes}
    for node in page.every():
        for name in ("src", "href", "xlink:href", "action", "srcset", "data", "poster"):
            target = node.attributes.get(name, "data:")
            assert target.startswith(("data:", "#")), (node.tag, name, target)
            assert not target.startswith("#") or target[1:] in ids, target
        for value in node.attributes.values():
            for reference in re.findall(r"url\(([^)]*)\)", value):
                assert reference.startswith("#")
                assert reference[1:] in ids
    (style,) = page.all("style")
    assert not re.search(r"@import|url\(", style.text)


def test_ids_are_unique(page: Node) -> None:
    ids = [node.attributes["id"] for node in page.every() if "id" in node.attributes]

    assert len(ids) == len(set(ids))


def test_foreign_text_is_text(page: Node, markup: str) -> None:
    assert "<img" not in markup
    assert markup.count("&lt;img src=x onerror=alert(1)&gt;") > 20
    assert not [node for node in page.every() for name in node.attributes if name.startswith("on")]
    assert not [node for node in page.every() if "style" in node.attributes]
    assert page.all("h1")[0].words().strip() == HOSTILE


def test_headings_descend_one_step_at_a_time(page: Node) -> None:
    levels = [int(node.tag[1]) for node in page.all("h1", "h2", "h3", "h4")]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_landmarks_language_and_named_controls(page: Node) -> None:
    for tag in ("header", "nav", "main", "footer", "h1", "title"):
        assert len(page.all(tag)) == 1, tag
    assert page.all("html")[0].attributes["lang"] == "en"
    assert all(button.words().strip() for button in page.all("button"))
    assert page.all("button")[0].attributes["aria-pressed"] == "false"
    for region in [node for node in page.every() if node.attributes.get("role") == "region"]:
        assert region.attributes["aria-label"]


def test_policy_allows_only_the_pages_own_style_and_script(page: Node) -> None:
    (policy,) = [m.attributes["content"] for m in page.all("meta") if m.attributes.get("http-equiv")]

    assert "unsafe" not in policy
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; style-src 'sha256-\S+'; script-src 'sha256-\S+'; "
        r"base-uri 'none'; form-action 'none'",
        policy,
    )
    assert len(page.all("style")) == len(page.all("script")) == 1


def test_first_screen_says_what_was_found_on_what_and_what_not_to_trust(page: Node) -> None:
    (overview,) = [node for node in page.all("section") if node.attributes["id"] == "overview"]
    text = " ".join(overview.words().split())

    assert "At sigma = 0.2 codes move" in text
    assert "MLP 64-128-64-10, ReLU" in text
    assert "singular matrix" in text
    assert "no ground-truth factors" in text
    assert "posterior_skl (10 settings): a posterior variance vanished" in text


def test_the_command_that_repeats_the_run_and_the_footer(page: Node) -> None:
    assert [pre.words().strip() for pre in page.all("pre")][-1].startswith("vae-analyze run 'checkpoints/<img")
    assert page.all("footer")[0].text.startswith("No telemetry. Made offline by vae-analyze ")


def test_the_same_run_gives_the_same_bytes(markup: str, tmp_path: Path) -> None:
    written = write_report(hostile_run(), tmp_path / "deep" / "report.html")

    assert written.read_bytes() == markup.encode("utf-8")
    assert [path.name for path in written.parent.iterdir()] == ["report.html"]


def test_size(markup: str) -> None:
    assert len(markup.encode("utf-8")) < 500_000


def test_a_large_run_stays_below_the_limit_by_cutting_tables() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, 6, 256, 256, 3), dtype=np.uint8)
    large = replace(
        scatter(30), kind="pictures", pictures=Pictures(pixels=noise, row_labels=("r",) * 6, column_labels=("c",) * 6)
    )
    figures = (*(replace(scatter(6000), kind="table only") for _ in range(40)), large)

    markup = render(hostile_run(figures=figures))

    assert len(markup.encode("utf-8")) <= LARGEST
    assert "more are in the run folder" in markup


def test_an_empty_run_is_a_page() -> None:
    run = Run(name="r", created="", card={}, data={}, options=(), provenance={}, results=())

    page = parse(render(run))

    assert page.all("h1")[0].words().strip() == "r"
    assert "nothing failed" in page.words()


def test_names_that_are_not_unicode_are_written(tmp_path: Path) -> None:
    run = replace(hostile_run(figures=(curves(),)), name=os.fsdecode(b"\xff.pt"))

    assert "�.pt" in write_report(run, tmp_path / "r.html").read_text(encoding="utf-8")


def test_an_unwritable_place_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot write the report to"):
        write_report(hostile_run(figures=()), tmp_path / "file" / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_report_that_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    (tmp_path / "report.html" / "kept").write_text("")

    with pytest.raises(StoreError, match="choose another place"):
        write_report(hostile_run(figures=()), tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
