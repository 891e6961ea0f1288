from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from loading.rebuild.planted import Planted, evidence, mlp, trained
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild import resting
from vae_analyze.loading.rebuild.announce import assumptions
from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import Plan
from vae_analyze.loading.rebuild.candidate import Candidate, tied
from vae_analyze.loading.rebuild.fit import Fit, Fitting, Rival
from vae_analyze.loading.rebuild.health import health_of
from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.resting import at_rest
from vae_analyze.loading.rebuild.search import Search
from vae_analyze.loading.rebuild.space import Open
from vae_analyze.loading.rebuild.starts import candidates
from vae_analyze.loading.rebuild.thin import thin


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.no_grad():
        yield


@cache
def network() -> Planted:
    with torch.enable_grad():
        return trained(mlp(nn.ReLU), beta=1.0)


def start() -> tuple[Bench, Candidate]:
    tensors = dict(network().state_dict())
    layers = layers_of(tensors)
    structure = Search(chain=layers.chain, extras=()).run()[0]
    first = candidates(Plan.of(structure, layers.attached, None, 0), [(1, 8, 8)], None)[0]
    return Bench(tensors, evidence()), first


def fitted(bench: Bench, best: Candidate, other: Candidate, count: int) -> Fit:
    fitting = Fitting(bench, Open())
    error, score = fitting.error(best, count), fitting.score(best, count)
    rival = Rival(
        what="activation",
        value=other.choices.encoder.activation,
        candidate=other,
        error=fitting.error(other, count),
        score=fitting.score(other, count),
        chosen=best.choices.encoder.activation,
    )
    return Fit(best=best, error=error, score=score, rivals=(rival,), others=(), count=count)


def both(one: str, two: str) -> tuple[Bench, Candidate, Candidate]:
    bench, first = start()
    return bench, replace(first, choices=tied(first.choices, one)), replace(first, choices=tied(first.choices, two))


def test_a_rival_within_noise_makes_the_evidence_thin() -> None:
    bench, best, other = both("leaky_relu(0.2)", "relu")
    fit = fitted(bench, best, other, 512)

    assert fit.rivals[0].error < fit.error
    assert "do equally well" in thin(fit, bench)


def test_a_rival_that_is_clearly_worse_does_not() -> None:
    bench, best, other = both("relu", "leaky_relu(0.2)")

    assert thin(fitted(bench, best, other, 512), bench) == ""


def test_a_rival_that_gives_the_same_numbers_does_not() -> None:
    bench, best, other = both("relu", "leaky_relu(1e-06)")

    assert thin(fitted(bench, best, other, 512), bench) == ""


def test_a_gradient_at_rest_with_one_of_them_settles_it() -> None:
    bench, best, other = both("leaky_relu(0.2)", "relu")
    fit = replace(fitted(bench, best, other, 512), asked=((best, 0.8), (other, 2.5)))

    assert thin(fit, bench) == ""


def test_a_gradient_that_speaks_for_the_rival_makes_it_thin() -> None:
    bench, best, other = both("leaky_relu(0.2)", "relu")
    fit = fitted(bench, best, other, 512)
    far = replace(fit.rivals[0], score=fit.score + 0.3)
    unusual = replace(fit, rivals=(far,), asked=((best, 1.6), (other, 1.6)))

    assert thin(unusual, bench) == ""
    assert "do equally well" in thin(replace(unusual, asked=((best, 2.5), (other, 1.6))), bench)


def test_error_and_gradient_that_contradict_each_other_make_it_thin() -> None:
    bench, best, other = both("relu", "leaky_relu(0.2)")

    assert "contradict" in thin(replace(fitted(bench, best, other, 512), torn="relu and tanh"), bench)


def test_where_the_gradient_decides_nothing_a_better_error_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "AT_REST", -1.0)
    bench, wrong, right = both("tanh", "relu")
    score = Fitting(bench, Open()).score
    found = at_rest(bench, Open(), wrong, score, (128, 512), costly=False)

    assert score(found.best, 512) <= score(right, 512)
    assert found.told == ""


def test_one_line_for_an_activation_that_both_halves_have() -> None:
    bench, best, other = both("relu", "leaky_relu(0.2)")
    fit = fitted(bench, best, other, 512)
    halves = [replace(fit.rivals[0], what=f"activation of the {half}") for half in ("encoder", "decoder")]
    same = replace(fit.rivals[0], what="activation behind the heads", value="relu")
    fit = replace(fit, rivals=(*fit.rivals, *halves, same))
    layers = layers_of(bench.weights)
    found = assumptions(best, layers, fit, LoadOptions(evidence=evidence()))
    said = [one for one in found if one.what.startswith("activation")]

    assert [(one.what, one.value) for one in said] == [("activation", "relu throughout")]
    assert said[0].runner_up == f"leaky_relu(0.2): {fit.rivals[0].error:.4g}"
    assert [one.what for one in found if "512 samples of digits" in f"{one.value}{one.source}"] == ["fitted on"]
    assert found[0].what == "fitted on"


def test_a_reading_that_ignores_its_code_is_said_to() -> None:
    bench, first = start()
    muted = {name: torch.zeros_like(x) if name == "decoder.0.weight" else x for name, x in bench.weights.items()}
    found = health_of(first, Bench(muted, evidence()), {})

    assert found.sick.startswith("the best reading found ignores its code")
