from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from loading.written_files import written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.source import Source, sha256


def test_a_file_is_its_first_bytes_and_its_content(tmp_path: Path) -> None:
    source = Source.open(written(tmp_path / "a.pt"))
    assert source.head.startswith(b"PK")
    assert source.content["format"] == "vae-analyze"
    assert source.content is source.content
    assert source.stem == "a"
    assert source.beside("b") == tmp_path / "b"


def test_a_folder_has_no_bytes(tmp_path: Path) -> None:
    source = Source.open(tmp_path)
    assert source.folder
    assert source.beside("b") == tmp_path / "b"
    assert source.stem == tmp_path.name


def test_a_missing_file_suggests_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path / "digits-vae.pt")
    with pytest.raises(CheckpointError, match=r"no such file.*\n.*did you mean digits-vae\.pt"):
        Source.open(tmp_path / "digit-vae.pt")
    with pytest.raises(CheckpointError, match=r"no such file.*\n.*check the path"):
        Source.open(tmp_path / "zzz")
    with pytest.raises(CheckpointError, match="folder does not exist"):
        Source.open(tmp_path / "none" / "x.pt")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pt").touch()
    with pytest.raises(CheckpointError, match="found an empty file"):
        Source.open(tmp_path / "a.pt")


def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CheckpointError, match="device or pipe"):
        Source.open(tmp_path / "pipe")


@pytest.mark.parametrize("path", ["a\x00b", "x" * 5000])
def test_impossible_paths_are_refused(path: str) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read|no such file"):
        Source.open(path)


def test_sha256_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()
    with pytest.raises(CheckpointError, match="cannot read"):
        sha256(tmp_path / "b")
