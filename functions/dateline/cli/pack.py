"""``dateline pack``: one object for a source's WARC files of a day."""

from dataclasses import asdict
from typing import Annotated

import typer

from dateline.cli.names import check_sources
from dateline.cli.output import Json, count, note, print_json, progress, write
from dateline.cli.stack import Stack, StackName


def pack(
    source: Annotated[list[str] | None, typer.Option(help="This source alone; repeatable.")] = None,
    after: Annotated[int, typer.Option(min=1, help="Age in days of the youngest WARC files.")] = 20,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Join small WARC files of old days, without the bodies of revisits whose words, title and date are unchanged.

    Packs files with records in a daily tree (dateline proofs). Pointers into them stay valid. Safe to interrupt and to
    repeat.
    """
    from datetime import timedelta

    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from dateline.capture.packs import Packs
    from dateline.maintenance.packing import PackedDays, Packing

    deployed = Stack.find(stack)
    known = Packs(deployed.s3, deployed.capture_bucket).sources()
    check_sources(source or (), lambda: known)
    packing, done = Packing(deployed.deployment, after=timedelta(days=after)), PackedDays()
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        task = bars.add_task("packing", total=None)
        for name in source or known:
            bars.update(task, description=f"packing {name}, {count(done.files, 'WARC file')} so far")
            done.add(packing.pack(name))
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
