import io
import math

import pytest
from rich.console import Console

from reporting.fixture_run import HOSTILE, SIGMAS, hostile_run, scalars
from vae_analyze.findings import Scalar
from vae_analyze.reporting.terminal import families, print_run


def printed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_run(hostile_run(), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_nothing_is_wider_than_the_terminal_or_a_hundred_columns(width: int) -> None:
    assert max(len(line.rstrip()) for line in printed(width).splitlines()) <= min(width, 100)


def test_a_row_per_noise_level_with_interval_below() -> None:
    lines = printed(100).splitlines()

    starts = [line.split()[0] for line in lines if line[:1].isdigit()]
    assert starts[: len(SIGMAS)] == ["0.05", "0.1", "0.2", "0.3", "0.5"]
    assert "[0.0145, 0.0157]" in lines[lines.index(next(line for line in lines if line.startswith("0.05"))) + 1]


def test_readings_and_doubts_follow_and_brackets_are_not_markup() -> None:
    text = printed(100)

    assert "[3.02, 3.18]×10⁻⁶" in text
    assert text.index("• At sigma = 0.2") < text.index("What not to trust")
    assert f"failed · {HOSTILE}: singular matrix" in text
    assert "undefined · robustness: posterior_skl (10 settings)" in text


def test_variants_with_more_parameters_are_left_to_the_report() -> None:
    ((parameter, members),) = families(scalars())

    assert parameter == "sigma"
    assert all(set(scalar.params) == {"sigma"} for scalar in members)


def test_only_the_headline_of_a_family_is_shown_where_there_is_one() -> None:
    found = [
        Scalar(name=name, value=1.0, unit="1", direction="none", n=1, params={"k": k}, headline=name == "a")
        for name in ("a", "b")
        for k in (1, 2)
    ]

    ((_, members),) = families(found)

    assert {scalar.name for scalar in members} == {"a"}


def test_a_missing_level_leaves_its_cell_empty() -> None:
    found = [
        Scalar(name=name, value=math.nan if k else 1.0, unit="1", direction="none", n=1, params={"k": k}, reason="r")
        for name, k in (("a", False), ("a", True), ("b", False), ("b", 2), ("c", 3))
    ]

    ((_, members),) = families(found)

    assert len(members) == 4


def test_one_level_has_its_table_too() -> None:
    found = [
        Scalar(name=name, value=1.0, unit="1", direction="lower", n=9, params={"sigma": 0.1})
        for name in ("latent_mse", "latent_nmse", "reconstruction_mse", "denoising_mse")
    ]

    ((parameter, members),) = families(found)

    assert parameter == "sigma"
    assert len(members) == 4
