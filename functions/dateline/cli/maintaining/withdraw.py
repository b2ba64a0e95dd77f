"""``dateline withdraw``: take a story out of the archive, at somebody's legal request."""

from dataclasses import asdict
from typing import Annotated

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, printable, progress, write


def withdraw(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    reason: Annotated[str | None, typer.Option(help="The reason, kept and shown as the record.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Withdraw a story for good: its index items, articles, and pages in the captures, in all versions.

    The time and the reason of the withdrawal remain, and no crawl requests the story again. Safe to interrupt and to
    repeat; repeat it if a capture in progress has brought the story back.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from dateline.maintenance.withdraw import Withdrawing

    deployed = Stack.find(stack)
    try:
        story = deployed.query().story(id)
    except ValueError as error:
        raise CommandError(str(error)) from error
    if story is None:
        raise CommandError(f"the archive has no story {id}; dateline query lists what it has")
    if not (reason or "withdrawn_at" in story):
        raise CommandError("--reason is required: it remains as the record of the story")
    if not yes:
        what = story.get("title") or f"{story['url']}, withdrawn {story['withdrawn_at']}"
        typer.confirm(f"{printable(what)}\nwithdraw it for good?", abort=True, err=True)
    withdrawing = Withdrawing(deployed.deployment)
    columns = TextColumn("withdrawing"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("", total=None)
        done = withdrawing.withdraw(
            story, reason or "", lambda count, total: bars.update(task, completed=count, total=total)
        )
    if json:
        print_json(asdict(done))
    else:
        pages = f"{count(len(done.withdrawal.pages), 'page')} in {count(done.captures, 'WARC file')}"
        write(f"withdrew {done.withdrawal.url}: {pages}")
    for lock in done.locked:
        note(f"{lock.key} is locked until {lock.until}, and has the story's bytes until then")
    if done.locked:
        note("the rest of the story is withdrawn; run it again when the captures can be replaced")
        raise typer.Exit(1)
