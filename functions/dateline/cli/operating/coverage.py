"""``dateline status --coverage``: each source's days, as counted by the table now."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dateline.cli.collecting.crawl import POLICIES
from dateline.cli.names import check_sources
from dateline.cli.stack import Stack
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, note, print_json
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.monitoring.coverage import Row

_SPAN = timedelta(days=6)  # before today, if nobody says since when
_COLUMNS = ("known", "waiting", "failed", "left", "captured")
_OUTCOMES = ("archived", "unchanged", "not article", "duplicate", "gone", "quarantined")
# As left out on a narrow terminal, the first one last; "captured" and "archived" stay.
_DROPPED = (
    *("expected", "discovered", "failed", "unchanged", "not article", "quarantined"),
    *("gone", "imported", "known", "duplicate", "waiting", "left"),
)
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
        _print(rows)


def _rows(stack: Stack, wanted: Sequence[str], since: date, until: date) -> Iterator["Row"]:
    from dateline.monitoring import coverage

    known = coverage.sources(stack.s3, stack.capture_bucket)
    check_sources(wanted, lambda: known)
    today = f"{datetime.now(UTC).date()}"
    for source in wanted or known:
        for row in coverage.rows(stack.table, source, since, until):
            yield replace(row, whole=row.day.date < today)


def _draw(rows: Sequence["Row"], path: Path) -> None:
    try:
        from dateline.cli.terminal import heatmap
    except ModuleNotFoundError as error:
        raise CommandError("drawing needs svg.py: pip install 'dateline[plot]'") from error
    path.write_text(heatmap.draw(rows), "utf-8")
    note(f"drawn to {path}")


def _print(rows: Sequence["Row"]) -> None:
    names = ("expected", "discovered", *_COLUMNS, *_OUTCOMES, "imported")
    drops = {name: number for number, name in enumerate(_DROPPED, start=1)}
    numbers = (Column(name, right=True, drop=drops.get(name, 0)) for name in names)
    columns = (Column("day"), Column("source"), *numbers, Column("flags", cut=True))
    ordered = sorted(rows, key=lambda row: (row.day.date, row.day.source))
    print_table(columns, ([*_cells(row), _flags(row)] for row in ordered))
    if not rows:
        note("nothing was crawled or imported in these days")


def _cells(row: "Row") -> Iterator[str]:
    day = row.day
    yield from (day.date, day.source)
    yield f"{day.expect.min}-{day.expect.max}" if day.expect else ""
    columns = {name: day.counts[name] for name in _COLUMNS}
    columns["failed"] -= sum(day.failures.get(reason, 0) for reason in POLICIES)
    numbers = day.counts["discovered"], *columns.values(), *day.outcomes.values()
    yield from (str(number) for number in (*numbers, sum(day.imported.values())))


def _flags(row: "Row") -> list[tuple[str, str]]:
    """Flags in colour, failed visits of feeds, failures by reason, and refusals, with commas between them."""
    said = [(flag, _STYLES.get(flag, "")) for flag in row.flags]
    if feeds := row.day.counts["feeds_failed"]:
        said.append((f"feeds failed {feeds}", ""))
    said += [(f"{POLICIES.get(reason, reason)} {number}", "") for reason, number in row.day.failures.items()]
    commas = [(", ", "")] * (len(said) - 1)
    return [piece for pair in zip(said, [*commas, ("", "")], strict=False) for piece in pair]
