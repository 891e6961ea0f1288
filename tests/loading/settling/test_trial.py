from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from loading.cores import AsCore, evidence_of, sample_vae
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Convention, Conventional, Output, Split
from vae_analyze.loading.settling.questions import Known, output_question
from vae_analyze.loading.settling.trial import Bench, finished, mean_sample_error, run_trials, scaled, squared_error


def bench(n: int = 150) -> Bench:
    data = evidence_of("digits:test", n)
    return Bench(name="digits:test", x=data.x, value_range=(0.0, 1.0))


@pytest.mark.parametrize("split", ["halves", "interleaved"])
def test_trials_are_what_the_convention_gives(repository: Path, split: Split) -> None:
    core, data = AsCore(sample_vae(repository, "digits-vae"), split="halves"), bench()
    outputs: tuple[Output, ...] = ("prob", "logits", "tanh", "same")
    conventions = [
        Convention(input_range=pair, split=split, swapped=swapped, output=output)
        for pair, swapped, output in itertools.product([(0.0, 1.0), (-1.0, 1.0), (-0.5, 3.0)], [False, True], outputs)
    ]
    trials = run_trials(core, data, conventions)
    assert {trial.convention for trial in trials} == set(conventions)
    for trial in trials:
        model = Conventional(core, trial.convention)
        mean = model.encode(data.x).mean
        assert torch.allclose(trial.codes, mean.double(), atol=1e-5)
        assert torch.allclose(trial.errors, squared_error(data.x, model.decode(mean)), atol=1e-5)


def test_the_best_stretch_counts(repository: Path) -> None:
    core, data = AsCore(sample_vae(repository, "digits-vae")), bench()
    halved = Convention(input_range=(0.0, 0.5))
    (plain,) = run_trials(core, data, [halved])
    (stretched,) = run_trials(core, data, [halved], stretches=(1.0, 1.7, 3.0))
    assert stretched.error < plain.error
    assert torch.equal(stretched.codes, plain.codes)


def test_input_is_not_written_to() -> None:
    x = torch.rand(3, 4)
    scaled(x, (0.0, 1.0), (0.0, 1.0)).zero_()
    assert float(x.max()) > 0


def test_ends_of_the_ranges() -> None:
    x = torch.tensor([0.0, 255.0])
    assert scaled(x, (0.0, 255.0), (-1.0, 1.0)).tolist() == [-1.0, 1.0]
    assert scaled(x, None, (-1.0, 1.0)).tolist() == [0.0, 255.0]
    assert finished(torch.tensor([-1.0, 1.0]), "tanh", (0.0, 255.0)).tolist() == [0.0, 255.0]
    assert finished(torch.tensor([0.0]), "logits", None).tolist() == [0.5]
    assert finished(torch.tensor([-2.0, 6.0]), "same", (0.0, 255.0), (-2.0, 6.0)).tolist() == [0.0, 255.0]
    assert finished(torch.tensor([-2.0, 6.0]), "same", None, (-2.0, 6.0)).tolist() == [-2.0, 6.0]


def test_errors_by_hand() -> None:
    x = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
    assert squared_error(x, torch.zeros(2, 2)).tolist() == [0.5, 0.5]
    assert squared_error(x, torch.tensor([[torch.nan, 0.0], [1.0, 0.0]])).tolist() == [torch.inf, 0.0]
    assert mean_sample_error(x).tolist() == [0.25, 0.25]


def test_some_are_spread_evenly() -> None:
    data = Bench(name="x", x=torch.arange(10.0)[:, None], value_range=None, labels=torch.arange(10))
    few = data.some(5)
    assert few.labels is not None
    assert few.labels.tolist() == [0, 2, 4, 6, 8]
    assert len(few) == 5


def test_numbers_from_minus_one_to_one_stay_where_data_have_no_bounds() -> None:
    raw = torch.tensor([[-1.0, 0.5]])
    assert torch.equal(finished(raw, "tanh", None), raw)
    assert torch.equal(finished(raw, "tanh", (0.0, 2.0)), torch.tensor([[0.0, 1.5]]))


@pytest.mark.parametrize(("value_range", "expected"), [(None, [-1.0, 0.5]), ((0.0, 2.0), [0.0, 1.5])])
def test_a_model_decodes_as_it_was_tried(value_range: tuple[float, float] | None, expected: list[float]) -> None:
    class Fixed(torch.nn.Module):
        input_shape, latent_shape = (2,), (2,)

        def outputs(self, x: torch.Tensor, _: torch.Tensor | None, /) -> tuple[torch.Tensor, ...]:
            return (x, x)

        def decoded(self, z: torch.Tensor, _: torch.Tensor | None, /) -> torch.Tensor:
            return z

    model = Conventional(Fixed(), Convention(output="tanh"), value_range=value_range)
    assert model.decode(torch.tensor([[-1.0, 0.5]])).tolist() == [expected]


def test_an_output_that_cannot_be_mapped_is_refused_or_said() -> None:
    with pytest.raises(CheckpointError, match="no bounds of the data are known") as caught:
        output_question(LoadOptions(output="tanh"), Known(), None, within=False)
    assert "--output prob" in caught.value.hint
    question = output_question(LoadOptions(), Known(output="tanh"), None, within=False)
    assert question.said("tanh") == "-1 to 1, as it is: the data have no bounds to map it to"
    bounded = output_question(LoadOptions(output="tanh"), Known(), (0.0, 1.0), within=True)
    assert bounded.said("tanh") == "-1 to 1, mapped to the data's range"
