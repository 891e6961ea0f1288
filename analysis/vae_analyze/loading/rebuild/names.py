"""What names suggest: evidence for the order of layers and for which head is which, never proof."""

from __future__ import annotations

import re
from typing import Literal

Part = Literal["encoder", "decoder", ""]
Head = Literal["mean", "second", ""]

_MEAN = ("mu", "mean", "means", "loc", "m", "mus")
_SECOND = (
    "logvar",
    "var",
    "sigma",
    "std",
    "logstd",
    "logsigma",
    "scale",
    "lv",
    "logv",
    "stddev",
    "variance",
    "s",
    "ls",
)
_SECOND_INSIDE = ("logvar", "log_var", "sigma", "logstd", "log_std", "variance", "stddev", "std", "lnvar", "log_v")
_MEAN_INSIDE = ("mu", "mean")
_ENCODER = (
    "enc",
    "down",
    "inference",
    "recognition",
    "q_",
    "qz",
    "img_to",
    "img2",
    "features_to_hidden",
    "x2h",
    "x_to",
)
_DECODER = (
    "dec",
    "up",
    "generat",
    "gen_",
    "p_",
    "px",
    "z2",
    "z_to",
    "latent_to",
    "to_img",
    "2img",
    "hid2img",
    "deconv",
)
_WORD = re.compile(r"[A-Za-z][a-z]*|[A-Z]+(?![a-z])|\d+")


def words(path: str) -> list[str]:
    """The lower-case words of a dotted name: split at dots, underscores, digits and capitals."""
    return [word.lower() for word in _WORD.findall(path)]


def head_of(path: str) -> Head:
    """Which encoder output a name speaks of; "" where it speaks of neither or of both."""
    parts = words(path)
    joined = "".join(char for char in path.lower() if char.isalnum())
    mean = any(word in _MEAN for word in parts)
    second = any(word in _SECOND for word in parts) or any(
        text.replace("_", "") in joined for text in _SECOND_INSIDE if len(text) > 3
    )
    if not mean and not second:
        last = path.rpartition(".")[2].lower()
        tail = re.sub(r"[\d_]+$", "", last)
        mean = tail.endswith(_MEAN_INSIDE) or tail.startswith("mean")
        second = tail.endswith(("var", "std", "sigma"))
    if mean == second:
        return ""
    return "mean" if mean else "second"


def part_of(path: str) -> Part:
    """Which half of the model a name speaks of; "" where it speaks of neither."""
    top = path.lower()
    for piece in (top.split(".")[0], top):
        encoder = any(_begins(piece, start) for start in _ENCODER)
        decoder = any(_begins(piece, start) for start in _DECODER)
        if encoder != decoder:
            return "encoder" if encoder else "decoder"
    return ""


def _begins(text: str, start: str) -> bool:
    return re.search(rf"(?:^|[._\d]){re.escape(start)}", text) is not None
