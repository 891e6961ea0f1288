from __future__ import annotations

import collections
import pickle
from pathlib import Path

import pytest
import torch

from loading.written_files import hostile_pickle, hostile_torch_file, small_mlp
from vae_analyze.loading.files.pickled import scan


def scanned(path: Path) -> tuple[tuple[str, ...], str]:
    found = scan(path, path.read_bytes()[:16])
    return found.wanted, found.problem


@pytest.mark.parametrize("legacy", [False, True])
def test_weights_ask_for_nothing(tmp_path: Path, legacy: bool) -> None:
    path = tmp_path / "a.pt"
    state = collections.OrderedDict(small_mlp().state_dict(), half=torch.ones(2, dtype=torch.float16))
    torch.save(
        {"state": state, "parameter": torch.nn.Parameter(torch.ones(1))},
        path,
        _use_new_zipfile_serialization=not legacy,
    )
    assert scanned(path) == ((), "")


@pytest.mark.parametrize("legacy", [False, True])
def test_a_command_in_a_torch_file_is_named_and_not_run(tmp_path: Path, legacy: bool) -> None:
    trace = tmp_path / "trace"
    wanted, problem = scanned(hostile_torch_file(tmp_path / "a.pt", trace, legacy=legacy))
    assert wanted == ("posix.system",)
    assert not problem
    assert not trace.exists()


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_a_command_in_a_pickle_is_named_in_every_protocol(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "trace"
    assert scanned(hostile_pickle(tmp_path / "a.pkl", trace, protocol=protocol)) == (("posix.system",), "")
    assert not trace.exists()


def test_names_that_come_from_the_memo_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([collections.Counter, collections.Counter(), collections.deque], protocol=4))
    assert scanned(path)[0] == ("collections.Counter", "collections.deque")


def test_cut_off_instructions_are_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(list(range(1000)))[:50])
    assert "cut off" in scanned(path)[1]


def test_an_archive_without_a_pickle_is_a_problem(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("readme", "x")
    assert scanned(tmp_path / "a.zip") == ((), "the archive holds no data.pkl")


def test_names_are_fit_for_printing(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x02cos\n\x1b[31msystem\n.")
    assert scanned(path)[0] == ("os.system",)


def test_a_flood_of_names_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(b"\x80\x02" + b"".join(b"cm\nn%d\n0" % n for n in range(5000)) + b"N.")
    assert len(scanned(path)[0]) <= 1001
