"""``dateline sql`` and ``plot``: questions to the dataset."""

import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dateline.cli.names import check_country
from dateline.cli.options import Day
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, note, print_json, write
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.analysis.sql import Engine

_SPAN = timedelta(days=29)  # before the last day, if nobody says since when


def sql(
    query: Annotated[str, typer.Argument(help="SQL over the table articles; - reads it from standard input.")],
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Run SQL over the dataset: the current revision of each story is a row of the table articles.

    The same text runs in DuckDB on the local cloud and in Athena on AWS; state the month there. docs/query.md has
    examples.
    """
    from dateline.analysis.sql import SqlError

    text = sys.stdin.read() if query == "-" else query
    try:
        found = _engine(stack).run(text)
    except SqlError as error:
        raise CommandError(str(error)) from error
    if json:
        for row in found.dicts():
            print_json(row)
        return
    print_table([Column(name) for name in found.columns], [tuple(map(_cell, row)) for row in found.rows])
    note(f"{len(found.rows)} rows")


def plot(
    what: Annotated[
        Literal["stories", "outlets", "edits"], typer.Argument(help="Stories a day, outlets by place, or edits.")
    ],
    since: Day = None,
    until: Day = None,
    country: Annotated[str | None, typer.Option(help="Only this country's outlets (ISO 3166, such as ly).")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write an SVG file instead.")] = None,
    stack: StackName = None,
) -> None:
    """Plot stories a day, outlets by the places they write about, or edits over time: last 30 days, or these days."""
    from dateline.analysis import plots
    from dateline.analysis.sql import SqlError

    last = until.date() if until else datetime.now(UTC).date()
    first: date = since.date() if since else last - _SPAN
    if first > last:
        raise CommandError(f"--since {first} is after {last}; exchange them")
    check_country(country)
    try:
        found = plots.plot(_engine(stack), what, first, last, country)
    except SqlError as error:
        raise CommandError(str(error)) from error
    if svg:
        svg.write_text(plots.svg(found), "utf-8")
        note(f"wrote {svg}")
        return
    if found.empty:
        note(f"no {what} from {first} to {last}; dateline plot --since DAY --until DAY has other days")
        return
    for line in plots.text(found):
        write(line)


def _engine(name: str | None) -> "Engine":
    """DuckDB on the local cloud, Athena on AWS."""
    from dateline.analysis.sql import Athena, DuckDb

    found = Stack.find(name)
    return DuckDb.of(found.s3, found.outputs) if found.endpoint else Athena.of(found.client("athena"), found.outputs)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
