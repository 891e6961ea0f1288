"""Tensors and plain data out of a torch file; the only place where such a file is opened."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.kinds import refuse_foreign
from vae_analyze.loading.pickled import ARCHIVE_ERRORS, Scan, scan
from vae_analyze.loading.printable import listing, printable

_MOST_INFLATION = 20  # torch stores without compression; what unpacks to more than this is a bomb
_SMALL = 64 << 20
_AGAIN = "the download or the saving was interrupted; get the file again"


def read_weights(path: Path, head: bytes) -> Any:
    """What ``torch.save`` wrote, on the CPU, restricted to tensors and plain data.

    Args:
        path: The file.
        head: Its first bytes.

    Raises:
        CheckpointError: Not such a file, damaged, or it would run code when loaded.
    """
    refuse_foreign(path, head)
    if head.startswith(b"PK"):
        _check_archive(path)
    found = scan(path, head)
    if found.problem and not found.wanted:
        raise CheckpointError(f"{printable(path)} is not a whole checkpoint: {found.problem}", hint=_AGAIN)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged or hostile file makes torch raise almost anything
        raise _refusal(path, found, error) from error
    _check_memory(path, content)
    return content


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except ARCHIVE_ERRORS as error:
        raise CheckpointError(
            f"{printable(path)} begins like a zip archive but is cut off or damaged ({printable(error)})", hint=_AGAIN
        ) from error
    unpacked, size = sum(entry.file_size for entry in entries), path.stat().st_size
    if unpacked > _SMALL and unpacked > _MOST_INFLATION * size:
        raise CheckpointError(
            f"{printable(path)} claims to unpack from {size:,} to {unpacked:,} bytes; no checkpoint does",
            hint="do not trust this file",
        )
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise CheckpointError(
            f"{printable(path)} is a TorchScript program, which this version does not read",
            hint="save the weights instead: vae_analyze.loading.own.save(path, model, ...)",
        )


def _refusal(path: Path, found: Scan, error: Exception) -> CheckpointError:
    if found.wanted:
        whole = any(name.startswith("__main__.") or ".nn.modules." in name for name in found.wanted)
        what = "is a pickled object, not a set of weights," if whole else "would import, and may run, code"
        return CheckpointError(
            f"{printable(path)} {what} and was refused: it asks for {listing(list(found.wanted), most=6)}. "
            "Nothing was executed",
            hint="save model.state_dict() instead of the model; if you do not know where the file is from, delete it",
        )
    reason = printable(str(error).splitlines()[0] if str(error) else type(error).__name__, limit=160)
    return CheckpointError(f"{printable(path)} cannot be read as a torch checkpoint: {reason}", hint=_AGAIN)


def _check_memory(path: Path, content: Any) -> None:
    """Refuse tensors that claim more numbers than the file has bytes for."""
    storages: dict[int, int] = {}
    for tensor in tensors_in(content).values():
        if tensor.layout != torch.strided:
            continue
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        if tensor.numel() * tensor.element_size() > max(storage.nbytes(), 1024):
            raise CheckpointError(
                f"{printable(path)} holds a tensor of shape {tuple(tensor.shape)} "
                f"backed by only {storage.nbytes():,} bytes",
                hint="the file is damaged or hostile; get it again",
            )
    if sum(storages.values()) > (held := _bytes_held(path)):
        raise CheckpointError(
            f"{printable(path)} holds {held:,} bytes and claims {sum(storages.values()):,} bytes of tensors",
            hint="the file is damaged or hostile; get it again",
        )


def _bytes_held(path: Path) -> int:
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist())
    except ARCHIVE_ERRORS:
        return path.stat().st_size  # the legacy container is one flat file


def tensors_in(content: Any, prefix: str = "", *, depth: int = 4) -> dict[str, torch.Tensor]:
    """Every tensor in nested mappings and sequences, by its path of keys joined by dots."""
    if isinstance(content, torch.Tensor):
        return {prefix: content}
    if depth == 0:
        return {}
    if isinstance(content, dict):
        items = [(str(key), value) for key, value in content.items()]
    elif isinstance(content, (list, tuple)):
        items = [(str(at), value) for at, value in enumerate(content)]
    else:
        return {}
    found: dict[str, torch.Tensor] = {}
    for key, value in items:
        found |= tensors_in(value, f"{prefix}.{key}" if prefix else key, depth=depth - 1)
    return found
