"""What an analyzer is given beyond its batches: stored codes with labels and factors, and derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from support.datasets import Memory
from support.models import ConditionalVAE, LinearVAE, NumpyVAE
from vae_analyze.analyzers.base import Batch, Context, Cost, Need
from vae_analyze.analyzers.option import transient
from vae_analyze.api import analyze
from vae_analyze.errors import DataError
from vae_analyze.findings import Findings

SEEN: dict[str, Any] = {}


@dataclass(frozen=True, kw_only=True)
class Asking:
    """Asks its context one thing at the end."""

    name: ClassVar[str] = "asking"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "What does the context say?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "decoder"})
    references: ClassVar[tuple[str, ...]] = ()
    asked: ClassVar[Callable[[Context], Any]] = staticmethod(lambda context: context.seed)

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> Waiting:
        return Waiting(context=context)


@dataclass
class Waiting:
    context: Any = transient()

    def update(self, batch: Batch, /) -> None:
        pass

    def merge(self, other: Waiting, /) -> None:
        pass

    def finish(self) -> Findings:
        SEEN["answer"] = Asking.asked(self.context)
        return Findings()


@dataclass(frozen=True, kw_only=True)
class NeedsGroups(Asking):
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "groups"})


def answer(
    monkeypatch: pytest.MonkeyPatch, asked: Callable[[Context], Any], model: Any, data: Any, **options: Any
) -> Any:
    monkeypatch.setattr(Asking, "asked", staticmethod(asked))
    run = analyze(model, [Asking()], data=data, no_cache=True, **options)
    assert not run.failed, run.failed[0].traceback
    return SEEN.pop("answer")


def vectors(n: int, features: int, *, known: bool = True) -> Memory:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, features)).astype(np.float32)
    labels, factors = rng.integers(0, 3, n), rng.integers(0, 4, (n, 2)).astype(np.float64)
    return Memory(x, labels if known else None, factors if known else None)


@pytest.mark.parametrize("batch_size", [7, 64])
def test_labels_and_factors_come_with_the_codes(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    data = vectors(300, 5)
    assert data.labels is not None
    assert data.factor_values is not None
    index, labels, factors = answer(
        monkeypatch, lambda c: (c.codes.index, c.codes.labels(), c.codes.factors()), LinearVAE.random(5, 2), data,
        batch_size=batch_size,
    )  # fmt: skip
    assert sum(data.reads) < 2 * 300 + 600  # nothing is read again for them (what else is read is loading's check)
    np.testing.assert_array_equal(labels, data.labels[index])
    some = index[[7, 0, 250]]
    of_some = answer(monkeypatch, lambda c: c.codes.labels(some), LinearVAE.random(5, 2), data)
    np.testing.assert_array_equal(of_some, data.labels[some])
    np.testing.assert_array_equal(factors, data.factor_values[index])


def test_data_without_them_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answer(
        monkeypatch,
        lambda c: (c.codes.labels(), c.codes.factors()),
        LinearVAE.random(5, 2),
        vectors(20, 5, known=False),
    )
    assert asked == (None, None)


def test_they_come_from_the_cache_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    data = vectors(40, 5)
    monkeypatch.setattr(Asking, "asked", staticmethod(lambda c: c.codes.labels()))
    found = []
    for _ in range(2):
        analyze(LinearVAE.random(5, 2), [Asking()], data=data, cache=str(tmp_path))
        found.append(SEEN.pop("answer"))
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize("batch_size", [3, 64])
def test_the_derivative_of_a_linear_decoder_is_its_matrix(monkeypatch: pytest.MonkeyPatch, batch_size: int) -> None:
    model = LinearVAE.random(5, 2)
    z, along = torch.zeros(8, 2), torch.eye(2).repeat(4, 1)
    found = answer(monkeypatch, lambda c: c.derivative(z, along), model, vectors(20, 5), batch_size=batch_size)
    assert found.exact
    torch.testing.assert_close(found.value, along @ model.v.T)


def test_a_model_without_derivatives_is_differenced(monkeypatch: pytest.MonkeyPatch) -> None:
    model = NumpyVAE()
    found = answer(monkeypatch, lambda c: c.derivative(torch.zeros(2, 2), torch.eye(2)), model, vectors(20, 6))
    assert not found.exact
    np.testing.assert_allclose(found.value.numpy(), model.w, atol=1e-3)


def test_a_conditional_decoder_is_given_its_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    data = Memory(rng.random((20, 1, 8, 8), dtype=np.float32), rng.integers(0, 2, 20), value_range=(0, 1))
    z, along = torch.zeros(2, 3), torch.eye(3)[:2]
    found = answer(monkeypatch, lambda c: c.derivative(z, along, labels=torch.tensor([0, 1])), ConditionalVAE(), data)
    assert found.exact
    assert found.value.shape == (2, 1, 8, 8)


@pytest.mark.parametrize("known", ["labels", "factors", "neither"])
def test_groups_are_labels_or_factors(monkeypatch: pytest.MonkeyPatch, known: str) -> None:
    full = vectors(20, 5)
    data = Memory(
        full.x,
        full.labels if known == "labels" else None,
        full.factor_values if known == "factors" else None,
    )
    monkeypatch.setattr(Asking, "asked", staticmethod(lambda c: c.seed))
    if known == "neither":
        with pytest.raises(DataError, match="it needs labels or ground-truth factors, and memory has neither"):
            analyze(LinearVAE.random(5, 2), [NeedsGroups()], data=data, no_cache=True)
    else:
        assert analyze(LinearVAE.random(5, 2), [NeedsGroups()], data=data, no_cache=True).results[0].status == "ok"


def test_what_the_pass_has_encoded_is_not_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = LinearVAE.random(5, 2), vectors(5000, 5)
    encoded: list[int] = []
    plain = LinearVAE.encode

    def counting(self: LinearVAE, x: torch.Tensor, /) -> Any:
        encoded.append(len(x))
        return plain(self, x)

    def asked(context: Context) -> Any:
        before = sum(encoded)
        chosen = context.codes.index[[4999, 3, 2500, 3, 17]]
        mean = context.read(chosen).posterior.mean
        return sum(encoded) - before, mean, context.data.read(chosen).x

    monkeypatch.setattr(LinearVAE, "encode", counting)
    again, mean, x = answer(monkeypatch, asked, model, data, samples=0)
    assert again == 0
    torch.testing.assert_close(mean, torch.from_numpy(x) @ model.w.T)


def test_samples_that_were_not_analysed_are_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = LinearVAE.random(5, 2), vectors(50, 5)

    def asked(context: Context) -> Any:
        other = np.setdiff1d(np.arange(50), context.codes.index)[:3]
        return context.read(other).posterior.mean, data.x[other]

    mean, x = answer(monkeypatch, asked, model, data, samples=20)
    torch.testing.assert_close(mean, torch.from_numpy(x) @ model.w.T)
