from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.cores import AsCore, LabelledCore, evidence_of, sample_vae
from vae_analyze.loading.card import Assumption, Card, Check
from vae_analyze.loading.settling.convention import ConditionalConventional, Convention, Conventional, Output
from vae_analyze.loading.settling.cost import operations_of
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.questions import MNIST
from vae_analyze.loading.verifying import measured
from vae_analyze.loading.verifying.diagnosis import diagnosed
from vae_analyze.loading.verifying.verify import Verified, verify
from vae_analyze.vae import VAE, DiagonalGaussian

CARD = Card(name="x", architecture="", input_shape=(1, 8, 8), latent_shape=(10,), fingerprint="")


@pytest.fixture(scope="module")
def digits() -> Evidence:
    return evidence_of("digits:test", 200)


def the_warning(found: Verified) -> str:
    assert len(found.warnings) == 1, found.warnings
    return found.warnings[0]


class Mixed(nn.Module):
    """The encoder of one and the decoder of another, the latents in another order."""

    def __init__(self, encoder: VAE, decoder: VAE, *, order: Tensor | None = None) -> None:
        super().__init__()
        self.encoder, self.decoder, self.order = encoder, decoder, order
        self.input_shape, self.latent_shape = tuple(encoder.input_shape), tuple(encoder.latent_shape)

    def encode(self, x: Tensor, /) -> DiagonalGaussian:
        found = self.encoder.encode(x)
        if self.order is None:
            return found
        return DiagonalGaussian(found.mean[:, self.order], found.logvar[:, self.order])

    def decode(self, z: Tensor, /) -> Tensor:
        return self.decoder.decode(z)


@pytest.mark.parametrize("name", ["digits-vae", "digits-beta4"])
@pytest.mark.parametrize("n", [64, 200, 352])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_healthy_models_give_no_warning(repository: Path, name: str, n: int, seed: int) -> None:
    found = verify(sample_vae(repository, name), evidence_of("digits:test", n, seed=seed), CARD)
    assert found.warnings == ()
    assert all(check.outcome != "failed" for check in found.checks)
    assert {check.what for check in found.checks} >= {"reconstruction", "input range", "second output", "posterior"}


@pytest.mark.parametrize("n", [64, 300])
def test_a_healthy_convolutional_model_gives_no_warning(repository: Path, n: int) -> None:
    assert verify(sample_vae(repository, "sprites-beta"), evidence_of("sprites:test", n), CARD).warnings == ()


@pytest.mark.parametrize("folder", ["VAE_mnist", "btcvae_mnist"])
def test_healthy_real_models_give_no_warning(shared_data: Path, folder: str) -> None:
    import vae_analyze

    vae = vae_analyze.load(shared_data / "checkpoints" / folder).vae
    images = evidence_of(str(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"), 200)
    x = nn.functional.interpolate(images.x, (32, 32), mode="bilinear", align_corners=False)
    assert verify(vae, replace(images, x=x), CARD).warnings == ()


def test_the_same_every_time(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")
    assert verify(vae, digits, CARD) == verify(vae, digits, CARD)


def test_an_autoencoder_is_named(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-ae")
    assert the_warning(verify(vae, digits, CARD)).startswith("a plain autoencoder: it has no posterior")
    said = replace(CARD, warnings=("a plain autoencoder, not a VAE",))
    assert verify(vae, digits, said).warnings == ()


def test_vanishing_variances_behave_as_an_autoencoder(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))

    class Points(AsCore):
        def outputs(self, x: Tensor, labels: Tensor | None, /) -> tuple[Tensor, ...]:
            mean, logvar = super().outputs(x, labels)
            return mean, torch.full_like(logvar, -15.0)

    model = Conventional(Points(core.vae), Convention())
    assert "behaves as a plain autoencoder" in the_warning(verify(model, digits, CARD))


def test_a_collapsed_model_is_named(repository: Path, digits: Evidence) -> None:
    assert the_warning(verify(sample_vae(repository, "digits-collapsed"), digits, CARD)).startswith("collapsed")


@pytest.mark.parametrize("seed", range(3))
def test_an_untrained_model_is_named(repository: Path, digits: Evidence, seed: int) -> None:
    vae = copy.deepcopy(sample_vae(repository, "digits-vae"))
    assert isinstance(vae, nn.Module)
    torch.manual_seed(seed)
    for part in vae.modules():
        if isinstance(part, nn.Linear):
            part.reset_parameters()
    assert the_warning(verify(vae, digits, CARD)).startswith("untrained: every weight lies within the bounds")
    for weight in vae.parameters():
        weight.data *= 1.1
    assert the_warning(verify(vae, digits, CARD)).startswith("untrained or hardly trained")
    stated = replace(CARD, details={"trainer": {"global_step": 2}})
    assert the_warning(verify(vae, digits, stated)).startswith("untrained: global_step is 2")


def test_two_halves_that_are_strangers_are_named(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")
    strangers = Mixed(vae, vae, order=torch.arange(10).roll(3))
    assert "do not belong together" in the_warning(verify(strangers, digits, CARD))


def test_swapped_real_models_are_named(shared_data: Path) -> None:
    import vae_analyze

    one, other = (vae_analyze.load(shared_data / "checkpoints" / f"{name}_mnist").vae for name in ("VAE", "btcvae"))
    assert isinstance(one, VAE)
    assert isinstance(other, VAE)
    images = evidence_of(str(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz"), 200)
    x = nn.functional.interpolate(images.x, (32, 32), mode="bilinear", align_corners=False)
    for pair in (Mixed(one, other), Mixed(other, one)):
        assert "do not belong together" in the_warning(verify(pair, replace(images, x=x), CARD))


def test_data_unlike_the_training_are_named(repository: Path, digits: Evidence) -> None:
    inverted = replace(digits, x=1 - digits.x)
    found = the_warning(verify(sample_vae(repository, "digits-vae"), inverted, CARD))
    assert "is unlike the data that the model was trained on" in found


@pytest.mark.parametrize("true", [(-1.0, 1.0), (0.0, 1.0)])
def test_a_wrong_input_range_is_named(repository: Path, digits: Evidence, true: tuple[float, float]) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"), input_range=true)
    wrong = (0.0, 1.0) if true == (-1.0, 1.0) else (-1.0, 1.0)
    found = verify(Conventional(core, Convention(input_range=wrong)), digits, CARD)
    assert any("wants data in another range" in text and "--range" in text for text in found.warnings)
    assert verify(Conventional(core, Convention(input_range=true)), digits, CARD).warnings == ()


@pytest.mark.parametrize("true", ["prob", "logits", "tanh"])
@pytest.mark.parametrize("read", ["prob", "logits", "tanh"])
def test_a_wrong_output_is_named(repository: Path, digits: Evidence, true: str, read: str) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"), output=true)
    found = verify(Conventional(core, Convention(output=read)), digits, CARD)  # type: ignore[arg-type]  # words
    if true == read:
        assert found.warnings == ()
    else:
        assert f"try --output {true}" in the_warning(found)


def test_deviations_read_as_log_variances_are_named(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"), second="std", signs=True)
    found = the_warning(verify(Conventional(core, Convention(second="logvar")), digits, CARD))
    assert "looks like standard deviation" in found
    assert "--second" in found


def test_variances_that_are_too_large_are_named(repository: Path, digits: Evidence) -> None:
    core = AsCore(sample_vae(repository, "digits-vae"))
    guessed = replace(CARD, assumptions=(Assumption(what="second output", value="x", source="guess", guess=True),))
    found = the_warning(verify(Conventional(core, Convention(second="std")), digits, guessed))
    assert "draws from the posterior reconstruct worse than the mean sample" in found
    assert "name it with --second" in found


def test_codes_that_do_not_follow_the_prior_are_named(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")

    class Wide(Mixed):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            found = vae.encode(x)
            return DiagonalGaussian(10 * found.mean, found.logvar + 2 * torch.log(torch.tensor(10.0)))

        def decode(self, z: Tensor, /) -> Tensor:
            return vae.decode(z / 10)

    found = the_warning(verify(Wide(vae, vae), digits, CARD))
    assert "not spread as the prior" in found
    assert "--second" not in found


def test_a_model_that_draws_is_named(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")
    generator = torch.Generator().manual_seed(0)

    class Drawing(Mixed):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            found = vae.encode(x)
            return DiagonalGaussian(found.sample(torch.randn(found.mean.shape, generator=generator)), found.logvar)

    assert "draws random numbers" in the_warning(verify(Drawing(vae, vae), digits, CARD))


def labelled() -> tuple[ConditionalConventional, Evidence]:
    core = LabelledCore("index")
    labels = torch.arange(200) % 10
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 8, generator=generator) @ core.rows + core.shift[labels]
    model = ConditionalConventional(core, Convention(labels="index", classes=10), value_range=None)
    return model, Evidence(name="made", x=x, labels=labels, classes=10)


def test_a_conditional_model_is_given_the_labels() -> None:
    model, evidence = labelled()
    found = verify(model, evidence, CARD)
    assert found.warnings == ()
    (check,) = [check for check in found.checks if check.what == "labels"]
    assert "best of all for 100%" in check.value


def test_labels_numbered_otherwise_are_named() -> None:
    model, evidence = labelled()
    assert evidence.labels is not None
    other = replace(evidence, labels=(evidence.labels + 1) % 10)
    assert any("labels are not those" in text for text in verify(model, other, CARD).warnings)


def test_without_labels_nothing_is_checked() -> None:
    model, evidence = labelled()
    found = verify(model, replace(evidence, labels=None), CARD)
    assert found.warnings == ()
    assert [check.outcome for check in found.checks] == ["not made"]


def test_without_data_nothing_is_checked(repository: Path) -> None:
    found = verify(sample_vae(repository, "digits-vae"), None, CARD)
    assert [(check.outcome, check.value) for check in found.checks] == [
        ("not made", "there are no data to check it on")
    ]


def test_data_of_another_shape_are_said(repository: Path) -> None:
    other = Evidence(name="other", x=torch.rand(20, 3, 9, 9), value_range=(0.0, 1.0))
    (check,) = verify(sample_vae(repository, "digits-vae"), other, CARD).checks
    assert "other has samples of shape (3, 9, 9)" in check.value


def test_a_model_that_fails_is_a_warning(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")

    class Failing(Mixed):
        def decode(self, z: Tensor, /) -> Tensor:
            raise RuntimeError("broken inside")

    assert "broken inside" in the_warning(verify(Failing(vae, vae), digits, CARD))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_very_few_samples_do_not_break_it(repository: Path, digits: Evidence, n: int) -> None:
    found = verify(sample_vae(repository, "digits-vae"), replace(digits, x=digits.x[:n]), CARD)
    assert not any("fails on" in text for text in found.warnings)


def said_of(found: Verified, what: str) -> Check:
    (check,) = [check for check in found.checks if check.what == what]
    return check


@pytest.mark.parametrize("n", [2, 3, 4, 6])
@pytest.mark.parametrize("name", ["digits-vae", "digits-collapsed"])
def test_too_few_samples_are_no_diagnosis(repository: Path, digits: Evidence, name: str, n: int) -> None:
    for start in range(0, 40, n):
        found = verify(sample_vae(repository, name), replace(digits, x=digits.x[start : start + n]), CARD)
        check = said_of(found, "reconstruction")
        assert found.warnings == ()
        assert check.outcome in ("passed", "not made")
        assert ("too few samples to tell" in check.value) == (check.outcome == "not made")


@pytest.mark.parametrize("n", [8, 12, 20, 30])
def test_few_samples_of_a_healthy_model_are_no_diagnosis(repository: Path, digits: Evidence, n: int) -> None:
    model = sample_vae(repository, "digits-beta4")
    for start in range(0, 120, n):
        assert verify(model, replace(digits, x=digits.x[start : start + n]), CARD).warnings == ()


@pytest.mark.parametrize(("name", "outcome"), [("digits-vae", "passed"), ("digits-collapsed", "failed")])
def test_dear_models_are_judged_on_enough_samples(
    repository: Path, digits: Evidence, name: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = sample_vae(repository, name)
    cost = operations_of(model, lambda: None, tuple(digits.x.shape[1:]))
    monkeypatch.setattr(measured, "budget_of", lambda _: 8 * 5 * cost)
    assert measured.measure(model, digits, digits.x).n == measured.ENOUGH
    assert said_of(verify(model, digits, CARD), "reconstruction").outcome == outcome


def test_an_unconditional_model_is_not_said_to_carry_nothing_beyond_labels(repository: Path, digits: Evidence) -> None:
    vae = sample_vae(repository, "digits-vae")

    class Ignoring(Mixed):
        def decode(self, z: Tensor, /) -> Tensor:
            return digits.x[:160].mean(dim=0).expand(len(z), *self.input_shape)

    few = replace(digits, x=digits.x[:10])  # of ten the mean of the others is no good guess, that of many is better
    text = the_warning(verify(Ignoring(vae, vae), few, CARD))
    assert text.startswith("the codes hardly matter")
    assert "labels" not in text


@pytest.mark.parametrize("some", [False, True])
def test_dimensions_without_variance_are_counted(repository: Path, digits: Evidence, some: bool) -> None:
    vae = sample_vae(repository, "digits-vae")

    class Joint(Mixed):
        def encode(self, x: Tensor, /) -> DiagonalGaussian:
            found = vae.encode(x)
            logvar = found.logvar.clone()
            logvar[: len(x) // 2 if some else len(x), :3] = -torch.inf
            return DiagonalGaussian(found.mean, logvar)

    found = verify(Joint(vae, vae), digits, CARD)
    said = f"3 of 10 dimensions have no variance{' for some samples' if some else ''}; of the others "
    for what in ("posterior", "second output"):
        check = said_of(found, what)
        assert check.value.startswith(said)
        assert check.outcome == "passed"
        assert "inf" not in check.value
        assert "deterministic" not in check.value
    assert found.warnings == ()


def test_why_no_other_range_was_tried_is_said(
    repository: Path, digits: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    vae = sample_vae(repository, "digits-vae")
    unbounded = verify(vae, replace(digits, value_range=None), CARD)
    assert said_of(unbounded, "input range").value == "the data have no bounds"
    cost = operations_of(vae, lambda: None, tuple(digits.x.shape[1:]))
    monkeypatch.setattr(measured, "budget_of", lambda _: 8 * cost)
    assert said_of(verify(vae, digits, CARD), "input range").value == "the model is too large to try others"


@pytest.mark.parametrize("read", ["prob", "logits", "tanh", "same"])
def test_an_output_in_the_units_of_the_input_is_named(repository: Path, digits: Evidence, read: Output) -> None:
    vae = sample_vae(repository, "digits-vae")
    low, high = MNIST

    class Standardised(AsCore):
        def decoded(self, z: Tensor, labels: Tensor | None, /) -> Tensor:
            return low + (high - low) * vae.decode(z)

    core = Standardised(vae, input_range=MNIST)
    found = verify(Conventional(core, Convention(input_range=MNIST, output=read)), digits, CARD)
    if read == "same":
        assert found.warnings == ()
    else:
        assert "try --output same" in the_warning(found)


@pytest.mark.parametrize("wrong", [{"input_range": (-1.0, 1.0)}, {"output": "logits"}])
def test_a_wrong_reading_is_not_named_on_too_few_samples(
    repository: Path, digits: Evidence, wrong: dict[str, Any]
) -> None:
    model = Conventional(AsCore(sample_vae(repository, "digits-vae")), Convention(**wrong))
    for start in range(0, 60, 6):
        few = verify(model, replace(digits, x=digits.x[start : start + 6]), CARD)
        assert not any("--range" in text or "try --output" in text for text in few.warnings)


@pytest.mark.parametrize(("n", "outcome"), [(12, "not made"), (64, "failed")])
def test_a_gain_near_the_bound_is_no_verdict_on_few_samples(
    repository: Path, digits: Evidence, n: int, outcome: str
) -> None:
    found = measured.measure(sample_vae(repository, "digits-vae"), digits, digits.x[:n])
    luck = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    errors = found.mean_sample / 1.03 * (1 + 0.3 * (luck - luck.mean()))
    check, warning = diagnosed(replace(found, own=errors), (), explained=False)
    assert check.outcome == outcome
    assert bool(warning) == (outcome == "failed")
    assert check.value.startswith("too few samples to tell (12 samples)") == (outcome == "not made")
