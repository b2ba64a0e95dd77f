"""``dateline redrive``: dead letters, and what becomes of them."""

import json as jsonlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.options import Day
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.cells import Column
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, write
from dateline.cli.terminal.tables import print_table

if TYPE_CHECKING:
    from dateline.maintenance.dead_letters import DeadLetter, DeadLetters, Kind, Position
    from dateline.maintenance.retelling import Record

_COLUMNS = (Column("queue"), Column("sent"), Column("what", cut=True))
_UNREADABLE = "not a message of this queue"
_PATIENCE = 300  # seconds that a function may run
_ROUNDED = timedelta(minutes=1)  # arrivals are approximate


class Queue(StrEnum):
    """The dead-letter queues, by the stage that failed."""

    CRAWL = "crawl"
    EXTRACT = "extract"
    EVENTS = "events"
    SEARCH = "search"


def redrive(
    give_back: Annotated[
        bool, typer.Option("--return", help="Return messages to their queues; tell stream positions again.")
    ] = False,
    drop: Annotated[bool, typer.Option("--drop", help="Delete them for good.")] = False,
    queue: Annotated[list[Queue] | None, typer.Option(help="Only of this stage; repeatable.")] = None,
    since: Day = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """List the dead letters of each queue, return them after a fix, or drop them.

    Positions of the table's stream are told again to the function that missed them: from the stream within a day, later
    from the table, with the events of three hours before the position, or since a day (--since, UTC).
    """
    from dateline.maintenance.dead_letters import KINDS

    if give_back and drop:
        raise typer.BadParameter("--return and --drop exclude each other")
    deployed = Stack.find(stack)
    queues = [_queue(deployed, kind) for kind in KINDS if not queue or kind in queue]
    if not (give_back or drop):
        _list(queues, json=json)
        return
    if not _confirmed(queues, "return" if give_back else "drop for good", yes=yes):
        return
    stayed = sum(_settle_all(each, _teller(deployed, each.kind, since) if give_back else None, json) for each in queues)
    if stayed:
        raise CommandError(f"{count(stayed, 'dead letter')} stayed")


def _settle_all(queue: "DeadLetters", tell: "Callable[[Position], int] | None", json: bool) -> int:
    """Return or drop a queue's letters; say why some stay, and return their number.

    A host's letters in a FIFO queue come ten at a time, the next ones after these are gone.
    """
    from dateline.maintenance.dead_letters import UnreadableLetterError

    waiting: dict[str, DeadLetter] = {}
    taken = 0
    try:
        while letters := [letter for letter in queue.take() if letter.id not in waiting]:
            waiting |= {letter.id: letter for letter in letters}
            taken += len(letters)
            for letter in letters:
                try:
                    _settle(queue, letter, tell, json=json)
                    del waiting[letter.id]
                except (UnreadableLetterError, CommandError) as error:
                    note(f"{queue.kind} stays: {error}: {letter.body[:200]}")
    finally:
        for letter in waiting.values():
            queue.keep(letter)
    if not taken and queue.count():
        note(f"{queue.kind}: another command has taken the dead letters; they are back within ten minutes")
    return len(waiting)


def _queue(stack: Stack, kind: "Kind") -> "DeadLetters":
    from dateline.maintenance.dead_letters import DeadLetters, names

    dead, target = names([kind])[kind]
    return DeadLetters(stack.sqs, kind, stack.outputs[dead], to=stack.outputs[target])


def _list(queues: "Iterable[DeadLetters]", *, json: bool) -> None:
    found, expected = [], 0
    for queue in queues:
        expected += queue.count()
        found += queue.look()
    if json:
        for letter in found:
            what = {"queue": letter.kind, "sent_at": letter.sent_at.isoformat(), "what": _what(letter)}
            print_json({**what, "body": letter.body})
    else:
        print_table(_COLUMNS, (_row(letter) for letter in found))
    note(_summary(found, expected))


def _summary(found: "list[DeadLetter]", expected: int) -> str:
    if not expected and not found:
        return "no dead letters"
    more = expected - len(found)
    unlisted = [f"{more} more are in progress, or wait behind others of their host"] if more > 0 else []
    counts = [f"{kind} {number}" for kind, number in Counter(letter.kind for letter in found).items()]
    return f"{'; '.join([', '.join(counts), *unlisted])}; after a fix: dateline redrive --return".removeprefix("; ")


def _row(letter: "DeadLetter") -> tuple[str, ...]:
    return letter.kind, f"{letter.sent_at:%Y-%m-%d %H:%M}", _what(letter)


def _what(letter: "DeadLetter") -> str:
    from dateline.maintenance.dead_letters import UnreadableLetterError

    try:
        return letter.meaning
    except UnreadableLetterError:
        return f"{_UNREADABLE}: {letter.body[:100]}"


def _confirmed(queues: "Iterable[DeadLetters]", verb: str, *, yes: bool) -> bool:
    counts = {queue.kind: queue.count() for queue in queues}
    listed = ", ".join(f"{kind} {number}" for kind, number in counts.items() if number)
    if not listed:
        note("no dead letters")
    elif not yes:
        typer.confirm(f"{verb} {count(sum(counts.values()), 'dead letter')} ({listed})?", abort=True, err=True)
    return bool(listed)


def _settle(
    queue: "DeadLetters", letter: "DeadLetter", tell: "Callable[[Position], int] | None", *, json: bool
) -> None:
    """Return a letter, or drop it without ``tell``; print what was done."""
    what = _what(letter)
    if tell:
        queue.give_back(letter, tell)
    else:
        queue.drop(letter)
    done = "returned" if tell else "dropped"
    if json:
        print_json({"queue": letter.kind, "done": done, "what": what, "body": letter.body})
    else:
        write(f"{letter.kind} {done} {what}")


def _teller(stack: Stack, kind: "Kind", since: datetime | None) -> "Callable[[Position], int]":
    """Return a function that hands a position's changes to the function that missed them."""
    from dateline.maintenance.retelling import from_stream, tell

    def invoke(event: bytes) -> None:
        name = stack.outputs[f"{kind.title()}Function"]
        answer = stack.client("lambda", timeout=_PATIENCE).invoke(FunctionName=name, Payload=event)
        if answer.get("FunctionError"):
            reason = jsonlib.loads(answer["Payload"].read() or b"{}")
            raise CommandError(f"{name} failed: {reason}; dateline logs {kind} has more")

    def told(position: "Position") -> int:
        records = from_stream(stack.client("dynamodbstreams"), position) if since is None else None
        if records is None:
            records = list(_of_search(stack) if kind == "search" else _of_events(stack, position, since))
            note(f"{kind}: the stream has dropped the position; {count(len(records), 'change')} told from the table")
        return tell(records, invoke)

    return told


def _of_events(stack: Stack, position: "Position", since: datetime | None) -> "Iterator[Record]":
    from dateline.maintenance.retelling import LATE, Retelling

    begin = since.replace(tzinfo=UTC) if since else position.since - LATE
    return Retelling(stack.deployment).for_events(begin, position.until + _ROUNDED)


def _of_search(stack: Stack) -> "Iterator[Record]":
    """Yield records of all stories that differ in the search index: few, and none after the first such position."""
    from dateline.maintenance.retelling import Retelling
    from dateline.search.index.rebuild import SearchRebuild

    found = SearchRebuild.of(stack.s3, stack.table, stack.archive_bucket).check()
    return Retelling(stack.deployment).for_search((each.id, each.month) for each in found)
