from __future__ import annotations

import pytest

from vae_analyze.loading.files.printable import listing, printable


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("encoder.0.weight", "encoder.0.weight"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07name", "name"),
        ("\x1b]8;;http://x\x1b\\link", "link"),
        ("a\nb\tc\x00d", "a?b?c?d"),
        ("\u202eevil", "?evil"),
        ("\x9b31mx", "x"),
        ("\ud800", "?"),
        ("été", "été"),
        (17, "17"),
    ],
)
def test_text_from_files_is_one_line_without_controls(raw: object, shown: str) -> None:
    assert printable(raw) == shown


def test_long_text_is_cut() -> None:
    assert printable("x" * 1000, limit=10) == "xxxxxxx..."


def test_listing_counts_what_it_leaves_out() -> None:
    assert listing(["a", "b"]) == "a, b"
    assert listing([str(n) for n in range(5)], most=2) == "0, 1 and 3 more"
