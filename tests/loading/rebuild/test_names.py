from __future__ import annotations

import pytest

from vae_analyze.loading.rebuild.names import head_of, part_of


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("fc_mu", "mean"),
        ("encoder.linear_means", "mean"),
        ("hidden2mu", "mean"),
        ("z_mean", "mean"),
        ("fc_logvar", "second"),
        ("encoder.linear_log_var", "second"),
        ("hid_2sigma", "second"),
        ("fc_log_std", "second"),
        ("mu_logvar_gen", ""),
        ("fc21", ""),
        ("encoder.multi", ""),
    ],
)
def test_heads_are_known_by_their_names(path: str, head: str) -> None:
    assert head_of(path) == head


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("encoder.0", "encoder"),
        ("enc_conv1", "encoder"),
        ("decoder.fc1", "decoder"),
        ("decorder.0", "decoder"),
        ("fc1", ""),
    ],
)
def test_parts_are_known_by_their_names(path: str, part: str) -> None:
    assert part_of(path) == part
