from __future__ import annotations

import importlib
import logging
import warnings
from typing import Any

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.extras import needed, quiet, said


def test_a_library_that_is_not_there_is_named_with_its_extra() -> None:
    with pytest.raises(CheckpointError, match="The folder needs the library no_such_library, which") as caught:
        needed("no_such_library.part", extra="diffusers", what="The folder")
    assert caught.value.hint == "pip install 'vae-analyze[diffusers]'"


def test_what_a_library_itself_misses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> Any:
        raise ModuleNotFoundError("no", name="cloudpickle")

    monkeypatch.setattr(importlib, "import_module", lacking)
    with pytest.raises(CheckpointError, match="misses the package cloudpickle"):
        needed("pythae.models", extra="pythae", what="The folder")


def test_a_library_that_fails_when_imported_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(name: str) -> Any:
        raise RuntimeError("built for\nanother torch")

    monkeypatch.setattr(importlib, "import_module", failing)
    with pytest.raises(CheckpointError, match="importing it failed: RuntimeError: built for another torch"):
        needed("diffusers", extra="diffusers", what="The folder")


def test_a_library_that_is_there_is_given() -> None:
    assert needed("json", extra="x", what="y").loads("1") == 1


def test_quiet_keeps_warnings_to_itself_and_puts_the_level_back(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("some_library")
    before = log.level
    with quiet("some_library"):
        log.error("noise")
        warnings.warn("noise", stacklevel=1)
    assert not caplog.records
    assert log.level == before


def test_errors_are_said_on_one_short_line() -> None:
    assert said(ValueError("a\n\n  b\x1b[31m")) == "ValueError: a b"
