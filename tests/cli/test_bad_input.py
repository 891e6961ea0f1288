"""Every kind of bad input: one clear message, the right exit code, nothing left behind."""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from vae_analyze.analyzers.registry import entries

USAGE, LOAD = 2, 3


def nothing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("epoch 1: loss 0.3\n")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:1000])


def not_a_number(path: Path) -> None:
    content = torch.load(path, weights_only=True)
    next(iter(content["state_dict"].values())).view(-1)[3] = float("nan")
    torch.save(content, path)


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


def hostile(path: Path) -> None:
    path.write_bytes(pickle.dumps({"state_dict": Bomb()}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (nothing, "tiny.pt"),
        (empty, "empty"),
        (text, "text"),
        (truncated, "truncated|damaged|cut|incomplete"),
        (not_a_number, "NaN|finite"),
        (hostile, "mkdir"),
    ],
)
def test_a_spoilt_checkpoint(cli: Callable, tiny: Path, spoil: Callable[[Path], None], message: str) -> None:  # type: ignore[type-arg]
    spoil(tiny)
    before = sorted(tiny.parent.iterdir())
    done = cli("robustness", str(tiny))
    assert done.code == LOAD
    assert_one_message(done.err)
    assert re.search(message, done.err), done.err
    assert done.out == ""
    assert sorted(tiny.parent.iterdir()) == before
    assert list(Path().iterdir()) == []


def nan_image(folder: Path) -> list[str]:
    x = np.random.default_rng(0).random((20, 1, 8, 8)).astype(np.float32)
    x[7, 0, 0, 0] = np.nan
    np.savez(folder / "nan.npz", images=x)
    return ["--data", str(folder / "nan.npz")]


def one_image(folder: Path) -> list[str]:
    np.savez(folder / "one.npz", images=np.zeros((1, 1, 8, 8), np.float32))
    return ["--data", str(folder / "one.npz")]


def no_image(folder: Path) -> list[str]:
    np.savez(folder / "none.npz", images=np.zeros((0, 1, 8, 8), np.float32))
    return ["--data", str(folder / "none.npz")]


def large_images(folder: Path) -> list[str]:
    np.savez(folder / "large.npz", images=np.zeros((9, 1, 28, 28), np.float32))
    return ["--data", str(folder / "large.npz")]


def unknown_data(folder: Path) -> list[str]:
    return ["--data", "digit"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (nan_image, "sample 7"),
        (one_image, "expected at least 2 samples, found 1"),
        (no_image, "no samples|at least|empty|found 0|no images"),
        (large_images, r"\(1, 8, 8\).*\(1, 28, 28\)[^$]*--resize"),
        (unknown_data, "digits"),
    ],
)
def test_bad_data(cli: Callable, tiny: Path, tmp_path: Path, make: Callable[[Path], list[str]], message: str) -> None:  # type: ignore[type-arg]
    done = cli("robustness", str(tiny), *make(tmp_path))
    assert done.code == LOAD
    assert_one_message(done.err)
    assert re.search(message, done.err), done.err
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--samples", "1"], "--samples: expected at least 2"),
        (["--samples", "-3"], "--samples: expected at least 0"),
        (["--samples", "many"], "--samples: expected a whole number"),
        (["--sigma", "0"], "--sigma: expected more than 0"),
        (["--sigma", "nan"], "--sigma: expected a finite number"),
        (["--sigma", "0.1,x"], "--sigma: expected a number, found 'x'"),
        (["--draws", "0"], "--draws: expected at least 1"),
        (["--device", "cuda:77"], "not available"),
        (["--device", "abacus"], "expected auto, cpu"),
        (["--dtype", "int8"], "float32 or float64"),
        (["--workers", "0"], "--workers: expected at least 1"),
        (["--out", "/proc/nowhere/run"], "cannot write"),
        (["--sigmas", "1"], "No such option"),
    ],
)
def test_bad_options(cli: Callable, tiny: Path, words: list[str], message: str) -> None:  # type: ignore[type-arg]
    done = cli("robustness", str(tiny), *words)
    assert done.code == USAGE
    assert message in done.err
    assert "Traceback" not in done.err
    assert list(Path().iterdir()) == []


def test_an_output_that_is_a_file_or_holds_other_things(cli: Callable, tiny: Path) -> None:  # type: ignore[type-arg]
    Path("file").write_text("mine")
    assert cli("robustness", str(tiny), "--out", "file").code == USAGE
    assert cli("robustness", str(tiny), "--out", "file/below").code == USAGE
    Path("folder").mkdir()
    Path("folder/thesis.tex").write_text("mine")
    done = cli("robustness", str(tiny), "--out", "folder")
    assert done.code == USAGE
    assert "holds other files" in done.err
    assert Path("folder/thesis.tex").read_text() == "mine"
    assert sorted(path.name for path in Path().iterdir()) == ["file", "folder"]


def test_unknown_analyzers_name_the_nearest(cli: Callable, tiny: Path) -> None:  # type: ignore[type-arg]
    done = cli("robustnes", str(tiny))
    assert done.code == USAGE
    assert "robustness" in done.err
    done = cli("run", str(tiny), "--only", "robustnes")
    assert done.code == USAGE
    assert "Did you mean robustness" in done.err
    assert cli("run", str(tiny), "--skip", "robustnes").code == USAGE
    assert cli("run", str(tiny), *(word for name in entries() for word in ("--skip", name))).code == USAGE


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sigma=1", "expected ANALYZER.OPTION=VALUE"),
        ("robustness.sigma", "expected ANALYZER.OPTION=VALUE"),
        ("robustnes.sigma=1", "Did you mean robustness"),
        ("robustness.sigmas=1", "Did you mean sigma"),
    ],
)
def test_bad_settings(cli: Callable, tiny: Path, setting: str, message: str) -> None:  # type: ignore[type-arg]
    done = cli("run", str(tiny), "--set", setting)
    assert done.code == USAGE
    assert message in done.err


def test_a_report_of_something_else(cli: Callable, tmp_path: Path) -> None:  # type: ignore[type-arg]
    done = cli("report", str(tmp_path))
    assert done.code == USAGE
    assert "expected a run folder" in done.err


def assert_one_message(err: str) -> None:
    assert "Traceback" not in err
    assert err.startswith("Error: ")
    assert err.count("Error: ") == 1
