import pytest

from reporting.page import parse
from vae_analyze.reporting.drawing.canvas import house_style, new_figure
from vae_analyze.reporting.drawing.palette import INK
from vae_analyze.reporting.drawing.svg import _declarations, to_svg


def drawn() -> str:
    with house_style():
        figure = new_figure(3, 2)
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=INK, marker="o")
        axes.set_title("a < b & \x07")
        return to_svg(figure, prefix="p", alt="it's <alt> & \x07")


def test_placeholder_colours_become_custom_properties() -> None:
    markup = drawn()

    assert "var(--ink)" in markup
    assert INK not in markup


def test_no_namespace_no_style_no_metadata_and_only_used_ids() -> None:
    markup = drawn()
    root = parse(markup)

    assert "xmlns" not in markup
    assert "://" not in markup
    assert root.all("style", "metadata") == []
    ids = [node.attributes["id"] for node in root.every() if "id" in node.attributes]
    assert ids
    assert all(f"#{name}" in markup for name in ids)


def test_text_is_text_and_what_xml_cannot_carry_is_replaced() -> None:
    root = parse(drawn().replace("�", "?"))

    assert root.all("svg")[0].attributes["aria-label"] == "it's <alt> & ?"
    assert any(node.text.startswith("a < b & ") for node in root.all("text"))


@pytest.mark.parametrize("style", ["font: bold 9px 'DejaVu Sans'", "font-size: 9px; font-weight: 700; font-family: x"])
def test_the_page_chooses_the_font(style: str) -> None:
    assert {name: value.removesuffix("px") for name, value in _declarations(style)} == {
        "font-size": "9",
        "font-weight": "700",
    }
