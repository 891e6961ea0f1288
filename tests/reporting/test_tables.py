import csv
import io
import math

from vae_analyze.findings import Cell, Column, Table
from vae_analyze.reporting.tables import csv_cell, table_view, value_text


def test_value_and_interval_share_a_cell() -> None:
    names = ("sigma", "mse", "mse_low", "mse_high", "value", "low", "high", "high")
    table = Table(
        name="t",
        title="T",
        columns=tuple(Column(name=name) for name in names),
        rows=((0.1, 0.5, 0.4, 0.6, 1.0, 0.9, 1.1, 7),),
    )

    view = table_view(table, most=10)

    assert [head.text for head in view.heads] == ["sigma", "mse", "value", "high"]
    assert [head.csv for head in view.heads] == ["sigma", "mse,mse_low,mse_high", "value,low,high", "high"]
    assert view.rows[0][1].interval == "[0.40, 0.60]"
    assert view.rows[0][1].csv == "0.5,0.4,0.6"


def test_long_tables_are_cut_and_say_so() -> None:
    table = Table(name="t", title="T", columns=(Column(name="k"),), rows=tuple((k,) for k in range(30)))

    view = table_view(table, most=20)

    assert (len(view.rows), view.rest) == (20, 10)


def test_direction_has_words() -> None:
    columns = (Column(name="a", direction="lower", unit="1"), Column(name="b", direction="higher"), Column(name="c"))

    heads = table_view(Table(name="t", title="T", columns=columns, rows=()), most=1).heads

    assert [(head.arrow, head.direction) for head in heads] == [
        ("↓", "lower is better"),
        ("↑", "higher is better"),
        ("", ""),
    ]
    assert heads[0].unit == "ratio"


def test_csv_keeps_full_precision_and_quotes() -> None:
    cells: list[Cell] = [1 / 3, math.nan, None, True, 12345, 'say "hi", twice']

    line = ",".join(csv_cell(cell) for cell in cells)

    read = next(csv.reader(io.StringIO(line)))
    assert float(read[0]) == 1 / 3
    assert read[1:] == ["NaN", "", "true", "12345", 'say "hi", twice']


def test_cells_as_shown() -> None:
    row: tuple[Cell, ...] = (math.nan, 12345, True, False, None, "x")
    table = Table(name="t", title="T", columns=tuple(Column(name=str(k)) for k in range(6)), rows=(row,))

    assert [cell.text for cell in table_view(table, most=1).rows[0]] == ["undefined", "12,345", "yes", "no", "", "x"]


def test_plain_data_in_one_line() -> None:
    assert value_text([0.05, 0.1]) == "0.05, 0.1"
    assert value_text([]) == "none"
    assert (value_text(None), value_text(value=True), value_text(360)) == ("none", "yes", "360")
