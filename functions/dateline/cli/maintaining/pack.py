"""``dateline pack``: one object for a source's WARC files of a day."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.maintaining.in_stack import InStack, RunName, carry_out, wanted
from dateline.cli.names import check_sources
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import Json, count, note, print_json, progress, write
from dateline.keys import crawl_names

if TYPE_CHECKING:
    from dateline.maintenance.packing import PackedDays


def pack(
    source: Annotated[list[str] | None, typer.Option(help="This source alone; repeatable.")] = None,
    after: Annotated[
        int,
        typer.Option(min=1, help="Age in days of the youngest WARC files; those of unfinished crawls are 20 days old."),
    ] = 7,
    in_stack: InStack = None,
    run: RunName = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Join small WARC files of old days, without the bodies of revisits whose words, title and date are unchanged.

    Packs files with records in a daily tree (dateline proofs). Pointers into them stay valid. Safe to interrupt and to
    repeat.
    """
    from dateline.capture.packs import Packs
    from dateline.maintenance.packing import PackedDays

    deployed = Stack.find(stack)
    known = Packs(deployed.s3, deployed.capture_bucket).sources()
    check_sources(source or (), lambda: known)
    if wanted(in_stack, stack, run):
        from dateline.maintenance.jobs import shards

        name = run or crawl_names.new_name("pack")
        found = carry_out(deployed, "pack", name, shards(deployed.deployment, "pack", source or ())).values()
        done = PackedDays()
        for result in found:
            done.add(PackedDays(**{name: value for name, value in result.items() if name != "done"}))
    else:
        done = _in_process(deployed, source or known, after)
    _print(done, json=json)


def _in_process(deployed: Stack, sources: "list[str]", after: int) -> "PackedDays":
    from datetime import timedelta

    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from dateline.maintenance.packing import PackedDays, Packing

    packing, done = Packing(deployed.deployment, after=timedelta(days=after)), PackedDays()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("packing", total=None)
        for name in sources:
            bars.update(task, description=f"packing {name}, {count(done.files, 'WARC file')} so far")
            done.add(packing.pack(name))
    return done


def _print(done: "PackedDays", *, json: bool) -> None:
    if json:
        print_json(asdict(done))
    else:
        megabytes = f"{done.bytes_before / 1e6:.1f} MB before, {done.bytes_after / 1e6:.1f} MB after"
        what = f"{count(done.files, 'WARC file')} in {count(done.packs, 'pack')}, {done.reduced:,} without bodies"
        write(f"packed {what}: {megabytes}")
    if done.locked:
        note(f"{count(len(done.locked), 'WARC file')} under Object Lock stay as they are")
    for key in done.differing:
        note(f"{key} differs from its pack and stays; dateline verify says more")
    if done.differing:
        raise typer.Exit(1)
