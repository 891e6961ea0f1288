"""Our own format: one file with the weights, the architecture's name and options, and a card."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch

from vae_analyze.errors import CheckpointError, StoreError
from vae_analyze.loading.architectures.registry import Network, build, name_of
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.fields import Fields
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.own_card import SCHEMA, Expected, OwnCard
from vae_analyze.loading.printable import printable
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import fill

FORMAT = "vae-analyze"


def save(
    path: str | os.PathLike[str],
    model: Network,
    *,
    name: str = "",
    description: str = "",
    data: str = "",
    objective: str = "",
    command: str = "",
    seed: int = 0,
    epochs: int = 0,
    licence: str = "",
    expected: Expected | None = None,
) -> None:
    """Write a model and its card into one file, whole or not at all.

    Args:
        path: Where to; an existing file is replaced.
        model: One of the registered architectures.
        name: What to call it; by default the path's stem.
        description: One sentence for people.
        data: Spec of the training data.
        objective: What was minimised.
        command: That trains it anew.
        seed: Of that training.
        epochs: Passes over the data, or steps.
        licence: SPDX identifier.
        expected: Numbers to expect on held-out data.

    Raises:
        StoreError: The file cannot be written.
    """
    target = Path(path)
    card = OwnCard(
        name=name or target.stem,
        architecture=name_of(model),
        options=model.options.to_plain(),
        description=description,
        data=data,
        objective=objective,
        command=command,
        seed=seed,
        epochs=epochs,
        licence=licence,
        expected=expected,
    )
    state = {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
    _write(target, {"format": FORMAT, "schema": SCHEMA, "card": card.to_plain(), "state_dict": state})


def _write(target: Path, content: dict[str, Any]) -> None:
    # Through memory: torch puts the name of a file that it writes itself into the archive, and equal models should
    # be equal files wherever they are saved.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    temporary = target.with_name(f".{target.name}.tmp-{os.getpid()}")
    try:
        temporary.write_bytes(buffer.getvalue())
        temporary.replace(target)
    except OSError as error:
        raise StoreError(
            f"cannot write {printable(target, limit=300)}: {printable(error.strerror)}", hint="choose another path"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def read_card(content: Any) -> OwnCard:
    """The card of a file's content.

    Raises:
        CheckpointError: Of a newer schema, or malformed.
    """
    fields = Fields.of("checkpoint", content)
    schema = fields.integer("schema", low=1, high=1 << 30)
    if schema > SCHEMA:
        raise CheckpointError(
            f"the checkpoint has schema {schema}, written by a newer vae-analyze; this version reads up to {SCHEMA}",
            hint="upgrade vae-analyze",
        )
    if "card" not in fields.values:
        raise CheckpointError("checkpoint: expected a card, found none", hint="write the file again with save(...)")
    return OwnCard.from_plain(fields.values["card"])


def _recognise(source: Source) -> bool:
    return not source.folder and isinstance(source.content, dict) and source.content.get("format") == FORMAT


def _read(source: Source, options: LoadOptions) -> Loaded:
    own = read_card(source.content)
    network = fill(build(own.architecture, own.options), source.content.get("state_dict"), where=source.shown)
    settled = network.options
    expected = own.expected
    card = Card(
        name=options.name or own.name,
        architecture=network.describe(),
        input_shape=network.input_shape,
        latent_shape=network.latent_shape,
        fingerprint=fingerprint({"checkpoint": source.path}, options),
        path=str(source.path),
        format=OWN.name,
        data=own.data,
        likelihood=settled.likelihood,
        deterministic=settled.deterministic,
        parameters=sum(weight.numel() for weight in network.parameters()),
        details={**_stated(own), **({"expected": {**_plain(expected), "kl": expected.kl}} if expected else {})},
        assumptions=(
            Assumption(what="architecture", value=own.architecture, source="card"),
            Assumption(
                what="data range",
                value="0 to 1" if settled.likelihood == "bernoulli" else "unbounded",
                source="card: likelihood",
            ),
        ),
        warnings=_warnings(own),
    )
    return Loaded(network, card)


def _stated(own: OwnCard) -> dict[str, Any]:
    stated = own.to_plain()
    return {key: stated[key] for key in ("description", "objective", "command", "seed", "epochs", "licence")} | {
        "options": dict(own.options)
    }


def _plain(expected: Expected) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(expected)


def _warnings(own: OwnCard) -> tuple[str, ...]:
    found = [f"the card's field {name!r} is not known and was left out" for name in own.unknown]
    if own.expected is not None and own.expected.active_units == 0:
        found.append("collapsed: the card states that no latent dimension is active")
    return tuple(found)


OWN = Format(
    name="vae-analyze",
    description="one .pt file with weights and card, written by vae_analyze.loading.own.save",
    recognise=_recognise,
    read=_read,
)
