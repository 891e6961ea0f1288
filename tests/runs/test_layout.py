from __future__ import annotations

import pytest

from vae_analyze.runs.layout import pictures_path, safe, samples_path, table_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("robustness", "robustness"),
        ("a b/c", "a-b-c"),
        ("../../etc/passwd", "etc-passwd"),
        ("<img src=x>", "img-src-x"),
        ("µ²", "unnamed"),
        ("", "unnamed"),
        ("...", "unnamed"),
        (".hidden", "hidden"),
        ("x" * 200, "x" * 80),
    ],
)
def test_safe_names_are_file_names_everywhere(name: str, expected: str) -> None:
    assert safe(name) == expected


def test_places_within_a_run() -> None:
    assert table_path("a/b", "t t").as_posix() == "tables/a-b.t-t.csv"
    assert pictures_path("a", "grid").as_posix() == "images/a.grid.npz"
    assert samples_path("a").as_posix() == "samples/a.npz"
