from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runs.example import differences, example, without_path
from vae_analyze.errors import StoreError
from vae_analyze.runs.read import read_run
from vae_analyze.runs.write import write_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_run(example(), tmp_path / "run")
    return tmp_path / "run"


def test_a_run_is_named_by_its_folder_or_its_file(folder: Path) -> None:
    for path in (folder, str(folder), folder / "run.json"):
        assert differences(without_path(read_run(path)), example()) == []


def test_rows_are_read_only_when_asked_for(folder: Path) -> None:
    rows = read_run(folder)["robustness"].rows
    assert rows is not None
    assert [len(chunk.index) for chunk in rows] == [3]
    assert not hasattr(rows.chunks[0], "values")


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        StoreError, match=r"expected a run folder, found no run.json in .*\n.*the folder that an analysis"
    ):
        read_run(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"expected a run folder, found no run\.json"):
        read_run(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'"schema"',
        b"{}",
        b'{"schema": NaN}',
        b"\xff\xfe",
        b'{"schema": 1',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_refused(folder: Path, content: bytes) -> None:
    (folder / "run.json").write_bytes(content)
    with pytest.raises(StoreError, match=r"run.json is damaged: .*\n  Hint: run the analysis again"):
        read_run(folder)


def test_a_truncated_file_is_refused(folder: Path) -> None:
    text = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "run.json").write_text(text[: len(text) // 2], encoding="utf-8")
    with pytest.raises(StoreError, match="is damaged"):
        read_run(folder)


@pytest.mark.parametrize("schema", [2, 0, "1", None])
def test_another_schema_is_refused(folder: Path, schema: object) -> None:
    change(folder, lambda plain: plain.update(schema=schema))
    with pytest.raises(
        StoreError, match=rf"has schema {schema}, and this version reads schema 1\n.*update vae-analyze"
    ):
        read_run(folder)


def change(folder: Path, edit: Callable[[Any], object]) -> None:
    plain = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    edit(plain)
    (folder / "run.json").write_text(json.dumps(plain), encoding="utf-8")


@pytest.mark.parametrize(
    "edit",
    [
        lambda plain: plain.pop("name"),
        lambda plain: plain.update(results=3),
        lambda plain: plain["results"][0].pop("scalars"),
        lambda plain: plain["results"][0]["scalars"][0].update(strange=1),
        lambda plain: plain["results"][0]["scalars"][0].update(value="high"),
        lambda plain: plain["results"][0]["scalars"][1].update(reason=""),
        lambda plain: plain["results"][0]["tables"][0]["columns"][0].update(kind="complex"),
        lambda plain: plain["results"][0]["tables"][0]["columns"][6]["kind"].pop(),
        lambda plain: plain["results"][0]["tables"][0]["columns"].pop(),
        lambda plain: plain["results"][0]["tables"][0].update(file="tables/nowhere.csv"),
        lambda plain: plain["results"][0]["figures"][0].update(x="sideways"),
        lambda plain: plain["results"][0]["figures"][1]["pictures"].update(row_labels=["one"]),
        lambda plain: plain["results"][0].update(rows=[]),
        lambda plain: plain["options"].append({"value": 1}),
    ],
)
def test_wrong_content_is_refused(folder: Path, edit: Callable[[Any], object]) -> None:
    change(folder, edit)
    with pytest.raises(StoreError, match=r"the run in .* is damaged: \w+: .*\n  Hint: run the analysis again"):
        read_run(folder)


@pytest.mark.parametrize(
    "name", ["tables/robustness.cells.csv", "images/robustness.grid.npz", "samples/robustness.npz"]
)
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(StoreError, match="is damaged"):
        read_run(folder)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xfd", b"PK", b"a,b\n1\n", b"a\n" + b"x" * 200_000 + b"\n"])
@pytest.mark.parametrize("name", ["tables/robustness.cells.csv", "images/robustness.grid.npz"])
def test_a_damaged_file_beside_it_is_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        read_run(folder)


def test_pictures_of_version_0_1_are_plain_arrays(folder: Path) -> None:
    before = read_run(folder)
    path = folder / "images" / "robustness.grid.npz"
    with np.load(path) as stored:
        np.save(path.with_suffix(".npy"), stored["pixels"])
    path.unlink()
    text = (folder / "run.json").read_text(encoding="utf-8")
    (folder / "run.json").write_text(text.replace("robustness.grid.npz", "robustness.grid.npy"), encoding="utf-8")
    after = read_run(folder)
    assert [r.findings.figures for r in after.results] == [r.findings.figures for r in before.results]


def test_pictures_of_another_format_are_refused(folder: Path) -> None:
    with (folder / "images" / "robustness.grid.npz").open("wb") as file:
        np.savez(file, a=np.zeros(3))
    with pytest.raises(StoreError, match="is damaged"):
        read_run(folder)


plain_data = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3)), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner,
    max_size=2), max_leaves=3,
)  # fmt: skip


def places(plain: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) within plain data."""
    if isinstance(plain, dict):
        keys: list[Any] = list(plain)
    elif isinstance(plain, list):
        keys = list(range(len(plain)))
    else:
        return []
    return [(plain, key) for key in keys] + [place for key in keys for place in places(plain[key])]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(data=st.data())
def test_whatever_is_changed_is_read_or_refused_with_one_message(folder: Path, data: st.DataObject) -> None:
    other = folder.parent / "other"
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(folder, other)

    def edit(plain: Any) -> None:
        everywhere = places(plain)
        container, key = everywhere[data.draw(st.integers(0, len(everywhere) - 1))]
        container[key] = data.draw(plain_data)

    change(other, edit)
    try:
        read_run(other)
    except StoreError as error:
        assert error.hint  # noqa: PT017 - most changes are read or refused, and either is right
