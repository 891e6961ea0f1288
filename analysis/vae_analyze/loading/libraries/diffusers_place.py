"""Where the parts of a diffusers model lie: its configuration, its weights, in how many files and in which variant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.json_file import peek, read_json
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.diffusers_classes import looks_like_autoencoder
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source

CONFIG = "config.json"
PIPELINE = "model_index.json"
WEIGHTS = "diffusion_pytorch_model"
_SINGLE = re.compile(rf"{WEIGHTS}(?:\.(?P<variant>\w+))?\.(?P<kind>safetensors|bin)")
_INDEX = re.compile(rf"{WEIGHTS}\.(?P<kind>safetensors|bin)\.index(?:\.(?P<variant>\w+))?\.json")
_SHARD = re.compile(rf"{WEIGHTS}(?:\.\w+)?-\d+-of-\d+(?:\.\w+)?\.(?:safetensors|bin)")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """One set of weights in a folder.

    Args:
        entry: The one file, or the index of several.
        files: All files with tensors.
        variant: Such as "fp16"; "" for the plain one.
        safe: Safetensors, which can hold no code; otherwise pickles.
        index: Which tensor lies in which file, where there are several.
    """

    entry: Path
    files: tuple[Path, ...]
    variant: str
    safe: bool
    index: dict[str, str] | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.stat().st_size for file in self.files)


def is_weights(path: Path) -> bool:
    """Whether a file is named as diffusers names weights."""
    return bool(_SINGLE.fullmatch(path.name) or _INDEX.fullmatch(path.name) or _SHARD.fullmatch(path.name))


def model_folder(source: Source) -> Path:
    """The folder with the autoencoder's configuration: the one given, that of the file, or the pipeline's part.

    Raises:
        CheckpointError: A pipeline without an autoencoder, or with several.
    """
    folder = source.path if source.folder else source.path.parent
    if not (source.folder and (folder / PIPELINE).is_file()):
        return folder
    parts = [name for name in read_json(folder / PIPELINE) if not name.startswith("_")]
    found = [name for name in parts if _is_autoencoder(folder, name)]
    if "vae" in found or len(found) == 1:
        return folder / ("vae" if "vae" in found else found[0])
    if not found:
        raise CheckpointError(
            f"{source.shown} is a diffusers pipeline, and none of its parts here is an autoencoder: "
            f"{listing([printable(name, limit=40) for name in parts]) or 'it lists none'}",
            hint="download the pipeline's folder `vae` as well",
        )
    raise CheckpointError(
        f"{source.shown} is a diffusers pipeline with several autoencoders: {', '.join(map(printable, found))}",
        hint="name the folder of one of them",
    )


def _is_autoencoder(folder: Path, name: str) -> bool:
    plain = Path(name).name == name  # a name that leads out of the folder is nobody's part
    return plain and looks_like_autoencoder(peek(folder / name / CONFIG).get("_class_name"))


def find_weights(folder: Path, options: LoadOptions, *, named: Path | None) -> Weights:
    """The weights to load: those named; else the plain ones, in safetensors where there are any.

    Raises:
        CheckpointError: None, only variants of which none was named, or files of an index are missing.
    """
    found = [match for path in folder.iterdir() if (match := _matched(path.name))]
    if named is not None and (_SINGLE.fullmatch(named.name) or _INDEX.fullmatch(named.name)):
        found = [match for match in found if match.string == named.name]
    elif options.weights != "auto":
        wanted = "non_ema" if options.weights == "raw" else None
        if not any(match["variant"] == "non_ema" for match in found):
            raise CheckpointError(
                f"--weights {options.weights}: {printable(folder, limit=300)} holds no {WEIGHTS}.non_ema file beside "
                "averaged weights, so there is nothing to choose",
                hint="leave --weights out",
            )
        found = [match for match in found if match["variant"] == wanted]
    elif any(match["variant"] is None for match in found):
        found = [match for match in found if match["variant"] is None]
    variants = {match["variant"] for match in found}
    if not found:
        raise _none(folder)
    if len(variants) > 1:
        raise CheckpointError(
            f"{printable(folder, limit=300)} holds only variants of the weights: "
            f"{', '.join(sorted(match.string for match in found))}",
            hint="name the file to load instead of the folder",
        )
    # The library's own order: an index goes before a single file.
    best = min(found, key=lambda match: (match["kind"] != "safetensors", not match.string.endswith(".json")))
    return _weights(folder, best)


def _matched(name: str) -> re.Match[str] | None:
    return _SINGLE.fullmatch(name) or _INDEX.fullmatch(name)


def _weights(folder: Path, match: re.Match[str]) -> Weights:
    entry, variant, safe = folder / match.string, match["variant"] or "", match["kind"] == "safetensors"
    if not match.string.endswith(".json"):
        return Weights(entry=entry, files=(entry,), variant=variant, safe=safe)
    index = _index(entry, read_json(entry))
    names = sorted(set(index.values()))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{printable(entry, limit=300)} names {len(names)} files of weights, and "
            f"{listing([printable(name) for name in missing])} {'is' if len(missing) == 1 else 'are'} missing",
            hint="the download was interrupted; get the missing files",
        )
    files = tuple(folder / name for name in names)
    return Weights(entry=entry, files=files, variant=variant, safe=safe, index=index)


def _index(path: Path, plain: dict[str, Any]) -> dict[str, str]:
    index = plain.get("weight_map")
    if not isinstance(index, dict) or not index or not all(isinstance(name, str) for name in index.values()):
        raise CheckpointError(
            f"{printable(path, limit=300)}: expected a field weight_map with a file for each tensor, found none",
            hint="get the index again",
        )
    astray = [name for name in index.values() if Path(name).name != name or not _SHARD.fullmatch(name)]
    if astray:
        raise CheckpointError(
            f"{printable(path, limit=300)} names files that are none of this folder's weights: {printable(astray[0])}",
            hint="do not trust this folder",
        )
    return {str(name): str(file) for name, file in index.items()}


def _none(folder: Path) -> CheckpointError:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        names = []
    return CheckpointError(
        f"expected {WEIGHTS}.safetensors beside {CONFIG} in {printable(folder, limit=300)}, found "
        f"{listing([printable(name, limit=60) for name in names], most=8)}",
        hint="the folder is not whole; download the weights as well",
    )
