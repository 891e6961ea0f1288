from __future__ import annotations

from pathlib import Path

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.kinds import container, refuse_foreign

FOREIGN = {
    b"version https://git-lfs.github.com/spec/v1\noid": "a Git-LFS pointer",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"\x93NUMPY\x01": "a NumPy array",
    b"\x1f\x8b\x08": "a gzip archive",
    b"\x89PNG\r\n": "a PNG image",
    b"\xff\xd8\xff\xe0": "a JPEG image",
    b"GGUF\x03": "a GGUF file",
    b"%PDF-1.7": "a PDF document",
    b"\n <!DOCTYPE html><title>Not found": "a web page",
    b"hello world, this is no model": "text beginning with 'hello world, this is no model'",
    b'\x10\x00\x00\x00\x00\x00\x00\x00{"__metadata__"': "a safetensors file",
    b"\x00\x01\x02\x03\xfe\xff": "bytes that no checkpoint begins with",
}


@pytest.mark.parametrize(("head", "kind"), FOREIGN.items())
def test_foreign_files_are_named(head: bytes, kind: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        refuse_foreign(Path("x.pt"), head)
    assert f"found {kind}" in caught.value.message
    assert caught.value.hint
    assert container(head) != "unknown"


def test_text_is_shown_without_what_would_steer_the_terminal() -> None:
    with pytest.raises(CheckpointError, match="text beginning with 'red alert'"):
        refuse_foreign(Path("x.pt"), b"\x1b[31mred alert")


@pytest.mark.parametrize(("head", "kind"), [(b"PK\x03\x04", "zip archive"), (b"\x80\x02\x8a", "pickle")])
def test_possible_checkpoints_pass(head: bytes, kind: str) -> None:
    refuse_foreign(Path("x.pt"), head)
    assert container(head) == kind
