"""The card beside a stored program: what goes in, what comes out, what was trained, on what."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, cast, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption, Card, Likelihood
from vae_analyze.loading.files.fields import LARGEST_SIZE, Fields
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.own_files.plain_card import shown
from vae_analyze.loading.settling.convention import ConditionalConventional, Convention, Conventional, Core
from vae_analyze.loading.source import Source
from vae_analyze.strict_json import dumps, loads

SCHEMA = 1
FORMAT = "vae-analyze"
CARD_RECORD = "vae-analyze.json"  # its name in the archive; the first record, so that the first bytes tell the format
LARGEST_CARD = 1 << 20
_LIKELIHOODS = ("bernoulli", "gaussian", "unknown")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class ProgramCard:
    """What our own programs state beside encoder and decoder.

    Args:
        name: Of the model.
        architecture: One line, such as the class it was made from.
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
        data: Spec of the data it was trained on, or "".
        likelihood: p(x | z), where known.
        deterministic: The encoder gives the code alone: a point mass.
        classes: How many labels a conditional model knows; 0 for one without.
        parameters: Trained numbers.
        made_with: Versions of what wrote it.
        details: Whatever else is stated.
    """

    name: str
    architecture: str
    input_shape: tuple[int, ...]
    latent_shape: tuple[int, ...]
    data: str = ""
    likelihood: Likelihood = "unknown"
    deterministic: bool = False
    classes: int = 0
    parameters: int = 0
    made_with: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    def to_json(self, kind: str) -> bytes:
        """The card as the record of an archive."""
        return dumps({"format": FORMAT, "schema": SCHEMA, "kind": kind, "card": asdict(self)}).encode()

    @classmethod
    def from_json(cls, content: bytes, kind: str) -> ProgramCard:
        """The card in a record, every field checked.

        Raises:
            CheckpointError: Of a newer schema, of another kind, malformed, or a field is missing or of the wrong kind.
        """
        try:
            plain = loads(content.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise CheckpointError(
                f"the card is not JSON: {printable(error)}", hint="the file is damaged; write it again"
            ) from error
        fields = Fields.of("card record", plain)
        schema = fields.integer("schema", low=1, high=1 << 30)
        if schema > SCHEMA:
            raise CheckpointError(
                f"the checkpoint has schema {schema}, of a newer vae-analyze; this version reads up to {SCHEMA}",
                hint="upgrade vae-analyze",
            )
        fields.choice("format", (FORMAT,))
        fields.choice("kind", (kind,))
        return cls._of(Fields.of("card", fields.values.get("card")))

    @classmethod
    def _of(cls, fields: Fields) -> ProgramCard:
        made_with = Fields.of("card, made_with", fields.values.get("made_with", {}))
        details = Fields.of("card, details", fields.values.get("details", {}))
        return cls(
            name=fields.text("name"),
            architecture=fields.text("architecture"),
            input_shape=fields.sizes("input_shape", most=8),
            latent_shape=fields.sizes("latent_shape", most=8),
            data=fields.text("data", ""),
            likelihood=cast("Likelihood", fields.choice("likelihood", _LIKELIHOODS, "unknown")),
            deterministic=fields.flag("deterministic", default=False),
            classes=fields.integer("classes", low=0, high=LARGEST_SIZE, default=0),
            parameters=fields.integer("parameters", low=0, high=1 << 50, default=0),
            made_with={printable(name, limit=40): made_with.text(name) for name in made_with.values},
            details=shown(details.values),
        )

    def loaded_card(self, source: Source, options: LoadOptions, *, form: str) -> Card:
        """The card of the loaded model."""
        return Card(
            name=options.name or self.name,
            architecture=self.architecture,
            input_shape=self.input_shape,
            latent_shape=self.latent_shape,
            fingerprint=fingerprint({"checkpoint": source.path}, options),
            path=str(source.path),
            format=form,
            data=self.data,
            likelihood=self.likelihood,
            deterministic=self.deterministic,
            conditional=self.classes > 0,
            parameters=self.parameters,
            details={**self.details, **({"made_with": self.made_with} if self.made_with else {})},
            assumptions=(
                Assumption(what="encoder and decoder", value="programs in the file", source="card"),
                Assumption(
                    what="conventions", value="part of the programs: data in, data out", source="vae_analyze.save"
                ),
            ),
            warnings=_unheeded(options),
        )

    def model(self, core: Core) -> Conventional | ConditionalConventional:
        """The programs as a model; its conventions are part of them."""
        convention = Convention(
            second="none" if self.deterministic else "logvar",
            labels="index" if self.classes else "none",
            classes=self.classes,
        )
        kind = ConditionalConventional if self.classes else Conventional
        return kind(core, convention, value_range=None)


def _unheeded(options: LoadOptions) -> tuple[str, ...]:
    said = {
        "--second": options.second != "auto",
        "--output": options.output != "auto",
        "--range": options.range is not None,
        "--labels": options.labels != "auto",
        "--weights": options.weights != "auto",
    }
    words = [word for word, given in said.items() if given]
    return (f"{', '.join(words)} had no effect: the file states its own conventions",) if words else ()
