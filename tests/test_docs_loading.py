"""What docs/loading.md shows is what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import vae_analyze
from vae_analyze.engine.options import MODEL_OPTIONS, flag


@pytest.fixture
def page(repository: Path) -> str:
    return (repository / "docs" / "loading.md").read_text(encoding="utf-8")


def test_the_adapter_shown_is_the_file_and_loads_weights(page: str, repository: Path, tmp_path: Path) -> None:
    ((name, text),) = re.findall(r"<!-- file: (.*?) -->\n```python\n(.*?)```", page, flags=re.DOTALL)
    assert text == (repository / name).read_text(encoding="utf-8")
    encoder, decoder = torch.nn.Linear(64, 8), torch.nn.Linear(4, 64)
    parts = {"encoder": encoder, "decoder": decoder}
    weights = {f"{part}.{key}": value for part, layer in parts.items() for key, value in layer.state_dict().items()}
    torch.save(weights, tmp_path / "w.pt")
    loaded = vae_analyze.load(tmp_path / "w.pt", adapter=str(repository / name))
    x = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    posterior = loaded.vae.encode(x)  # type: ignore[union-attr]  # not a conditional one
    mean, logvar = encoder(x.flatten(1)).chunk(2, dim=1)
    assert torch.equal(posterior.mean, mean)
    assert torch.equal(posterior.logvar, logvar)
    assert torch.equal(loaded.vae.decode(mean).flatten(1), decoder(mean).sigmoid())  # type: ignore[union-attr]


def test_every_flag_it_names_exists(page: str) -> None:
    known = {flag(name) for name in MODEL_OPTIONS} | {"--data", "--resize"}
    assert set(re.findall(r"--[a-z][a-z-]*", page)) <= known
