from __future__ import annotations

import pytest
import torch

from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.unfit import leftover, unfit


@pytest.mark.parametrize(
    ("name", "shape", "what"),
    [
        ("encoder.rnn.weight_ih_l0", (8, 4), "recurrent"),
        ("encoder.attn.in_proj_weight", (12, 4), "attention"),
        ("vq.codebook", (16, 4), "vector-quantised"),
        ("flow.0.u", (1, 4), "normalising flow"),
        ("encoder.conv.weight", (4, 4, 3), "along 1 axes"),
        ("encoder.conv.weight", (4, 4, 3, 5), "not square"),
    ],
)
def test_what_cannot_be_rebuilt_is_named(name: str, shape: tuple[int, ...], what: str) -> None:
    assert what in unfit({name: torch.zeros(shape)})


def test_plain_layers_have_nothing_against_them() -> None:
    assert unfit({"encoder.0.weight": torch.zeros(4, 4), "decoder.upsample.weight": torch.zeros(2, 2, 3, 3)}) == ""


def test_three_heads_are_named_as_such() -> None:
    tensors = {f"{name}.weight": torch.zeros(10, 256) for name in ("fc_mean", "fc_log_var", "fc_alphas.0")}

    assert "more than two encoder outputs" in leftover(layers_of(tensors))
    assert "no layer known here" in leftover(layers_of({"table": torch.zeros(5, 5)}))
    assert "no order" in leftover(layers_of({"a.weight": torch.zeros(5, 4)}))
