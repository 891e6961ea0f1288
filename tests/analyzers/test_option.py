from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vae_analyze.analyzers.option import OptionSpec, build, option, specs, transient
from vae_analyze.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Everything:
    name: ClassVar[str] = "everything"
    count: int = option(3, help="how many", minimum=1, maximum=9)
    size: float = option(0.5, help="how large", above=0.0)
    on: bool = option(False, help="whether")
    label: str = option("a", help="what")
    mode: Literal["fast", "slow"] = option("fast", help="how")
    sigma: tuple[float, ...] = option((0.1, 0.2), help="levels", above=0.0)
    modes: tuple[Literal["x", "y"], ...] = option(("x",), help="several")
    plain: int = 7


def spec(name: str) -> OptionSpec:
    return next(found for found in specs(Everything) if found.name == name)


def parse(name: str, value: Any) -> Any:
    return spec(name).parse(value, where=f"--{name}")


def test_options_are_the_fields_in_order() -> None:
    assert [found.name for found in specs(Everything)] == [field.name for field in dataclasses.fields(Everything)]


def test_an_option_says_all_that_was_declared() -> None:
    assert spec("count") == OptionSpec(
        name="count", kind=int, many=False, default=3, help="how many", minimum=1, maximum=9
    )
    assert spec("sigma") == OptionSpec(
        name="sigma", kind=float, many=True, default=(0.1, 0.2), help="levels", above=0.0
    )
    assert spec("mode").choices == ("fast", "slow")
    assert (spec("modes").many, spec("modes").choices) == (True, ("x", "y"))
    assert spec("plain") == OptionSpec(name="plain", kind=int, many=False, default=7, help="")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("count", 5, 5),
        ("count", "5", 5),
        ("count", " 5 ", 5),
        ("count", np.int64(5), 5),
        ("size", 2, 2.0),
        ("size", "1e-3", 0.001),
        ("size", " 0.5 ", 0.5),
        ("size", np.float32(0.5), 0.5),
        ("on", True, True),
        ("on", "true", True),
        ("on", "TRUE ", True),
        ("on", "yes", True),
        ("on", "1", True),
        ("on", "false", False),
        ("on", "no", False),
        ("on", "0", False),
        ("label", " kept as it is ", " kept as it is "),
        ("label", "", ""),
        ("mode", "slow", "slow"),
        ("sigma", "0.1,0.2", (0.1, 0.2)),
        ("sigma", "0.1", (0.1,)),
        ("sigma", 0.1, (0.1,)),
        ("sigma", [0.1, "0.2"], (0.1, 0.2)),
        ("sigma", (1, 2), (1.0, 2.0)),
        ("sigma", ["0.1,0.2", "0.3"], (0.1, 0.2, 0.3)),
        ("modes", "x,y", ("x", "y")),
    ],
)
def test_values_of_every_kind_are_read(name: str, value: object, expected: object) -> None:
    found = parse(name, value)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("count", "1.5", "--count: expected a whole number, found '1.5'"),
        ("count", 1.5, r"--count: expected a whole number, found 1\.5"),
        ("count", 2.0, r"--count: expected a whole number, found 2\.0"),
        ("count", np.float32(1.5), "--count: expected a whole number, found"),
        ("count", Decimal("1.5"), "--count: expected a whole number, found"),
        ("count", True, "--count: expected a whole number, found True"),
        ("count", None, "--count: expected a whole number, found None"),
        ("count", "", "--count: expected a whole number, found ''"),
        ("count", "many", "--count: expected a whole number, found 'many'"),
        ("count", "nan", "--count: expected a whole number, found 'nan'"),
        ("count", "9" * 5000, "--count: expected a whole number, found '9"),
        ("count", 0, "--count: expected at least 1, found 0"),
        ("count", 10, "--count: expected at most 9, found 10"),
        ("count", 10**400, "--count: expected at most 9, found 1000"),
        ("size", 0, r"--size: expected more than 0, found 0\.0"),
        ("size", "-1", r"--size: expected more than 0, found -1\.0"),
        ("size", "nan", "--size: expected a finite number, found nan"),
        ("size", float("inf"), "--size: expected a finite number, found inf"),
        ("size", "-inf", "--size: expected a finite number, found -inf"),
        ("size", False, "--size: expected a number, found False"),
        ("size", "big", "--size: expected a number, found 'big'"),
        ("size", 10**400, "--size: expected a number, found 1000"),
        ("size", [0.5], r"--size: expected a number, found \[0.5\]"),
        ("on", "maybe", "--on: expected true or false, found 'maybe'"),
        ("on", 1, "--on: expected true or false, found 1"),
        ("on", None, "--on: expected true or false, found None"),
        ("label", 3, "--label: expected text, found 3"),
        ("label", True, "--label: expected text, found True"),
        ("mode", "medium", "--mode: expected one of fast, slow, found 'medium'"),
        ("mode", "", "--mode: expected one of fast, slow, found ''"),
        ("sigma", "0.1,,0.2", "--sigma: expected a number, found ''"),
        ("sigma", "", "--sigma: expected a number, found ''"),
        ("sigma", [], "--sigma: expected at least one value, found none"),
        ("sigma", [0.1, 0], r"--sigma: expected more than 0, found 0\.0"),
        ("sigma", {"a": 1}, "--sigma: expected a number, found"),
        ("modes", "x,z", "--modes: expected one of x, y, found 'z'"),
    ],
)
def test_what_is_none_is_refused_and_named(name: str, value: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(name, value)


@given(st.integers(1, 9))
def test_whole_numbers_come_back_from_their_text(value: int) -> None:
    assert parse("count", str(value)) == value


@given(st.lists(st.floats(1e-300, 1e300), min_size=1))
def test_numbers_come_back_from_their_text(values: list[float]) -> None:
    assert parse("sigma", ",".join(map(repr, values))) == tuple(values)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.floats())))
def test_whatever_comes_is_a_value_of_the_kind_or_one_message(value: object) -> None:
    kinds = {"count": int, "size": float, "on": bool, "label": str, "mode": str, "sigma": tuple, "modes": tuple}
    for name, kind in kinds.items():
        try:
            found = parse(name, value)
        except UsageError as error:
            assert str(error).startswith(f"--{name}: expected")  # noqa: PT017 - most values are right for some option
        else:
            assert type(found) is kind


def test_an_analyzer_is_built_from_raw_values() -> None:
    made = build(Everything, {"count": "2", "sigma": "0.3"})
    assert made == Everything(count=2, sigma=(0.3,))


def test_building_names_the_place_of_a_bad_value() -> None:
    with pytest.raises(UsageError, match=r"everything\.count: expected a whole number"):
        build(Everything, {"count": "x"}, where="everything.")


def test_building_refuses_an_unknown_option_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"sigmas: no such option of Everything\n  Hint: Did you mean sigma") as caught:
        build(Everything, {"sigmas": 1})
    assert "count" in caught.value.hint


@dataclass(frozen=True, kw_only=True)
class Perhaps:
    what: int | None = option(None, help="")


@dataclass(frozen=True, kw_only=True)
class Mapped:
    what: dict[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Nested:
    what: tuple[tuple[int, ...], ...] = option(((1,),), help="")


@dataclass(frozen=True, kw_only=True)
class Pair:
    what: tuple[int, int] = option((1, 2), help="")


@dataclass(frozen=True, kw_only=True)
class Numbers:
    what: Literal[1, 2] = option(1, help="")


@pytest.mark.parametrize("kind", [Perhaps, Mapped, Nested, Pair, Numbers])
def test_a_field_without_a_command_line_form_is_refused(kind: type) -> None:
    with pytest.raises(TypeError, match=rf"{kind.__name__}.what: expected int, float, bool, str, a Literal of strings"):
        specs(kind)


@dataclass(frozen=True, kw_only=True)
class Required:
    what: int


@dataclass(frozen=True, kw_only=True)
class Made:
    what: tuple[int, ...] = dataclasses.field(default_factory=lambda: (1,))


@pytest.mark.parametrize("kind", [Required, Made])
def test_a_field_without_a_default_is_refused(kind: type) -> None:
    with pytest.raises(TypeError, match=rf"{kind.__name__}.what: expected a default, found none"):
        specs(kind)


def test_a_transient_field_is_marked_and_not_shown() -> None:
    @dataclass
    class Gathering:
        context: Any = transient()
        count: int = 0

    field = dataclasses.fields(Gathering)[0]
    assert field.metadata == {"transient": True}
    assert "context" not in repr(Gathering(object()))
    assert Gathering().context is None
