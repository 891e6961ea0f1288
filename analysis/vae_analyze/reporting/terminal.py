"""What a run found, as tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from vae_analyze.findings import Param, Scalar, params_text
from vae_analyze.reporting.numbers import count, plain, shown_scalar, unit_text
from vae_analyze.reporting.overview import Doubt, doubts
from vae_analyze.reporting.tables import ARROWS
from vae_analyze.reporting.text import printable
from vae_analyze.runs.run import Result, Run

if TYPE_CHECKING:
    from rich.console import Console

WIDTH: Final = 100
SMALLEST_FAMILY: Final = 2
MANY_QUANTITIES = 4
_STYLES: Final[Mapping[str, str]] = {"failed": "bold red", "not applicable": "dim", "guess": "dim"}

Family = tuple[str, tuple[Scalar, ...]]  # name of the varying parameter, scalars


def print_run(run: Run, console: Console) -> None:
    """Print what was found: a table per family of numbers, sentences, then what not to trust.

    Numbers that share a name and differ in one parameter, such as the noise level, form one table with a row per value.
    Variants told apart by more parameters are left to the report. Nothing is wider than 100 columns.

    Args:
        run: The run.
        console: Where to print.
    """
    width = min(WIDTH, console.width)
    for result in run.results:
        if result.status == "ok":
            _print_result(result, console, width)
    _print_doubts(run, console, width)


def _print_result(result: Result, console: Console, width: int) -> None:
    found = result.findings
    console.print(
        Text(printable(result.analyzer), style="bold"), Text(printable(result.question), style="dim"), width=width
    )
    for table in level_tables(found.scalars, width):
        console.print(table)
        console.print()
    singles = [scalar for scalar in found.scalars if scalar.headline] or _singles(found.scalars)
    if singles:
        console.print(_scalar_table(singles, width))
        console.print()
    for text in found.readings:
        console.print(Text(f"• {printable(text)}"), width=width, soft_wrap=False)
    console.print()


def _print_doubts(run: Run, console: Console, width: int) -> None:
    found = doubts(run)
    if not found:
        return
    console.print(Text("What not to trust, and why", style="bold"))
    for doubt in found:
        console.print(_doubt_text(doubt), width=width)


def _doubt_text(doubt: Doubt) -> Text:
    style = _STYLES.get(doubt.kind, "yellow")
    return Text.assemble((doubt.kind, style), f" · {doubt.where}: {doubt.text}")


def level_tables(scalars: Sequence[Scalar], width: int = WIDTH) -> list[Table]:
    """A table per family, a row per value of its parameter; cut side by side where it would be too wide."""
    return [table for parameter, members in families(scalars) for table in _family_tables(parameter, members, width)]


def families(scalars: Sequence[Scalar]) -> list[Family]:
    """Scalars that differ in exactly one parameter from their namesakes, by that parameter.

    Where some of a family are headline numbers, only those are kept; else those for which lower or higher is better,
    for the others are context.
    """
    found: dict[str, list[Scalar]] = {}
    for scalar in scalars:
        if len(scalar.params) == 1:
            found.setdefault(next(iter(scalar.params)), []).append(scalar)
    kept: list[Family] = []
    for parameter, members in found.items():
        headline = [scalar for scalar in members if scalar.headline]
        chosen = headline or [scalar for scalar in members if scalar.direction != "none"] or members
        names = [scalar.name for scalar in chosen]
        # Where an analyzer was asked for one level only, what tells a level is that many quantities share it.
        shared = len(set(names)) >= MANY_QUANTITIES
        repeated = [scalar for scalar in chosen if shared or names.count(scalar.name) >= SMALLEST_FAMILY]
        if repeated:
            kept.append((parameter, tuple(repeated)))
    return kept


def _family_tables(parameter: str, members: Sequence[Scalar], width: int) -> list[Table]:
    names = list(dict.fromkeys(scalar.name for scalar in members))
    levels = list(dict.fromkeys(scalar.params[parameter] for scalar in members))
    at = {(scalar.name, scalar.params[parameter]): scalar for scalar in members}
    columns = [_column(name, [at.get((name, level)) for level in levels]) for name in names]
    head = Text(printable(parameter))
    left = [Text(_level_text(level)) for level in levels]
    room = width - max(head.cell_len, *(text.cell_len for text in left)) - 2
    return [_table(head, left, block) for block in _blocks(columns, room)]


def _blocks(columns: Sequence[list[Text]], room: int) -> list[list[list[Text]]]:
    """Columns in groups that fit into the room."""
    blocks: list[list[list[Text]]] = [[]]
    used = 0
    for column in columns:
        wide = 3 + max(max(len(line) for line in cell.plain.split("\n")) for cell in column)
        if blocks[-1] and used + wide > room:
            blocks.append([])
            used = 0
        blocks[-1].append(column)
        used += wide
    return blocks


def _column(name: str, cells: Sequence[Scalar | None]) -> list[Text]:
    first = next(scalar for scalar in cells if scalar is not None)
    return [_heading(name, first), *(Text("") if scalar is None else _value(scalar) for scalar in cells)]


def _heading(name: str, scalar: Scalar) -> Text:
    arrow = ARROWS[scalar.direction][0]
    head = Text(f"{printable(name)} {arrow}".rstrip(), style="bold", justify="right")
    head.append(f"\n{printable(unit_text(scalar.unit))}", style="not bold dim")
    return head


def _value(scalar: Scalar) -> Text:
    drawn = shown_scalar(scalar)
    cell = Text(drawn.value, justify="right", style="" if scalar.status == "ok" else "yellow")
    if drawn.interval:
        cell.append(f"\n{drawn.interval}", style="dim")
    return cell


def _table(head: Text, left: Sequence[Text], columns: Sequence[list[Text]]) -> Table:
    table = _plain_table()
    table.add_column(head, no_wrap=True)
    for column in columns:
        table.add_column(column[0], justify="right", no_wrap=True)
    for row, text in enumerate(left):
        table.add_row(text, *(column[row + 1] for column in columns))
    return table


def _scalar_table(scalars: Sequence[Scalar], width: int) -> Table:
    table = _plain_table()
    table.add_column("number", overflow="fold", max_width=max(20, width - 58))
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("95 %" if all(s.level == 0.95 for s in scalars) else "interval", no_wrap=True, style="dim")
    table.add_column("unit", overflow="fold", max_width=14)
    table.add_column("n", justify="right", no_wrap=True)
    for scalar in scalars:
        drawn, arrow = shown_scalar(scalar), ARROWS[scalar.direction][0]
        name = Text(f"{printable(scalar.name)} {arrow}".rstrip())
        if scalar.params:
            name.append(f" {printable(params_text(scalar.params))}", style="dim")
        cells = (drawn.value, drawn.interval, printable(unit_text(scalar.unit)), count(scalar.n))
        # Text, not str: brackets in a str would be read as markup.
        table.add_row(name, *(Text(cell) for cell in cells))
    return table


def _plain_table() -> Table:
    from rich import box

    return Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="", padding=(0, 1))


def _singles(scalars: Sequence[Scalar]) -> list[Scalar]:
    return [scalar for scalar in scalars if not scalar.params]


def _level_text(value: Param) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, float) else printable(value)
