from __future__ import annotations

import math

import pytest
import torch

from vae_analyze.loading.settling.convention import Convention, Output
from vae_analyze.loading.settling.ruling import Ruling, against, rule
from vae_analyze.loading.settling.trial import Trial


def trial(output: Output, error: float, *, spread: float = 0.01, n: int = 50, code: float = 1.0) -> Trial:
    noise = torch.randn(n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    errors = error * (1 + spread * (noise - noise.mean()))
    return Trial(convention=Convention(output=output), errors=errors, codes=torch.full((n, 2), code))


def ruled(*trials: Trial, usual: Output = "prob") -> Ruling:
    return rule(trials, lambda convention: convention.output, usual)


def test_a_rival_far_behind_is_ruled_out() -> None:
    found = ruled(trial("prob", 0.02), trial("logits", 0.01), trial("tanh", 0.03))
    assert found.kind == "clear"
    assert found.trial.convention.output == "logits"
    assert found.rival is not None
    assert found.rival.convention.output == "prob"
    assert found.ratio == pytest.approx(2.0)


def test_the_usual_is_guessed_where_it_is_hardly_worse() -> None:
    found = ruled(trial("prob", 0.0101), trial("logits", 0.01))
    assert found.kind == "guess"
    assert found.trial.convention.output == "prob"


def test_the_unusual_is_not_taken_on_thin_evidence() -> None:
    assert ruled(trial("prob", 0.011), trial("logits", 0.01)).kind == "thin"


def test_a_large_ratio_by_luck_is_not_clear() -> None:
    lucky = Trial(
        convention=Convention(output="logits"),
        errors=torch.cat([torch.full((49,), 0.01), torch.tensor([10.0])]).double(),
        codes=torch.ones(50, 2),
    )
    assert ruled(trial("prob", 0.01), lucky).kind == "guess"


def test_few_samples_are_never_clear() -> None:
    assert ruled(trial("prob", 0.01, n=7), trial("logits", 0.1, n=7)).kind == "guess"
    assert ruled(trial("prob", 0.01, n=8), trial("logits", 0.1, n=8)).kind == "clear"


def test_one_answer_needs_no_rival() -> None:
    found = ruled(trial("prob", 0.01))
    assert found.kind == "clear"
    assert found.rival is None


def test_equal_numbers_do_not_matter() -> None:
    first = trial("prob", 0.01)
    second = Trial(convention=Convention(swapped=True), errors=first.errors, codes=first.codes)
    assert rule((first, second), lambda convention: convention.swapped, usual=False).kind == "same"


def test_against_of_numbers_that_are_not() -> None:
    finite, infinite = torch.ones(3, dtype=torch.float64), torch.full((3,), math.inf, dtype=torch.float64)
    assert against(finite, infinite) == (math.inf, math.inf)
    assert against(infinite, infinite) == (1.0, 0.0)
    assert against(finite, finite) == (1.0, 0.0)
    assert against(0 * finite, finite)[0] == math.inf
    assert against(finite[:1], 2 * finite[:1]) == (2.0, 0.0)
