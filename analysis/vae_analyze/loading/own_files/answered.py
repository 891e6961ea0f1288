"""What an encoder or a decoder gives back in a training script, read by its form: tuples, distributions, dictionaries.

Read only where the form leaves no doubt; everything else is refused with what to write instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast, final

from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from vae_analyze.errors import UsageError
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.settling.convention import Second
from vae_analyze.vae import DiagonalGaussian

_MEANS = ("mean", "mu", "loc", "z_mean", "z_mu", "embedding")
# Names of log variances are taken at their word; those of deviations lie too often.
_LOGVARS = ("logvar", "log_var", "log_variance", "log_covariance", "z_logvar", "z_log_var")
_DECODED = ("reconstruction", "recon", "recon_x", "x_hat", "x_recon", "sample", "decoded")
_ENCODE_HINT = "give encode=lambda x: (mean, second), with the two taken out of what the model gives"
_DECODE_HINT = "give decode=lambda z: ..., which returns the decoded tensor alone"


@final
@dataclass(frozen=True, slots=True)
class Answer:
    """What an encoder gave.

    Args:
        tensors: The mean and the second output, or one tensor.
        second: What the second is, where the form says so; "" where it does not.
    """

    tensors: tuple[Tensor, ...]
    second: Second | None


def encoded(raw: Any) -> Answer:
    """The posterior's parameters in what an encoder gave.

    Raises:
        UsageError: The form does not say which they are.
    """
    if isinstance(raw, DiagonalGaussian):
        return Answer((raw.mean, raw.logvar), "logvar")
    if isinstance(raw, Independent):
        return encoded(raw.base_dist)
    if isinstance(raw, Normal):
        return Answer((raw.loc, raw.scale), "std")
    if isinstance(raw, Tensor):
        return Answer((raw,), None)
    if isinstance(raw, Mapping):
        return _from_names(dict(raw))
    if isinstance(raw, (tuple, list)):
        return _from_sequence(raw)
    raise UsageError(f"expected encode to give tensors, found {printable(type(raw).__name__)}", hint=_ENCODE_HINT)


def decoded(raw: Any) -> Tensor:
    """The mean of p(x | z) in what a decoder gave.

    Raises:
        UsageError: The form does not say which it is.
    """
    if isinstance(raw, Tensor):
        return raw
    if isinstance(raw, Distribution):
        mean: Tensor = raw.mean
        return mean
    if isinstance(raw, Mapping):
        found = [raw[name] for name in _DECODED if isinstance(raw.get(name), Tensor)]
        if len(found) == 1:
            return cast("Tensor", found[0])
    if isinstance(raw, (tuple, list)) and len(raw) == 1 and isinstance(raw[0], Tensor):
        return raw[0]
    raise UsageError(f"expected decode to give one tensor, found {_form(raw)}", hint=_DECODE_HINT)


def _from_names(raw: dict[Any, Any]) -> Answer:
    means = [name for name in _MEANS if isinstance(raw.get(name), Tensor)]
    logvars = [name for name in _LOGVARS if isinstance(raw.get(name), Tensor)]
    if len(means) == 1 and len(logvars) == 1:
        return Answer((raw[means[0]], raw[logvars[0]]), "logvar")
    raise UsageError(
        f"expected encode to give a mean and a log variance by name, found {_form(raw)}", hint=_ENCODE_HINT
    )


def _from_sequence(raw: tuple[Any, ...] | list[Any]) -> Answer:
    if len(raw) == 1:
        return encoded(raw[0])
    if len(raw) == 2 and all(isinstance(value, Tensor) for value in raw) and raw[0].shape == raw[1].shape:
        return Answer((raw[0], raw[1]), None)
    raise UsageError(f"expected encode to give two tensors of one shape, found {_form(raw)}", hint=_ENCODE_HINT)


def _form(raw: Any) -> str:
    if isinstance(raw, Mapping):
        return f"a dictionary of {listing([printable(name, limit=30) for name in raw], most=8)}"
    if isinstance(raw, (tuple, list)):
        return f"{len(raw)} values: {listing([_form(value) for value in raw], most=6)}"
    if isinstance(raw, Tensor):
        return f"a tensor of shape {tuple(raw.shape)}"
    return printable(type(raw).__name__)
