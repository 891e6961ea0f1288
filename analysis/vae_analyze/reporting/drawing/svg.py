"""A matplotlib figure as inline SVG: small, reproducible, recoloured by the page, without inline styles.

Inline styles would need a content-security policy that allows any style; presentation attributes need none, and they
understand CSS custom properties too.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from vae_analyze.reporting.drawing.palette import css_names
from vae_analyze.reporting.text import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

POINT = 4 / 3  # CSS pixels
_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
# The page's style sheet sets these for every drawing.
_PAGE_HAS = frozenset({("stroke-linejoin", "round"), ("stroke-linecap", "butt")})
_DROPPED = frozenset({"metadata", "style", "title"})
_XLINK = "{http://www.w3.org/1999/xlink}href"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT_SIZE = re.compile(r"([\d.]+)px")
_GEOMETRY = frozenset({"d", "x", "y", "width", "height", "points", "stroke-width", "stroke-dasharray", "cx", "cy", "r"})


def to_svg(figure: Figure, *, prefix: str, alt: str) -> str:
    """The figure as one ``<svg>`` element with a text alternative.

    Args:
        figure: Drawn under `house_style`.
        prefix: Starts every id in it; unique on the page.
        alt: Text alternative.
    """
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata=_METADATA)  # type: ignore[no-untyped-call]  # matplotlib's gap
    markup = re.sub(r"^.*?(?=<svg)", "", printable(buffer.getvalue()), flags=re.DOTALL)
    root = ET.fromstring(markup)  # noqa: S314 - matplotlib wrote it a line above
    _clean(root, _ids(root, prefix))
    width, height = (float(size) for size in root.attrib["viewBox"].split()[2:])
    root.attrib = {
        "viewBox": f"0 0 {width:g} {height:g}",
        "width": f"{width * POINT:.0f}",
        "height": f"{height * POINT:.0f}",
        "role": "img",
        "aria-label": printable(alt),
    }
    return ET.tostring(root, encoding="unicode")


def _ids(root: ET.Element, prefix: str) -> dict[str, str]:
    """New names for the ids that something refers to; the others go."""
    used: dict[str, str] = {}
    for element in root.iter():
        for value in element.attrib.values():
            named = _REFERENCE.findall(value)
            if value.startswith("#") and element.get(_XLINK) == value:
                named.append(value[1:])
            for name in named:
                used.setdefault(name, f"{prefix}-{len(used)}")
    return used


def _clean(element: ET.Element, ids: Mapping[str, str]) -> None:
    element.tag = _local(element.tag)
    element.attrib = dict(_attributes(element.attrib, ids))
    for child in list(element):
        if _local(child.tag) in _DROPPED:
            element.remove(child)
            continue
        child.tail = None
        _clean(child, ids)
        if child.tag in ("defs", "g") and len(child) == 0:
            element.remove(child)
    if element.tag != "text":
        element.text = None


def _attributes(found: Mapping[str, str], ids: Mapping[str, str]) -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = []
    for name, raw in found.items():
        value = _REFERENCE.sub(lambda match: f"url(#{ids[match[1]]})", raw)
        if name == "style":
            kept += [(key, _recoloured(text)) for key, text in _declarations(value)]
        elif name == "id":
            kept += [("id", ids[value])] if value in ids else []
        elif name == _XLINK:
            kept.append(("href", f"#{ids[value[1:]]}" if value.startswith("#") else value))
        elif name != "type":
            kept.append((_local(name), _recoloured(value)))
    return [(name, _rounded(name, value)) for name, value in kept]


def _declarations(style: str) -> list[tuple[str, str]]:
    """A style as attributes; of fonts only size and weight stay, for the page chooses the family."""
    pairs = [part.partition(":") for part in style.split(";") if part.strip()]
    found: list[tuple[str, str]] = []
    for name, _, value in pairs:
        key, text = name.strip(), value.strip()
        if key == "font":
            size = _FONT_SIZE.search(text)
            found += [("font-size", size[1])] if size else []
            found += [("font-weight", "700")] if text.startswith(("bold", "700")) else []
        elif key == "font-family" or (key, text) in _PAGE_HAS:
            continue
        else:
            found.append((key, text))
    return list(dict(found).items())


def _recoloured(value: str) -> str:
    return css_names().get(value, value)


def _rounded(name: str, value: str) -> str:
    """Numbers to a hundredth of a point: finer is invisible."""
    digits = 2 if name in _GEOMETRY else 5
    if name not in _GEOMETRY and name != "transform":
        return value
    return _LONG_NUMBER.sub(lambda m: f"{float(m[0]):.{digits}f}".rstrip("0").rstrip("."), value)


def _local(name: str) -> str:
    return name.rpartition("}")[2]
