"""Figures that are operated, in a real browser: sliders by keyboard, and views of one thing as tabs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reporting.chromium import PROGRAM, Page, chromium
from reporting.fixture_run import curves, hostile_run, pictures
from reporting.page import parse
from vae_analyze.findings import Figure
from vae_analyze.reporting.html import LARGEST, render, write_report

BROWSER = pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine")


def view(at: int) -> Figure:
    figure = pictures(8)
    assert figure.pictures is not None
    boxed = replace(figure.pictures, boxed=(at,))
    return replace(figure, name=f"view{at}", title=f"From anchor {at}", kind="sliders", group="anchors", pictures=boxed)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = hostile_run(figures=(view(3), view(4), view(5), curves()))
    return write_report(run, tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path / "profile") as opened:
        opened.resize(1280)
        yield opened


def shown(page: Page) -> list[str]:
    script = "[...document.querySelectorAll('.views>figure')].filter(f => f.getClientRects().length).map(f => f.id)"
    return [str(name) for name in page.evaluate(script)]


@BROWSER
@pytest.mark.browser
def test_a_slider_moves_the_large_picture_by_keyboard(page: Page, report: Path) -> None:
    page.open(report)
    stage = "document.querySelectorAll('.stage')[1]"
    page.evaluate(f"{stage}.querySelector('input').focus()")

    def state() -> object:
        return page.evaluate(
            f"[{stage}.querySelector('svg').getAttribute('viewBox'), {stage}.querySelector('.at').textContent, "
            f"{stage}.querySelector('input').getAttribute('aria-valuetext')]"
        )

    assert state() == ["24 8 8 8", "75 % (sample 51)", "75 % (sample 51)"]
    page.key("ArrowRight", 39)
    assert state() == ["32 8 8 8", "95 %", "95 %"]
    page.key("Home", 36)
    assert state() == ["0 8 8 8", "most stable (sample 0)", "most stable (sample 0)"]
    chosen = (
        "[...document.querySelectorAll('.sliders')[0].rows[2].cells].findIndex(c => c.classList.contains('chosen'))"
    )
    assert page.evaluate(chosen) == 2
    assert page.complaints() == []


@BROWSER
@pytest.mark.browser
def test_views_are_tabs_moved_through_by_arrows(page: Page, report: Path) -> None:
    page.open(report)
    tabs = "[...document.querySelectorAll('[role=tab]')]"
    assert page.evaluate(f"{tabs}.map(t => t.textContent)") == ["From anchor 3", "From anchor 4", "From anchor 5"]
    first = shown(page)
    assert len(first) == 1

    page.evaluate(f"{tabs}[0].focus()")
    page.key("ArrowLeft", 37)

    assert page.evaluate(f"{tabs}.map(t => t.ariaSelected)") == ["false", "false", "true"]
    assert page.evaluate(f"document.activeElement === {tabs}[2]")
    assert page.evaluate(f"{tabs}[2].getAttribute('aria-controls')") == shown(page)[0] != first[0]
    page.evaluate(f"{tabs}[0].click()")
    assert shown(page) == first


@BROWSER
@pytest.mark.browser
def test_without_scripts_and_on_paper_every_view_is_there(page: Page, report: Path) -> None:
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report, settle=False)
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert len(shown(page)) == 3
    assert page.evaluate("getComputedStyle(document.querySelector('.stage input')).display") == "none"

    page.open(report)
    page.call("Emulation.setEmulatedMedia", media="print")
    assert len(shown(page)) == 3


def test_figures_of_one_group_stand_together_and_others_alone() -> None:
    figures = (view(3), curves(), view(4), view(5), replace(view(6), group=""))
    root = parse(render(hostile_run(figures=figures)))
    groups = [node for node in root.all("div") if node.attributes.get("class") == "views wide"]
    assert [len(group.all("figure")) for group in groups] == [2]


def test_many_pictures_are_stored_in_less_room_until_the_page_is_small() -> None:
    many = tuple(replace(pictures(64, channels=3), name=f"p{at}") for at in range(20))
    page = render(hostile_run(figures=many))
    assert len(page.encode()) <= LARGEST
    assert page.count("data:image/webp") == 20
    assert "a little loss" in page
