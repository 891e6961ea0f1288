from vae_analyze.reporting.text import printable, shorten


def test_what_xml_cannot_carry_is_replaced() -> None:
    assert printable("a\x00b\ud800c\x1bd") == "a�b�c�d"
    assert printable("right\u202eleft") == "right�left"
    assert printable("fine: σ ² 漢字\n\t") == "fine: σ ² 漢字\n\t"


def test_long_text_is_cut() -> None:
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
