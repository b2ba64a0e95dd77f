"""Cells and columns of a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from dateline.cli.terminal.output import one_line

Cell = str | Sequence[tuple[str, str]]  # text, or its pieces, each with a style of rich


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    ``cut`` is whether its cells may lose their end on a narrow terminal. A column with a ``drop`` above 0 is left out
    there instead, the highest first.
    """

    name: str
    cut: bool = False
    drop: int = 0
    right: bool = False


def plain(cell: Cell) -> str:
    """Return a cell's text, on one line."""
    return one_line(cell if isinstance(cell, str) else "".join(text for text, _ in cell))
