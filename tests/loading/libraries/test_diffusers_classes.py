from __future__ import annotations

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.diffusers_classes import KINDS, kind_of, looks_like_autoencoder


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ConsistencyDecoderVAE", "draws random numbers"),
        ("AutoencoderKLTemporalDecoder", "neighbouring frames"),
        ("AutoencoderKLCogVideoX", "videos"),
        ("AutoencoderKLWan", "videos"),
        ("AutoencoderOobleck", "sound"),
        ("AutoencoderKLLTX2Audio", "sound"),
        ("AutoencoderRAE", "frozen recognition network"),
        ("AutoencoderKLOfTomorrow", "does not know how it encodes"),
        ("UNet2DConditionModel", "denoising network"),
    ],
)
def test_other_classes_are_refused_by_name_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(CheckpointError, match=f"is a {name} of diffusers.*{reason}"):
        kind_of({"_class_name": name}, where="here")


def test_a_class_that_is_no_text_is_refused() -> None:
    with pytest.raises(CheckpointError, match="_class_name"):
        kind_of({"_class_name": ["a"]}, where="here")


def test_each_stage_but_the_first_halves_the_image() -> None:
    assert KINDS["AutoencoderKL"].factor({"block_out_channels": [128, 256, 512, 512]}) == 8
    assert KINDS["AutoencoderKLHunyuanImage"].factor({"spatial_compression_ratio": 32}) == 32


def test_autoencoders_are_told_from_other_parts_of_a_pipeline() -> None:
    assert all(map(looks_like_autoencoder, [*KINDS, "ConsistencyDecoderVAE"]))
    assert not any(map(looks_like_autoencoder, ["UNet2DConditionModel", "CLIPTextModel", None, 3]))
