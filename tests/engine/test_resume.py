"""Finished work is kept, only what is missing is computed, and any change of what determines a number is a miss."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.api import analyze
from vae_analyze.engine.units import UnitStore
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions
from vae_analyze.loading.own_files.own import save
from vae_analyze.runs.read import read_run

QUICK = Robustness(sigma=(0.1,), draws=1)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = MLP(MLPOptions(input_shape=(1, 8, 8), hidden=(16,), latent_dim=3))
    save(tmp_path / "tiny.pt", model, data="digits:train")
    return tmp_path / "tiny.pt"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    np.savez(tmp_path / "data.npz", images=np.random.default_rng(0).random((1200, 1, 8, 8)).astype(np.float32))
    return tmp_path / "data.npz"


def reused(run: Any) -> tuple[int, int]:
    work = run.provenance["work"]
    return work["units taken from earlier work"], work["units"]


def test_the_same_command_computes_nothing_twice(checkpoint: Path, images: Path) -> None:
    first = analyze(checkpoint, [QUICK], data=images, samples=0)
    second = analyze(checkpoint, [QUICK], data=images, samples=0)
    assert reused(first) == (0, 3)
    assert reused(second) == (3, 3)
    assert first["robustness"].scalars == second["robustness"].scalars


def test_a_changed_byte_of_the_checkpoint_is_a_miss(checkpoint: Path, images: Path) -> None:
    analyze(checkpoint, [QUICK], data=images)
    model = torch.load(checkpoint, weights_only=True)
    name = next(iter(model["state_dict"]))
    model["state_dict"][name].view(-1)[0] += 1e-3
    torch.save(model, checkpoint)
    assert reused(analyze(checkpoint, [QUICK], data=images))[0] == 0


def test_a_changed_byte_of_the_data_is_a_miss(checkpoint: Path, images: Path) -> None:
    analyze(checkpoint, [QUICK], data=images)
    x = np.load(images)["images"].copy()
    x[1199, 0, 7, 7] = 1 - x[1199, 0, 7, 7]
    np.savez(images, images=x)
    assert reused(analyze(checkpoint, [QUICK], data=images))[0] == 0


@pytest.mark.parametrize(
    ("analyzer", "options"),
    [
        (Robustness(sigma=(0.2,), draws=1), {}),
        (Robustness(sigma=(0.1,), draws=2), {}),
        (QUICK, {"seed": 1}),
        (QUICK, {"dtype": "float64"}),
    ],
)
def test_a_changed_option_is_a_miss(
    checkpoint: Path, images: Path, analyzer: Robustness, options: dict[str, Any]
) -> None:
    analyze(checkpoint, [QUICK], data=images)
    assert reused(analyze(checkpoint, [analyzer], data=images, **options))[0] == 0


def test_a_changed_version_is_a_miss(checkpoint: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    analyze(checkpoint, [QUICK], data=images)
    monkeypatch.setattr(Robustness, "version", 99)
    assert reused(analyze(checkpoint, [QUICK], data=images))[0] == 0


def test_workers_and_batch_size_do_not_make_a_miss(checkpoint: Path, images: Path) -> None:
    analyze(checkpoint, [QUICK], data=images, samples=0)
    assert reused(analyze(checkpoint, [QUICK], data=images, samples=0, batch_size=32, workers=2)) == (3, 3)


def test_a_renamed_checkpoint_is_the_same_checkpoint(checkpoint: Path, images: Path) -> None:
    analyze(checkpoint, [QUICK], data=images)
    other = checkpoint.rename(checkpoint.with_name("other.pt"))
    assert reused(analyze(other, [QUICK], data=images)) == (2, 2)


def test_a_damaged_unit_is_computed_again(checkpoint: Path, images: Path) -> None:
    first = analyze(checkpoint, [QUICK], data=images, samples=0)
    root = Path(os.environ["VAE_ANALYZE_CACHE"])
    units = sorted(root.glob("??/*.npz"))
    assert len(units) == 6  # three of codes, three of robustness
    for unit in units:
        content = bytearray(unit.read_bytes())
        content[len(content) // 2] ^= 0xFF
        unit.write_bytes(bytes(content))
    units[0].write_bytes(b"")
    again = analyze(checkpoint, [QUICK], data=images, samples=0)
    assert reused(again)[0] == 0
    assert first["robustness"].scalars == again["robustness"].scalars


def test_usage_and_clear(checkpoint: Path, images: Path) -> None:
    analyze(checkpoint, [QUICK], data=images)
    store = UnitStore(Path(os.environ["VAE_ANALYZE_CACHE"]))
    count, size = store.usage()
    assert count == 4
    assert size > 0
    assert store.clear() == 4
    assert store.usage() == (0, 0)


def command(checkpoint: Path, images: Path, out: Path, *more: str) -> list[str]:
    words = ["robustness", str(checkpoint), "--data", str(images), "--samples", "0", "--draws", "8", "--out", str(out)]
    return [sys.executable, "-m", "vae_analyze", *words, "--quiet", *more]


def tables(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [*out.glob("tables/*.csv"), out / "scalars.csv"]}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_run_goes_on_where_it_stopped(checkpoint: Path, tmp_path: Path, workers: str) -> None:
    data = tmp_path / "many.npz"
    np.savez(data, images=np.random.default_rng(0).random((12000, 1, 8, 8)).astype(np.float32))
    cache, out = Path(os.environ["VAE_ANALYZE_CACHE"]), tmp_path / "run"
    process = subprocess.Popen(command(checkpoint, data, out, "--workers", workers), start_new_session=True)
    deadline = time.monotonic() + 120
    while len(list(cache.glob("??/*.npz"))) < 8 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists(), "the run must be killed before it ends, or the test shows nothing"
    finished = len(list(cache.glob("??/*.npz")))
    assert 0 < finished < 48
    subprocess.run(command(checkpoint, data, out), check=True)
    resumed = read_run(out)
    taken, units = reused(resumed)
    assert 0 < taken < units == 24
    fresh = tmp_path / "fresh"
    subprocess.run(command(checkpoint, data, fresh, "--no-cache"), check=True)
    assert tables(out) == tables(fresh)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_ctrl_c_leaves_no_half_written_run(checkpoint: Path, tmp_path: Path) -> None:
    data = tmp_path / "many.npz"
    np.savez(data, images=np.random.default_rng(0).random((12000, 1, 8, 8)).astype(np.float32))
    cache, out = Path(os.environ["VAE_ANALYZE_CACHE"]), tmp_path / "runs" / "run"
    # Not measured: an interrupt while coverage holds its lock leaves it locked for ever.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    process = subprocess.Popen(
        command(checkpoint, data, out),
        env=unmeasured,
        start_new_session=True,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not list(cache.glob("??/*.npz")) and process.poll() is None:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "goes on from there" in errors
    assert not (tmp_path / "runs").exists()
    assert not list(cache.glob("??/.*.tmp"))


def test_json_is_strict_and_complete(checkpoint: Path, images: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        command(checkpoint, images, tmp_path / "run", "--json"), check=True, capture_output=True, text=True
    )

    def refuse(literal: str) -> None:
        raise AssertionError(literal)

    printed = json.loads(done.stdout, parse_constant=refuse)
    assert printed["schema"] == 1
    assert printed["run"] == (tmp_path / "run").as_posix()
    row = next(r for r in printed["scalars"] if r["name"] == "latent_mse" and r["params"] == {"sigma": 0.1})
    assert row.keys() >= {"analyzer", "value", "unit", "direction", "n", "low", "high", "status", "reason"}
    assert row["low"] < row["value"] < row["high"]
    assert row["n"] == 1200
