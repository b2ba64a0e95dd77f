"""``dateline reextract``: the present extractor over stored captures."""

import json as jsonlib
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.collecting.deployed import check_current
from dateline.cli.collecting.progress import words
from dateline.cli.names import check_sources
from dateline.cli.options import Day, check_days
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, progress, write
from dateline.cli.terminal.tables import print_table
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem

if TYPE_CHECKING:
    from dateline.cli.collecting.tracking import FollowedReextraction
    from dateline.messages import ReextractMessage

_LOOK_EVERY = 0.5  # seconds; each look lists all of the run's reports, and reads those that are new

Sources = Annotated[
    list[str] | None, typer.Argument(help="Source ids; without any, all that have captures.", show_default=False)
]


def reextract(
    sources: Sources = None,
    source: Annotated[list[str] | None, typer.Option(help="The same as an option; repeatable.")] = None,
    since: Day = None,
    until: Day = None,
    key: Annotated[list[str] | None, typer.Option(help="Only this WARC file; repeatable.")] = None,
    run: Annotated[str | None, typer.Option(help="Continue an interrupted run.")] = None,
    patience: Annotated[float, typer.Option(min=1, help="Seconds without any progress before it gives up.")] = 300,
    by_month: Annotated[
        bool, typer.Option("--by-month", help="Whole sources, a month at a time beside the extract queue.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask, though it is all sources.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Extract captures again with the deployed extractor, and print the changes by field.

    Days are of capture (UTC). A story found now gets its place in the chain of revisions; later ones follow it. Safe
    to interrupt: what was asked for goes on in the stack, and --run takes it up.
    """
    from dateline.capture.packs import Packs
    from dateline.cli.collecting.tracking import FollowedReextraction
    from dateline.messages import ReextractMessage

    check_days(since, until)
    deployed = Stack.find(stack)
    named = [*(sources or []), *(source or [])]
    check_sources(named, deployed.query().sources)
    if not stack:
        check_current()
    if not (named or key or run or yes):
        held = Packs(deployed.s3, deployed.capture_bucket).sources()
        typer.confirm(f"extract all captures again, of {count(len(held), 'source')}?", abort=True, err=True)
    run = run or crawl_names.new_name("reextract")
    if by_month:
        if key or since or until:
            raise CommandError("--by-month is of whole sources: leave out --key, --since and --until")
        _by_month(deployed, named, run, json)
        return
    stems = _named(key) if key else _held(deployed, named, since, until)
    messages = [ReextractMessage(run=run, key=stem.capture) for stem in stems]
    if not messages:
        raise CommandError("no such captures; dateline sources list prints the sources")
    followed = FollowedReextraction(run=run)
    finished = carry_out(deployed, followed, messages, patience)
    if json:
        print_json(followed.summary() | {"done": finished})
    else:
        _print(followed)
    if not finished:
        note(f"not finished; dateline status and dateline logs extract say why; --run {run} goes on")
    if not finished or followed.given_up:
        raise typer.Exit(1)


def _by_month(deployed: Stack, named: list[str], run: str, json: bool) -> None:
    """Extract whole sources again by the state machine, and print the changes."""
    from dateline.cli.collecting.tracking import FollowedReextraction
    from dateline.cli.maintaining.in_stack import carry_out as carry_out_shards
    from dateline.maintenance.jobs import shards

    carry_out_shards(deployed, "reextract", run, shards(deployed.deployment, "reextract", named))
    followed = FollowedReextraction(run=run)
    followed.look(deployed.s3, archive=deployed.archive_bucket)
    _note_end(deployed, followed, finished=True)
    if json:
        print_json(followed.summary() | {"done": True})
    else:
        _print(followed)
    if followed.given_up:
        raise typer.Exit(1)


def carry_out(
    stack: Stack, followed: "FollowedReextraction", messages: "Iterable[ReextractMessage]", patience: float
) -> bool:
    """Request the rest of a run and watch it to its end, recorded in the archive.

    Return False after so many seconds without progress.
    """
    from dateline.aws.queues import send_reextractions

    followed.look(stack.s3, archive=stack.archive_bucket)
    wanted = {object_keys.reextraction(message.run, object_keys.parse(message.key)): message for message in messages}
    left = (message for report, message in wanted.items() if report not in followed.done)
    sent = send_reextractions(stack.sqs, left, queue=stack.outputs["ExtractQueue"])
    note(f"asked for {count(sent, 'WARC file')} as {followed.run}")
    finished = _follow(stack, followed, wanted.keys(), patience)
    _note_end(stack, followed, finished=finished)
    return finished


def _note_end(stack: Stack, followed: "FollowedReextraction", *, finished: bool) -> None:
    """Write the run's summary, and have the dataset compared with the new articles."""
    from dateline.dataset.progress import forget

    body = jsonlib.dumps(followed.summary() | {"done": finished}, indent=1).encode()
    forget(stack.s3, stack.archive_bucket)
    stack.s3.put_object(Bucket=stack.archive_bucket, Key=object_keys.reextraction(followed.run), Body=body)


def _named(wanted: Iterable[str]) -> Iterator[Stem]:
    for key in wanted:
        try:
            yield object_keys.parse(key)
        except ValueError as error:
            raise CommandError(str(error)) from error


def _held(stack: Stack, sources: list[str], since: datetime | None, until: datetime | None) -> Iterator[Stem]:
    from dateline.capture import inventory

    first, last = since.date() if since else None, until.date() if until else None
    return inventory.held(stack.s3, stack.capture_bucket, of=sources, since=first, until=last)


def _follow(stack: Stack, followed: "FollowedReextraction", wanted: Iterable[str], patience: float) -> bool:
    """Watch the run until it has finished, or nothing has happened for so many seconds; whether it has."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    wanted = set(wanted)
    columns = TextColumn("re-extracting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("", total=len(wanted), completed=len(followed.done))
        moved = time.monotonic()
        while not wanted <= followed.done:
            if time.monotonic() - moved > patience:
                return False
            time.sleep(_LOOK_EVERY)
            before = len(followed.done)
            followed.look(stack.s3, archive=stack.archive_bucket)
            if len(followed.done) > before:
                moved = time.monotonic()
                bars.update(task, completed=len(followed.done))
    return True


def _print(followed: "FollowedReextraction") -> None:
    columns = (Column("field"), Column("articles", right=True))
    print_table(columns, ((name, str(number)) for name, number in followed.fields.most_common()))
    outcomes = f"; {words(followed.outcomes)}" if followed.outcomes else ""
    given_up = f"; {followed.given_up} rejected and left unchanged" if followed.given_up else ""
    done = f"{count(len(followed.done), 'WARC file')}, {count(followed.pages, 'page')}, {followed.changed:,} changed"
    write(f"{done}{outcomes}{given_up}")
