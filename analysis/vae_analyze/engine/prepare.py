"""From what a person names to a session: model, data, device, and whether they fit each other."""

from __future__ import annotations

import copy
import hashlib
import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from vae_analyze.data.resize import Resized
from vae_analyze.engine.devices import resolve
from vae_analyze.engine.evidence import evidence_of
from vae_analyze.engine.options import MODEL_OPTIONS, SMALLEST_N, RunOptions, flag, load_words
from vae_analyze.engine.session import Session, Settings, automatic_batch_size
from vae_analyze.engine.sources import (
    Checkpoint,
    DataSource,
    InMemoryData,
    InMemoryModel,
    ModelSource,
    NamedData,
    can_travel,
    resized,
)
from vae_analyze.engine.units import default_root
from vae_analyze.errors import DataError, UsageError
from vae_analyze.loading.card import Card, Loaded
from vae_analyze.loading.load import verified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vae_analyze.data.dataset import Dataset
    from vae_analyze.loading.settling.evidence import Evidence


@final
@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A session, and where other processes can get the same from."""

    model: ModelSource
    data: DataSource
    session: Session
    transforms: tuple[str, ...]


def prepare(model: Any, data: Any, options: RunOptions, cache: Path) -> Prepared:
    """Load model and data and hold them against each other.

    Raises:
        CheckpointError: The model cannot be loaded.
        DataError: The data cannot be loaded, or do not fit the model.
        UsageError: The device is not there, or there is nothing to analyse the model with.
    """
    device = resolve(options.device)
    # Not `data or ...`: an empty dataset is false as well, and must be refused as what it is.
    spec = options.data if isinstance(data, str) and not data else data
    given = _as_they_are(spec)
    # The data come first where they are known: the loader settles by them what a file does not say.
    evidence = None if given is None or not _on_disk(model) else evidence_of(given)
    source, loaded = _opened(model, options, device, evidence)
    card = loaded.card
    size = _size(card, options)
    data_source: DataSource
    if isinstance(spec, (str, os.PathLike)):
        data_source = NamedData(spec=os.fspath(spec) or held_out(card), resize=size)
    else:
        data_source = InMemoryData(spec, resize=size)
    dataset = data_source.open() if given is None else resized(given, size)
    check_fit(card, dataset)
    if _on_disk(model):  # what is in memory was not read here, so nothing was read wrongly
        loaded = verified(loaded, evidence or evidence_of(dataset))
        card = loaded.card
    if card.data and dataset.name == card.data:
        seen = f"these data ({dataset.name}) are those it was trained on: on unseen data it may do worse"
        loaded = Loaded(loaded.vae, replace(card, warnings=(*card.warnings, seen)), loaded.weights)
    settings = Settings(
        seed=options.seed,
        device=device,
        dtype=options.dtype,
        batch_size=options.batch_size or automatic_batch_size(card.input_shape, device),
        cache=cache.absolute(),
    )
    height_width = "x".join(map(str, dataset.input_shape[-2:]))
    transforms = (f"resized bilinearly to {height_width}",) if isinstance(dataset, Resized) else ()
    return Prepared(source, data_source, Session(loaded, dataset, settings), transforms)


def _as_they_are(spec: Any) -> Dataset | None:
    """Data that were named, before any resizing; None where the checkpoint is to say what they are."""
    if not isinstance(spec, (str, os.PathLike)):
        return InMemoryData(spec).open()
    return NamedData(spec=os.fspath(spec)).open() if os.fspath(spec) else None


def _on_disk(model: Any) -> bool:
    return isinstance(model, (str, os.PathLike))


def _opened(model: Any, options: RunOptions, device: str, evidence: Evidence | None) -> tuple[ModelSource, Loaded]:
    """The model, and where other processes can get the same from."""
    if not _on_disk(model):
        _check_unused(options)
    source = model_source(model, {**load_words(options), "evidence": evidence})
    loaded = source.open(device=device, dtype=options.dtype)
    # What was found by experiment is sent as it is where it can be: finding it again would cost each process as much.
    if isinstance(source, Checkpoint) and loaded.card.guessed and can_travel(loaded):
        source = InMemoryModel(loaded)
    return source, loaded


def _check_unused(options: RunOptions) -> None:
    """Refuse words about a file where there is none: they would be ignored without a word."""
    said = [name for name in MODEL_OPTIONS if getattr(options, name) != getattr(RunOptions(), name)]
    if said:
        raise UsageError(
            f"{', '.join(flag(name) for name in said)}: only for a checkpoint, and this model is in memory already",
            hint="give these words to vae_analyze.load(...)",
        )


def model_source(model: Any, words: dict[str, Any] | None = None) -> ModelSource:
    """Where a model comes from: a path, a loaded model, or any object with the members of a VAE.

    Args:
        model: As given.
        words: For a path: what is said about the file, as for `vae_analyze.loading.load.load`.

    A model in memory is copied: analysing it in the middle of its training must leave its mode, gradients, device and
    format as they are.
    """
    if _on_disk(model):
        return Checkpoint(path=os.fspath(model), options=words or {})
    from vae_analyze.loading.live import weights_digest
    from vae_analyze.loading.memory import wrap

    if not isinstance(model, Loaded):
        loaded = wrap(_copied(model))
    elif model.card.path and weights_digest(model.vae) == model.weights:
        return InMemoryModel(Loaded(_copied(model.vae), model.card, model.weights))
    else:
        loaded = Loaded(_copied(model.vae), replace(model.card, path=""))
    # Weights are not all that a model in memory depends on: nothing proves that two of them are the same. So its
    # finished work serves this one analysis only.
    unique = hashlib.sha256(f"{loaded.card.fingerprint} {uuid.uuid4()}".encode()).hexdigest()
    return InMemoryModel(Loaded(loaded.vae, replace(loaded.card, fingerprint=unique)))


def _copied(model: Any) -> Any:
    try:
        return copy.deepcopy(model)
    except Exception:  # noqa: BLE001 - what cannot be copied (a session of another runtime) raises anything
        return model


def held_out(card: Card) -> str:
    """The part of a checkpoint's own data that it has not seen.

    Raises:
        UsageError: The checkpoint does not say what it was trained on.
    """
    if not card.data:
        raise UsageError(
            f"{card.name} does not say what it was trained on, so there are no data to analyse it with",
            hint="pass --data SPEC: a folder of images, .npz, .npy, IDX, module:function, or a name from "
            "`vae-analyze list`",
        )
    return card.data.removesuffix(":train")


def check_fit(card: Card, data: Dataset) -> None:
    """Make sure that data can be fed to a model.

    Raises:
        DataError: Too few samples, another shape, or no labels for a model that needs them.
    """
    if len(data) < SMALLEST_N:
        raise DataError(
            f"expected at least {SMALLEST_N} samples, found {len(data)} in {data.name}",
            hint="an interval over samples needs two",
        )
    wanted, found = tuple(card.input_shape), tuple(data.input_shape)
    if wanted != found:
        resizable = len(wanted) == len(found) == 3 and wanted[0] == found[0]
        raise DataError(
            f"expected samples of shape {wanted} for {card.name}, found {found} in {data.name}",
            hint="pass --resize to resize the images bilinearly" if resizable else "choose other data with --data",
        )
    bounds = data.value_range
    if bounds is not None and not bounds[0] < bounds[1]:
        raise DataError(
            f"expected a range from a lower to a higher value in {data.name}, found {bounds[0]:g} to {bounds[1]:g}",
            hint="state the range that the values can have",
        )
    if card.conditional and data.label_names is None:
        raise DataError(
            f"{card.name} needs a label per sample, and {data.name} has none", hint="choose labelled data with --data"
        )


@contextmanager
def unit_folder(options: RunOptions) -> Iterator[Path]:
    """The folder of finished work: the chosen one, the default one, or one that is gone afterwards."""
    import tempfile

    if options.no_cache:
        with tempfile.TemporaryDirectory(prefix="vae-analyze-") as folder:
            yield Path(folder)
    else:
        yield Path(options.cache) if options.cache else default_root()


def _size(card: Card, options: RunOptions) -> tuple[int, int] | None:
    if not options.resize:
        return None
    if len(card.input_shape) != 3:
        raise UsageError(f"--resize: only images can be resized, and {card.name} takes {card.input_shape}")
    return card.input_shape[1], card.input_shape[2]
