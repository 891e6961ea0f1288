from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.archive import Archive


def zipped(path: Path, *names: str, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name in names:
            archive.writestr(name, b"abc")
    return path


def test_records_are_read_by_name(tmp_path: Path) -> None:
    with Archive(zipped(tmp_path / "a", "x/one", "x/two", compression=zipfile.ZIP_DEFLATED)) as archive:
        assert archive.names == ("x/one", "x/two")
        assert archive.bytes("x/two").tolist() == [97, 98, 99]
        assert (archive.size("x/one"), archive.size("none")) == (3, -1)


@pytest.mark.parametrize("name", ["../up", "/etc/passwd", "a/../../b", "C:/windows", "..\\up"])
def test_records_that_lead_out_of_the_archive_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="leads out of the archive"):
        Archive(zipped(tmp_path / "a", "x/data.pkl", name))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_records_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="two records of the same name"):
        Archive(zipped(tmp_path / "a", "x", "x"))


def test_records_that_overlap_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", *(f"r{at}" for at in range(200)))
    content = bytearray(path.read_bytes())
    for at in range(len(content) - 4):
        if content[at : at + 4] == b"PK\x01\x02":  # each claims, in the table of contents, to be longer than it is
            content[at + 20 : at + 28] = (900).to_bytes(4, "little") * 2
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="overlap"):
        Archive(path)


def test_a_wrong_checksum_is_damage_and_a_missing_one_is_not(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a", "x")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"abc", b"abd", 1))
    with Archive(path) as archive, pytest.raises(CheckpointError, match="damaged in its record x"):
        archive.bytes("x")
    checksum = whole[14:18]
    path.write_bytes(whole.replace(b"abc", b"abd", 1).replace(checksum, bytes(4)))
    with Archive(path) as archive:
        assert archive.bytes("x").tolist() == [97, 98, 100]


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(CheckpointError, match="cut off or damaged"):
        Archive(tmp_path / "a")


def test_files_saved_without_checksums_are_read(tmp_path: Path) -> None:
    if not hasattr(torch.serialization, "set_crc32_options"):
        pytest.skip("this torch always writes checksums")
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"w": torch.arange(5.0)}, tmp_path / "a.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    with Archive(tmp_path / "a.pt") as archive:
        assert archive.bytes("a/data/0").view(torch.float32).tolist() == [0, 1, 2, 3, 4]
