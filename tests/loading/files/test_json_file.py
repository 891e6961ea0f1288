from __future__ import annotations

from pathlib import Path

import pytest

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.json_file import peek, read_json


def test_fields_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": [1, 2]}')
    assert read_json(tmp_path / "a.json") == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "to be JSON"),
        (b"[1]", "expected named fields"),
        (b"\xff\xfe", "cannot read"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[" * 100_000, "to be JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        (b" " * (9 << 20), "small JSON file"),
    ],
)
def test_anything_else_is_one_message(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=message):
        read_json(tmp_path / "a.json")
    assert peek(tmp_path / "a.json") == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no such file: .*a\.json"):
        read_json(tmp_path / "a.json")
