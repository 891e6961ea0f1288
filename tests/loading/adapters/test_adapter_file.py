from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vae_analyze.loading.adapters.adapter_file import AdapterFile

NAME = "a_module_of_the_person"
TEXT = f"import {NAME}\nprint('loading')\ndef load(path):\n    return {NAME}.value, path\n"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    sys.modules.pop(NAME, None)


def written(folder: Path, value: int) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{NAME}.py").write_text(f"value = {value}\n")
    (folder / "adapter.py").write_text(TEXT)
    return folder / "adapter.py"


def test_modules_of_its_folder_are_found_and_the_search_path_is_as_before(tmp_path: Path) -> None:
    before = list(sys.path)
    adapter = AdapterFile(written(tmp_path, 3))
    assert adapter.load(Path("vae.pt")) == (3, "vae.pt")
    assert sys.path == before
    assert adapter.siblings() == {NAME: tmp_path / f"{NAME}.py"}


def test_two_adapters_do_not_share_modules_of_one_name(tmp_path: Path) -> None:
    one, other = AdapterFile(written(tmp_path / "one", 1)), AdapterFile(written(tmp_path / "other", 2))
    assert (one.load(Path("x"))[0], other.load(Path("x"))[0]) == (1, 2)


def test_a_module_changed_since_is_read_again(tmp_path: Path) -> None:
    assert AdapterFile(written(tmp_path, 1)).load(Path("x"))[0] == 1
    assert AdapterFile(written(tmp_path, 22)).load(Path("x"))[0] == 22


def test_a_module_of_the_program_is_out_of_the_way_and_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "program", 5)
    monkeypatch.syspath_prepend(tmp_path / "program")
    theirs = __import__(NAME)
    assert AdapterFile(written(tmp_path / "adapter", 6)).load(Path("x"))[0] == 6
    assert sys.modules[NAME] is theirs
    assert theirs.value == 5


def test_what_it_prints_stays_out_of_the_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    AdapterFile(written(tmp_path, 1))
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", "loading\n")
