from __future__ import annotations

from pathlib import Path

import torch

from vae_analyze.loading.load import FORMATS
from vae_analyze.loading.source import Source
from vae_analyze.loading.unrecognised import refuse


def test_the_hint_names_every_readable_format(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(2)}, tmp_path / "a.pt")
    error = refuse(Source.open(tmp_path / "a.pt"), FORMATS)
    assert all(known.name in error.hint for known in FORMATS)
    assert "vae_analyze.analyze(" in error.hint
