"""Our own format: one file with the weights, the architecture's name and options, and a card."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.architectures.registry import Network, build, name_of
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.files.fields import Fields
from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.own_files.own_card import SCHEMA, Expected, OwnCard
from vae_analyze.loading.own_files.plain_card import shown
from vae_analyze.loading.own_files.put import put
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import fill
from vae_analyze.strict_json import dumps, loads

FORMAT = "vae-analyze"
Container: TypeAlias = Literal["torch", "safetensors"]


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

    `vae_analyze.save` does the same for any model, and reads the file back before it is put in place.
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
    put(target, own_bytes(model, card, container="torch"))


def own_bytes(model: Network, card: OwnCard, *, container: Container) -> bytes:
    """The file of a model: equal models are equal bytes, wherever they are saved."""
    state = {key: value.detach().cpu().clone() for key, value in model.state_dict().items()}
    stated = {"format": FORMAT, "schema": SCHEMA, "card": card.to_plain()}
    if container == "safetensors":
        return packed(state, {"format": "pt", FORMAT: dumps(stated, indent=None)})
    # Through memory: torch puts the name of a file that it writes itself into the archive.
    buffer = io.BytesIO()
    torch.save({**stated, "state_dict": state}, buffer)
    return buffer.getvalue()


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
    return not source.folder and _stated_in(source.content) is not None


def _stated_in(content: Any) -> dict[str, Any] | None:
    """What our format states and the weights, from either container; None for another format."""
    if not isinstance(content, dict):
        return None
    if content.get("format") == FORMAT:
        return content
    metadata = content.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get(FORMAT), str):
        return None
    try:
        stated = loads(metadata[FORMAT])
    except (ValueError, RecursionError):
        stated = None
    return {**(stated if isinstance(stated, dict) else {}), "state_dict": content.get("state_dict")}


def _read(source: Source, options: LoadOptions) -> Loaded:
    content = _stated_in(source.content) or {}
    own = read_card(content)
    network = fill(build(own.architecture, own.options), content.get("state_dict"), where=source.shown)
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
    named = {key: stated[key] for key in ("description", "objective", "command", "seed", "epochs", "licence")}
    return {**shown(own.details), **named, "options": dict(own.options)}


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
    description="one .pt or .safetensors file with weights and card, written by vae_analyze.save",
    recognise=_recognise,
    read=_read,
)
