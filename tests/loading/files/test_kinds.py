from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.kinds import container, refuse_foreign

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
    b"BZh91AY": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07\x01": "a RAR archive",
    b"a/".ljust(257, b"\x00") + b"ustar": "a tar archive",
    b"GIF89a": "a GIF image",
    b"RIFF\x00\x00\x00\x00WEBP": "a WebP image",
    b"\x1c\x00\x00\x00TFL3": "a TensorFlow Lite model",
    b"\x08\x08\x12\x07pytorch": "an ONNX model",
    b"\x08\x01\x12\xff": "a TensorFlow model",
    b'model_checkpoint_path: "ckpt-1"': "the index of a TensorFlow checkpoint",
    b"\x81\xa6params\x82": "a MessagePack file, such as Flax (JAX) writes",
    b"PAR1": "a Parquet table",
    b'{"latent_dim": 3}': "JSON",
    b'{\n "cells": [], "nbformat": 4}': "a notebook",
    b"import torch\n": "Python code",
    b"a,b,c\n1,2,3\n4,5,6\n": "a table (CSV)",
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


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ("model.weights.h5", "a Keras model"),
        ("m/saved_model.pb", "a TensorFlow model"),
        ("arr_0.npy", "a NumPy archive"),
        ("[Content_Types].xml", "an office document"),
        ("results/vae.pth", "a zip archive with checkpoints inside"),
    ],
)
def test_zip_archives_are_told_by_what_they_hold(tmp_path: Path, record: str, kind: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(record, b"x")
    with pytest.raises(CheckpointError) as caught:
        refuse_foreign(tmp_path / "a.zip", b"PK\x03\x04")
    assert f"found {kind}" in caught.value.message
    assert caught.value.hint


SAFETENSORS = b'\x10\x00\x00\x00\x00\x00\x00\x00{"__metadata__"'


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"PK\x03\x04", "zip archive"),
        (b"\x80\x02\x8a", "pickle"),
        (b"cposix\nsystem\n(", "pickle"),
        (b"(dp0\n", "pickle"),
        (SAFETENSORS, "safetensors"),
    ],
)
def test_possible_checkpoints_pass(head: bytes, kind: str) -> None:
    refuse_foreign(Path("x.pt"), head)
    assert container(head) == kind
