"""What goes wrong stays where it happens, is named, and leaves nothing behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from support.analyzers import Ascent, Broken, Correlation, Extremes
from support.datasets import Memory, images, vectors
from support.models import Autoencoder, ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze.analyzers.base import Batch, Context, Cost, Need
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.api import analyze
from vae_analyze.engine.executors import process_pool
from vae_analyze.engine.shard import out_of_memory
from vae_analyze.errors import AnalyzerError, CheckpointError, DataError, StoreError, UsageError
from vae_analyze.findings import Findings
from vae_analyze.loading.card import Card, Loaded
from vae_analyze.loading.load import load

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


@dataclass(frozen=True, kw_only=True)
class Vandal:
    """Writes into everything it is given."""

    name: ClassVar[str] = "vandal"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Does it matter what others do?"
    needs: ClassVar[frozenset[Need]] = frozenset({"posterior", "sample", "reconstruction", "labels"})
    references: ClassVar[tuple[str, ...]] = ()

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> Damage:
        return Damage()


@dataclass
class Damage:
    n: int = 0

    def update(self, batch: Batch, /) -> None:
        for tensor in (batch.x, batch.posterior.mean, batch.posterior.logvar, batch.sample, batch.reconstruction):
            tensor.zero_()
        batch.labels.zero_()
        batch.index[:] = 0
        self.n += len(batch)

    def merge(self, other: Damage, /) -> None:
        self.n += other.n

    def finish(self) -> Findings:
        return Findings()


def test_an_analyzer_that_writes_into_what_it_is_given_changes_nobody_elses_numbers(tmp_path: Path) -> None:
    data = images(40)
    alone = analyze(ConditionalVAE(), [QUICK, Extremes()], data=data, no_cache=True)
    after = analyze(ConditionalVAE(), [Vandal(), QUICK, Extremes()], data=data, no_cache=True)
    assert not after.failed
    for name in ("robustness", "extremes"):
        assert after[name].scalars == alone[name].scalars
    assert after["extremes"].tables == alone["extremes"].tables


class Scaling(LinearVAE):
    """Works on its input in place, as some preprocessing does."""

    def encode(self, x: torch.Tensor, /) -> Any:
        return super().encode(x.mul_(2).sub_(1))

    def decode(self, z: torch.Tensor, /) -> Any:
        return super().decode(z.mul_(3))


def test_a_model_that_writes_into_its_input_is_measured_like_one_that_does_not() -> None:
    class Pure(LinearVAE):
        def encode(self, x: torch.Tensor, /) -> Any:
            return super().encode(x * 2 - 1)

        def decode(self, z: torch.Tensor, /) -> Any:
            return super().decode(z * 3)

    one, other = (analyze(kind.random(6, 3), [QUICK], data=vectors(40, 6), no_cache=True) for kind in (Scaling, Pure))
    assert one["robustness"].scalars == other["robustness"].scalars
    assert one.card["warnings"] == ()


def test_a_checkpoint_changed_after_loading_is_not_what_its_card_says(digits_vae: Path) -> None:
    loaded = load(digits_vae)
    before = analyze(loaded, [QUICK])
    assert before.provenance["reproduce"].startswith("vae-analyze robustness")
    assert isinstance(loaded.vae, torch.nn.Module)
    for parameter in loaded.vae.parameters():
        parameter.mul_(0.5)
    after = analyze(loaded, [QUICK])
    assert after.provenance["reproduce"] == ""
    assert after.provenance["work"]["units taken from earlier work"] == 0
    assert after["robustness"].scalar("latent_mse", sigma=0.1) != before["robustness"].scalar("latent_mse", sigma=0.1)


def test_models_in_memory_that_look_alike_share_no_work() -> None:
    class Clipping(LinearVAE):
        clip: bool = False

        def encode(self, x: torch.Tensor, /) -> Any:
            return super().encode(x.clamp(-0.1, 0.1) if self.clip else x)

    plain, clipping = Clipping.random(6, 3), Clipping.random(6, 3)
    clipping.__dict__["clip"] = True
    one, other = (analyze(model, [QUICK], data=vectors(40, 6)) for model in (plain, clipping))
    assert (
        other["robustness"].scalar("latent_mse", sigma=0.1).value
        < 0.9 * one["robustness"].scalar("latent_mse", sigma=0.1).value
    )


def test_a_model_in_training_mode_is_evaluated_in_evaluation_mode() -> None:
    class Dropping(LinearVAE):
        def encode(self, x: torch.Tensor, /) -> Any:
            return super().encode(torch.nn.functional.dropout(x, 0.5, training=self.training))

    model = Dropping.random(6, 3)
    card = Card(name="d", architecture="d", input_shape=(6,), latent_shape=(3,), fingerprint="d")
    quiet = analyze(model.eval(), [QUICK], data=vectors(40, 6), no_cache=True)
    for given in (model.train(), Loaded(model.train(), card)):
        found = analyze(given, [QUICK], data=vectors(40, 6), no_cache=True)
        assert found["robustness"].scalars == quiet["robustness"].scalars
        assert model.training


def test_a_wrapper_around_a_module_is_evaluated_too() -> None:
    class Wrapper:
        input_shape, latent_shape = (6,), (3,)

        def __init__(self) -> None:
            self.net = torch.nn.BatchNorm1d(6).train()
            self.inner = LinearVAE.random(6, 3)

        def encode(self, x: torch.Tensor, /) -> Any:
            return self.inner.encode(self.net(x))

        def decode(self, z: torch.Tensor, /) -> torch.Tensor:
            return self.inner.decode(z)

    one, other = (analyze(Wrapper(), [QUICK], data=vectors(60, 6), no_cache=True, batch_size=size) for size in (60, 7))
    a, b = (run["robustness"].scalar("latent_mse", sigma=0.1).value for run in (one, other))
    assert a == pytest.approx(b, rel=1e-5)


@pytest.mark.parametrize(
    ("analyzer", "message"),
    [
        (Robustness(draws=0), "draws: expected at least 1"),
        (Robustness(draws=-1), "draws: expected at least 1"),
        (Robustness(sigma=(0.0,)), "sigma: expected more than 0"),
        (Robustness(sigma=()), "expected at least one value"),
        (Robustness(sigma=(1e300,)), "expected at most 1000"),
    ],
)
def test_options_made_in_python_are_checked_too(analyzer: Robustness, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        analyze(LinearVAE.random(6, 3), [analyzer], data=vectors(20, 6), no_cache=True)


def test_a_list_of_noise_levels_is_as_good_as_a_tuple() -> None:
    lists: Any = [0.2, 0.1]
    run = analyze(LinearVAE.random(6, 3), [Robustness(sigma=lists)], data=vectors(20, 6), no_cache=True)
    assert run.results[0].options["sigma"] == (0.2, 0.1)


def test_values_outside_the_stated_range_are_refused() -> None:
    data = images(20)
    data.x[3] += 0.5
    with pytest.raises(DataError, match=r"expected values from 0 to 1 in memory, found 0\.\d+ to 1\.\d+"):
        analyze(SpatialVAE(), [QUICK], data=data, no_cache=True)
    with pytest.raises(DataError, match="from a lower to a higher"):
        analyze(SpatialVAE(), [QUICK], data=Memory(images(20).x, value_range=(1.0, 1.0)), no_cache=True)


def test_the_findings_of_a_failed_analyzer_are_its_reason() -> None:
    run = analyze(SpatialVAE(), [Broken()], data=images(10), no_cache=True)
    with pytest.raises(KeyError, match=r"it is failed: .*broken in update"):
        run["broken"]


def test_what_has_no_name_has_no_command_that_repeats_it(digits_vae: Path) -> None:
    by_name = analyze(digits_vae, [QUICK], data="digits:train", samples=20)
    assert "--data digits:train" in by_name.provenance["reproduce"]
    assert {o.name: o.origin for o in by_name.options}["data"] == "python"
    in_memory = analyze(digits_vae, [QUICK], data=images(20))
    assert in_memory.provenance["reproduce"] == ""
    unregistered = analyze(digits_vae, [QUICK, Extremes()], samples=20)
    assert unregistered.provenance["reproduce"] == ""


def test_a_checkpoint_swapped_under_a_worker_is_noticed(tmp_path: Path, repository: Path) -> None:
    import shutil

    from vae_analyze.api import _plan, resolve
    from vae_analyze.engine.options import run_options
    from vae_analyze.engine.prepare import prepare

    path = tmp_path / "model.pt"
    shutil.copy(repository / "checkpoints" / "digits-vae.pt", path)
    prepared = prepare(path, "", run_options({}), tmp_path / "cache")
    work, _ = _plan(prepared, resolve([QUICK]), 20)
    work.session()
    shutil.copy(repository / "checkpoints" / "digits-beta4.pt", path)
    with pytest.raises(CheckpointError, match="changed while it was being analysed"):
        work.session()


def test_a_lost_table_of_codes_is_made_again(digits_vae: Path) -> None:
    import os

    first = analyze(digits_vae, [QUICK, Extremes()])
    sizes = {path: path.stat().st_size for path in Path(os.environ["VAE_ANALYZE_CACHE"]).glob("??/*.npz")}
    for path in sizes:
        with np.load(path) as arrays:
            if "logvar" in arrays.files:
                path.unlink()
    again = analyze(digits_vae, [QUICK, Extremes()])
    assert not again.failed
    assert [r.findings.scalars for r in again.results] == [r.findings.scalars for r in first.results]


def test_constant_data_are_not_called_a_collapsed_model() -> None:
    constant = Memory(np.full((20, 6), 0.5, np.float32))
    found = analyze(LinearVAE.random(6, 3), [QUICK], data=constant, no_cache=True)["robustness"]
    assert any("data do not vary" in warning for warning in found.warnings)
    assert not any("collapsed" in warning for warning in found.warnings)


def test_noise_below_the_spacing_of_the_numbers_is_a_warning() -> None:
    tiny = Robustness(sigma=(1e-7,), draws=1)
    run = analyze(LinearVAE.random(6, 3), [tiny], data=vectors(20, 6), no_cache=True)
    assert any("float64" in warning for warning in run["robustness"].warnings)
    run = analyze(LinearVAE.random(6, 3), [tiny], data=vectors(20, 6), no_cache=True, dtype="float64")
    assert not any("float64" in warning for warning in run["robustness"].warnings)


def test_the_training_data_are_not_taken_for_unseen_ones(digits_vae: Path) -> None:
    seen = analyze(digits_vae, [QUICK], data="digits:train", samples=20)
    assert any("trained on" in warning for warning in seen.card["warnings"])
    assert not any("trained on" in warning for warning in analyze(digits_vae, [QUICK], samples=20).card["warnings"])
