"""``dateline withdraw``: take a story out of the archive, at somebody's legal request."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dateline.cli.maintaining.in_stack import InStack, RunName, carry_out, wanted
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, count, note, print_json, printable, progress, write
from dateline.keys import crawl_names

if TYPE_CHECKING:
    from dateline.maintenance.withdraw import Done


def withdraw(
    id: Annotated[str, typer.Argument(help="A story's id, or its URL.")],
    reason: Annotated[str | None, typer.Option(help="The reason, kept and shown as the record.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    in_stack: InStack = None,
    run: RunName = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Withdraw a story for good: its index items, articles, and pages in the captures, in all versions.

    The time and the reason of the withdrawal remain, and no crawl requests the story again. Safe to interrupt and to
    repeat; repeat it if a capture in progress has brought the story back.
    """
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
    if wanted(in_stack, stack, run):
        done = _by_month(deployed, story, reason or "", run)
    else:
        done = _in_process(deployed, story, reason or "")
    _print(done, json=json)


def _in_process(deployed: Stack, story: Mapping[str, Any], reason: str) -> "Done":
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from dateline.maintenance.withdraw import Withdrawing

    columns = TextColumn("withdrawing"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("", total=None)
        return Withdrawing(deployed.deployment).withdraw(
            story, reason, lambda count, total: bars.update(task, completed=count, total=total)
        )


def _by_month(deployed: Stack, story: Mapping[str, Any], reason: str, run: str | None) -> "Done":
    """Find and remove the story's pages in the stack; the tombstone and the index are changed from here."""
    from dateline.maintenance.jobs import Shard, shards
    from dateline.maintenance.withdraw import Done, Found, Locked, Withdrawing

    id, source = str(story["id"]), str(story["source"])
    if run and id not in run:
        raise CommandError(f"{run} is no withdrawal of {id}; without --run a new one begins")
    name, withdrawing = run or crawl_names.new_name(f"withdraw{id}"), Withdrawing(deployed.deployment)

    def find(job: Literal["find", "find-others"], *ids: str) -> Found:
        found = Found()
        for result in carry_out(deployed, job, name, shards(deployed.deployment, job, [source]), ids).values():
            found.add(Found.from_dict(result))
        return found

    found = find("find", id)
    if others := found.others(id):
        found = find("find-others", id, *others)
    done, files = Done(withdrawing.begin(story, reason, found)), found.by_file()
    months = sorted({Shard(source, stem.day[:7]) for stem in files})
    done.captures = len(files)
    for result in carry_out(deployed, "withdraw", name, months, [id]).values():
        done.locked += [Locked(**each) for each in result["locked"]]
    withdrawing.finish()
    return done


def _print(done: "Done", *, json: bool) -> None:
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
