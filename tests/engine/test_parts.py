"""The engine's parts, one by one."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from support.datasets import images
from support.models import ConditionalVAE, LinearVAE, SpatialVAE
from vae_analyze.analyzers.option import transient
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.engine.devices import describe, resolve
from vae_analyze.engine.evaluator import Evaluator
from vae_analyze.engine.executors import Inline
from vae_analyze.engine.keys import identity, unit_key
from vae_analyze.engine.partition import SHARD_SIZE, Shard, select, shards
from vae_analyze.engine.provenance import peak_memory, provenance
from vae_analyze.engine.randomness import Streams
from vae_analyze.engine.reproduce import command_line
from vae_analyze.engine.session import automatic_batch_size
from vae_analyze.engine.state import dump, restore
from vae_analyze.engine.units import UnitStore, default_root
from vae_analyze.errors import AnalyzerError, StoreError, UsageError
from vae_analyze.loading.card import Card, Loaded
from vae_analyze.runs.run import OptionValue
from vae_analyze.stats.moments import Moments
from vae_analyze.stats.rows import RowColumn, Rows, StoredChunk


class TestStreams:
    def test_draws_belong_to_their_sample(self) -> None:
        streams = Streams(0, "a")
        index = np.array([5, 3, 900_000_000_000])
        together = streams.normal(index, (4,))
        for row, sample in enumerate(index):
            assert torch.equal(streams.normal(np.array([sample]), (4,))[0], together[row])

    def test_seed_name_and_tag_each_give_another_stream(self) -> None:
        index = np.arange(3)
        first = Streams(0, "a").normal(index, (4,), tag="t")
        others = [Streams(1, "a").normal(index, (4,), tag="t"), Streams(0, "b").normal(index, (4,), tag="t")]
        others += [Streams(0, "a").normal(index, (4,), tag="u"), Streams(0, "at").normal(index, (4,))]
        assert not any(torch.equal(first, other) for other in others)

    def test_normal_and_uniform_are_what_they_say(self) -> None:
        streams = Streams(7, "a")
        normal = streams.normal(np.arange(400), (50,)).double().numpy()
        uniform = streams.uniform(np.arange(400), (50,)).double().numpy()
        assert stats.kstest(normal.ravel(), "norm").pvalue > 1e-3
        assert stats.kstest(uniform.ravel(), "uniform").pvalue > 1e-3
        # Neighbouring samples must not share anything.
        assert abs(np.corrcoef(normal[:-1].ravel(), normal[1:].ravel())[0, 1]) < 0.03

    def test_the_generator_for_the_whole_repeats(self) -> None:
        one, two = (torch.randn(3, generator=Streams(0, "a").whole("x")) for _ in range(2))
        assert torch.equal(one, two)
        assert not torch.equal(one, torch.randn(3, generator=Streams(0, "a").whole("y")))


class TestPartition:
    def test_a_selection_has_no_repeats_and_a_larger_one_continues_it(self) -> None:
        small, large = select(5000, 100, seed=0), select(5000, 3000, seed=0)
        assert len(set(large.tolist())) == 3000
        assert np.array_equal(large[:100], small)
        assert not np.array_equal(select(5000, 100, seed=1), small)
        assert sorted(select(10, None, seed=0)) == list(range(10))
        assert len(select(10, 99, seed=0)) == 10

    def test_shards_cover_the_selection_in_order(self) -> None:
        index = select(3000, 1300, seed=0)
        parts = shards(index)
        assert [len(part.index) for part in parts] == [SHARD_SIZE, SHARD_SIZE, 1300 - 2 * SHARD_SIZE]
        assert np.array_equal(np.concatenate([part.index for part in parts]), index)

    @pytest.mark.parametrize(
        ("shape", "on_cpu", "elsewhere"),
        [((1, 8, 8), 256, 256), ((1, 64, 64), 128, 256), ((3, 512, 512), 1, 16), ((3, 4096, 4096), 1, 1)],
    )
    def test_the_batch_size_follows_the_shape_and_device(
        self, shape: tuple[int, ...], on_cpu: int, elsewhere: int
    ) -> None:
        assert automatic_batch_size(shape, "cpu") == on_cpu
        assert automatic_batch_size(shape, "cuda") == automatic_batch_size(shape, "mps") == elsewhere


@dataclass
class Everything:
    rows: Rows = field(default_factory=lambda: Rows((RowColumn(name="a"),)))
    moments: Moments = field(default_factory=Moments)
    number: int = 0
    real: float = 0.0
    text: str = ""
    nothing: None = None
    flag: bool = False
    named: dict[str, Any] = field(default_factory=dict)
    listed: list[Any] = field(default_factory=list)
    paired: tuple[Any, ...] = ()
    array: Any = None
    context: Any = transient()


class TestState:
    def test_everything_survives(self, tmp_path: Path) -> None:
        whole = Everything(number=3, real=float("nan"), text="ä", flag=True, context=object())
        whole.named = {"m": Moments(2, np.ones(3), np.ones(3)), "x": [1, 2.5]}
        whole.listed = [np.arange(3), "x", None]
        whole.paired = (1, np.float32(2.5))
        whole.array = np.array([[True, False]])
        whole.moments.update(np.random.default_rng(0).normal(size=(9, 2)))
        whole.rows.append(np.arange(4), np.arange(4.0)[:, None])
        plain, arrays = dump(whole)
        store = UnitStore(tmp_path)
        store.write("ab", json.loads(json.dumps(plain, allow_nan=False)), arrays)
        template = Everything(named={"m": Moments()}, context="fresh")
        unit = store.read("ab")
        assert unit is not None
        back = restore(template, *unit, path=store.path("ab"))
        assert (back.number, back.text, back.flag, back.nothing, back.context) == (3, "ä", True, None, "fresh")
        assert np.isnan(back.real)
        assert isinstance(back.named["m"], Moments)
        assert back.named["m"].count == 2
        assert back.named["x"] == [1, 2.5]
        assert back.listed[0].tolist() == [0, 1, 2]
        assert back.paired[0] == 1
        assert back.array.tolist() == [[True, False]]
        assert np.array_equal(back.moments.squares, whole.moments.squares)
        assert isinstance(back.rows.chunks[0], StoredChunk)
        assert back.rows.gather().values.ravel().tolist() == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("value", "message"),
        [(object(), "listed.*cannot store a object"), ({1: 2}, "expected string keys"), (np.array([{}]), "objects")],
    )
    def test_what_cannot_be_stored_is_named(self, value: Any, message: str) -> None:
        with pytest.raises(TypeError, match=message):
            dump(Everything(listed=[value]))


class TestUnits:
    def test_absent_and_foreign_files_are_absent(self, tmp_path: Path) -> None:
        store = UnitStore(tmp_path)
        assert not store.has("ab")
        store.path("ab").parent.mkdir()
        store.path("ab").write_bytes(b"something else")
        assert not store.has("ab")
        np.savez(store.path("ab"), x=np.zeros(3))
        assert not store.has("ab")

    def test_a_place_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(StoreError, match="cannot write finished work"):
            UnitStore(tmp_path / "file").write("ab", None, {})

    def test_the_default_place(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("VAE_ANALYZE_CACHE", "/somewhere")
        assert default_root() == Path("/somewhere")
        monkeypatch.delenv("VAE_ANALYZE_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
        assert default_root() == Path("/xdg/vae-analyze")
        monkeypatch.delenv("XDG_CACHE_HOME")
        assert default_root() == Path.home() / ".cache" / "vae-analyze"


def test_a_key_depends_on_everything_that_determines_the_result() -> None:
    base: dict[str, Any] = {"model": "m", "data": "d", "seed": 0, "device": "cpu", "dtype": "float32"}
    shard = Shard(0, np.arange(3))
    what = identity(Robustness())
    keys = {unit_key(what, shard, **base)}
    for name, other in (("model", "n"), ("data", "e"), ("seed", 1), ("device", "cuda"), ("dtype", "float64")):
        keys.add(unit_key(what, shard, **{**base, name: other}))
    keys.add(unit_key(what, Shard(0, np.arange(4)), **base))
    keys.add(unit_key(identity(Robustness(draws=1)), shard, **base))
    keys.add(unit_key("codes", shard, **base))
    assert len(keys) == 9
    # The number of the shard is not what it holds.
    assert unit_key(what, Shard(5, np.arange(3)), **base) in keys


class TestDevices:
    def test_auto_is_something_that_is_there(self) -> None:
        assert resolve("auto") in ("cpu", "cuda", "mps")
        assert resolve("cpu") == "cpu"
        assert describe("cpu") == "cpu"

    @pytest.mark.parametrize("device", ["gpu", "cuda:x", "cpu:1", ""])
    def test_others_are_refused(self, device: str) -> None:
        with pytest.raises(UsageError, match="--device"):
            resolve(device)


def evaluator(model: Any, size: int) -> Evaluator:
    card = Card(
        name="m", architecture="m", input_shape=model.input_shape, latent_shape=model.latent_shape, fingerprint="m"
    )
    return Evaluator(Loaded(model, card), batch_size=size)


class TestEvaluator:
    def test_chunks_give_the_whole(self) -> None:
        x = torch.from_numpy(images(10).x)
        model = SpatialVAE()
        whole, cut = (evaluator(model, size).encode(x, None) for size in (10, 3))
        assert torch.allclose(whole.mean, cut.mean)
        assert torch.allclose(whole.logvar, cut.logvar)
        at_once, in_parts = (evaluator(model, size).decode(whole.mean, None) for size in (10, 3))
        assert torch.allclose(at_once, in_parts)

    def test_labels_go_with_their_rows_through_chunks(self) -> None:
        x = torch.from_numpy(images(10).x)
        labels = torch.arange(10)
        whole, cut = (evaluator(ConditionalVAE(), size).encode(x, labels) for size in (10, 3))
        assert torch.allclose(whole.mean, cut.mean)

    def test_missing_and_too_few_labels_are_named(self) -> None:
        x = torch.from_numpy(images(4).x)
        with pytest.raises(AnalyzerError, match="a label per sample"):
            evaluator(ConditionalVAE(), 9).encode(x, None)
        with pytest.raises(AnalyzerError, match="a label for each of 4 inputs, got 2"):
            evaluator(ConditionalVAE(), 9).encode(x, torch.zeros(2, dtype=torch.int64))

    def test_a_model_that_answers_in_another_shape_is_named(self) -> None:
        class Wrong(LinearVAE):
            latent_shape = (7,)  # the mistake under test
            input_shape = (9,)  # the mistake under test

        model = Wrong.random(6, 3)
        with pytest.raises(AnalyzerError, match=r"expected codes of shape \(2, 7\)"):
            evaluator(model, 9).encode(torch.zeros(2, 6), None)
        with pytest.raises(AnalyzerError, match=r"expected data of shape \(2, 9\)"):
            evaluator(model, 9).decode(torch.zeros(2, 3), None)


def test_inline_executes_at_once_and_hands_over_errors() -> None:
    pool = Inline()
    assert pool.submit(int, "7").result() == 7
    with pytest.raises(ValueError, match="invalid literal"):
        pool.submit(int, "x").result()


def test_provenance_is_plain_and_names_no_person() -> None:
    found = provenance("cpu")
    assert json.loads(json.dumps(found)) == found
    assert {"torch", "numpy", "python", "vae-analyze"} <= found["versions"].keys()
    import getpass
    import socket

    text = json.dumps(found)
    assert socket.gethostname() not in text
    assert getpass.getuser() not in text or getpass.getuser() in ("root", "user")
    assert (peak_memory() or (2**30, 0))[0] > 2**20


def test_the_reproducing_command() -> None:
    options = [
        OptionValue(name="samples", value=50, origin="vae-analyze.toml"),
        OptionValue(name="seed", value=0, origin="default"),
        OptionValue(name="workers", value=2, origin="command line"),
        OptionValue(name="resize", value=True, origin="command line"),
        OptionValue(name="robustness.sigma", value=[0.1, 0.2], origin="command line"),
    ]
    one = command_line("a b.pt", ["robustness"], options)
    assert one == "vae-analyze robustness 'a b.pt' --samples 50 --resize --sigma 0.1 --sigma 0.2"
    two = command_line("a.pt", ["robustness", "other"], options[-1:])
    assert two == (
        "vae-analyze run a.pt --only robustness --only other --set robustness.sigma=0.1 --set robustness.sigma=0.2"
    )
    assert command_line("", ["robustness"], options) == ""


def test_options_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Robustness().draws = 3  # type: ignore[misc]  # that is the point
