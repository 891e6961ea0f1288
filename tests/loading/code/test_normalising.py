from __future__ import annotations

from pathlib import Path

import pytest

from vae_analyze.loading.code.normalising import normalising


def found(tmp_path: Path, text: str, channels: int = 3) -> tuple[float, ...] | None:
    (tmp_path / "train.py").write_text(text)
    said = normalising(tmp_path / "train.py", channels=channels)
    return None if said is None else tuple(round(end, 4) for end in said.range)


@pytest.mark.parametrize(
    ("text", "channels", "expected"),
    [
        ("transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))", 3, (-1, 1)),
        ("T.Normalize(mean=[0.5] * 3, std=[0.5] * 3)", 3, (-1, 1)),
        ("Normalize(0.5, 0.5)", 3, (-1, 1)),
        ("Normalize((0.1307,), (0.3081,))", 1, (-0.4242, 2.8215)),
        ("MEAN = (0.5,)\nSTD = 0.5,\ntransforms.Normalize(MEAN, STD)", 1, (-1, 1)),
        ("transforms.Lambda(lambda x: 2 * x - 1)", 3, (-1, 1)),
        ("transforms.Lambda(lambda X: (X - 0.5) / 0.5)", 3, (-1, 1)),
        ("Normalize((0.5,), (0.5,))\nNormalize(mean=0.5, std=0.5)", 1, (-1, 1)),
    ],
)
def test_the_scale_is_read(tmp_path: Path, text: str, channels: int, expected: tuple[float, float]) -> None:
    assert found(tmp_path, text, channels) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "# transforms.Normalize((0.5,), (0.5,))",
        "Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))",
        "Normalize((0.5, 0.5), (0.5, 0.5))",
        "Normalize((0.5,), (0.5,)) if args.signed else Normalize((0.1307,), (0.3081,))",
        "Normalize(mean, std)",
        "Normalize(open('x'), (0.5,))",
        "Normalize((0.5,), (0.0,))",
        "MEAN = 0.5\nMEAN = 0.1\nNormalize(MEAN, 0.5)",
        "Lambda(lambda x: x ** 2 - 1)",
        "Lambda(lambda x: x * x * 2 - 1)",
        "Lambda(lambda x: x.view(-1))",
    ],
)
def test_what_is_not_said_or_not_the_same_everywhere_is_not_read(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text) is None


def test_the_line_is_named_and_nothing_is_run(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("raise SystemExit(1)\n\nt = transforms.Normalize((0.5,), (0.5,))\n")
    said = normalising(tmp_path / "train.py", channels=1)
    assert said is not None
    assert (said.line, said.text) == (3, "transforms.Normalize((0.5,), (0.5,))")
