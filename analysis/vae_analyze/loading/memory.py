"""A model that exists only in memory, made ready to be analysed."""

from __future__ import annotations

import hashlib
import pickle

from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption, Card, Likelihood, Loaded
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.live import modules_of
from vae_analyze.loading.verifying.probe import Probe, probe
from vae_analyze.vae import VAE, ConditionalVAE

_MEMBERS = ("input_shape", "latent_shape", "encode", "decode")
_CONDITIONAL = ("input_shape", "latent_shape", "given")


def wrap(
    vae: VAE | ConditionalVAE,
    *,
    name: str = "",
    data: str = "",
    likelihood: Likelihood = "unknown",
    gradients: bool | None = None,
) -> Loaded:
    """A model in memory with a card; a torch module is put into evaluation mode and its weights are frozen.

    Args:
        vae: Anything with the members of `VAE` or `ConditionalVAE`.
        name: What to call it; by default its class.
        data: Spec of the data it was trained on.
        likelihood: p(x | z), where known.
        gradients: Whether derivatives exist; found out by trying where not said.

    Raises:
        CheckpointError: A member is missing, or a probe of four samples fails or comes back in other shapes.
    """
    _check_members(vae)
    for module in modules_of(vae):
        module.eval()
        module.requires_grad_(requires_grad=False)
    found = probe(vae)
    weights = dict(vae.state_dict()) if isinstance(vae, nn.Module) else {}
    kind = type(vae).__qualname__
    card = Card(
        name=printable(name or kind),
        architecture=printable(kind),
        input_shape=tuple(vae.input_shape),
        latent_shape=tuple(vae.latent_shape),
        fingerprint=_fingerprint(vae, found),
        data=data,
        likelihood=likelihood,
        deterministic=found.deterministic,
        gradients=found.gradients if gradients is None else gradients,
        conditional=isinstance(vae, ConditionalVAE),
        parameters=sum(value.numel() for value in weights.values()),
        assumptions=(Assumption(what="shapes", value="as the object states", source="a probe of four samples"),),
        warnings=found.warnings,
    )
    return Loaded(vae, card)


def _check_members(vae: object) -> None:
    lacking = [member for member in _MEMBERS if not hasattr(vae, member)]
    if lacking and [member for member in _CONDITIONAL if not hasattr(vae, member)]:
        raise CheckpointError(
            f"expected a model with {', '.join(_MEMBERS)}; {type(vae).__name__} lacks {', '.join(lacking)}",
            hint="write a small class with these members around your model; see vae_analyze.vae.VAE",
        )


def _fingerprint(vae: VAE | ConditionalVAE, found: Probe) -> str:
    """Over the class, the weights and the answers to the probe; the same in every process."""
    digest = hashlib.sha256(f"{type(vae).__module__}.{type(vae).__qualname__} {found.digest}".encode())
    if isinstance(vae, nn.Module):
        # The text of a module holds what its weights do not, such as strides and slopes.
        digest.update(repr(vae).encode())
        for key, value in vae.state_dict().items():
            digest.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
            digest.update(value.detach().double().cpu().contiguous().numpy().tobytes())
    else:
        digest.update(_pickled(vae))
    return digest.hexdigest()


def _pickled(vae: object) -> bytes:
    try:
        return pickle.dumps(vae, protocol=4)
    except Exception:  # noqa: BLE001 - what cannot be pickled raises anything; its answers still tell it apart
        return b""
