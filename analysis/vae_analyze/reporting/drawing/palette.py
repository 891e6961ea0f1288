"""Colours: tokens that drawings carry, and what each means in light and in dark.

Drawings are made once and shown in both schemes, so they use placeholder colours that become CSS custom properties.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

INK: Final = "#010203"
MUTED: Final = "#010204"
GRID: Final = "#010205"
PAPER: Final = "#010206"
SERIES: Final = tuple(f"#0101{k:02x}" for k in range(6))
MARK_CONTRAST: Final[Mapping[str, float]] = {"light": 3.2, "dark": 4.5}  # light marks on dark paper look dimmer

PAGE: Final[Mapping[str, Mapping[str, str]]] = {
    "light": {
        "paper": "#ffffff",
        "raised": "#f6f7f8",
        "ink": "#1b1f24",
        "muted": "#565d66",
        "line": "#d9dde2",
        "grid": "#e7eaee",
        "link": "#0b5cad",
        "warn": "#8a4b00",
        "warn-bg": "#fdf4e3",
        "bad": "#a61b1b",
        "bad-bg": "#fdecec",
    },
    "dark": {
        "paper": "#14171a",
        "raised": "#1c2024",
        "ink": "#e6e8ea",
        "muted": "#a3abb4",
        "line": "#363c43",
        "grid": "#2a2f35",
        "link": "#7db8f0",
        "warn": "#f0bd6b",
        "warn-bg": "#2d2415",
        "bad": "#f59a93",
        "bad-bg": "#331b1b",
    },
}

Rgb = tuple[float, float, float]


def css_names() -> dict[str, str]:
    """Placeholder colour -> CSS value."""
    named = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAPER: "var(--paper)"}
    return named | {token: f"var(--c{k})" for k, token in enumerate(SERIES)}


def seaborn_colours() -> list[Rgb]:
    """The first six of seaborn's "colorblind" palette, RGB in [0, 1]."""
    import seaborn

    found = seaborn.color_palette("colorblind")
    return [(float(c[0]), float(c[1]), float(c[2])) for c in found[: len(SERIES)]]


def scheme(name: str) -> dict[str, str]:
    """Custom properties of "light" or "dark": page colours, and series colours shifted until marks stand out."""
    page = PAGE[name]
    paper = rgb(page["paper"])
    series = {
        f"c{k}": hex_of(standing_out(colour, paper, MARK_CONTRAST[name])) for k, colour in enumerate(seaborn_colours())
    }
    return {**page, **series}


def standing_out(colour: Rgb, paper: Rgb, ratio: float) -> Rgb:
    """The colour, mixed with black (on light paper) or white (on dark) until its contrast reaches the ratio."""
    pole = 0.0 if luminance(paper) > 0.5 else 1.0
    mixed = colour
    for step in range(101):
        share = step / 100
        mixed = (
            colour[0] + (pole - colour[0]) * share,
            colour[1] + (pole - colour[1]) * share,
            colour[2] + (pole - colour[2]) * share,
        )
        if contrast(mixed, paper) >= ratio:
            break
    return mixed


def contrast(one: Rgb, other: Rgb) -> float:
    """Contrast ratio in [1, 21] (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Rgb) -> float:
    """Relative luminance in [0, 1] of an sRGB colour (WCAG 2.2, "relative luminance")."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(text: str) -> Rgb:
    """RGB in [0, 1] of ``#rrggbb``."""
    return int(text[1:3], 16) / 255, int(text[3:5], 16) / 255, int(text[5:7], 16) / 255


def hex_of(colour: Rgb) -> str:
    """``#rrggbb`` of RGB in [0, 1]."""
    return "#" + "".join(f"{round(255 * c):02x}" for c in colour)
