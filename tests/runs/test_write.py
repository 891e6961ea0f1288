from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.example import HOSTILE, differences, example, table, without_path
from vae_analyze.errors import StoreError
from vae_analyze.findings import Cell, Column, Figure, Findings, Scalar, Table
from vae_analyze.runs.read import read_run
from vae_analyze.runs.run import Result, Run
from vae_analyze.runs.write import write_run


def with_findings(findings: Findings) -> Run:
    return replace(example(), results=(Result(analyzer="a", version=1, question="?", findings=findings),))


def round_trip(findings: Findings, folder: Path) -> Findings:
    write_run(with_findings(findings), folder)
    return read_run(folder)["a"]


def strict(text: str) -> Any:
    def refuse(literal: str) -> None:
        raise AssertionError(f"{literal} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_everything_comes_back(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "run")
    assert differences(without_path(read_run(tmp_path / "run")), example()) == []


def test_the_comparison_of_runs_sees_every_field() -> None:
    # Guards the test above: a comparison that finds nothing different finds nothing at all.
    run = example()
    changed: dict[str, Any] = {"name": "x", "card": {}, "results": run.results[1:], "options": ()}
    for name, other in changed.items():
        assert differences(run, replace(run, **{name: other})), name
    findings = run.results[0].findings
    for name in ("scalars", "tables", "figures", "readings", "warnings"):
        assert differences(findings, replace(findings, **{name: getattr(findings, name)[1:]})), name


def test_the_run_knows_its_folder(tmp_path: Path) -> None:
    assert write_run(example(), tmp_path / "run").path == tmp_path / "run"
    assert read_run(tmp_path / "run").path == tmp_path / "run"


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "first")
    write_run(read_run(tmp_path / "first"), tmp_path / "a")
    write_run(read_run(tmp_path / "a"), tmp_path / "b")
    for file in (path for path in (tmp_path / "a").rglob("*") if path.is_file()):
        assert file.read_bytes() == (tmp_path / "b" / file.relative_to(tmp_path / "a")).read_bytes(), file.name


def test_json_is_strict(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "run")
    plain = strict((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    undefined = plain["results"][0]["scalars"][1]
    assert undefined["value"] is None
    assert undefined["reason"] == "no samples"


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    cells: list[list[Cell]] = [[np.float64(0.1), np.float64("nan")], [np.int64(3), None], [np.bool_(True), False]]  # type: ignore[list-item]  # what analyzers will pass
    scalar = Scalar(name="a", value=np.float64(0.5), unit="1", direction="none", n=np.int64(3))  # type: ignore[arg-type]  # likewise
    made = table("numpy", a=cells[0], b=cells[1], c=cells[2])
    found = round_trip(Findings(scalars=(scalar,), tables=(made,)), tmp_path / "run")
    first, second = found.tables[0].rows
    assert first == (0.1, 3, True)
    assert math.isnan(float(second[0] or 0))
    assert second[1:] == (None, False)
    assert [type(cell) for cell in first] == [float, int, bool]
    assert (found.scalars[0].value, found.scalars[0].n) == (0.5, 3)


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(exclude_categories=["Cs"]))
)


@given(st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[cells] * width), max_size=5)))
def test_any_table_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Cell, ...]]) -> None:
    width = len(rows[0]) if rows else 2
    made = Table(name="t", title="T", columns=tuple(Column(name=f"c{k}") for k in range(width)), rows=tuple(rows))
    found = round_trip(Findings(tables=(made,)), tmp_path_factory.mktemp("any") / "run")
    assert differences(found.tables[0], made) == []


def test_tables_read_elsewhere_too(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "run")
    with (tmp_path / "run" / "tables" / "robustness.cells.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [line["text"] for line in lines] == list(example().results[0].findings.tables[0].column("text"))
    assert [line["number"] for line in lines[:4]] == ["0.1", "NaN", "", "inf"]


def test_every_scalar_is_in_one_tidy_table(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "run")
    with (tmp_path / "run" / "scalars.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert [first[name] for name in ("analyzer", "name", "value")] == ["robustness", "mse", "0.25"]
    assert first["reason"] == "few, samples"
    assert json.loads(first["params"]) == {"sigma": 0.1, "clipped": True, "k": 3}
    assert second["value"] == "NaN"


def test_names_become_safe_file_names(tmp_path: Path) -> None:
    made = replace(table("t", a=[1]), name="../../escape me/" + HOSTILE)
    write_run(with_findings(Findings(tables=(made,))), tmp_path / "out" / "run")
    assert read_run(tmp_path / "out" / "run")["a"].tables[0].name == made.name
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"run"}
    (file,) = (tmp_path / "out" / "run" / "tables").iterdir()
    assert all(char.isalnum() or char in "._-" for char in file.name)


def test_names_that_look_alike_keep_their_own_files(tmp_path: Path) -> None:
    drawn = Figure(name="x", kind="bars", title="X", alt="X.", table=table("t", a=[9]))
    tables = tuple(table(name, a=[at]) for at, name in enumerate(["a b", "a-b", "a/b", "A b", "figure-x"]))
    found = round_trip(Findings(tables=tables, figures=(drawn,)), tmp_path / "run")
    assert [(t.name, t.rows) for t in found.tables] == [(t.name, t.rows) for t in tables]
    assert found.figures[0].table.rows == ((9,),)


def test_text_that_is_not_unicode_is_written_as_escapes(tmp_path: Path) -> None:
    # A file name of other bytes than UTF-8 reaches Python as lone surrogates.
    name = b"caf\xe9.pt".decode("utf-8", "surrogateescape")
    run = replace(with_findings(Findings(tables=(table("t", a=[name]),))), name=name, card={name: name})
    write_run(run, tmp_path / "run")
    found = read_run(tmp_path / "run")
    assert found.name == "caf\\udce9.pt"
    assert found.card == {"caf\\udce9.pt": "caf\\udce9.pt"}
    assert found["a"].tables[0].rows == (("caf\\udce9.pt",),)


def test_other_files_are_written_before_the_folder_appears(tmp_path: Path) -> None:
    def also(run: Run, folder: Path) -> None:
        assert not (tmp_path / "run").exists()
        assert (folder / "run.json").is_file()
        assert run.path == tmp_path / "run"
        (folder / "report.html").write_text("whole")

    write_run(example(), tmp_path / "run", also=also)
    assert (tmp_path / "run" / "report.html").read_text() == "whole"


@pytest.mark.parametrize("error", [RuntimeError("boom"), KeyboardInterrupt(), SystemExit(143)])
def test_a_failure_leaves_nothing_behind(tmp_path: Path, error: BaseException) -> None:
    def fail(run: Run, folder: Path) -> None:
        (folder / "half.html").write_text("half")
        raise error

    with pytest.raises(type(error)):
        write_run(example(), tmp_path / "new" / "deep" / "run", also=fail)
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_earlier_run(tmp_path: Path) -> None:
    def fail(run: Run, folder: Path) -> None:
        raise RuntimeError("boom")

    write_run(example(), tmp_path / "run")
    with pytest.raises(RuntimeError, match="boom"):
        write_run(replace(example(), name="later"), tmp_path / "run", also=fail)
    assert read_run(tmp_path / "run").name == example().name
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_full_disk_is_one_message(tmp_path: Path) -> None:
    def full(run: Run, folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StoreError, match=r"cannot write .*run: No space left on device"):
        write_run(example(), tmp_path / "new" / "run", also=full)
    assert list(tmp_path.iterdir()) == []


def test_a_run_replaces_an_earlier_one_whole(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "run")
    assert (tmp_path / "run" / "tables").is_dir()
    write_run(replace(example(), name="later", results=()), tmp_path / "run")
    assert read_run(tmp_path / "run").name == "later"
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"run.json", "scalars.csv"}
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_run_can_be_written_where_it_was_read(tmp_path: Path) -> None:
    write_run(example(), tmp_path / "run")
    write_run(read_run(tmp_path / "run"), tmp_path / "run")
    assert differences(without_path(read_run(tmp_path / "run")), example()) == []
