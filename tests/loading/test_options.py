from __future__ import annotations

from pathlib import Path

import pytest
import torch

from vae_analyze.errors import UsageError
from vae_analyze.loading.options import LoadOptions, fingerprint


def test_the_fingerprint_is_of_content_and_options_but_not_of_paths_names_and_devices(tmp_path: Path) -> None:
    a, b, c = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    a.write_bytes(b"weights")
    b.write_bytes(b"weights")
    c.write_bytes(b"weightt")
    plain = fingerprint({"checkpoint": a}, LoadOptions())
    assert fingerprint({"checkpoint": b}, LoadOptions(name="other", device="cuda")) == plain
    assert fingerprint({"checkpoint": c}, LoadOptions()) != plain
    assert fingerprint({"specs": a}, LoadOptions()) != plain
    assert fingerprint({"checkpoint": a}, LoadOptions(dtype=torch.float64)) != plain
    assert len(plain) == 64


def test_a_whole_number_format_is_refused() -> None:
    with pytest.raises(UsageError, match="expected a dtype of"):
        LoadOptions(dtype=torch.int32)
