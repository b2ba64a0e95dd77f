"""Pages of many outlets on the local cloud: from the schedule to the index, and commands on the archive after it.

A tenth of the outlets is scheduled first, then all: the same figures at two sizes. Each page is to have one outcome.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dateline.archive.formats import read_outcomes
from dateline.article import Outcome
from dateline.aws import objects
from dateline.keys import object_keys
from dateline.query.query import Query
from infra.bench.flow.memory import Memory, cpu_seconds, watched
from infra.bench.inputs import outlets
from infra.bench.result import BenchError, Result, Row, Target
from infra.local import newsroom
from infra.local.cloud import Cloud, down, up

METHOD = (
    "Made-up outlets with 100 pages each are served on loopback without delay; the schedule alone has them crawled, on "
    "the local cloud as dateline up deploys it. Time runs from the schedule's start to the last page's outcome and "
    "empty queues. Memory is the largest process of a role; CPU time of commands is that of their own process, and "
    "beside it MiniStack's meanwhile."
)
PAGES = 100  # of an outlet
_FIRST = 10  # one in so many outlets is scheduled first
_PATIENCE = 600  # seconds without any news
_LOOK_EVERY = 3.0  # seconds
_QUEUES = ("CrawlQueue", "ExtractQueue")
_LETTERS = ("CrawlDeadLetters", "ExtractDeadLetters", "EventsDeadLetters", "SearchDeadLetters")
_FLAT = ("query", "show")  # commands with the same work at any size


@dataclass(slots=True)
class Stage:
    """What a part of the outlets came to."""

    pages: int
    seconds: float
    memory: Memory
    outcomes: Counter[str]
    lost: int
    doubled: int
    letters: int
    stories: int
    commands: dict[str, tuple[float, float]] = field(default_factory=dict)


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001 - one round takes minutes
    """Crawl ``count`` pages of one outlet for each 100."""
    number = max(count // PAGES, 2)
    with tempfile.TemporaryDirectory(prefix="dateline-bench-") as name:
        files = outlets.write(Path(name) / "pages", number, count)
        folder = Path(name).resolve() / ".dateline"
        try:
            flow = _Flow(folder, files)
            first, last = flow.stage(max(number // _FIRST, 1)), flow.stage(number)
        finally:
            down(folder, progress=_quiet)
    return _result(first, last)


class _Flow:
    """A local cloud with the outlets of files; stages are on the same archive."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        self._folder, self._files = folder, files
        up(folder, recorded=files, progress=_quiet)
        self._sources = [each for each in newsroom.outlets(folder) if each.startswith("recorded-")]

    def stage(self, number: int) -> Stage:
        """Crawl so many of the outlets by the schedule, then run commands on a quiet cloud."""
        scheduled = self._sources[:number]
        with watched(self._folder) as memory:
            cloud = self._up(scheduled)
            started = time.monotonic()
            looked = _Looked(cloud, scheduled)
            looked.follow(self._expected(scheduled))
            seconds = time.monotonic() - started
        cloud = self._up(None)
        stage = looked.stage(seconds, memory)
        stage.commands = dict(_commands(cloud, self._folder))
        return stage

    def _up(self, scheduled: list[str] | None) -> Cloud:
        return up(self._folder, schedule=scheduled, recorded=self._files, progress=_quiet)

    def _expected(self, scheduled: list[str]) -> int:
        return sum(self._counts[source] for source in scheduled)

    @cached_property
    def _counts(self) -> dict[str, int]:
        from infra.newsroom.recorded import RecordedSite  # noqa: PLC0415 - reads all pages

        return {site.id: len(site.pages) for site in map(RecordedSite, self._files)}


class _Looked:
    """Outcomes of sources' pages as they come."""

    def __init__(self, cloud: Cloud, sources: list[str]) -> None:
        self._cloud, self._sources, self._s3, self._sqs = cloud, sources, cloud.client("s3"), cloud.client("sqs")
        self._read = dict[str, list[tuple[str, str]]]()
        self._expected = 0

    def follow(self, expected: int) -> None:
        """Return when all expected pages have outcomes and the queues are empty."""
        self._expected, moved, before = expected, time.monotonic(), -1
        while len(self._paths()) < expected or any(map(self._waiting, _QUEUES)):
            if (now := sum(map(len, self._read.values()))) != before:
                moved, before = time.monotonic(), now
                print(f"{len(self._paths())} of {expected} pages", file=sys.stderr)
            if time.monotonic() - moved > _PATIENCE:
                raise BenchError(f"{len(self._paths())} of {expected} pages, and nothing more for {_PATIENCE} s")
            time.sleep(_LOOK_EVERY)
            self._look()

    def stage(self, seconds: float, memory: Memory) -> Stage:
        """Count what there is now."""
        self._look()
        paths, query = self._paths(), Query(self._cloud.deployment)
        return Stage(
            pages=self._expected,
            seconds=seconds,
            memory=memory,
            outcomes=Counter(outcome for found in self._read.values() for _, outcome in found),
            lost=self._expected - len(paths),
            doubled=sum(paths.values()) - len(paths),
            letters=sum(map(self._waiting, _LETTERS)),
            stories=sum(1 for _ in query.of_all()),
        )

    def _look(self) -> None:
        for source in self._sources:
            prefix = object_keys.folder(object_keys.OUTCOMES, source)
            for key in objects.keys(self._s3, bucket=self._cloud.outputs["ArchiveBucket"], prefix=prefix):
                if key not in self._read:
                    body = objects.get(self._s3, bucket=self._cloud.outputs["ArchiveBucket"], key=key) or b""
                    self._read[key] = [(page.url, page.outcome.value) for page in read_outcomes(body)]

    def _paths(self) -> Counter[str]:
        """Return the outcomes of each page, by its host and its id in the path."""
        urls = (urlsplit(url) for found in self._read.values() for url, _ in found)
        return Counter(f"{url.netloc}/{url.path.split('/')[1]}" for url in urls)

    def _waiting(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self._sqs.get_queue_attributes(QueueUrl=self._cloud.outputs[queue], AttributeNames=names)
        return sum(map(int, counts["Attributes"].values()))


def _commands(cloud: Cloud, folder: Path) -> Any:
    """Run commands, each twice, and yield the least CPU seconds of its process, and MiniStack's meanwhile."""
    story = next(iter(Query(cloud.deployment).of_all()))
    commands: Mapping[str, list[str]] = {
        "query": ["query", "--limit", "50", "--json"],
        "show": ["show", str(story["id"]), "--article"],
        "export": ["export", "--format", "jsonl", "-o", f"{folder.parent / 'stories.jsonl'}"],
        "verify": ["verify", "--yes", "--json"],
        "status": ["status", "--json"],
    }
    for name, arguments in commands.items():
        found = [_measured([sys.executable, "-m", "dateline", *arguments], folder) for _ in range(2)]
        yield name, (min(ours for ours, _ in found), min(theirs for _, theirs in found))


def _measured(command: list[str], folder: Path) -> tuple[float, float]:
    (folder.parent / "stories.jsonl").unlink(missing_ok=True)
    before, theirs = resource.getrusage(resource.RUSAGE_CHILDREN), cpu_seconds(folder)
    environment = {**os.environ, "DATELINE_STACK": ""}
    done = subprocess.run(command, cwd=folder.parent, env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise BenchError(f"{' '.join(command[2:4])} ended with exit status {done.returncode}: {done.stderr[-400:]}")
    ours = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ours, cpu_seconds(folder) - theirs


def _result(first: Stage, last: Stage) -> Result:
    result = Result(bench="flow", method=METHOD)

    def row(subject: str, one: float, other: float) -> None:
        ratio = other / one if one else 0
        figures = {f"at_{first.pages}": one, f"at_{last.pages}": other, "ratio": ratio}
        result.rows.append(Row(subject, {name: round(figure, 2) for name, figure in figures.items()}))

    both = first, last
    crawled = last.pages - first.pages  # in the second stage
    row("pages a second", first.pages / first.seconds, crawled / last.seconds)
    row("minutes", *(each.seconds / 60 for each in both))
    for outcome in sorted({*first.outcomes, *last.outcomes}):
        row(f"pages {outcome}", *(each.outcomes[outcome] for each in both))
    row("stories in the index", *(each.stories for each in both))
    for role in last.memory.roles:
        quarters = [each.memory.quarters(role) for each in both]
        row(f"MB of {role}, at most", *map(max, quarters))
        row(f"MB of {role}, last quarter", *(each[-1] for each in quarters))
    for name in last.commands:
        row(f"CPU s of {name}", *(each.commands[name][0] for each in both))
        row(f"CPU s of MiniStack for {name}", *(each.commands[name][1] for each in both))
    result.targets = [*_targets(first, last)]
    result.notes = [f"load average of the machine at the end: {os.getloadavg()[1]:.1f}"]
    return result


def _targets(first: Stage, last: Stage) -> list[Target]:
    counts = {
        "pages without an outcome": first.lost + last.lost,
        "pages with two outcomes": first.doubled + last.doubled,
        "dead letters": first.letters + last.letters,
        "archived pages without a story in the index": last.outcomes[Outcome.ARCHIVED.value] - last.stories,
    }
    flat = {name: last.commands[name][0] / first.commands[name][0] for name in _FLAT}
    return [
        *(Target(what=what, ratio=number, at_most=0) for what, number in counts.items()),
        *(Target(what=f"{name}'s CPU time at {first.pages} pages", ratio=it, at_most=1.5) for name, it in flat.items()),
    ]


def _quiet(_: str) -> None:
    pass
