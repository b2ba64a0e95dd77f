"""A table as wide as the terminal: cells that may be cut lose their end, columns that may be dropped go."""

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from dateline.cli.terminal.cells import Cell, Column, plain
from dateline.cli.terminal.output import console, printable

_GAP, _WIDE = 2, 100  # columns between two cells, but one on a terminal that is narrower
_LEAST = 12  # columns that a cell which may be cut still has; below, a droppable column goes


def print_fitted(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> None:
    """Print rows under their columns' names, without columns that are empty; nothing if there are no rows."""
    if not rows:
        return
    texts = [[plain(cell) for cell in row] for row in rows]
    widths = [_width(column, [row[at] for row in texts]) for at, column in enumerate(columns)]
    shown = _fitting(columns, widths)
    _print_row(columns, shown, [Text(column.name, "bold") for column in columns])
    for row in rows:
        _print_row(columns, shown, [_styled(cell) for cell in row])


def _width(column: Column, cells: Sequence[str]) -> int:
    """The columns that a table's column takes uncut; 0 if all its cells are empty."""
    return max(map(cell_len, (column.name, *cells))) if any(cells) else 0


def _fitting(columns: Sequence[Column], widths: Sequence[int]) -> list[tuple[int, int]]:
    """The columns that fit into the terminal, by number, and their widths."""
    shown = [at for at, width in enumerate(widths) if width]
    while True:
        cut = [at for at in shown if columns[at].cut]
        left = console().width - sum(widths[at] for at in shown if at not in cut) - _gap() * (len(shown) - 1)
        droppable = max((at for at in shown if columns[at].drop), key=lambda at: columns[at].drop, default=None)
        if droppable is None or sum(min(widths[at], _LEAST) for at in cut) <= left:
            break
        shown.remove(droppable)
    share = max(left // len(cut), 1) if cut else 0
    return [(at, min(widths[at], share) if at in cut else widths[at]) for at in shown]


def _print_row(columns: Sequence[Column], shown: Sequence[tuple[int, int]], cells: Sequence[Text]) -> None:
    line = Text(" " * _gap()).join(_aligned(cells[at], width, right=columns[at].right) for at, width in shown)
    line.rstrip()
    console().print(line, no_wrap=True, overflow="ignore", crop=False)


def _aligned(cell: Text, width: int, *, right: bool) -> Text:
    if cell_len(cell.plain) > width:
        ellipsis = "…" if "utf" in console().encoding else "..."
        cell.truncate(max(width - cell_len(ellipsis), 0))
        cell.append(ellipsis)
    missing = " " * (width - cell_len(cell.plain))
    return Text(missing).append_text(cell) if right else cell.append(missing)


def _gap() -> int:
    return _GAP if console().width >= _WIDE else 1


def _styled(cell: Cell) -> Text:
    if isinstance(cell, str):
        return Text(plain(cell))
    return Text.assemble(*((printable(text), style) for text, style in cell))
