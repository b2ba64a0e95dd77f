"""``dateline rebuild``: the table made anew from the two buckets."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dateline.cli.maintaining.in_stack import InStack, RunName, carry_out, wanted
from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import Json, count, note, print_json, progress, write
from dateline.keys import crawl_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from dateline.maintenance.rebuild import Rebuilt


def rebuild(
    empty: Annotated[
        bool, typer.Option("--empty", help="Delete the whole index first; emits all events again.")
    ] = False,
    search: Annotated[
        bool, typer.Option("--search", help="Rebuild the search index alone, from the index and the articles.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    in_stack: InStack = None,
    run: RunName = None,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Refill the index from the two buckets; captures not archived yet go to the extract queue.

    Existing items stay, unless with --empty. Safe to interrupt and to repeat; do not run it during crawls.
    """
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from dateline.maintenance.rebuild import Rebuilt
    from dateline.maintenance.rebuild import rebuild as refill
    from dateline.messages import capture_event

    deployed = Stack.find(stack)
    if search:
        _rebuild_search(deployed, json=json)
        return
    if empty and not yes:
        typer.confirm(f"delete all items of {deployed.table.name} and recreate them?", abort=True, err=True)

    def extract(key: str) -> None:
        body = capture_event(deployed.capture_bucket, key)
        deployed.sqs.send_message(QueueUrl=deployed.outputs["ExtractQueue"], MessageBody=body)

    if wanted(in_stack, stack, run):
        _rebuild_in_stack(deployed, run, empty=empty, extract=extract, json=json)
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=progress()) as bars:
        task = bars.add_task("rebuilding", total=None)

        def show(done: Rebuilt) -> None:
            bars.update(task, description=_counted(done))

        done = refill(
            deployed.deployment,
            unarchived=extract,
            empty=empty,
            progress=show,
        )
    _print(done, json=json)


def _rebuild_in_stack(
    deployed: Stack, run: str | None, *, empty: bool, extract: "Callable[[str], None]", json: bool
) -> None:
    """Rebuild by shards: the index by source and month, then the crawls' state by source."""
    from dateline.events import rebuilding
    from dateline.maintenance.jobs import shards
    from dateline.maintenance.rebuild import Rebuilt, begin, finish

    name = run or crawl_names.new_name("rebuild")
    with rebuilding(deployed.s3, deployed.archive_bucket):
        begin(deployed.deployment, empty=empty and not run)
        indexed = carry_out(deployed, "index", name, shards(deployed.deployment, "index")).values()
        states = carry_out(deployed, "state", name, shards(deployed.deployment, "state")).values()
    finish(deployed.deployment)
    unarchived = [key for result in indexed for key in result["unarchived"]]
    for key in unarchived:
        extract(key)
    counts = (sum(result[name] for result in indexed) for name in ("captures", "stories"))
    captures, stories = counts
    crawls = sum(result["crawls"] for result in states)
    _print(Rebuilt(captures=captures, unarchived=len(unarchived), stories=stories, crawls=crawls), json=json)


def _print(done: "Rebuilt", *, json: bool) -> None:
    if json:
        print_json(asdict(done))
    else:
        sent = f"; {count(done.unarchived, 'WARC file')} sent to be archived" if done.unarchived else ""
        write(f"indexed {_counted(done)}{sent}")


def _rebuild_search(deployed: Stack, *, json: bool) -> None:
    from dateline.search.index.rebuild import SearchRebuild

    def show(month: str, stories: int) -> None:
        note(f"{month}: {count(stories, 'story', 'stories')}")

    stories = SearchRebuild.of(deployed.s3, deployed.table, deployed.archive_bucket).run(show)
    if json:
        print_json({"stories": stories})
    else:
        write(f"indexed {count(stories, 'story', 'stories')} for search")


def _counted(done: "Rebuilt") -> str:
    counts = (done.captures, "WARC file", None), (done.stories, "story", "stories"), (done.crawls, "crawl", None)
    return ", ".join(count(*each) for each in counts)
