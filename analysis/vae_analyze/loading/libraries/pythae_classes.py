"""The models of pythae, by the name that their configuration states: which are read and how, and why others are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

Code = Literal["gaussian", "plain", "quantised"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """How one of pythae's models encodes and decodes.

    Args:
        config: Name of its configuration class, as model_config.json states it.
        name: Of its class in ``pythae.models``.
        code: A diagonal Gaussian, a plain code, or a code that is replaced by its nearest in a table.
        likelihood: Whether ``reconstruction_loss`` names p(x | z).
        parts: Modules by which it encodes and decodes.
        training: Beginnings of the names of weights that only its training needs.
        warning: What to say of every such model.
    """

    config: str
    name: str
    code: Code = "gaussian"
    likelihood: bool = True
    parts: tuple[str, ...] = ("encoder", "decoder")
    training: tuple[str, ...] = ()
    warning: str = ""


_GAUSSIANS = ("VAE", "BetaVAE", "BetaTCVAE", "DisentangledBetaVAE", "IWAE", "CIWAE", "MIWAE", "PIWAE")
_VAMP = (
    "trained with a mixture over pseudo-inputs as its prior (VampPrior): what is measured against the standard normal "
    "is not what it was trained for"
)
MODELS: dict[str, Model] = {
    model.config: model
    for model in (
        *(Model(config=f"{name}Config", name=name) for name in _GAUSSIANS),
        Model(config="INFOVAE_MMD_Config", name="INFOVAE_MMD"),
        Model(config="MSSSIM_VAEConfig", name="MSSSIM_VAE", likelihood=False),
        Model(config="FactorVAEConfig", name="FactorVAE", training=("discriminator.",)),
        Model(config="VAEGANConfig", name="VAEGAN", likelihood=False, training=("discriminator.",)),
        Model(config="Adversarial_AE_Config", name="Adversarial_AE", training=("discriminator.",)),
        Model(config="VAMPConfig", name="VAMP", training=("pseudo_inputs.",), warning=_VAMP),
        *(
            Model(config=f"{name}{ending}", name=name, code="plain", likelihood=False)
            for name, ending in (("AE", "Config"), ("RAE_GP", "_Config"), ("RAE_L2", "_Config"), ("WAE_MMD", "_Config"))
        ),
        Model(
            config="VQVAEConfig",
            name="VQVAE",
            code="quantised",
            likelihood=False,
            parts=("encoder", "decoder", "quantizer"),
        ),
    )
}

_FLOW = "it is a normalizing flow over data, not an autoencoder"
_MOVED = "its posterior is a Gaussian moved by a normalizing flow, not a diagonal Gaussian"
_DRAWN = "its posterior is a Gaussian moved by Hamiltonian steps with drawn momenta, not a diagonal Gaussian"
REASONS: dict[str, str] = {
    "SVAEConfig": "its codes lie on a hypersphere, with a von Mises-Fisher posterior",
    "PoincareVAEConfig": "its codes lie in a Poincaré ball, with a hyperbolic posterior",
    "HVAEConfig": _DRAWN,
    "RHVAEConfig": _DRAWN,
    "VAE_IAF_Config": _MOVED,
    "VAE_LinNF_Config": _MOVED,
    "HRQVAEConfig": "its codes are a hierarchy of tables, of which this version does not know the reading",
    "PixelCNNConfig": "it is an autoregressive model of images, not an autoencoder",
    **{f"{name}Config": _FLOW for name in ("MAF", "IAF", "MADE", "PlanarFlow", "RadialFlow", "NFModel")},
}


def model_of(config: dict[str, Any], *, where: str) -> Model:
    """How the model that a configuration names encodes and decodes.

    Raises:
        CheckpointError: It names none, or one that is not read; the message says why.
    """
    name = config.get("name")
    if isinstance(name, str) and name in MODELS:
        return _settled(MODELS[name], config)
    if isinstance(name, str) and name in REASONS:
        raise CheckpointError(
            f"{where} is a {name.removesuffix('Config').rstrip('_')} of pythae, which is not read: {REASONS[name]}",
            hint="for such a model write an adapter (--adapter FILE.py) that gives what you want analysed",
        )
    raise CheckpointError(
        f"{where}: expected the field name with a configuration of pythae, found {printable(name)!r}",
        hint=f"read are {', '.join(sorted(MODELS))}; for your own model name its class (--model FILE.py:CLASS)",
    )


def is_pythae(config: dict[str, Any]) -> bool:
    """Whether a configuration is one of pythae's, read or not."""
    name = config.get("name")
    return isinstance(name, str) and (name in MODELS or name in REASONS or "uses_default_encoder" in config)


def _settled(model: Model, config: dict[str, Any]) -> Model:
    if model.name == "Adversarial_AE" and config.get("deterministic_posterior") is True:
        return Model(config=model.config, name=model.name, code="plain", likelihood=False, training=model.training)
    return model
