"""Another model beside the one under analysis: itself, the plain autoencoder, and files that do not fit."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from analyzers.baselines.known import compared
from vae_analyze.analyzers.baselines.question import Baselines
from vae_analyze.api import analyze, load
from vae_analyze.errors import CheckpointError
from vae_analyze.findings import Findings

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"
VAE, AE = (CHECKPOINTS / f"digits-{name}.pt" for name in ("vae", "ae"))


@pytest.fixture(scope="module")
def alone() -> Findings:
    return compared(VAE, "digits")


@pytest.fixture(scope="module")
def beside() -> Findings:
    return compared(VAE, "digits", against=str(AE))


def test_the_plain_autoencoder_is_measured_beside(beside: Findings) -> None:
    itself = compared(AE, "digits")
    for name in ("reconstruction_mse", "denoising_mse"):
        theirs = beside.scalar(name, by="against").value
        assert theirs == pytest.approx(itself.scalar(name, by="model").value, rel=1e-6)
    for probe in ("linear", "neighbours"):
        assert beside.scalar("probe_accuracy", by="against", probe=probe).value == pytest.approx(
            itself.scalar("probe_accuracy", by="codes", probe=probe).value, abs=1 / 352 + 1e-9
        )
    assert beside.scalar("precision", by="against", k=5).value == pytest.approx(
        itself.scalar("precision", by="codes", k=5).value, abs=1e-3
    )
    # Published with the checkpoints: 0.0096 and 0.0101.
    gain = beside.scalar("reconstruction_gain", over="against")
    assert 0 < gain.low < 0.0101 - 0.0096 < gain.high
    assert any("better than digits-ae (10 dimensions)" in text for text in beside.readings)
    assert not any("plain autoencoder" in text for text in beside.warnings)


def test_it_changes_no_other_number(alone: Findings, beside: Findings) -> None:
    for scalar in alone.scalars:
        assert beside.scalar(scalar.name, **dict(scalar.params)) == scalar


def test_the_pictures_show_it(beside: Findings) -> None:
    figure = next(figure for figure in beside.figures if figure.name == "denoised")
    assert figure.pictures is not None
    assert [label.split(" (")[0] for label in figure.pictures.row_labels] == [
        "the sample", "with noise", "the model", "PCA", "digits-ae",
    ]  # fmt: skip


def test_a_model_against_itself_is_exactly_even(tmp_path: Path) -> None:
    copy = tmp_path / "another-name.pt"
    shutil.copy(VAE, copy)
    found = compared(VAE, "digits", against=str(copy))
    gains = [scalar for scalar in found.scalars if scalar.name.endswith("_gain") and scalar.params["over"] == "against"]
    assert len(gains) == 10
    assert all(scalar.value == scalar.low == scalar.high == 0 for scalar in gains)
    assert any("is the model itself" in text for text in found.readings)


def test_the_same_model_in_memory_differs_by_rounding_only() -> None:
    # In memory nothing proves that it is the same, so all of it is computed a second time.
    found = compared(load(VAE).vae, "digits", against=str(VAE), samples=200)
    gain = found.scalar("reconstruction_gain", over="against")
    assert gain.value == pytest.approx(0, abs=1e-9)
    assert found.scalar("probe_gain", over="against", probe="linear").value == 0


def refused(against: Path, given: Any = "digits") -> str:
    with pytest.raises(CheckpointError) as refusal:
        analyze(VAE, [Baselines(against=str(against))], data=given, no_cache=True)
    return str(refusal.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    reason = refused(tmp_path / "missing.pt")
    assert "missing.pt: there is no such file" in reason
    assert "Hint" in reason


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a checkpoint")
    reason = refused(other)
    assert "--against" in reason
    assert "vae-analyze inspect" in reason


def test_a_model_of_other_data_is_refused() -> None:
    reason = refused(CHECKPOINTS / "sprites-beta.pt")
    assert "expected a model of samples of shape (1, 8, 8), found one of (1, 64, 64)" in reason


def test_it_is_loaded_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from vae_analyze.analyzers.baselines.gathered import Gathered

    def worked(self: Gathered, batch: object, /) -> None:
        raise AssertionError("work was done first")

    monkeypatch.setattr(Gathered, "update", worked)
    assert "found one of" in refused(CHECKPOINTS / "sprites-beta.pt")
