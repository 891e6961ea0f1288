"""Files that are something else, named by their first bytes."""

from __future__ import annotations

from pathlib import Path

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.printable import printable

_READS = "vae-analyze reads its own .pt files and folders of disentangling-vae"
# First bytes, what it is, what to do.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (
        b"version https://git-lfs",
        "a Git-LFS pointer, not the file that it stands for",
        "run `git lfs pull` where the file comes from",
    ),
    (b"\x89HDF\r\n", "an HDF5 file, such as Keras writes", _READS),
    (b"\x93NUMPY", "a NumPy array", "arrays are data: give it to --data, and a checkpoint here"),
    (b"\x1f\x8b", "a gzip archive", "unpack it and name the checkpoint inside"),
    (b"\x89PNG", "a PNG image", "images are data: give them to --data, and a checkpoint here"),
    (b"\xff\xd8\xff", "a JPEG image", "images are data: give them to --data, and a checkpoint here"),
    (b"GGUF", "a GGUF file, a language model's weights", _READS),
    (b"%PDF", "a PDF document", "give the checkpoint's path"),
)
_PAGES = (b"<!doctype html", b"<html", b"<?xml")


def refuse_foreign(path: Path, head: bytes) -> None:
    """Refuse what is plainly not a torch file.

    Raises:
        CheckpointError: Text, a web page, an image, another framework's file; said by name.
    """
    kind, hint = _kind(head)
    if kind:
        raise CheckpointError(f"expected a checkpoint, found {kind}: {printable(path, limit=300)}", hint=hint)


def container(head: bytes) -> str:
    """What the file is, in words, by its first bytes."""
    if head.startswith(b"PK\x03\x04"):
        return "zip archive"
    if _is_pickle(head):
        return "pickle"
    return _kind(head)[0] or "unknown"


def _is_pickle(head: bytes) -> bool:
    return len(head) > 1 and head[0] == 0x80 and 1 <= head[1] <= 5


def _kind(head: bytes) -> tuple[str, str]:
    """What it is and what to do; empty where it may be a checkpoint."""
    if head.startswith(b"PK") or _is_pickle(head):
        return "", ""
    for signature, kind, hint in _SIGNATURES:
        if head.startswith(signature):
            return kind, hint
    start = head.lstrip().lower()
    if start.startswith(_PAGES):
        return "a web page", "the download gave an error or login page instead of the file; download it again"
    if b'"__metadata__"' in head[8:64] or head[8:9] == b"{":
        return "a safetensors file without a card", f"{_READS}; load it in Python and save it as its own"
    if _is_text(head):
        return f"text beginning with {printable(_decoded(head)[:40].strip())!r}", "give the checkpoint's path"
    return f"bytes that no checkpoint begins with ({head[:8].hex(' ')})", _READS


def _decoded(head: bytes) -> str:
    return head.decode("utf-8", errors="ignore")


def _is_text(head: bytes) -> bool:
    text = _decoded(head[:512])
    return len(text) > 0 and sum(c.isprintable() or c.isspace() or c == "\x1b" for c in text) > 0.9 * len(head[:512])
