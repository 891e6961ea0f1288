"""Which attributes there are, from labels and factors of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from vae_analyze.analyzers.attributes.groups import MOST_LEVELS, Groups, groups_of
from vae_analyze.data.dataset import Factor, FactorKind


def factor(name: str, levels: list[float], kind: FactorKind = "ordinal", names: tuple[str, ...] = ()) -> Factor:
    return Factor(name=name, kind=kind, levels=np.array(levels), level_names=names)


def of_factor(one: Factor, column: list[float], **options: int) -> Groups:
    return groups_of(None, (), np.array(column)[:, None], [one], most=options.get("most", 24))


def names(groups: Groups) -> list[str]:
    return [one.name for one in groups.attributes]


def test_every_class_is_held_against_the_rest() -> None:
    found = groups_of(np.array([0, 2, 2, 1, 0, 2]), ("a", "b", "c"), None, (), most=24)
    assert names(found) == ["a", "b", "c"]
    assert [(one.present, one.absent) for one in found.attributes] == [(2, 4), (1, 5), (3, 3)]
    assert found.groupings[0].one_against_rest


def test_classes_that_no_sample_has_are_no_attributes() -> None:
    found = groups_of(np.array([1, 4, 1, 9]), [str(k) for k in range(10)], None, (), most=24)
    assert names(found) == ["1", "4", "9"]


def test_two_classes_are_one_attribute() -> None:
    found = groups_of(np.array([0, 1, 1]), ("cat", "dog"), None, (), most=24)
    assert names(found) == ["dog"]
    assert (found.attributes[0].present, found.attributes[0].absent) == (2, 1)


def test_one_class_is_an_attribute_of_which_nothing_can_be_said() -> None:
    found = groups_of(np.zeros(30, dtype=np.int64), ("only",), None, (), most=24)
    assert names(found) == ["only"]
    assert "only 0 samples do not have it" in found.attributes[0].reason


@pytest.mark.parametrize(
    ("one", "column", "expected", "present"),
    [
        (factor("glasses", [0, 1]), [0, 1, 1], ["glasses"], 2),
        (factor("size", [3, 5]), [3, 5, 3], ["size = 5"], 1),
        (factor("kind", [0, 1], "categorical", ("dull", "bright")), [0, 1, 1], ["kind = bright"], 2),
        (factor("scale", [0.5, 0.6, 0.7, 0.8, 0.9, 1.0], "continuous"), [0.7, 0.8, 1.0, 0.5], ["scale > 0.7"], 2),
        (factor("steps", [0, 1, 2]), [0, 1, 2, 2], ["steps > 1"], 2),
        (factor("angle", [0, 1, 2, 3], "periodic"), [0, 1, 2, 3, 3], ["angle > 1"], 3),
    ],
)
def test_factors_have_the_attributes_of_their_kind(
    one: Factor, column: list[float], expected: list[str], present: int
) -> None:
    found = of_factor(one, column)
    assert names(found) == expected
    assert found.attributes[0].present == present


def test_every_level_of_a_categorical_factor_is_an_attribute() -> None:
    found = of_factor(factor("shape", [0, 1, 2], "categorical", ("square", "ellipse", "heart")), [0, 1, 2, 0])
    assert names(found) == ["shape = square", "shape = ellipse", "shape = heart"]


def test_what_is_left_out_is_said() -> None:
    many = of_factor(factor("word", list(range(MOST_LEVELS + 1)), "categorical"), [0.0, 1.0])
    assert many.attributes == ()
    assert "more than 20" in many.notes[0]
    still = of_factor(factor("still", [1.0]), [1.0, 1.0])
    assert "takes one value" in still.notes[0]


def test_the_cap_keeps_the_attributes_with_most_samples_on_their_smaller_side() -> None:
    labels = np.repeat(np.arange(4), [2, 50, 9, 30])
    found = groups_of(labels, ("a", "b", "c", "d"), None, (), most=2)
    assert names(found) == ["b", "d"]
    assert "2 of 4 attributes are left out" in found.notes[0]
    assert "a, c" in found.notes[0]


def test_labels_that_are_a_factor_are_looked_at_once() -> None:
    shape = factor("shape", [0, 1, 2], "categorical", ("square", "ellipse", "heart"))
    labels = np.array([2, 2, 0, 1])
    found = groups_of(labels, ("x", "y", "z"), np.array([[0.0], [0.0], [1.0], [2.0]]), [shape], most=24)
    assert [one.name for one in found.groupings] == ["shape"]
    assert found.notes == ("The labels are the factor shape: they are looked at once.",)


def test_attributes_of_one_name_are_told_apart() -> None:
    column = np.array([[0.0], [1.0], [1.0], [0.0]])
    found = groups_of(np.array([0, 0, 1, 1]), ("no", "smile"), column, [factor("smile", [0, 1])], most=24)
    assert names(found) == ["label smile", "smile smile"]


def test_too_many_classes_for_one_probe_are_judged_one_by_one() -> None:
    found = groups_of(np.arange(60), [str(k) for k in range(60)], None, (), most=24)
    assert not found.groupings[0].judged_together
    assert len(found.attributes) == 24
