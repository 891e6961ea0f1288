from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.written_files import rezipped, small_mlp
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.torchfile import read_torch

TIED = torch.arange(12.0)
CONTENTS: dict[str, Any] = {
    "weights": small_mlp().state_dict(),
    "formats": [
        torch.ones(3).to(kind) for kind in (torch.float16, torch.bfloat16, torch.float64, torch.int8, torch.bool)
    ],
    "complex": torch.ones(2, dtype=torch.complex64),
    "views": [TIED, TIED[2:8].reshape(2, 3).T, TIED[::2], torch.zeros(0, 3), torch.tensor(4.0), TIED.expand(2, 12)],
    "parameters": nn.ParameterList([nn.Parameter(torch.ones(2))])[0],
    "empty": {},
}


def read(path: Path) -> Any:
    return read_torch(path, path.read_bytes()[:4096])


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, Tensor):
        return found.dtype == expected.dtype and torch.equal(found, expected.detach())
    if isinstance(expected, dict):
        return list(found) == list(expected) and all(same(found[key], value) for key, value in expected.items())
    if isinstance(expected, list):
        return len(found) == len(expected) and all(same(a, b) for a, b in zip(found, expected, strict=True))
    return bool(found == expected)


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle"])
def test_what_torch_saves_comes_back_as_torch_would_load_it(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "a.pt"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(CONTENTS[name]))
    else:
        torch.save(CONTENTS[name], path, _use_new_zipfile_serialization=kind == "zip")
    assert same(read(path), CONTENTS[name])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_is_read(tmp_path: Path, zipped: bool, protocol: int) -> None:
    torch.save(CONTENTS["weights"], tmp_path / "a.pt", pickle_protocol=protocol, _use_new_zipfile_serialization=zipped)
    assert same(read(tmp_path / "a.pt"), CONTENTS["weights"])


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_that_share_numbers_still_do(tmp_path: Path, zipped: bool) -> None:
    torch.save({"a": TIED, "b": TIED[3:5]}, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    found = read(tmp_path / "a.pt")
    found["a"][3] = 99
    assert found["b"][0] == 99


def test_a_storage_of_another_size_than_its_record_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(10.0)}, tmp_path / "a.pt")
    for claim in (b"K\x0b", b"K\x09", b"J\xff\xff\xff\x7f"):

        def claiming(name: str, record: bytes, claim: bytes = claim) -> bytes:
            return record.replace(b"K\n", claim, 1) if name.endswith("data.pkl") else record

        target = rezipped(tmp_path / "a.pt", tmp_path / "b.pt", claiming)
        with pytest.raises(CheckpointError, match=r"claims [\d,]+ bytes for a storage and holds 40"):
            read(target)


def test_a_storage_beyond_the_end_of_a_legacy_file_makes_no_room(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(10.0)}, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    whole = (tmp_path / "a.pt").read_bytes()
    huge = (1 << 40).to_bytes(6, "little")
    claimed = whole.replace(b"K\n", b"\x8a\x06" + huge).replace(
        (10).to_bytes(8, "little"), (1 << 40).to_bytes(8, "little")
    )
    (tmp_path / "b.pt").write_bytes(claimed)
    with pytest.raises(CheckpointError, match="is cut off"):
        read(tmp_path / "b.pt")


def test_files_in_files_end(tmp_path: Path) -> None:
    class Nested:
        def __init__(self, content: bytes) -> None:
            self.content = content

        def __reduce__(self) -> tuple[Any, tuple[bytes]]:
            return torch.storage._load_from_bytes, (self.content,)

    content = b"N."
    for _ in range(6):
        content = pickle.dumps(Nested(content))
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(CheckpointError, match="files in files in files"):
        read(tmp_path / "a.pkl")


def test_a_short_string_read_many_times_is_cut(tmp_path: Path) -> None:
    # Each call would make another copy of the same megabyte.
    text = b"c_codecs\nencode\np1\n0" + b"X" + (1 << 20).to_bytes(4, "little") + b"a" * (1 << 20) + b"p2\n0("
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02" + text + b"h\x01h\x02\x85R" * 500 + b"t.")
    with pytest.raises(CheckpointError, match="more bytes than the file has"):
        read(tmp_path / "a.pkl")


def test_the_old_words_for_a_class_with_its_source_are_passed_over(tmp_path: Path) -> None:
    # Torch before 1.6 wrote the source code of a module's class beside it.
    buffer = io.BytesIO()
    for header in (0x1950A86A20F9469CFC6C, 1001, None):
        pickle.dump(header, buffer, protocol=2)
    buffer.write(
        b"\x80\x02(X\x06\x00\x00\x00modulec__main__\nVAE\nX\x04\x00\x00\x00a.pyX\x04\x00\x00\x00codetQ)\x81}b."
    )
    buffer.write(pickle.dumps([], protocol=2))
    (tmp_path / "a.pt").write_bytes(buffer.getvalue())
    assert repr(read(tmp_path / "a.pt")) == "<__main__.VAE>"


def test_an_object_of_another_library_is_named(tmp_path: Path) -> None:
    # As joblib writes: an array's bytes stand between the instructions, where no unpickler but its own follows them.
    text = b"\x80\x04\x8c\x0djoblib.numpy_\x94\x8c\x05Array\x93)\x81" + b"\xf3" * 20
    (tmp_path / "a.joblib").write_bytes(text)
    with pytest.raises(CheckpointError, match=r"it looks like a file of joblib"):
        read(tmp_path / "a.joblib")


@pytest.mark.parametrize("instruction", [b"]", b"}", b"\x8f", b"0N"])
def test_a_bomb_of_small_instructions_stays_small(tmp_path: Path, instruction: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04N" + instruction * 3_000_000 + b".")
    with pytest.raises(CheckpointError, match="steps; no checkpoint does"):
        read(tmp_path / "a.pkl")
