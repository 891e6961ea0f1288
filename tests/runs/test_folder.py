from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vae_analyze.errors import StoreError
from vae_analyze.runs.folder import check_target, whole_folder


@pytest.fixture(scope="module")
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


OLD = '{"schema": 1, "name": "old", "results": []}'


def make(target: Path, name: str = "run.json") -> None:
    target.mkdir(parents=True, exist_ok=True)
    (target / name).write_text(OLD)


def replace_with(target: Path, text: str) -> None:
    with whole_folder(target) as folder:
        (folder / "run.json").write_text(text)


def test_checking_leaves_no_trace(tmp_path: Path) -> None:
    check_target(tmp_path / "a" / "b" / "run")
    assert names(tmp_path) == set()


@pytest.mark.parametrize("text", ["", ".", "..", "x/..", "/"])
def test_a_place_without_a_name_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"expected the name of a folder for the run, found .*\n.*--out"):
        check_target(Path(text))


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("mine")
    with pytest.raises(StoreError, match="expected a folder for the run, found a file"):
        replace_with(tmp_path / "run", "new")
    assert (tmp_path / "run").read_text() == "mine"


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "photos", "cat.png")
    with pytest.raises(
        StoreError, match=r"photos holds other files \(cat.png\), and a run would replace them\n.*a new folder"
    ):
        replace_with(tmp_path / "photos", "new")
    assert names(tmp_path / "photos") == {"cat.png"}
    assert names(tmp_path) == {"photos"}


@pytest.mark.parametrize("text", ["{}", "[]", "not json", '{"schema": 1, "results": []}', "[" * 100_000])
def test_another_programs_run_json_is_no_run(tmp_path: Path, text: str) -> None:
    make(tmp_path / "project")
    (tmp_path / "project" / "run.json").write_text(text)
    with pytest.raises(StoreError, match="holds other files, and a run would replace them"):
        replace_with(tmp_path / "project", "new")
    assert (tmp_path / "project" / "run.json").read_text() == text


def test_notes_within_an_earlier_run_are_not_lost(tmp_path: Path) -> None:
    make(tmp_path / "run")
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (tmp_path / "run" / name).write_text("mine")
    with pytest.raises(StoreError, match=r"holds other files \(a.txt, b.txt, c.txt, ...\)"):
        replace_with(tmp_path / "run", "new")
    assert (tmp_path / "run" / "d.txt").read_text() == "mine"


def test_a_link_is_followed(tmp_path: Path) -> None:
    make(tmp_path / "run")
    (tmp_path / "link").symlink_to("run")
    replace_with(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "run" / "run.json").read_text() == "new"
    (tmp_path / "dangling").symlink_to("later")
    replace_with(tmp_path / "dangling", "new")
    assert (tmp_path / "later" / "run.json").read_text() == "new"


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    replace_with(tmp_path / "run", "new")
    assert (tmp_path / "run" / "run.json").read_text() == "new"


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a file system that nobody can write to")
@pytest.mark.parametrize("target", ["/proc/run", "/proc/a/b/run"])
def test_a_place_that_cannot_be_written_is_refused(target: str) -> None:
    with pytest.raises(StoreError, match=r"cannot write /proc/.*\n.*--out"):
        replace_with(Path(target), "new")


def test_a_file_as_parent_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match=r"cannot write .*file/run: Not a directory"):
        replace_with(tmp_path / "file" / "run", "new")
    assert names(tmp_path) == {"file"}


@pytest.mark.parametrize("length", [300, 250])  # too long itself; too long once the temporary name is made from it
def test_a_name_that_is_too_long_is_refused_and_leaves_nothing(tmp_path: Path, length: int) -> None:
    with pytest.raises(StoreError, match=r"cannot write .*: File name too long"):
        replace_with(tmp_path / "new" / ("x" * length), "new")
    assert names(tmp_path) == set()


def test_the_folder_appears_only_when_whole(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "run") as folder:
        assert folder.parent == tmp_path  # the same file system: renaming is one step
        assert not (tmp_path / "run").exists()
    assert names(tmp_path) == {"run"}


def test_an_earlier_run_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    make(tmp_path / "run")
    with whole_folder(tmp_path / "run") as folder:
        (folder / "run.json").write_text("new")
        assert (tmp_path / "run" / "run.json").read_text() == OLD
    assert (tmp_path / "run" / "run.json").read_text() == "new"
    assert names(tmp_path) == {"run"}


def test_the_earlier_run_is_put_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "run")
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if ".tmp-" in self.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StoreError, match="Permission denied"):
        replace_with(tmp_path / "run", "new")
    assert (tmp_path / "run" / "run.json").read_text() == OLD
    assert names(tmp_path) == {"run"}


def test_what_a_dead_process_left_is_removed(tmp_path: Path, dead: int) -> None:
    make(tmp_path / f".run.tmp-{dead}")
    make(tmp_path / "run")
    make(tmp_path / f".run.old-{dead}")
    replace_with(tmp_path / "run", "new")
    assert names(tmp_path) == {"run"}


def test_a_run_that_a_dead_process_had_moved_aside_is_put_back(tmp_path: Path, dead: int) -> None:
    make(tmp_path / f".run.old-{dead}")
    with pytest.raises(RuntimeError, match="boom"), whole_folder(tmp_path / "run"):
        raise RuntimeError("boom")
    assert (tmp_path / "run" / "run.json").read_text() == OLD
    assert names(tmp_path) == {"run"}


@pytest.mark.parametrize("owner", [1, os.getppid(), "99999999999999999999", "someone"])
def test_what_a_live_process_is_writing_stays(tmp_path: Path, owner: int | str) -> None:
    make(tmp_path / f".run.tmp-{owner}")
    replace_with(tmp_path / "run", "new")
    assert names(tmp_path) == {"run", f".run.tmp-{owner}"}


def test_what_another_person_is_writing_stays(tmp_path: Path, dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, signal: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    make(tmp_path / f".run.tmp-{dead}")
    monkeypatch.setattr(os, "kill", refuse)
    replace_with(tmp_path / "run", "new")
    assert names(tmp_path) == {"run", f".run.tmp-{dead}"}


def test_what_this_process_is_writing_elsewhere_stays(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "run") as first:
        with pytest.raises(StoreError, match=r"cannot write .*: File exists"):
            replace_with(tmp_path / "run", "second")
        assert first.is_dir()
    assert names(tmp_path) == {"run"}


def test_neighbours_of_a_similar_name_stay(tmp_path: Path, dead: int) -> None:
    make(tmp_path / f".run1.tmp-{dead}")
    make(tmp_path / f".run1.old-{dead}")
    make(tmp_path / f".run[1].tmp-{dead}")
    replace_with(tmp_path / "run[1]", "new")
    assert names(tmp_path) == {"run[1]", f".run1.tmp-{dead}", f".run1.old-{dead}"}


def test_a_folder_that_was_there_before_stays_although_it_is_empty(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(RuntimeError, match="boom"), whole_folder(tmp_path / "mine" / "new" / "run"):
        raise RuntimeError("boom")
    assert names(tmp_path) == {"mine"}
    assert names(tmp_path / "mine") == set()


def test_a_new_parent_that_others_use_meanwhile_stays(tmp_path: Path) -> None:
    def work() -> None:
        with whole_folder(tmp_path / "new" / "run"):
            make(tmp_path / "new" / "other")
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        work()
    assert names(tmp_path / "new") == {"other"}
