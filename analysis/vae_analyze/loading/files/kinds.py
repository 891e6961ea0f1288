"""Files that are something else, named by their first bytes."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.pickled import ARCHIVE_ERRORS
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.files.safetensors_file import is_safetensors

_READS = (
    "vae-analyze reads PyTorch checkpoints (.pt, .pth, .ckpt), safetensors, exported programs, ONNX pairs, and folders "
    "of diffusers, pythae and disentangling-vae"
)
_CONVERT = (
    "export its encoder and decoder to ONNX (tf2onnx, jax2onnx) and give that pair, or write its weights into a "
    "PyTorch module and save that"
)
_UNPACK = "unpack it and name the checkpoint inside"
_DATA = "images are data: give them to --data, and a checkpoint here"
_TABLE = "tables and arrays are data: give them to --data, and a checkpoint here"
_PATH = "give the checkpoint's path"
# First bytes, what it is, what to do.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs",
        "a Git-LFS pointer, not the file that it stands for",
        "run `git lfs pull` where the file comes from",
    ),
    (b"\x89HDF\r\n", "an HDF5 file, such as Keras writes", _CONVERT),
    (b"model_checkpoint_path:", "the index of a TensorFlow checkpoint", _CONVERT),
    (b"\x93NUMPY", "a NumPy array", "arrays are data: give it to --data, and a checkpoint here"),
    (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"BZh", "a bzip2 archive", _UNPACK),
    (b"\xfd7zXZ\x00", "an xz archive", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (b"\x89PNG", "a PNG image", _DATA),
    (b"\xff\xd8\xff", "a JPEG image", _DATA),
    (b"GIF8", "a GIF image", _DATA),
    (b"II*\x00", "a TIFF image", _DATA),
    (b"MM\x00*", "a TIFF image", _DATA),
    (b"GGUF", "a GGUF file, a language model's weights", _READS),
    (b"lmgg", "a GGML file, a language model's weights", _READS),
    (b"PAR1", "a Parquet table", _TABLE),
    (b"ARROW1", "an Arrow table", _TABLE),
    (b"SQLite format 3", "an SQLite database", _PATH),
    (b"\x7fELF", "a program", _PATH),
    (b"%PDF", "a PDF document", _PATH),
)
# What else the first bytes tell.
_SHAPES: tuple[tuple[Callable[[bytes], bool], str, str], ...] = (
    (lambda head: head[4:8] == b"TFL3", "a TensorFlow Lite model", _CONVERT),
    (lambda head: head[257:262] == b"ustar", "a tar archive", _UNPACK),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "a WebP image", _DATA),
    (
        lambda head: re.match(rb"\x08[\x03-\x20][\x12\x1a\x22\x2a\x32\x3a\x42]", head) is not None,
        "an ONNX model",
        "give the pair: the folder with encoder.onnx and decoder.onnx, or one of the two files beside the other",
    ),
    (lambda head: head.startswith(b"\x08\x01\x12"), "a TensorFlow model (SavedModel)", _CONVERT),
    (
        lambda head: re.match(rb"(?:[\x81-\x8f]|\xde..)(?:[\xa1-\xbf]|\xd9.)[A-Za-z_]", head, re.DOTALL) is not None,
        "a MessagePack file, such as Flax (JAX) writes",
        _CONVERT,
    ),
)
# Of a zip archive: a record that it holds, what it is, what to do.
_ARCHIVES: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"model\.weights\.h5"), "a Keras model (.keras)", _CONVERT),
    (re.compile(r"(.*/)?saved_model\.pb"), "a TensorFlow model in a zip archive", _CONVERT),
    (re.compile(r".*\.npy"), "a NumPy archive (.npz)", _TABLE),
    (re.compile(r"\[Content_Types\]\.xml"), "an office document", _PATH),
    (re.compile(r".*\.(pth?|ckpt|safetensors)", re.IGNORECASE), "a zip archive with checkpoints inside", _UNPACK),
)
_PAGES = (b"<!doctype html", b"<html", b"<?xml", b"<head", b"<body")
_PROTOCOL_0 = re.compile(rb"c[\w.]+\n[\w.<>]+\n|\((?:d|l|i[\w.]+\n[\w.]+\n|p|t)")
_MOST_RECORDS = 5000


def refuse_foreign(path: Path, head: bytes) -> None:
    """Refuse what is plainly neither a torch file nor a safetensors file.

    Raises:
        CheckpointError: Text, a web page, an image, another framework's file; said by name.
    """
    kind, hint = _kind(head) if not head.startswith(b"PK") else _zip_kind(path)
    if kind and path.suffix == ".index" and "bytes that" in kind:
        kind, hint = "the index of a TensorFlow checkpoint", _CONVERT
    if kind:
        raise CheckpointError(f"expected a checkpoint, found {kind}: {printable(path, limit=300)}", hint=hint)


def container(head: bytes) -> str:
    """What the file is, in words, by its first bytes."""
    if head.startswith(b"PK\x03\x04"):
        return "zip archive"
    if _is_pickle(head):
        return "pickle"
    return "safetensors" if is_safetensors(head) else _kind(head)[0] or "unknown"


def _is_pickle(head: bytes) -> bool:
    if len(head) > 1 and head[0] == 0x80:
        return 1 <= head[1] <= 5
    return _PROTOCOL_0.match(head) is not None


def _kind(head: bytes) -> tuple[str, str]:
    """What it is and what to do; empty where it may be a checkpoint."""
    if head.startswith(b"PK") or _is_pickle(head) or is_safetensors(head):
        return "", ""
    for signature, kind, hint in _SIGNATURES:
        if head.startswith(signature):
            return kind, hint
    for fits, kind, hint in _SHAPES:
        if fits(head):
            return kind, hint
    if head.lstrip().lower().startswith(_PAGES):
        return "a web page", "the download gave an error or login page instead of the file; download it again"
    if _is_text(head):
        return _text(_decoded(head))
    return f"bytes that no checkpoint begins with ({head[:8].hex(' ')})", _READS


def _zip_kind(path: Path) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:_MOST_RECORDS]
    except ARCHIVE_ERRORS:
        return "", ""  # a damaged archive is told about where it is read
    if any(name.endswith(("data.pkl", "archive_format")) for name in names):
        return "", ""  # weights, TorchScript, or an exported program
    for record, kind, hint in _ARCHIVES:
        if any(record.fullmatch(name) for name in names):
            return kind, hint
    return "", ""


def _text(text: str) -> tuple[str, str]:
    start = text.lstrip()
    if start.startswith(("{", "[")):
        if '"cells"' in text or '"nbformat"' in text:
            return (
                "a notebook",
                "give the checkpoint's path, and the notebook's class with --model NOTEBOOK.ipynb:Class",
            )
        return "JSON", f"{_PATH}; where this is its configuration, the weights lie beside it"
    lines = [line for line in text.splitlines()[:5] if line]
    if re.match(r"(import |from \w|class |def |#!|\"\"\")", start):
        return "Python code", "give the checkpoint's path, and the class with --model FILE.py:Class"
    if len(lines) > 2 and len({line.count(",") for line in lines[:3]}) == 1 and "," in lines[0]:
        return "a table (CSV)", _TABLE
    return f"text beginning with {printable(text[:40].strip())!r}", _PATH


def _decoded(head: bytes) -> str:
    return head.decode("utf-8", errors="ignore")


def _is_text(head: bytes) -> bool:
    text = _decoded(head[:512])
    return len(text) > 0 and sum(c.isprintable() or c.isspace() or c == "\x1b" for c in text) > 0.9 * len(head[:512])
