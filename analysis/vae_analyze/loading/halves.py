"""An encoder and a decoder in two files side by side, ``encoder.pth`` and ``decoder.pth``, taken as one model."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption, Loaded
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.source import Source, sha256
from vae_analyze.loading.unwrapping.together import is_whole

# The short words only where no letter is beside them: they are parts of many others.
_LONG, _SHORT = r"encoder|decoder", r"(?<![a-z])(?:enc|dec)(?![a-z])"
_OTHER = {"encoder": "decoder", "decoder": "encoder", "enc": "dec", "dec": "enc"}
_SUFFIXES = frozenset((".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin", ".safetensors", ".tar", ".model", ".weights"))
# Files beside a model that nobody takes for one.
_NO_MODEL = re.compile(
    r"optim|(^|[._-])opt([._-]|$)|sched|disc|critic|config|args|log|history|loss|stat", re.IGNORECASE
)
_MOST_FILES = 500
_NAME = "name the encoder's or the decoder's file of the pair that you mean"


def opened(source: Source) -> Source:
    """The same source, or both files of the pair of which it is one, or which its folder holds.

    Args:
        source: Of no format that is known by more than its weights.

    Raises:
        CheckpointError: There are several pairs, or a pair and another model.
    """
    pairs = _in_folder(source.path) if source.folder else _of_file(source.path)
    pairs = [pair for pair in pairs if not any(_whole(path) for path in pair)]
    if not pairs:
        return source
    if len(pairs) > 1:
        raise CheckpointError(
            f"{source.shown} stands for {len(pairs)} pairs of encoder and decoder: {_listed(pairs)}", hint=_NAME
        )
    ((encoder, decoder),) = pairs
    if source.folder and (others := [path for path in _files(source.path) if path not in (encoder, decoder)]):
        raise CheckpointError(
            f"{source.shown} holds an encoder and a decoder, {_listed(pairs)}, and beside them "
            f"{listing([printable(path.name) for path in others], most=6)}",
            hint=_NAME + ", or the file of the whole model",
        )
    return replace(Source.open(encoder), decoder=decoder)


def announced(loaded: Loaded, given: Source, source: Source) -> Loaded:
    """With both files of a pair in the card: its path is the one given, its fingerprint covers both.

    Args:
        loaded: Read from ``source``.
        given: What the person named.
        source: What was read: ``given``, or the pair that it stands for.
    """
    if source.decoder is None:
        return loaded
    card = loaded.card
    both = f"{printable(source.path.name)} and {printable(source.decoder.name)}"
    digest = hashlib.sha256(f"{card.fingerprint} {sha256(source.path)} {sha256(source.decoder)}".encode()).hexdigest()
    said = Assumption(
        what="files",
        value=f"encoder and decoder of one model: {both}",
        source="their names, side by side in one folder",
    )
    name = given.stem if card.name == source.stem else card.name
    card = replace(card, name=name, path=str(given.path), fingerprint=digest, assumptions=(said, *card.assumptions))
    return replace(loaded, card=card)


def _of_file(path: Path) -> list[tuple[Path, Path]]:
    found = [_pair(path, other) for other in _partners(path)]
    return list(dict.fromkeys(found))


def _in_folder(folder: Path) -> list[tuple[Path, Path]]:
    return list(dict.fromkeys(pair for path in _files(folder) for pair in _of_file(path)))


def _files(folder: Path) -> list[Path]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.is_file())
    except OSError:
        return []
    return [path for path in paths if not _NO_MODEL.search(path.stem)][:_MOST_FILES]


def _partners(path: Path) -> list[Path]:
    """Files beside a file whose names differ by the one word."""
    if path.suffix.lower() not in _SUFFIXES:
        return []
    found = []
    for pattern in (_LONG, _SHORT):
        name = re.sub(pattern, lambda match: _like(match[0]), path.name, flags=re.IGNORECASE)
        if name != path.name and (path.parent / name).is_file():
            found.append(path.parent / name)
    return found


def _like(word: str) -> str:
    """The other word, written as this one."""
    other = _OTHER[word.lower()]
    return other.upper() if word.isupper() else other.capitalize() if word[0].isupper() else other


def _pair(path: Path, other: Path) -> tuple[Path, Path]:
    first = re.search(f"{_LONG}|{_SHORT}", path.name, flags=re.IGNORECASE)
    changed = [a for a, b in zip(path.name, other.name, strict=False) if a != b]
    mine = changed[0].lower() if changed else (first[0][0].lower() if first else "")
    return (path, other) if mine == "e" else (other, path)


def _whole(path: Path) -> bool:
    """Whether a file, whatever its name, is more than one half, or nothing that can be read here."""
    try:
        return is_whole(Source.open(path).content)
    except CheckpointError:
        return True


def _listed(pairs: list[tuple[Path, Path]]) -> str:
    return listing([f"{printable(one.name)} + {printable(other.name)}" for one, other in pairs], most=4)
