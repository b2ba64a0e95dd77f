"""``dateline quarantine``: pages with a failed extraction."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.maintaining.reextract import carry_out
from dateline.cli.names import check_sources
from dateline.cli.options import Day
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, note, print_json, write
from dateline.cli.terminal.tables import print_table
from dateline.keys import crawl_names, object_keys

if TYPE_CHECKING:
    from dateline.archive.quarantine import QuarantineReport
    from dateline.messages import ReextractMessage

app = typer.Typer(help="Pages with a failed extraction.", no_args_is_help=True)

_COLUMNS = (
    Column("captured"),
    Column("source"),
    Column("reason", cut=True),
    Column("url", cut=True),
    Column("key", drop=1),
)

Reason = Annotated[str | None, typer.Option(help="Only those with these words in the reason.")]


@app.command("list")
def list_(
    source: Annotated[list[str] | None, typer.Option(help="Only this source; repeatable.")] = None,
    since: Day = None,
    reason: Reason = None,
    released: Annotated[bool, typer.Option("--released", help="Released pages instead.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the pages in quarantine, with the reason and the report's key. Days are of capture (UTC)."""
    from dateline.archive.quarantine import reports

    deployed = Stack.find(stack)
    check_sources(source or (), deployed.query().sources)
    found = reports(deployed.s3, deployed.archive_bucket, of=source or (), since=since.date() if since else None)
    held = (each for each in found if each.released == released and _has(each, reason))
    if json:
        for report in held:
            print_json({"key": report.key, "source": report.stem.source, **report.to_dict()})
    else:
        print_table(_COLUMNS, map(_row, held))


def _row(report: "QuarantineReport") -> tuple[str, ...]:
    why = report.last.reason or report.last.outcome.value
    return report.captured_at[:19].replace("T", " "), report.stem.source, why, report.url, report.key


@app.command()
def release(
    wanted: Annotated[
        list[str], typer.Argument(metavar="KEY|SOURCE...", help="Reports, as list prints them, captures, or sources.")
    ],
    reason: Reason = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds without any progress before it gives up.")] = 300,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Extract quarantined pages again, after a fix has been deployed.

    Safe to interrupt and to repeat: requested extractions continue in the stack, and released pages are skipped.
    """
    from dateline.archive.quarantine import QuarantineReport
    from dateline.aws import objects
    from dateline.cli.collecting.tracking import FollowedReextraction

    deployed = Stack.find(stack)
    found = {report.key: report for each in wanted for report in _named(deployed, each)}
    held = [report for report in found.values() if not report.released and _has(report, reason)]
    if not held:
        note("none of these is in quarantine")
        return
    run = crawl_names.new_name("reextract")
    finished = carry_out(deployed, FollowedReextraction(run=run), _messages(run, held), patience)
    now = [
        QuarantineReport.from_json(objects.get(deployed.s3, bucket=deployed.archive_bucket, key=each.key) or b"")
        for each in held
    ]
    for report in now:
        if json:
            print_json({"key": report.key, "source": report.stem.source, **report.to_dict()})
        else:
            why = f": {report.last.reason}" if report.last.reason else ""
            write(f"{report.url} {report.last.outcome.value}{why}")
    if not finished:
        note("not finished; dateline status and dateline logs extract have the reason; repeat the command to continue")
    if not all(report.released for report in now):
        raise typer.Exit(1)


def _messages(run: str, held: "Iterable[QuarantineReport]") -> "Iterator[ReextractMessage]":
    """A message for each WARC file that has some of these pages."""
    from dateline.messages import ReextractMessage

    offsets = defaultdict(set)
    for report in held:
        offsets[report.capture.key].add(report.capture.offset)
    for key, places in offsets.items():
        yield ReextractMessage(run=run, key=key, offsets=tuple(sorted(places)))


def _named(stack: Stack, wanted: str) -> "Iterator[QuarantineReport]":
    """What a report's key, a capture's key or a source names; CommandError if it is none."""
    from dateline.archive.quarantine import named, reports

    if "/" not in wanted:
        check_sources([wanted], stack.query().sources)
        return reports(stack.s3, stack.archive_bucket, of=[wanted])
    if wanted.startswith(object_keys.QUARANTINE):
        return named(stack.s3, stack.archive_bucket, wanted)
    try:
        return named(stack.s3, stack.archive_bucket, object_keys.quarantine_prefix(object_keys.parse(wanted)))
    except ValueError as error:
        raise CommandError(f"{wanted} is neither a report in quarantine/ nor a capture nor a source") from error


def _has(report: "QuarantineReport", words: str | None) -> bool:
    return words is None or words.casefold() in (report.last.reason or "").casefold()
