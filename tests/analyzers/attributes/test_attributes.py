"""Attributes end to end: planted directions, decoders that ignore them, every nature of model and data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from analyzers.attributes.cases import Given, clusters, figure, measured, value, with_factors
from support.datasets import Memory, images
from support.models import Autoencoder, ConditionalVAE, NumpyVAE, SpatialVAE
from vae_analyze.findings import Findings
from vae_analyze.vae import DiagonalGaussian

CORNERS = 4 * np.eye(3)


@pytest.fixture(scope="module")
def found() -> Findings:
    return measured(Given(3), clusters(600, CORNERS))


class TestClassesInTheirOwnCorners:
    """Three unit Gaussians 4√2 apart, seen by a model that keeps everything: what is there is known."""

    def test_the_vector_is_the_difference_of_means(self, found: Findings) -> None:
        data = clusters(600, CORNERS)
        assert data.labels is not None
        for k in range(3):
            own, rest = data.x[data.labels == k].astype(float), data.x[data.labels != k].astype(float)
            plain = float(np.linalg.norm(own.mean(axis=0) - rest.mean(axis=0)))
            scalar = found.scalar("vector_length", attribute=str(k))
            assert scalar.value == pytest.approx(plain, rel=1e-6)
            assert scalar.low < 4 * math.sqrt(1.5) < scalar.high
            assert value(found, "vector_reliability", str(k)) > 0.99

    def test_it_is_read_off_and_moving_along_it_makes_it(self, found: Findings) -> None:
        for k in range(3):
            assert value(found, "probe_accuracy", str(k)) > 0.97
            assert value(found, "chance", str(k)) == pytest.approx(2 / 3, abs=0.05)
            assert value(found, "moved_probability", str(k)) > 0.5
            assert value(found, "moved_probability", str(k)) == pytest.approx(
                value(found, "moved_probability_direct", str(k)), abs=1e-4
            )
        assert found.scalar("grouping_accuracy", grouping="label").value > 0.97
        assert found.readings[0].startswith("The 3 labels are told apart by a linear probe")

    def test_vectors_have_the_cosines_that_one_against_the_rest_has(self, found: Findings) -> None:
        table = figure(found, "cosines").table
        others = [row[2] for row in table.rows if row[0] != row[1]]
        assert len(others) == 6
        assert others == pytest.approx([-0.5] * 6, abs=0.06)
        assert "-1/2 = -0.50" in figure(found, "cosines").caption

    def test_numbers_stand_in_the_tables(self, found: Findings) -> None:
        assert [table.name for table in found.tables] == ["attributes", "arithmetic"]
        assert found.tables[0].column("attribute") == ["0", "1", "2"]
        assert sum(row[2] for row in found.tables[0].rows if isinstance(row[2], int)) == 600
        assert found.tables[1].column("alpha") == [0.0, 0.5, 1.0] * 3
        assert found.rows is not None
        assert found.rows.gather().values.mean() == pytest.approx(found.scalar("probe_accuracy").value)

    def test_every_number_is_defined_and_every_figure_described(self, found: Findings) -> None:
        assert sum(scalar.headline for scalar in found.scalars) == 8
        assert all(scalar.definition for scalar in found.scalars)
        for one in found.figures:
            assert one.alt.endswith(".")
            assert any(character.isdigit() for character in one.alt)


def test_a_decoder_that_ignores_the_direction_is_found_out() -> None:
    # Not symmetric: what the decoder leaves, zero, is on the side of those without.
    means = np.array([[-1.5, 0.0], [2.5, 0.0]])
    sees, blind = (measured(Given(2, blind=at), clusters(500, means)) for at in ((), (0,)))
    assert value(sees, "moved_probability", "1") > 0.7
    assert value(blind, "moved_probability_direct", "1") > 0.7
    assert abs(value(blind, "moved_probability", "1")) < 0.05
    assert value(blind, "flipped_share", "1") < 0.05
    assert any("the decoder does not show" in reading for reading in blind.readings)
    assert not any("the decoder does not show" in reading for reading in sees.readings)
    # What the code holds is the same.
    assert value(blind, "probe_accuracy", "1") == value(sees, "probe_accuracy", "1")


def test_random_labels_are_at_chance_and_said_to_be() -> None:
    found = measured(Given(40), clusters(500, np.zeros((2, 40)), seed=3))
    scalar = found.scalar("probe_accuracy", attribute="1")
    assert scalar.low <= value(found, "chance", "1") + 0.01
    assert abs(value(found, "vector_reliability", "1")) < 0.5
    assert found.scalar("vector_reliability", attribute="1").status == "warning"
    assert any(reading.startswith("None of 1 attributes") for reading in found.readings)
    assert any("not well known" in warning for warning in found.warnings)


@pytest.mark.parametrize(("n", "d"), [(100, 10), (400, 32)])
def test_noise_is_not_moved_towards_a_label(n: int, d: int) -> None:
    gains, flips, by_chance, holds = [], [], [], 0
    for seed in range(24):
        found = measured(Given(d), clusters(n, np.zeros((2, d)), seed=seed), seed=seed, moved=64, steps=2)
        gain = found.scalar("moved_probability", attribute="1")
        gains.append([gain.value, value(found, "moved_probability_direct", "1")])
        holds += int(gain.low <= 0 <= gain.high)
        flips.append(value(found, "flipped_share", "1"))
        by_chance.append(value(found, "flipped_share_chance", "1"))
    assert (np.abs(np.mean(gains, axis=0)) < 3 * np.std(gains, axis=0, ddof=1) / math.sqrt(24)).all()
    assert holds >= 22
    difference = np.array(flips) - np.array(by_chance)
    assert abs(float(np.nanmean(difference))) < 3 * float(np.nanstd(difference, ddof=1)) / math.sqrt(24)


def test_the_interval_holds_what_repetition_gives_where_there_is_a_direction() -> None:
    found = []
    for seed in range(24):
        one = measured(Given(4), clusters(240, [[0.0] * 4, [1.5, 0, 0, 0]], seed=seed), seed=seed, moved=64, steps=2)
        assert value(one, "flipped_share", "1") > value(one, "flipped_share_chance", "1") + 0.15
        found.append([(s.value, s.low, s.high) for s in (one.scalar(name, attribute="1")
                      for name in ("moved_probability", "flipped_share"))])  # fmt: skip
    means = np.mean(found, axis=0)[:, 0]
    assert (means > 0.3).all()
    for at, mean in enumerate(means):
        assert sum(one[at][1] <= mean <= one[at][2] for one in found) >= 20


def test_noise_that_moves_nothing_is_told_as_nothing() -> None:
    found = measured(Given(10), clusters(300, np.zeros((2, 10)), seed=1))
    assert any("nothing can be told" in reading and "from permuted labels" in reading for reading in found.readings)


def test_every_number_has_an_interval_or_says_why_not(found: Findings) -> None:
    for scalar in found.scalars:
        if scalar.params and scalar.name not in ("grouping_chance",):
            assert math.isfinite(scalar.low) or scalar.reason, scalar.name
    balanced = found.scalar("probe_balanced_accuracy", attribute="1")
    assert balanced.low < balanced.value < balanced.high <= 1


def test_codes_that_are_nearly_all_the_same_have_no_reliability_and_say_so() -> None:
    # Classes without any of the few that differ would have the direction of the others' few, all with one cosine.
    rng = np.random.default_rng(0)
    x = np.zeros((300, 4), dtype=np.float32)
    x[:9] = rng.normal(size=(9, 4))
    found = measured(Given(4), Memory(x, np.where(np.arange(300) < 9, 0, np.arange(300) % 4)))
    for k in range(4):
        scalar = found.scalar("vector_reliability", attribute=str(k))
        assert math.isnan(scalar.value)
        assert "291 of 300 codes are the very same" in scalar.reason
    assert any(warning.startswith("291 of 300 codes are the very same") for warning in found.warnings)


def test_moving_one_factor_leaves_an_independent_one_alone_and_a_tied_one_not() -> None:
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(500, 3))
    free = measured(Given(3), with_factors(codes, codes[:, 0] > 0, codes[:, 1] > 0))
    tied = measured(Given(3), with_factors(codes, codes[:, 0] > 0, codes[:, 0] + 0.2 * codes[:, 1] > 0))
    assert value(free, "others_changed", "f0") < 0.15
    assert value(tied, "others_changed", "f0") > 0.5
    assert not any("along one line" in warning for warning in free.warnings)
    assert any("'f0' and 'f1'" in warning and "go together" in warning for warning in tied.warnings)


def test_the_third_group_that_a_path_strays_into_is_counted() -> None:
    # On a line: from the first to the third leads through the second.
    found = measured(Given(1), clusters(600, [[0.0], [6.0], [12.0]]))
    assert value(found, "strayed_share", "2") > 0.1
    assert value(found, "vector_length", "1") < value(found, "vector_length", "2")


def test_names_of_classes_and_their_order_change_nothing() -> None:
    data = clusters(300, CORNERS)
    assert data.labels is not None
    renumbered = Memory(data.x, np.array([2, 0, 1])[data.labels])
    one, other = measured(Given(3), data), measured(Given(3), renumbered)
    for k, name in enumerate("201"):
        for number in ("vector_length", "vector_reliability", "probe_accuracy", "moved_probability", "flipped_share"):
            assert value(one, number, str(k)) == pytest.approx(value(other, number, name), abs=2e-3), number


def test_numbers_do_not_depend_on_the_batch() -> None:
    one, other = (measured(SpatialVAE(), images(90), batch_size=size) for size in (7, 64))
    assert len(one.scalars) == len(other.scalars)
    for scalar in one.scalars:
        again = other.scalar(scalar.name, **dict(scalar.params)).value
        assert again == pytest.approx(scalar.value, rel=1e-3, abs=1e-4, nan_ok=True), scalar.name


def test_one_class_has_no_direction_and_says_why() -> None:
    found = measured(Given(2), Memory(clusters(80, [[0.0, 0.0]]).x, np.zeros(80, dtype=np.int64)))
    scalar = found.scalar("vector_length", attribute="0")
    assert math.isnan(scalar.value)
    assert "only 0 samples do not have it" in scalar.reason
    assert found.readings[0].startswith("Nothing can be said of any attribute")
    assert math.isnan(found.scalar("probe_accuracy").value)
    assert found.figures == ()


def test_data_whose_only_factor_takes_one_value_have_no_attribute() -> None:
    found = measured(Given(2), with_factors(np.random.default_rng(0).normal(size=(30, 2)), np.ones(30, dtype=bool)))
    assert "takes one value" in found.warnings[0]
    assert "no attribute" in found.scalar("flipped_share").reason


def test_a_rare_class_is_listed_with_its_reason() -> None:
    data = clusters(200, CORNERS[:2])
    labels = np.where(np.arange(200) < 4, 2, np.arange(200) % 2)
    found = measured(Given(3), Memory(data.x, labels))
    assert "only 4 samples have it" in found.scalar("probe_auc", attribute="2").reason
    assert value(found, "probe_auc", "0") >= 0
    assert any(reading.startswith("Nothing can be said of '2'") for reading in found.readings)


@pytest.mark.parametrize("n", [2, 5, 11, 20])
def test_few_samples_give_numbers_or_reasons(n: int) -> None:
    found = measured(
        Given(2), Memory(np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32), np.arange(n) % 2)
    )
    assert found.readings
    for scalar in found.scalars:
        assert math.isfinite(scalar.value) or scalar.reason


def test_a_collapsed_model_is_called_so() -> None:
    found = measured(Given(2), Memory(np.zeros((60, 2), dtype=np.float32), np.arange(60) % 3))
    assert any("No latent dimension follows the data" in warning for warning in found.warnings)
    assert value(found, "vector_length", "1") == 0
    assert "no length" in found.scalar("vector_reliability", attribute="1").reason
    assert value(found, "flipped_share", "1") == 0 or found.scalar("flipped_share", attribute="1").reason


@pytest.mark.parametrize("model", [Autoencoder(), SpatialVAE(), ConditionalVAE()])
def test_every_nature_of_model_is_served(model: Any) -> None:
    found = measured(model, images(150))
    assert value(found, "probe_accuracy", "3") >= 0
    conditional = isinstance(model, ConditionalVAE)
    assert any("given the label of every sample" in warning for warning in found.warnings) == conditional
    assert ("given the label" in figure(found, "along").caption) == conditional


class Labelled:
    """Refuses codes whose first number is nearer to the other label than to the one that it is given with them."""

    input_shape = latent_shape = (3,)

    def given(self, labels: Tensor, /) -> Given:
        class Bound(Given):
            def decode(self, z: Tensor, /) -> Tensor:
                assert (z[:, 0] - labels).abs().max() < 2
                return super().decode(z)

        return Bound(3)


def test_a_conditional_model_is_moved_under_the_samples_own_label() -> None:
    rng = np.random.default_rng(0)
    labels = 4 * rng.permutation(np.arange(300) % 2)
    x = np.column_stack([labels, rng.normal(size=(300, 2))])
    data = Memory(x.astype(np.float32), labels, (x[:, 1:2] > 0).astype(np.float64))
    model: Any = Labelled()
    # Of equally large attributes the first are kept: the label's vector would lead away from the label.
    rare = Memory(x.astype(np.float32), np.where(np.arange(300) < 20, 4, labels), data.factor_values)
    assert rare.labels is not None
    rare.x[:, 0] = rare.labels
    found = measured(model, rare, attributes=1)
    assert found.tables[0].column("attribute") == ["f0"]
    assert value(found, "flipped_share", "f0") > 0.5


def test_a_model_without_derivatives_is_served() -> None:
    rng = np.random.default_rng(0)
    data = Memory(rng.normal(size=(120, 6)).astype(np.float32), rng.integers(0, 3, 120))
    found = measured(NumpyVAE(), data)
    assert [one.name for one in found.figures] == ["separability", "arithmetic", "cosines", "convergence"]


def test_codes_that_are_not_finite_are_counted_and_left_out() -> None:
    class Breaking(Given):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            return DiagonalGaussian(torch.where(x[:, :1] > 6, torch.nan, x), torch.full_like(x, -4.0))

    data = clusters(300, CORNERS)
    n = int((data.x[:, 0] > 6).sum())
    assert n > 0
    found = measured(Breaking(3), data)
    assert any(warning.startswith(f"{n} of 300 codes are not finite") for warning in found.warnings)
    assert value(found, "probe_accuracy", "1") > 0.9
    assert math.isfinite(value(found, "vector_length", "0"))


def test_an_encoder_that_breaks_on_moved_samples_is_a_reason() -> None:
    class Narrow(Given):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            return DiagonalGaussian(torch.where(x[:, 1:] > 9, torch.nan, x), torch.full_like(x, -4.0))

    found = measured(Narrow(2), clusters(300, [[0.0, 5.0], [5.0, 8.0]]))
    assert "not finite" in found.scalar("moved_probability", attribute="1").reason
    assert math.isfinite(value(found, "moved_probability_direct", "1"))
    flipped = found.scalar("flipped_share", attribute="1")
    assert flipped.value > 0.5
    assert 0 < flipped.n < 40
    assert flipped.status == found.scalar("flipped_share").status == "warning"
    assert f"{40 - flipped.n} of 40 moved samples are not finite" in flipped.reason
    assert f"of the other {flipped.n}" in flipped.reason
    assert any(warning.startswith(f"Some moved codes are not finite, decoded and encoded again ({40 - flipped.n} of 40")
               for warning in found.warnings)  # fmt: skip


def test_of_very_many_dimensions_probes_are_given_the_largest() -> None:
    data = clusters(80, CORNERS[:2], extra=600)
    found = measured(Given(603), data)
    assert any("512 of 603 dimensions" in warning for warning in found.warnings)
    assert value(found, "probe_auc", "1") > 0.7


def test_attributes_and_samples_beyond_the_cap_are_said_to_be_left_out() -> None:
    found = measured(Given(3), clusters(300, CORNERS), attributes=2, probed=100)
    assert len(found.tables[0].rows) == 2
    assert any("1 of 3 attributes are left out" in warning for warning in found.warnings)
    assert any("100 of 300 samples" in warning for warning in found.warnings)
    assert found.scalar("probe_accuracy").n == 100
    assert found.scalar("vector_reliability").n == 300


def test_more_classes_than_one_probe_tells_apart_are_judged_one_by_one() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 60
    x = rng.normal(size=(600, 2)) + np.stack([3 * (labels % 10), labels // 10], axis=1)
    found = measured(Given(2), Memory(x.astype(np.float32), labels), attributes=3)
    assert not any(scalar.name in ("grouping_accuracy", "strayed_share") for scalar in found.scalars)
    assert math.isfinite(value(found, "flipped_share", "0"))
