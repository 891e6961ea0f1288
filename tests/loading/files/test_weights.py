from __future__ import annotations

import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.written_files import hostile_pickle, hostile_torch_file, rezipped, small_mlp, written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.files.weights import read_weights, tensors_in


def read(path: Path) -> Any:
    return read_weights(path, path.read_bytes()[:4096])


@pytest.mark.parametrize("legacy", [False, True])
def test_tensors_and_plain_data_come_back(tmp_path: Path, legacy: bool) -> None:
    content = {"a": torch.arange(3.0), "b": [1, "x", None]}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=not legacy)
    found = read(tmp_path / "a.pt")
    assert torch.equal(found["a"], content["a"])  # type: ignore[arg-type]  # the mixed mapping is typed as object
    assert found["b"] == content["b"]


@pytest.mark.parametrize("legacy", [False, True])
def test_a_command_is_refused_named_and_not_run(tmp_path: Path, legacy: bool) -> None:
    trace = tmp_path / "trace"
    path = hostile_torch_file(tmp_path / "a.pt", trace, legacy=legacy)
    with pytest.raises(CheckpointError, match=r"asks for posix\.system\. Nothing was executed"):
        read(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)  # the trap is a real one
    assert trace.exists()


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_hostile_pickle_is_refused_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    with pytest.raises(CheckpointError, match=r"asks for posix\.system"):
        read(hostile_pickle(tmp_path / "a.pkl", trace, protocol=protocol))
    assert not trace.exists()


def test_a_pickled_module_becomes_an_inert_object(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pt")
    assert repr(read(tmp_path / "a.pt")) == "<torch.nn.modules.linear.Linear>"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95, 0.999])
@pytest.mark.parametrize("legacy", [False, True])
def test_truncated_files_are_refused(tmp_path: Path, share: float, legacy: bool) -> None:
    path = tmp_path / "a.pt"
    torch.save(small_mlp().state_dict(), path, _use_new_zipfile_serialization=not legacy)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError) as caught:
        read(path)
    assert caught.value.hint


def test_flipped_bytes_never_crash(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.pt").read_bytes()
    generator = torch.Generator().manual_seed(0)
    refused = 0
    for _ in range(150):
        at = int(torch.randint(len(whole), (1,), generator=generator))
        (tmp_path / "b.pt").write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            read(tmp_path / "b.pt")
        except CheckpointError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_weights_in_a_plain_pickle_are_read(tmp_path: Path, protocol: int) -> None:
    state = small_mlp().state_dict()
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(state, protocol=protocol))
    found = read(tmp_path / "a.pkl")
    assert list(found) == list(state)
    assert all(torch.equal(found[name], value) for name, value in state.items())


def test_safetensors_are_read(tmp_path: Path) -> None:
    state = dict(small_mlp().state_dict())
    (tmp_path / "a.safetensors").write_bytes(packed(state, {"format": "pt"}))
    (tmp_path / "b.safetensors").write_bytes(packed(state, {"latent_dim": "3"}))
    found = read(tmp_path / "a.safetensors")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[name], value) for name, value in state.items())
    assert read(tmp_path / "b.safetensors")["metadata"] == {"latent_dim": "3"}


def test_data_nested_beyond_measure_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".")
    with pytest.raises(CheckpointError, match="nested more than 200 levels deep"):
        read(tmp_path / "a.pkl")


def test_an_archive_that_unpacks_beyond_measure_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(100 << 20))
    with pytest.raises(CheckpointError, match="claims to unpack"):
        read(tmp_path / "a.pt")


def test_a_torchscript_program_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/constants.pkl", b"")
        archive.writestr("a/data.pkl", b"\x80\x02}.")
    with pytest.raises(CheckpointError, match="TorchScript program"):
        read(tmp_path / "a.pt")


def test_a_tensor_larger_than_its_memory_is_refused(tmp_path: Path) -> None:
    # A stride of zero lets four bytes claim to be any number of weights.
    torch.save({"a": torch.zeros(1).expand(1 << 20, 1 << 20)}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="backed by only 4 bytes"):
        read(tmp_path / "a.pt")


def test_storage_beyond_the_file_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.arange(10.0)}, tmp_path / "a.pt")

    def enlarge(name: str, content: bytes) -> bytes:
        at = content.find(b"K\n")
        return content[:at] + b"M\xff\xff" + content[at + 2 :] if name.endswith("data.pkl") else content

    with pytest.raises(CheckpointError):
        read(rezipped(tmp_path / "a.pt", tmp_path / "b.pt", enlarge))


def test_tensors_are_found_in_nested_data() -> None:
    a, b = torch.zeros(1), torch.ones(1)
    assert tensors_in({"x": {"y": a}, "z": [1, b], "w": "no"}) == {"x.y": a, "z.1": b}
    assert tensors_in("text") == {}
    assert tensors_in({"a": {"a": {"a": {"a": {"a": a}}}}}) == {}
