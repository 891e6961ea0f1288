"""The card inside our own checkpoints: what was trained, on what, how, and which numbers to expect."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.fields import LARGEST_SIZE, Fields

SCHEMA = 1
_LARGEST = 1e12


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """Numbers measured when the model was trained; whoever loads it can measure them again.

    Args:
        data: Spec of the held-out data.
        n: Number of samples.
        mse_per_pixel: Mean squared error of the decoded posterior means, per pixel.
        bce_per_image: Binary cross-entropy of the decoded posterior means, summed over pixels, nats per image; None
            where it has no meaning.
        kl_per_dim: KL(q(z | x) || N(0, I)) averaged over the samples, in nats; empty without a posterior.
        active_units: Latent dimensions whose posterior mean has a variance above 0.01 over the samples.
        tolerance: Relative difference within which training anew reproduces the error and the total KL.

    References:
        Burda et al. 2016, "Importance Weighted Autoencoders", section 5.2 (active units).
    """

    data: str
    n: int
    mse_per_pixel: float
    bce_per_image: float | None
    kl_per_dim: tuple[float, ...]
    active_units: int
    tolerance: float

    @property
    def kl(self) -> float:
        """Total KL in nats; 0 for an autoencoder without a posterior, which has none."""
        return sum(self.kl_per_dim)

    @classmethod
    def from_plain(cls, plain: object) -> Expected:
        """The expected numbers that a file states.

        Raises:
            CheckpointError: A field is missing or of the wrong kind.
        """
        fields = Fields.of("card, expected numbers", plain)
        without_bce = fields.values.get("bce_per_image", 0.0) is None
        return cls(
            data=fields.text("data"),
            n=fields.integer("n", low=1, high=1 << 40),
            mse_per_pixel=fields.number("mse_per_pixel", low=0, high=_LARGEST),
            bce_per_image=None if without_bce else fields.number("bce_per_image", low=0, high=_LARGEST),
            kl_per_dim=fields.numbers("kl_per_dim", most=LARGEST_SIZE),
            active_units=fields.integer("active_units", low=0, high=LARGEST_SIZE),
            tolerance=fields.number("tolerance", low=0, high=1),
        )


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class OwnCard:
    """What our own format states beside the weights.

    Args:
        name: Of the model.
        architecture: Name in the registry of architectures.
        options: Of the architecture.
        description: One sentence for people.
        data: Spec of the data it was trained on, or "".
        objective: What was minimised.
        command: That trains it anew.
        seed: Of that training.
        epochs: Passes over the data, or steps where data are generated.
        licence: SPDX identifier, and of what.
        expected: Numbers to expect on held-out data, or None.
        details: Whatever else is stated, plain data.
    """

    name: str
    architecture: str
    options: dict[str, Any]
    description: str = ""
    data: str = ""
    objective: str = ""
    command: str = ""
    seed: int = 0
    epochs: int = 0
    licence: str = ""
    expected: Expected | None = None
    details: dict[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def from_plain(cls, plain: object) -> OwnCard:
        """The card that a file holds, every field checked.

        Raises:
            CheckpointError: A field is missing or of the wrong kind.
        """
        fields = Fields.of("card", plain)
        expected = fields.values.get("expected")
        options = fields.values.get("options")
        if not isinstance(options, dict):
            raise CheckpointError("card: expected a field 'options' with the architecture's options, found none")
        return cls(
            name=fields.text("name"),
            architecture=fields.text("architecture"),
            options=options,
            description=fields.text("description", ""),
            data=fields.text("data", ""),
            objective=fields.text("objective", ""),
            command=fields.text("command", ""),
            seed=fields.integer("seed", low=0, high=2**64, default=0),
            epochs=fields.integer("epochs", low=0, high=1 << 40, default=0),
            licence=fields.text("licence", ""),
            expected=None if expected is None else Expected.from_plain(expected),
            details=dict(Fields.of("card, details", fields.values.get("details", {})).values),
            unknown=tuple(fields.unknown(_KNOWN)),
        )

    def to_plain(self) -> dict[str, Any]:
        """The card as plain data."""
        plain = asdict(self)
        del plain["unknown"]
        if not self.details:  # files from before there were any stay the same bytes
            del plain["details"]
        return plain


_KNOWN = (
    "name",
    "architecture",
    "options",
    "description",
    "data",
    "objective",
    "command",
    "seed",
    "epochs",
    "licence",
    "expected",
    "details",
)
