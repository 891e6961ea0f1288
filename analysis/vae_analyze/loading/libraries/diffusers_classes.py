"""The autoencoders of diffusers: which of them are read and how, and why the others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

Code = Literal["gaussian", "plain", "quantised"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """How one class encodes and decodes images.

    Args:
        name: Of the class.
        code: A diagonal Gaussian, a plain code, or a code that the decoder first replaces by its nearest in a table.
        stages: The option with one entry for each size of the image on the way to the code; each halves the last.
        ratio: The option that states the ratio of image to code outright, or "".
        known: Options that the class writes and does not take.
    """

    name: str
    code: Code
    stages: str = "block_out_channels"
    ratio: str = ""
    known: tuple[str, ...] = ()

    def factor(self, config: dict[str, Any]) -> int:
        """How many pixels along each side become one place of the code."""
        return int(config[self.ratio]) if self.ratio else 2 ** (len(config[self.stages]) - 1)


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(name="AutoencoderKL", code="gaussian"),
        Kind(
            name="AsymmetricAutoencoderKL",
            code="gaussian",
            stages="down_block_out_channels",
            known=("block_out_channels", "force_upcast"),
        ),
        Kind(name="AutoencoderKLFlux2", code="gaussian"),
        Kind(name="AutoencoderKLHunyuanImage", code="gaussian", ratio="spatial_compression_ratio"),
        Kind(
            name="AutoencoderTiny",
            code="plain",
            stages="encoder_block_out_channels",
            known=("block_out_channels",),
        ),
        Kind(name="AutoencoderDC", code="plain", stages="encoder_block_out_channels"),
        Kind(name="VQModel", code="quantised"),
    )
}

_VIDEO = "it encodes videos, and here data are single images"
_AUDIO = "it encodes sound, and here data are images or features"
# Parts of class names, in the order in which they are looked for, and why such a class is not read.
_REASONS: tuple[tuple[str, str], ...] = (
    (
        "ConsistencyDecoder",
        "its decoder is a diffusion sampler, which draws random numbers: a code has no one decoding",
    ),
    ("TemporalDecoder", "its decoder mixes neighbouring frames of a video, and here data are single images"),
    ("Audio", _AUDIO),
    ("Oobleck", _AUDIO),
    ("MMAudio", _AUDIO),
    ("SAME", _AUDIO),
    ("Vocoder", _AUDIO),
    ("Proteina", "it encodes proteins, and here data are images or features"),
    ("RAE", "its encoder is a frozen recognition network of fixed input size, not trained with the decoder"),
    *((name, _VIDEO) for name in ("Video", "CogVideoX", "Allegro", "Cosmos", "Magvit", "Mochi", "Wan", "QwenImage")),
    *((name, _VIDEO) for name in ("VidTok", "MiniMax", "HunyuanImageRefiner", "SRVAE", "LTX")),
    ("UNet", "it is a denoising network: it has no code"),
    ("Transformer", "it is a denoising network: it has no code"),
    ("ControlNet", "it steers a denoising network: it has no code"),
    ("Pipeline", "it is a whole pipeline; name its folder, which has a model_index.json"),
)


def kind_of(config: dict[str, Any], *, where: str) -> Kind:
    """How the class that a configuration names encodes and decodes.

    Raises:
        CheckpointError: It names none, or one that is not read; the message says why.
    """
    name = config.get("_class_name")
    if not isinstance(name, str):
        raise CheckpointError(
            f"{where}: expected the field _class_name with a class of diffusers, found {printable(name)}",
            hint="name the folder that save_pretrained wrote",
        )
    if name in KINDS:
        return KINDS[name]
    reason = next((why for part, why in _REASONS if part in name), "this version does not know how it encodes")
    raise CheckpointError(
        f"{where} is a {printable(name)} of diffusers, which is not read: {reason}",
        hint=f"read are {', '.join(sorted(KINDS))}; for others write an adapter (--adapter FILE.py)",
    )


def looks_like_autoencoder(name: object) -> bool:
    """Whether a class name of diffusers is that of an autoencoder, read or not."""
    return isinstance(name, str) and (name in KINDS or "Autoencoder" in name or "VAE" in name or name == "VQModel")
