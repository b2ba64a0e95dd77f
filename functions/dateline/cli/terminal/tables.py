"""Tables: fitted to a terminal, and tab-separated lines elsewhere."""

import sys
from collections.abc import Iterable, Mapping, Sequence

from dateline.cli.terminal.cells import Cell, Column, plain
from dateline.cli.terminal.output import is_terminal, write


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Print rows under their columns' names; nothing if there are no rows.

    If standard output is no terminal, cells are separated by one tab, nothing is cut, and every column is there.
    """
    if is_terminal():
        from dateline.cli.terminal.fitted import print_fitted

        print_fitted(columns, list(rows))
        return
    for number, row in enumerate(rows):
        if number == 0:
            _print_row(column.name for column in columns)
        _print_row(map(plain, row))


def print_fields(values: Mapping[str, object]) -> None:
    """Print names and values, one on a line and never cut; a mapping as ``name value, ...``, a sequence with commas."""
    width = max(map(len, values), default=0) + 2
    for name, value in values.items():
        label = name.ljust(width) if is_terminal() else f"{name}\t"
        write(f"{label}{_said(value)}")


def _said(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(each)}" for name, each in value.items() if each not in {None, "", ()})
    if isinstance(value, list | tuple):
        return ", ".join(map(_said, value))
    return str(value)


def _print_row(cells: Iterable[str]) -> None:
    sys.stdout.write("\t".join(cells) + "\n")
