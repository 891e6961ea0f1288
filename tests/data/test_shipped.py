import importlib.machinery
import socket
from pathlib import Path

import pytest

from vae_analyze.data import shipped
from vae_analyze.data.builtin import BUILTIN
from vae_analyze.data.shipped import shipped_file
from vae_analyze.errors import DataError


def test_finds_a_file_of_the_wheel() -> None:
    assert shipped_file("camera.png").is_file()


def test_missing_file_says_so() -> None:
    with pytest.raises(DataError, match="found no such file"):
        shipped_file("eagle_that_would_be_fetched.png")


def test_missing_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> importlib.machinery.ModuleSpec | None:
        return None

    monkeypatch.setattr(shipped, "find_spec", nowhere)
    with pytest.raises(DataError, match="found no scikit-image"):
        shipped_file("camera.png")


def test_built_in_sets_open_no_connection(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    for make in BUILTIN.values():
        make().read([0])
