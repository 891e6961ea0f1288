"""What goes wrong stays where it happens, is named, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.analyzers import Ascent, Broken, Correlation, Extremes
from support.datasets import Memory, images, vectors
from support.models import Autoencoder, ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.api import analyze
from vae_analyze.engine.executors import process_pool
from vae_analyze.engine.shard import out_of_memory
from vae_analyze.errors import AnalyzerError, CheckpointError, DataError, StoreError, UsageError

QUICK = Robustness(sigma=(0.1,), draws=1)


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("start", "broken in start"),
        ("update", "broken in update"),
        ("finish", "broken in finish"),
        ("undeclared", "without declaring it"),
        ("unstorable", "cannot store a object"),
    ],
)
def test_a_failing_analyzer_is_recorded_and_the_others_report(where: str, reason: str) -> None:
    run = analyze(SpatialVAE(), [Broken(where=where), QUICK], data=images(1100), samples=0, no_cache=True)
    failed, ok = run.results
    assert (failed.status, ok.status) == ("failed", "ok")
    assert reason in failed.reason
    assert "Traceback" in failed.traceback
    assert run.failed == (failed,)
    assert len(ok.findings.scalars) > 10


def test_strict_raises_the_failure() -> None:
    with pytest.raises(AnalyzerError, match=r"broken failed: .*broken in update"):
        analyze(SpatialVAE(), [QUICK, Broken()], data=images(10), no_cache=True, strict=True)


def test_a_failure_is_not_kept_as_finished_work(monkeypatch: pytest.MonkeyPatch) -> None:
    assert analyze(SpatialVAE(), [Broken()], data=images(10)).failed
    assert analyze(SpatialVAE(), [Broken()], data=images(10)).failed


class Hungry(SpatialVAE):
    """Runs out of memory above a batch size, as a small accelerator does."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def encode(self, x: torch.Tensor, /) -> Any:
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super().encode(x)


def test_the_batch_is_halved_when_memory_runs_out_and_the_numbers_stay() -> None:
    roomy = analyze(SpatialVAE(), [QUICK], data=images(100), no_cache=True)
    tight = analyze(Hungry(9), [QUICK], data=images(100), no_cache=True, batch_size=64)
    assert tight.provenance["batch size"] == 8
    for a, b in zip(roomy["robustness"].scalars, tight["robustness"].scalars, strict=True):
        assert a.value == pytest.approx(b.value, rel=1e-5)


def test_no_memory_for_a_single_sample_is_a_failure_with_its_reason() -> None:
    from vae_analyze.loading.card import Card, Loaded

    card = Card(name="h", architecture="h", input_shape=(1, 8, 8), latent_shape=(2, 4, 4), fingerprint="h")
    run = analyze(Loaded(Hungry(0), card), [QUICK], data=images(10), no_cache=True)
    assert "out of memory" in run.failed[0].reason


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("x"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("size mismatch"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_out_of_memory_is_told_from_other_errors(error: Exception, verdict: bool) -> None:
    assert out_of_memory(error) is verdict


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_names_the_sample(value: float) -> None:
    data = vectors(50, 6)
    data.x[17, 3] = value
    with pytest.raises(DataError, match="NaN or infinity in sample 17 of memory"):
        analyze(LinearVAE.random(6, 3), [QUICK], data=data, no_cache=True)


def test_two_infinities_of_opposite_sign_are_found_too() -> None:
    data = vectors(50, 6)
    data.x[17, 3], data.x[18, 3] = np.inf, -np.inf
    with pytest.raises(DataError, match="sample 17"):
        analyze(LinearVAE.random(6, 3), [QUICK], data=data, no_cache=True, batch_size=256)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (vectors(50, 7), r"expected samples of shape \(6,\).*found \(7,\)"),
        (vectors(1, 6), "expected at least 2 samples, found 1"),
        (vectors(0, 6), "expected at least 2 samples, found 0"),
        (images(5), r"found \(1, 8, 8\)"),
    ],
)
def test_data_that_do_not_fit_are_refused(data: Memory, message: str) -> None:
    with pytest.raises(DataError, match=message):
        analyze(LinearVAE.random(6, 3), [QUICK], data=data, no_cache=True)


def test_images_of_another_size_are_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match="--resize"):
        analyze(SpatialVAE(), [QUICK], data=images(20, size=9), no_cache=True)
    run = analyze(SpatialVAE(), [QUICK], data=images(20, size=9), no_cache=True, resize=True)
    assert run.data["transforms"] == ["resized bilinearly to 8x8"]


def test_only_images_are_resized() -> None:
    with pytest.raises(UsageError, match="only images can be resized"):
        analyze(LinearVAE.random(6, 3), [QUICK], data=vectors(9, 6), resize=True, no_cache=True)


def test_a_conditional_model_asks_for_labels() -> None:
    unlabelled = Memory(images(20).x, value_range=(0.0, 1.0))
    with pytest.raises(DataError, match="needs a label per sample"):
        analyze(ConditionalVAE(), [QUICK], data=unlabelled, no_cache=True)


@pytest.mark.parametrize(
    ("model", "analyzer", "data", "reason"),
    [
        (Autoencoder(), Correlation(), images(20), "deterministic"),
        (NumpyVAE(), Ascent(), vectors(20, 6), "derivatives"),
        (LinearVAE.random(6, 3), Correlation(), vectors(20, 6), "ground-truth factors"),
    ],
)
def test_what_does_not_apply_says_why(model: Any, analyzer: Any, data: Memory, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        analyze(model, [analyzer], data=data, no_cache=True)
    run = analyze(model, [analyzer, Extremes()], data=data, no_cache=True)
    assert [result.status for result in run.results] == ["not applicable", "ok"]
    assert reason in run.results[0].reason


def test_without_data_the_way_out_is_named() -> None:
    with pytest.raises(UsageError, match="--data SPEC"):
        analyze(LinearVAE.random(6, 3), [QUICK], no_cache=True)


def test_an_object_that_is_no_vae_is_refused() -> None:
    with pytest.raises(CheckpointError, match="encode"):
        analyze(object(), [QUICK], data=vectors(5, 6), no_cache=True)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 1}, "expected at least 2"),
        ({"samples": -1}, "expected at least 0"),
        ({"workers": 0}, "expected at least 1"),
        ({"seed": -1}, "expected at least 0"),
        ({"dtype": "float16"}, "float32 or float64"),
        ({"device": "tpu"}, "expected auto, cpu"),
        ({"device": "cuda:99"}, "not available here"),
        ({"sample": 3}, "Did you mean samples"),
        ({"samples": "many"}, "expected a whole number"),
    ],
)
def test_bad_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analyze(LinearVAE.random(6, 3), [QUICK], data=vectors(5, 6), no_cache=True, **options)


def test_an_unwritable_output_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    data = vectors(5, 6)
    with pytest.raises(StoreError, match="found a file"):
        analyze(LinearVAE.random(6, 3), [QUICK], data=data, out=tmp_path / "file")
    assert data.reads == []


def test_an_unwritable_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="--no-cache"):
        analyze(LinearVAE.random(6, 3), [QUICK], data=vectors(5, 6), cache=str(tmp_path / "file" / "below"))


class Deadly(SpatialVAE):
    """Kills its process, as a system short of memory does; but only in a worker."""

    def __init__(self, parent: int) -> None:
        super().__init__()
        self.parent = parent

    def encode(self, x: torch.Tensor, /) -> Any:
        import os
        import signal

        if os.getpid() != self.parent:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(x)


def test_a_worker_that_dies_is_one_clear_message() -> None:
    import os

    with pytest.raises(AnalyzerError, match="worker process ended without a word"):
        analyze(Deadly(os.getpid()), [QUICK], data=images(1100), samples=0, no_cache=True, workers=2)


def test_data_errors_come_back_from_workers() -> None:
    data = vectors(1100, 6)
    data.x[1000, 0] = np.nan
    with pytest.raises(DataError, match="sample 1000"):
        analyze(LinearVAE.random(6, 3), [QUICK], data=data, samples=0, no_cache=True, workers=2)


def test_an_interrupted_pool_ends_its_processes() -> None:
    import time

    def interrupted() -> None:
        with process_pool(2) as pool:
            future = pool.submit(time.sleep, 60)
            while not future.running():
                time.sleep(0.01)
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert time.monotonic() - began < 30


def test_undefined_numbers_carry_their_reason() -> None:
    run = analyze(Autoencoder(), [QUICK], data=images(30), no_cache=True)
    skl = run["robustness"].scalar("posterior_skl", sigma=0.1)
    assert np.isnan(skl.value)
    assert "deterministic" in skl.reason


def test_a_model_that_overflows_gives_undefined_numbers_not_wrong_ones() -> None:
    class Overflowing(LinearVAE):
        def encode(self, x: torch.Tensor, /) -> Any:
            posterior = super().encode(x)
            posterior.mean[x[:, 0] > 1.5] = float("inf")
            return posterior

    run = analyze(Overflowing.random(6, 3), [QUICK], data=vectors(200, 6), no_cache=True)
    moved = run["robustness"].scalar("latent_mse", sigma=0.1)
    assert np.isnan(moved.value)
    assert "not finite" in moved.reason
    assert any("not finite" in warning for warning in run["robustness"].warnings)
