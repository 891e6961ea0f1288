"""What every test gets: its own cache, no configuration from outside, no network."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import settings

# The machine may be busy, and a suite that fails once in a hundred runs teaches people to run it again.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("VAE_ANALYZE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("VAE_ANALYZE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        if self.family != socket.AF_UNIX and not str(address).startswith("('127.0.0.1'"):
            raise AssertionError(f"a test opened a connection to {address}")
        original(self, address)  # type: ignore[arg-type]  # passed on as it came

    original = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data(repository: Path) -> Path:
    """Real checkpoints and images that are no part of the project."""
    folder = repository.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the shared real data are not here")
    return folder


@pytest.fixture(scope="session")
def digits_vae(repository: Path) -> Path:
    path = repository / "checkpoints" / "digits-vae.pt"
    assert path.is_file(), "the sample checkpoints belong to the repository"
    return path
