"""The report in a real browser, from a file, with the network off."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reporting.chromium import PROGRAM, Page, chromium
from reporting.fixture_run import hostile_run
from vae_analyze.reporting.html import write_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium on this machine"),
]
CONTRAST = """
(() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const paper = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const inside = node.namespaceURI.endsWith("svg");
    // Black or white on a coloured cell is chosen by that cell's colour, not by the page's.
    const onCell = inside && node.closest("svg").ariaLabel.startsWith("At sigma 0.5, z8 moves most");
    if (onCell && ["rgb(0, 0, 0)", "rgb(255, 255, 255)"].includes(style.fill)) continue;
    const ink = numbers(inside ? style.fill : style.color);
    const [low, high] = [luminance(ink), luminance(paper(node))].sort((a, b) => a - b);
    if ((high + 0.05) / (low + 0.05) < 4.5) bad.push(node.tagName + ": " + node.textContent.slice(0, 40));
  }
  return bad;
})()
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with chromium(tmp_path / "profile") as opened:
        opened.resize(1280)
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(hostile_run(), tmp_path_factory.mktemp("report") / "report.html")


def test_opened_offline_it_asks_for_nothing_and_complains_of_nothing(page: Page, report: Path) -> None:
    page.open(report)

    assert page.requests() == [report.as_uri()]
    assert page.complaints() == []
    assert page.dialogs() == []
    assert page.evaluate("document.documentElement.classList.contains('scripted')")
    assert page.evaluate("[...document.images].length") == 0


@pytest.mark.parametrize(
    ("inserted", "attribute"),
    [
        ('<img src="http://example.org/x.png">', "requests"),
        ("<script>console.error('no')</script>", "complaints"),
        ("<script>alert(1)</script>", "dialogs"),
        ("<script>throw new Error('no')</script>", "complaints"),
    ],
)
def test_the_browser_would_see_it(page: Page, report: Path, tmp_path: Path, inserted: str, attribute: str) -> None:
    without_policy = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", report.read_text(encoding="utf-8"))
    tampered = tmp_path / "tampered.html"
    tampered.write_text(without_policy.replace("<main", f"{inserted}<main", 1), encoding="utf-8")

    page.open(tampered)

    found = getattr(page, attribute)()
    assert len(found) > (1 if attribute == "requests" else 0), found


@pytest.mark.parametrize(
    "inserted",
    [
        '<img src="http://example.org/x.png">',
        "<script>alert(1)</script>",
        '<img src="data:," onerror="alert(1)">',
        "<style>body{color:red}</style>",
        '<p style="color:red">no</p>',
    ],
)
def test_the_policy_stops_what_does_not_belong(page: Page, report: Path, tmp_path: Path, inserted: str) -> None:
    tampered = tmp_path / "tampered.html"
    tampered.write_text(report.read_text(encoding="utf-8").replace("<main", f"{inserted}<main", 1), encoding="utf-8")

    page.open(tampered)

    assert page.requests() == [tampered.as_uri()]
    assert page.dialogs() == []
    assert any("Content Security Policy" in complaint for complaint in page.complaints())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_reaches_aa_contrast(page: Page, report: Path, scheme: str) -> None:
    page.prefer(scheme)
    page.open(report)

    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [320, 400, 800, 1280])
def test_no_width_scrolls_the_page_sideways(page: Page, report: Path, width: int) -> None:
    page.resize(width)
    page.open(report)
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")

    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_scheme_follows_the_system_until_the_button_is_pressed(page: Page, report: Path) -> None:
    def paper() -> object:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    def ink() -> object:
        return page.evaluate("getComputedStyle(document.querySelector('.plot text')).fill")

    page.prefer("light")
    page.open(report)
    assert (paper(), ink()) == ("rgb(255, 255, 255)", "rgb(27, 31, 36)")
    page.prefer("dark")
    assert (paper(), ink()) == ("rgb(20, 23, 26)", "rgb(230, 232, 234)")
    assert page.evaluate("document.querySelector('.toggle').getAttribute('aria-pressed')") == "true"

    page.evaluate("document.querySelector('.toggle').focus()")
    page.key("Enter", 13)

    assert (paper(), ink()) == ("rgb(255, 255, 255)", "rgb(27, 31, 36)")
    assert page.evaluate("document.querySelector('.toggle').getAttribute('aria-pressed')") == "false"


def test_the_first_tab_reaches_the_skip_link(page: Page, report: Path) -> None:
    page.open(report)

    page.key("Tab", 9)

    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0


def test_tables_sort_by_keyboard_with_undefined_last(page: Page, report: Path) -> None:
    page.open(report)
    table = "[...document.querySelectorAll('table.sortable')].find(t => t.rows.length === 75)"
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.evaluate(f"{table}.querySelector('th[data-c^=\"value,\"] button').focus()")

    def values() -> list[str]:
        script = f"[...{table}.tBodies[0].rows].map(row => row.cells[2].dataset.v.split(',')[0])"
        return [str(value) for value in page.evaluate(script)]

    for direction in ("ascending", "descending"):
        page.key("Enter", 13)
        found = values()
        numbers = [float(value) for value in found if value != "NaN"]
        assert numbers == sorted(numbers, reverse=direction == "descending")
        assert found[-10:] == ["NaN"] * 10
        assert page.evaluate(f"{table}.querySelector('th[aria-sort]').getAttribute('aria-sort')") == direction


def test_copied_tables_are_csv_at_full_precision(page: Page, report: Path) -> None:
    page.open(report)
    page.evaluate("navigator.clipboard.writeText = async text => { window.copied = text; }")
    page.evaluate("document.querySelectorAll('.copy-csv')[0].click()")

    lines = page.evaluate("window.copied").splitlines()
    assert lines[0] == "sigma,quantity,noise,value,low,high"
    assert len(lines) == 31
    assert lines[1].startswith("0.05,reconstruction_mse,as it is,0.001255")
    page.evaluate("document.querySelector('.copy-command').click()")
    assert page.evaluate("window.copied").startswith("vae-analyze run ")


def test_without_scripts_everything_is_there_but_the_buttons(page: Page, report: Path) -> None:
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(report, settle=False)
    page.call("Emulation.setScriptExecutionDisabled", value=False)

    assert page.evaluate("getComputedStyle(document.querySelector('.toggle')).display") == "none"
    assert page.evaluate("document.querySelectorAll('figure').length") == 7
