"""The command line, called within the test's process."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from vae_analyze.cli.main import main
from vae_analyze.loading.architectures.mlp import MLP, MLPOptions
from vae_analyze.loading.own_files.own import save


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Runs words in a folder of its own; gives exit code, standard output and standard error."""
    handler, show = signal.getsignal(signal.SIGTERM), warnings.showwarning
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        out, err = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else int(code is not None), out, err)

    yield run
    signal.signal(signal.SIGTERM, handler)
    warnings.showwarning = show


Cli = Callable[..., Done]


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A small checkpoint that has learnt nothing."""
    generator = torch.Generator().manual_seed(0)
    model = MLP(MLPOptions(input_shape=(1, 8, 8), hidden=(16,), latent_dim=3))
    for parameter in model.parameters():
        parameter.data = 0.2 * torch.randn(parameter.shape, generator=generator)
    save(tmp_path / "tiny.pt", model, data="digits:train")
    return tmp_path / "tiny.pt"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path / "images.npz"
    np.savez(path, images=rng.random((60, 1, 8, 8)).astype(np.float32), labels=rng.integers(0, 3, 60))
    return path
