"""The model card: what a checkpoint is, what was read from it and what was assumed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, final

if TYPE_CHECKING:
    from vae_analyze.vae import VAE, ConditionalVAE

Likelihood = Literal["bernoulli", "gaussian", "unknown"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Assumption:
    """One thing that the loader settled, and from what evidence.

    Args:
        what: The question, such as "latent size".
        value: The answer.
        source: Where the answer comes from: "card", "tensor shapes", "option --range", "guess: ...".
        guess: Whether the evidence leaves a doubt.
        runner_up: Of a guess: the next best answer and how much worse it did, such as "leaky_relu: error 0.0131".
    """

    what: str
    value: str
    source: str
    guess: bool = False
    runner_up: str = ""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was verified when the model was loaded.

    Args:
        what: What was held against what, such as "reconstruction against the mean image".
        value: What came out, with numbers.
        outcome: "passed"; "failed": a warning says what follows; "not made": `value` says why.
    """

    what: str
    value: str
    outcome: Literal["passed", "failed", "not made"] = "passed"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What is known of a loaded model; every field is plain data.

    Args:
        name: What people call it; by default the file's stem.
        architecture: One line, such as "MLP 64-128-64-10".
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
        fingerprint: SHA-256 (hex) of everything that determines the loaded model: file content and loading options.
        path: Where it was loaded from, as given; "" for a model in memory.
        format: The container it was read from.
        data: Spec of the data it was trained on, or "".
        likelihood: p(x | z), where known.
        deterministic: No posterior: a plain autoencoder.
        gradients: Whether derivatives through encode and decode exist.
        conditional: Whether it needs a label per sample.
        parameters: Number of trained numbers.
        details: Whatever else the checkpoint states (training command, seed, expected numbers).
        assumptions: What was inferred, and from where.
        checks: What was verified when it was loaded.
        warnings: What looks wrong with the model.
    """

    name: str
    architecture: str
    input_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    fingerprint: str
    path: str = ""
    format: str = "in memory"
    data: str = ""
    likelihood: Likelihood = "unknown"
    deterministic: bool = False
    gradients: bool = True
    conditional: bool = False
    parameters: int = 0
    details: dict[str, Any] = field(default_factory=dict)
    assumptions: tuple[Assumption, ...] = ()
    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def guessed(self) -> bool:
        """Whether something that decides the numbers was guessed."""
        return any(assumption.guess for assumption in self.assumptions)

    def to_dict(self) -> dict[str, Any]:
        """The card as plain data for JSON."""
        return asdict(self)


@final
@dataclass(frozen=True, slots=True)
class Loaded:
    """A model ready to be analysed and what is known of it.

    Args:
        vae: The model.
        card: What is known of it.
        weights: Digest of its weights when it was loaded (`vae_analyze.loading.live.weights_digest`): a model that was
            changed since is not what its card says.
    """

    vae: VAE | ConditionalVAE
    card: Card
    weights: str = ""
