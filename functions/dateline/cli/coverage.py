"""``dateline status --coverage``: each source's days, as counted by the table now."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from dateline.cli.output import CommandError, console, print_json, progress
from dateline.cli.stack import Stack

if TYPE_CHECKING:
    from dateline.monitoring.coverage import Row

_SPAN = timedelta(days=6)  # before today, if nobody says since when
_COLUMNS = ("known", "waiting", "failed", "left", "captured")
_STYLES = {"silent": "red", "low": "yellow", "high": "magenta", "unread": "yellow"}


def show(
    stack: Stack, wanted: Sequence[str], since: datetime | None, until: datetime | None, svg: Path | None, json: bool
) -> None:
    """Print a row for each source and day of a span, and draw them."""
    last = until.date() if until else datetime.now(UTC).date()
    rows = list(_rows(stack, wanted, since.date() if since else last - _SPAN, last))
    if svg:
        _draw(rows, svg)
    if json:
        for row in rows:
            print_json(row.to_dict())
    elif not svg:
        console.print(_table(rows))


def _rows(stack: Stack, wanted: Sequence[str], since: date, until: date) -> Iterator["Row"]:
    from dateline.monitoring import coverage

    known = coverage.sources(stack.s3, stack.captures)
    if unknown := [source for source in wanted if source not in known]:
        raise CommandError(f"nothing was ever crawled or imported of {unknown[0]}; dateline sources list prints all")
    today = f"{datetime.now(UTC).date()}"
    for source in wanted or known:
        for row in coverage.rows(stack.table, source, since, until):
            yield replace(row, whole=row.day.date < today)


def _draw(rows: Sequence["Row"], path: Path) -> None:
    try:
        from dateline.cli import heatmap
    except ModuleNotFoundError as error:
        raise CommandError("drawing needs svg.py: pip install 'dateline[plot]'") from error
    path.write_text(heatmap.draw(rows), "utf-8")
    progress.print(f"drawn to {path}", soft_wrap=True)


def _table(rows: Sequence["Row"]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("day", "source"):
        table.add_column(name, no_wrap=True)
    for name in ("expected", "discovered", *_COLUMNS, "archived", "unchanged", "not article", "duplicate", "gone"):
        table.add_column(name, justify="right")
    for name in ("quarantined", "imported"):
        table.add_column(name, justify="right")
    table.add_column("")
    for row in sorted(rows, key=lambda row: (row.day.date, row.day.source)):
        table.add_row(*_cells(row), _flags(row))
    return table


def _cells(row: "Row") -> Iterator[str]:
    day = row.day
    yield from (day.date, day.source)
    yield f"{day.expect.min}-{day.expect.max}" if day.expect else ""
    numbers = day.counts["discovered"], *(day.counts[name] for name in _COLUMNS), *day.outcomes.values()
    yield from (str(number) for number in (*numbers, sum(day.imported.values())))


def _flags(row: "Row") -> Text:
    said = [(flag, _STYLES.get(flag, "")) for flag in row.flags]
    said += [(f"{reason} {count}", "") for reason, count in row.day.failures.items()]
    return Text(", ").join(Text(word, style) for word, style in said)
