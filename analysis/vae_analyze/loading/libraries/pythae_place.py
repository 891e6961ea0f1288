"""Where a pythae model lies: its own folder, or the last one of a training's output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.json_file import peek
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.pythae_classes import is_pythae
from vae_analyze.loading.source import Source

CONFIG = "model_config.json"
WEIGHTS = "model.pt"
_FINAL = "final_model"
_EPOCH = re.compile(r"checkpoint_epoch_(\d+)")
_TRAINING = re.compile(r"\w+_training_[\d_-]+")


@final
@dataclass(frozen=True, slots=True)
class Place:
    """The model's folder, and what to say of the choice where there was one."""

    folder: Path
    chosen: str = ""
    warning: str = ""


def has_model(source: Source) -> bool:
    """Whether a source is a pythae model, or the output of a training with one; by names and configuration alone."""
    if not source.folder:
        return source.path.name == WEIGHTS and is_pythae(peek(source.path.parent / CONFIG))
    folders = [source.path, *_outputs(source.path), *(part for run in _runs(source.path) for part in _outputs(run))]
    return any(is_pythae(peek(folder / CONFIG)) for folder in folders)


def find_model(source: Source) -> Place:
    """The model's folder: as given, the final model of a training, or its last checkpoint.

    Raises:
        CheckpointError: Several trainings, of which none was named.
    """
    folder = source.path if source.folder else source.path.parent
    if (folder / CONFIG).is_file():
        return Place(folder)
    if not _outputs(folder):
        runs = [run for run in _runs(folder) if _outputs(run)]
        if len(runs) > 1:
            names = listing([printable(run.name, limit=60) for run in runs], most=6)
            raise CheckpointError(
                f"{source.shown} holds the outputs of {len(runs)} trainings: {names}", hint="name the folder of one"
            )
        folder = runs[0]
    chosen = _outputs(folder)[0]
    text = printable(chosen.relative_to(source.path))
    if chosen.name == _FINAL:
        return Place(chosen, text)
    return Place(
        chosen, text, f"the training wrote no {_FINAL}: it did not finish; this is its last checkpoint, {text}"
    )


def _outputs(folder: Path) -> list[Path]:
    """The final model, then the checkpoints from the last to the first."""
    numbered = [(int(match[1]), path) for path in _folders(folder) if (match := _EPOCH.fullmatch(path.name))]
    last = [path for _, path in sorted(numbered, reverse=True)]
    return [path for path in (folder / _FINAL, *last) if (path / CONFIG).is_file()]


def _runs(folder: Path) -> list[Path]:
    return [path for path in _folders(folder) if _TRAINING.fullmatch(path.name)]


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []
