from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from loading.cores import AsCore, LabelledCore, evidence_of, sample_vae
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling import experiment
from vae_analyze.loading.settling.convention import Convention, Conventional
from vae_analyze.loading.settling.cost import BUDGET, LEAST_SAMPLES
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.experiment import agreeing, by_experiment, combined
from vae_analyze.loading.settling.questions import COLOURS, MNIST, output_question, range_question
from vae_analyze.loading.settling.ruling import Ruling, rule
from vae_analyze.loading.settling.settle import Known, Settled, settle
from vae_analyze.loading.settling.trial import Bench, Trial

RANGES = ((0.0, 1.0), (-1.0, 1.0), MNIST)


@pytest.fixture(scope="module")
def digits() -> Evidence:
    return evidence_of("digits:test", 300)


def options(evidence: Evidence | None, **said: object) -> LoadOptions:
    return LoadOptions(evidence=evidence, **said)  # type: ignore[arg-type]  # what a person may say


def about(settled: Settled, what: str) -> str:
    return next(known.source for known in settled.assumptions if known.what == what)


@pytest.mark.parametrize("name", ["digits-vae", "digits-beta4"])
@pytest.mark.parametrize("input_range", RANGES)
@pytest.mark.parametrize("output", ["prob", "logits", "tanh"])
def test_range_and_output_are_found(
    repository: Path, digits: Evidence, name: str, input_range: tuple[float, float], output: str
) -> None:
    core = AsCore(sample_vae(repository, name), input_range=input_range, output=output)
    found = settle(core, options(digits))
    assert found.convention.input_range == input_range
    assert found.convention.output == output
    assert not any(known.guess for known in found.assumptions if known.what != "second output")


@pytest.mark.parametrize(
    ("split", "swapped"), list(itertools.product(("separate", "halves", "interleaved"), (False, True)))
)
def test_where_the_mean_is_is_found(repository: Path, digits: Evidence, split: str, swapped: bool) -> None:
    vae = sample_vae(repository, "digits-vae")
    core = AsCore(vae, split=split, swapped=swapped)
    found = settle(core, options(digits))
    assert (found.convention.split, found.convention.swapped) == (split, swapped)
    read = Conventional(core, found.convention, value_range=found.value_range)
    assert torch.equal(read.encode(digits.x).mean, vae.encode(digits.x).mean)


def test_a_model_read_right_is_identical(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")
    core = AsCore(vae, second="std", signs=True, split="interleaved", input_range=(-1.0, 1.0), output="tanh")
    found = settle(core, options(digits))
    read = Conventional(core, found.convention, value_range=found.value_range)
    ours, theirs = vae.encode(digits.x), read.encode(digits.x)
    assert torch.allclose(theirs.mean, ours.mean, atol=1e-4)
    assert torch.allclose(theirs.logvar, ours.logvar, atol=1e-3)
    assert torch.allclose(read.decode(theirs.mean), vae.decode(ours.mean), atol=1e-4)
    assert found.error == pytest.approx(float((vae.decode(ours.mean) - digits.x).square().mean()), rel=0.1)
    assert found.error < found.mean_sample_error / 5


def test_what_experiments_found_is_in_the_choices(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"), input_range=(-1.0, 1.0))
    choices = settle(core, options(digits)).choices
    assert choices["input range"] == "-1 to 1"
    assert set(choices) == {"input range", "encoder outputs", "decoder output", "second output"}
    assert not settle(core, options(digits, range=(-1.0, 1.0), output="prob", second="logvar")).choices.keys() & {
        "input range",
        "decoder output",
        "second output",
    }


def test_log_variance_is_announced_as_a_guess_with_its_runner_up(repository: Path, digits: Evidence) -> None:
    found = settle(AsCore(sample_vae(repository, "digits-vae")), options(digits))
    (second,) = [known for known in found.assumptions if known.what == "second output"]
    assert second.guess
    assert second.value == "log variance"
    assert "log standard deviation: var(mean) + mean(variance) is 0." in second.runner_up


def test_the_same_answer_every_time(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    assert settle(core, options(digits)) == settle(core, options(digits))


def test_one_output_is_a_deterministic_code(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-ae"), second="none")
    found = settle(core, options(digits))
    assert found.convention.second == "none"
    with pytest.raises(CheckpointError, match="expected a second encoder output"):
        settle(core, options(digits, second="logvar"))


def test_a_pair_whose_second_is_known_to_be_none_is_deterministic(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")
    assert settle(AsCore(vae), options(digits), known=Known(second="none")).convention.second == "none"
    with pytest.raises(CheckpointError, match="twice its size"):
        settle(AsCore(vae, split="halves"), options(digits), known=Known(second="none"))


def test_what_a_person_says_goes_first(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    said = options(digits, second="logstd", output="logits", range=(-1.0, 1.0))
    found = settle(core, said, known=Known(second="logvar", output="prob", input_range=(0.0, 1.0), swapped=False))
    assert found.convention.second == "logstd"
    assert found.convention.output == "logits"
    assert found.convention.input_range == (-1.0, 1.0)
    assert about(found, "second output") == "option --second"
    assert about(found, "decoder output") == "option --output"
    assert about(found, "input range") == "option --range"


def test_what_the_file_says_is_not_tried(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    known = Known(
        input_range=(0.0, 1.0), second="logvar", split="separate", swapped=False, output="prob", source="config.json"
    )
    found = settle(core, options(digits), known=known)
    assert not found.choices
    assert about(found, "input range") == "config.json"


def test_all_known_needs_no_data(repository: Path) -> None:
    core = AsCore(sample_vae(repository, "digits-collapsed"))
    known = Known(input_range=(0.0, 1.0), second="logvar", swapped=False, output="prob", labels="none")
    assert settle(core, options(None), known=known).convention == Convention()


def test_without_data_the_options_are_named(repository: Path) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    with pytest.raises(CheckpointError, match="no data to settle it by: name them with --data") as caught:
        settle(core, options(None))
    for word in ("--range", "--output", "--second", "--accept-guess"):
        assert word in caught.value.hint
    guessed = settle(core, options(None, accept_guess=True))
    assert guessed.convention == Convention()
    assert sum(known.guess for known in guessed.assumptions) == 4


def test_data_of_another_shape_are_no_evidence(repository: Path) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    other = Evidence(name="other", x=torch.rand(20, 3, 9, 9), value_range=(0.0, 1.0))
    with pytest.raises(CheckpointError, match=r"other has samples of shape \(3, 9, 9\)"):
        settle(core, options(other))


@pytest.mark.parametrize("split", ["separate", "halves"])
def test_a_collapsed_model_is_refused_with_the_reason(repository: Path, digits: Evidence, split: str) -> None:
    core = AsCore(sample_vae(repository, "digits-collapsed"), split=split)
    with pytest.raises(CheckpointError, match="collapsed, as its codes carry nothing"):
        settle(core, options(digits))
    assert settle(core, options(digits, accept_guess=True)).convention.output == "prob"


def test_data_unlike_those_of_the_training_settle_nothing(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    with pytest.raises(CheckpointError, match="trained on other data"):
        settle(core, options(replace(digits, x=torch.rand(200, 1, 8, 8))))


def test_three_samples_settle_nothing(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"), input_range=(-1.0, 1.0))
    with pytest.raises(CheckpointError, match="cannot settle"):
        settle(core, options(replace(digits, x=digits.x[:2])))


def test_names_tell_which_of_two_is_usual(repository: Path) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"), swapped=True)
    said = options(None, accept_guess=True)
    assert settle(core, said, known=Known(names=("log_var", "mu"))).convention.swapped
    assert not settle(core, said, known=Known(names=("mu", "log_var"))).convention.swapped


@pytest.mark.parametrize("way", ["index", "onehot"])
def test_labels_are_found_to_be_needed(way: str) -> None:
    generator = torch.Generator().manual_seed(0)
    core = LabelledCore(way)
    labels = torch.arange(200) % 10
    z = torch.randn(200, 8, generator=generator)
    x = z @ core.rows + core.shift[labels]
    evidence = Evidence(name="made", x=x, labels=labels, classes=10)
    found = settle(core, options(evidence))
    assert found.convention.labels == way
    assert found.convention.classes == 10
    with pytest.raises(CheckpointError, match="needs a label per sample and made has none"):
        settle(core, options(replace(evidence, labels=None)))


def test_a_network_that_fails_is_refused() -> None:
    class Failing(LabelledCore):
        def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
            raise RuntimeError("broken inside")

    with pytest.raises(CheckpointError, match="broken inside"):
        settle(Failing("index"), options(None))


def test_unbounded_data_are_passed_on_as_they_are() -> None:
    core = LabelledCore("index")
    evidence = Evidence(name="made", x=torch.randn(50, 64), labels=torch.arange(50) % 10, classes=10)
    with pytest.raises(CheckpointError, match="have no bounds"):
        settle(core, options(evidence, range=(-1.0, 1.0)))
    assert settle(core, options(evidence, accept_guess=True)).value_range is None


@pytest.mark.parametrize("folder", ["VAE_mnist", "btcvae_mnist"])
def test_real_models_under_transformed_outputs(shared_data: Path, folder: str) -> None:
    import vae_analyze

    vae = vae_analyze.load(shared_data / "checkpoints" / folder).vae
    images = evidence_of(str(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"), 256)
    x = torch.nn.functional.interpolate(images.x, (32, 32), mode="bilinear", align_corners=False)
    evidence = replace(images, x=x)
    for second, signs in (("logvar", False), ("logstd", False), ("std", False), ("std", True), ("variance", False)):
        core = AsCore(vae, second=second, signs=signs, split="interleaved")  # type: ignore[arg-type]  # words, a VAE
        found = settle(core, options(evidence))
        assert found.convention.split == "interleaved"
        assert found.convention.second == second or any(known.guess for known in found.assumptions)
        if folder == "VAE_mnist":
            assert found.convention.second == second
            # A log standard deviation is never beyond doubt.
            assert any(known.guess for known in found.assumptions) == (second == "logstd")


class Standardised(AsCore):
    """Takes and gives data as ``(x - mean) / std``, as training that compares the two leaves a network."""

    def decoded(self, z: Tensor, labels: Tensor | None, /) -> Tensor:
        low, high = self.input_range
        return low + (high - low) * self.vae.decode(z)


@pytest.mark.parametrize("said", [{}, {"range": MNIST}, {"output": "same"}, {"range": MNIST, "output": "same"}])
def test_output_in_the_units_of_the_input_is_found(repository: Path, digits: Evidence, said: dict[str, object]) -> None:
    vae = sample_vae(repository, "digits-vae")
    core = Standardised(vae, input_range=MNIST)
    found = settle(core, options(digits, **said))
    assert (found.convention.input_range, found.convention.output) == (MNIST, "same")
    read = Conventional(core, found.convention, value_range=found.value_range)
    mean = vae.encode(digits.x).mean
    assert torch.allclose(read.encode(digits.x).mean, mean, atol=1e-4)
    assert torch.allclose(read.decode(mean), vae.decode(mean), atol=1e-5)
    (output,) = [known for known in found.assumptions if known.what == "decoder output"]
    assert output.value == "in the units of the encoder's input, mapped back to the data's range"
    assert not output.guess


@pytest.mark.parametrize(("pair", "usual"), [(MNIST, "same"), ((-1.0, 1.0), "tanh"), ((0.0, 1.0), "prob")])
def test_with_the_range_said_the_output_in_its_units_is_the_usual_one(pair: tuple[float, float], usual: str) -> None:
    question = output_question(LoadOptions(range=pair), Known(), (0.0, 1.0), within=True, ranges=(pair,))
    assert question.answers[0] == usual
    assert set(question.answers) == {"prob", "logits", "tanh"} | ({"same"} if pair == MNIST else set())
    assert "same" in question.words


def test_readings_that_mean_the_same_are_tried_once() -> None:
    said, unit = LoadOptions(), (0.0, 1.0)
    extent = range_question(said, Known(), unit, channels=1)
    output = output_question(said, Known(), unit, within=True, ranges=extent.answers)
    tried = {(way.input_range, way.output) for way in combined(Convention(), [extent, output], unit)}
    plain = set(itertools.product(RANGES, ("prob", "logits", "tanh")))
    assert tried == plain | {(MNIST, "same")}
    assert len(combined(Convention(output="same"), [extent], unit)) == len(RANGES)


def trial(pair: tuple[float, float], output: str, error: float, *, n: int = 30, noise: float = 0.1) -> Trial:
    luck = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(int(error * 1e6)))
    convention = Convention(input_range=pair, output=output)  # type: ignore[arg-type]  # words
    return Trial(convention=convention, errors=error * (1 + noise * luck), codes=torch.ones(n, 2))


def range_ruling(trials: list[Trial]) -> Ruling:
    said, unit = LoadOptions(), (0.0, 1.0)
    extent = range_question(said, Known(), unit, channels=3)
    questions = [extent, output_question(said, Known(), unit, within=True, ranges=extent.answers)]
    rulings = [rule(trials, question.asked, question.answers[0]) for question in questions]
    bench = Bench(name="made", x=torch.zeros(len(trials[0].errors), 3, 2, 2), value_range=unit)
    return agreeing(rulings, Convention(), questions, bench)[0]


FAR = [trial((0.0, 1.0), "prob", 0.05), trial((-1.0, 1.0), "logits", 0.05), trial((-1.0, 1.0), "prob", 0.5)]


def test_the_range_in_whose_units_the_decoder_answers_is_guessed_before_the_next_best() -> None:
    found = range_ruling([trial((-1.0, 1.0), "tanh", 0.02), trial(COLOURS, "tanh", 0.022), *FAR])
    assert (found.kind, found.trial.convention.input_range) == ("guess", (-1.0, 1.0))
    assert found.rival is not None
    assert found.rival.convention.input_range == COLOURS


def test_it_is_not_guessed_by_luck_nor_where_the_decoder_answers_in_other_units() -> None:
    lucky = [trial((-1.0, 1.0), "tanh", 0.02, noise=0.5), trial(COLOURS, "tanh", 0.022, noise=0.5)]
    assert range_ruling([*lucky, *FAR]).kind == "thin"
    assert range_ruling([trial(COLOURS, "same", 0.02), trial((-1.0, 1.0), "same", 0.022), *FAR]).kind == "thin"
    other = [trial((-1.0, 1.0), "prob", 0.02), trial(COLOURS, "prob", 0.022), trial((0.0, 1.0), "prob", 0.05)]
    assert range_ruling([*other, trial((0.0, 1.0), "tanh", 0.05), trial((0.0, 1.0), "logits", 0.05)]).kind == "thin"


def test_what_few_samples_of_a_dear_network_leave_open_is_tried_on_more(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-collapsed"))
    extent = range_question(LoadOptions(), Known(), (0.0, 1.0), channels=1)
    bench = Bench(name="digits", x=digits.x, value_range=(0.0, 1.0))
    found = by_experiment(core, bench, Convention(), [extent], operations=BUDGET / LEAST_SAMPLES)
    count = int(found.findings[0].numbers.split()[-2])
    assert count >= 5 * LEAST_SAMPLES // 3


def test_a_refusal_says_the_errors_of_both(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-collapsed"))
    with pytest.raises(CheckpointError, match=r"input range \(.* to 1: error 0\.0\d+ on \d+ samples, or .*: 0\.0\d+\)"):
        settle(core, options(digits))


def test_a_range_that_agrees_with_the_output_is_announced_not_refused(
    repository: Path, digits: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never_clear(trials: list[Trial], asked: Callable[[Convention], Hashable], usual: Hashable) -> Ruling:
        found = rule(trials, asked, usual)
        return replace(found, kind="thin") if isinstance(asked(found.trial.convention), tuple) else found

    monkeypatch.setattr(experiment, "rule", never_clear)
    vae, pair = sample_vae(repository, "digits-vae"), (-1.0, 1.0)
    known = Known(split="separate", swapped=False, second="logvar")
    found = settle(AsCore(vae, input_range=pair, output="tanh"), options(digits), known=known)
    (extent,) = [known for known in found.assumptions if known.what == "input range"]
    assert extent.guess
    assert extent.value == "-1 to 1"
    assert extent.runner_up
    with pytest.raises(CheckpointError, match="cannot settle input range"):
        settle(AsCore(vae, input_range=pair, output="prob"), options(digits), known=known)
