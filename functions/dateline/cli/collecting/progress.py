"""Follow captures on their way through a deployed stack, with a line for each source on a terminal."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from dateline.cli.stack import Stack
from dateline.cli.terminal.output import progress

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from dateline.cli.collecting.tracking import FollowedCrawl

_LOOK_EVERY = 0.5  # seconds; each look is a few S3 reads


def follow(stack: Stack, followed: "list[FollowedCrawl]", patience: float) -> None:
    """Return when all is archived, or when nothing has happened for so many seconds."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[now]}"), TimeElapsedColumn()
    with Progress(*columns, console=progress(), disable=not progress().is_terminal) as bars:
        tasks = {each.source: bars.add_task(each.source, total=None, now="queued") for each in followed}
        moved, last = time.monotonic(), ""
        while pending := [each for each in followed if not (each.done or each.postponed)]:
            for each in pending:
                each.look(stack.s3, captures=stack.capture_bucket, archive=stack.archive_bucket)
                _show(bars, tasks[each.source], each)
            now = str(followed)
            if now != last:
                moved, last = time.monotonic(), now
            if time.monotonic() - moved > patience:
                return
            if not all(each.done or each.postponed for each in pending):
                time.sleep(_LOOK_EVERY)


def words(counts: Mapping[str, int], number_first: bool = True) -> str:
    """``21 archived, 3 not_article``; or ``robots 2, timeout 1``."""
    return ", ".join(f"{count} {name}" if number_first else f"{name} {count}" for name, count in sorted(counts.items()))


def _show(bars: "Progress", task: "TaskID", each: "FollowedCrawl") -> None:
    stage = "crawled" if each.report else "crawling" if each.captures else "queued"
    nothing = "nothing new" if each.done else "nothing archived yet"
    bars.update(task, now=f"{stage}; {words(each.outcomes) or nothing}")
    if each.done or each.postponed:
        bars.stop_task(task)
