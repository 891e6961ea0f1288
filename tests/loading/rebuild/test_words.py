from __future__ import annotations

import torch

from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild.words import _squashes
from vae_analyze.loading.settling.evidence import Evidence


def grey(channels: int) -> Evidence:
    return Evidence(name="images", x=torch.rand(4, channels, 8, 8), value_range=(0.0, 1.0))


def test_data_may_come_out_as_they_went_in_where_another_range_is_possible() -> None:
    assert "as it went in" in _squashes(LoadOptions(evidence=grey(1)))
    assert "as it went in" not in _squashes(LoadOptions(evidence=grey(3)))
    assert "as it went in" in _squashes(LoadOptions(evidence=grey(3), range=(-2.0, 2.0)))


def test_every_word_for_the_output_has_a_reading() -> None:
    for word in ("prob", "logits", "tanh", "same"):
        assert _squashes(LoadOptions(evidence=grey(1), output=word))
