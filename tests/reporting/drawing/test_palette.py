import pytest

from vae_analyze.reporting.drawing.palette import MARK_CONTRAST, PAGE, contrast, hex_of, rgb, scheme


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert contrast((1, 1, 1), (1, 1, 1)) == pytest.approx(1)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_reaches_aa_on_every_background_that_it_stands_on(name: str) -> None:
    page = {key: rgb(value) for key, value in PAGE[name].items()}

    for text in ("ink", "muted", "link"):
        assert contrast(page[text], page["paper"]) >= 4.5
        assert contrast(page[text], page["raised"]) >= 4.5
    for text, paper in (
        ("warn", "warn-bg"),
        ("bad", "bad-bg"),
        ("ink", "warn-bg"),
        ("link", "warn-bg"),
        ("link", "bad-bg"),
    ):
        assert contrast(page[text], page[paper]) >= 4.5


@pytest.mark.parametrize("name", ["light", "dark"])
def test_marks_stand_out_in_both_schemes(name: str) -> None:
    found = scheme(name)

    for k in range(6):
        assert contrast(rgb(found[f"c{k}"]), rgb(found["paper"])) >= MARK_CONTRAST[name] - 0.05


def test_colours_round_trip() -> None:
    assert hex_of(rgb("#0173b2")) == "#0173b2"
