"""Some of the data, as evidence for the loader."""

from __future__ import annotations

import pickle
from typing import NoReturn

import numpy as np
import pytest
import torch

import vae_analyze
from support.datasets import Memory
from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.resize import Resized
from vae_analyze.engine.evidence import MOST, evidence_of
from vae_analyze.errors import DataError


def test_samples_are_spread_evenly_over_the_data() -> None:
    data = vae_analyze.open_data("digits:all")
    found = evidence_of(data)
    assert found is not None
    assert len(found) == MOST
    index = np.unique(np.linspace(0, len(data) - 1, MOST).astype(np.int64))
    assert np.array_equal(found.x.numpy(), data.read(index).x)
    labels = data.read(index).labels
    assert found.labels is not None
    assert labels is not None
    assert np.array_equal(found.labels.numpy(), labels)
    assert (found.classes, found.value_range, found.name) == (10, (0.0, 1.0), "digits:all")


def test_small_data_are_taken_whole() -> None:
    data = vae_analyze.open_data("digits:test")
    found = evidence_of(data)
    assert found is not None
    assert len(found) == len(data)


def test_another_size_is_what_the_analysis_would_resize_to() -> None:
    data = vae_analyze.open_data("digits:test")
    found = evidence_of(data)
    assert found is not None
    at = found.at((1, 12, 16))
    assert at is not None
    assert np.array_equal(at.numpy(), Resized(data, (12, 16)).read(np.arange(len(data))).x)
    assert found.at((3, 8, 8)) is None
    assert found.at((64,)) is None


def test_it_travels_to_other_processes() -> None:
    found = evidence_of(vae_analyze.open_data("digits:test"))
    again = pickle.loads(pickle.dumps(found))
    assert found is not None
    at = found.at((1, 4, 4))
    assert at is not None
    assert torch.equal(again.at((1, 4, 4)), at)


def test_what_is_not_finite_is_no_evidence() -> None:
    x = np.full((9, 1, 4, 4), np.nan, dtype=np.float32)
    assert evidence_of(ArrayDataset(x, name="odd", description="odd")) is None


def test_data_that_cannot_be_read_are_no_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(data: Memory, index: object) -> NoReturn:
        raise DataError("the disk is gone")

    monkeypatch.setattr(Memory, "read", gone)
    assert evidence_of(Memory(np.zeros((9, 1, 4, 4), dtype=np.float32))) is None


def test_no_samples_are_no_evidence() -> None:
    assert evidence_of(Memory(np.zeros((0, 1, 4, 4), dtype=np.float32))) is None
