"""Numbers must not depend on how the work was divided: batches, shards, order, processes, company."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vae_analyze.api as api
import vae_analyze.engine.partition as partition
from support.analyzers import Ascent, Correlation, Extremes
from support.datasets import Memory, images, vectors
from support.models import ConditionalVAE, LinearVAE, SpatialVAE
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.api import analyze
from vae_analyze.loading.live import weights_digest
from vae_analyze.runs.run import Run

QUICK = Robustness(sigma=(0.1, 0.4), draws=2)
EXACT = 0.0


def numbers(run: Run, analyzer: str) -> dict[str, tuple[float, float, float]]:
    return {f"{s.name} {dict(s.params)}": (s.value, s.low, s.high) for s in run[analyzer].scalars}


def assert_same(a: Run, b: Run, analyzer: str = "robustness", *, rel: float) -> None:
    first, second = numbers(a, analyzer), numbers(b, analyzer)
    assert first.keys() == second.keys()
    for name, values in first.items():
        for value, other in zip(values, second[name], strict=True):
            same = math.isnan(value) and math.isnan(other)
            assert same or math.isclose(value, other, rel_tol=rel, abs_tol=1e-300), (name, value, other)


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("model", [LinearVAE.random(6, 3), SpatialVAE(), ConditionalVAE()])
def test_batch_size_changes_nothing(model: Any, size: int) -> None:
    data = vectors(40, 6) if isinstance(model, LinearVAE) else images(40)
    whole = analyze(model, [QUICK], data=data, no_cache=True)
    cut = analyze(model, [QUICK], data=data, no_cache=True, batch_size=size)
    assert_same(whole, cut, rel=1e-5)


def test_the_same_run_repeats_to_the_bit() -> None:
    a = analyze(SpatialVAE(), [QUICK], data=images(40), no_cache=True)
    b = analyze(SpatialVAE(), [QUICK], data=images(40), no_cache=True)
    assert_same(a, b, rel=EXACT)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(size=st.integers(1, 60))
def test_shards_change_nothing(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = vectors(50, 6)
    model = LinearVAE.random(6, 3)
    whole = analyze(model, [QUICK], data=data, no_cache=True, dtype="float64")
    with monkeypatch.context() as patch:
        patch.setattr(partition, "SHARD_SIZE", size)
        sharded = analyze(model, [QUICK], data=data, no_cache=True, dtype="float64")
    assert_same(whole, sharded, rel=1e-9)


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000))
def test_the_order_of_the_samples_changes_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data, model = vectors(50, 6), LinearVAE.random(6, 3)
    ordered = analyze(model, [QUICK], data=data, no_cache=True, dtype="float64")
    select = partition.select

    def shuffled(available: int, samples: int | None, *, seed: int, shuffle: int = seed) -> Any:
        index = select(available, samples, seed=seed)
        return np.random.default_rng(shuffle).permutation(index)

    with monkeypatch.context() as patch:
        patch.setattr(partition, "select", shuffled)
        again = analyze(model, [QUICK], data=data, no_cache=True, dtype="float64")
    assert_same(ordered, again, rel=1e-9)


def test_the_other_analyzers_change_nothing() -> None:
    data, model = images(40), SpatialVAE()
    alone = analyze(model, [QUICK], data=data, no_cache=True)
    together = analyze(model, [Ascent(), Correlation(), QUICK, Extremes()], data=data, no_cache=True)
    assert_same(alone, together, rel=EXACT)
    ascent = analyze(model, [Ascent()], data=data, no_cache=True)
    assert_same(ascent, together, "ascent", rel=EXACT)


def test_two_workers_give_the_same_numbers_to_the_bit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data, model = images(1100), SpatialVAE()
    one = analyze(model, [QUICK, Extremes()], data=data, samples=0, cache=str(tmp_path / "one"))
    two = analyze(model, [QUICK, Extremes()], data=data, samples=0, cache=str(tmp_path / "two"), workers=2)
    assert two.provenance["work"]["units taken from earlier work"] == 0
    assert_same(one, two, rel=EXACT)
    assert_same(one, two, "extremes", rel=EXACT)
    assert one["extremes"].tables == two["extremes"].tables
    gathered = [run["robustness"].rows.gather() for run in (one, two)]  # type: ignore[union-attr]  # robustness has rows
    assert np.array_equal(gathered[0].values, gathered[1].values)


def test_any_executor_will_do() -> None:
    from concurrent.futures import ThreadPoolExecutor

    data, model = vectors(1100, 6), LinearVAE.random(6, 3)
    here = analyze(model, [QUICK], data=data, samples=0, no_cache=True)
    with ThreadPoolExecutor(1) as pool:
        there = analyze(model, [QUICK], data=data, samples=0, no_cache=True, executor=pool)
    assert_same(here, there, rel=EXACT)


def test_the_model_given_is_left_as_it_was() -> None:
    model = SpatialVAE().train()
    analyze(model, [QUICK], data=images(10), no_cache=True, dtype="float64")
    assert model.training
    assert all(parameter.requires_grad and parameter.dtype.itemsize == 4 for parameter in model.parameters())


def test_encode_and_decode_happen_once_per_batch_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {"encode": 0, "decode": 0}

    class Counting(LinearVAE):
        def encode(self, x: Any, /) -> Any:
            calls["encode"] += len(x)
            return super().encode(x)

        def decode(self, z: Any, /) -> Any:
            calls["decode"] += len(z)
            return super().decode(z)

    from vae_analyze.loading.card import Card, Loaded

    model = Counting.random(6, 3)
    card = Card(name="c", architecture="c", input_shape=(6,), latent_shape=(3,), fingerprint="counting")
    data = Memory(vectors(50, 6).x, factor_values=np.arange(100.0).reshape(50, 2))
    analyze(Loaded(model, card), [QUICK, Correlation()], data=data, no_cache=True)
    own = 50 * len(QUICK.sigma) * QUICK.draws  # unbounded data: nothing is clipped
    assert calls == {"encode": 50 + own, "decode": 50 + own}


def test_codes_are_encoded_once_and_then_come_from_the_store() -> None:
    seen: list[int] = []

    class Counting(LinearVAE):
        def encode(self, x: Any, /) -> Any:
            seen.append(len(x))
            return super().encode(x)

    from vae_analyze.loading.card import Card, Loaded

    model = Counting.random(6, 3)
    card = Card(
        name="c", architecture="c", input_shape=(6,), latent_shape=(3,), fingerprint="counting codes", path="c.pt"
    )
    loaded = Loaded(model, card, weights_digest(model))
    data = Memory(vectors(50, 6).x, factor_values=np.arange(100.0).reshape(50, 2))
    analyze(loaded, [Correlation()], data=data)
    assert sum(seen) == 50
    seen.clear()
    analyze(loaded, [Extremes(k=1)], data=data)
    # Neither the data nor the anchor that is read again in finish().
    assert sum(seen) == 0


def test_a_larger_selection_continues_a_smaller_one() -> None:
    from vae_analyze.loading.card import Loaded
    from vae_analyze.loading.memory import wrap

    data, linear = vectors(3000, 6), LinearVAE.random(6, 3)
    model = Loaded(linear, replace(wrap(linear).card, path="linear.pt"), weights_digest(linear))
    analyze(model, [QUICK], data=data, samples=1024)
    more = analyze(model, [QUICK], data=data, samples=2048)
    assert more.provenance["work"] | {"units": 4, "units taken from earlier work": 2} == more.provenance["work"]


def test_names_are_resolved_and_refused() -> None:
    from vae_analyze.errors import UsageError

    with pytest.raises(UsageError, match="Did you mean robustness"):
        api.resolve(["robustnes"])
    with pytest.raises(UsageError, match="twice"):
        api.resolve(["robustness", "robustness"])
    with pytest.raises(UsageError, match="expected a list"):
        api.resolve("robustness")
    with pytest.raises(UsageError, match="at least one"):
        api.resolve([])
