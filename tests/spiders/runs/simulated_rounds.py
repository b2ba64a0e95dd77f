"""Rounds on a simulated clock: many sources, a function that is killed, and a queue that delivers again."""

import asyncio
import math
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dateline import capture
from dateline.aws.deployment import Queues
from dateline.messages import CrawlMessage, CrawlReport, FeedVisit, RoundMessage
from dateline.sources.registry import Source
from dateline.state.crawl_state import State
from spiders.collector import Collector
from spiders.discovery.seed_reader import DiscoveredUrl
from spiders.download.wire import Wire
from spiders.runs import runner
from spiders.runs.rounds import RoundRunner
from spiders.runs.runner import Job
from spiders.state.shared import Budget, Shared
from tests.conftest import Aws
from tests.support.outlet import CRAWL, Outlet, Shelf, answer

STORY = answer("<h1>The market is open")
SHARD = "0/1"


class Queue:
    """As much of SQS as a round needs: one FIFO group, deduplication, and a count of deliveries."""

    def __init__(self) -> None:
        self.waiting: deque[RoundMessage] = deque()
        self._seen: set[str] = set()

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> dict[str, Any]:  # noqa: ARG002, N803
        for entry in Entries:
            if entry["MessageDeduplicationId"] not in self._seen:
                self._seen.add(entry["MessageDeduplicationId"])
                self.waiting.append(RoundMessage.from_json(entry["MessageBody"]))
        return {}


def round_of(aws: Aws, sources: Sequence[Source], queue: Queue | None = None, **options: Any) -> RoundRunner:
    known = {source.id: source for source in sources}
    sqs: Any = queue or Queue()
    return RoundRunner(known, replace(aws.deployment, queues=Queues(crawl="crawl")), sqs, **options)


def message_of(sources: Sequence[Source], **changes: Any) -> RoundMessage:
    crawls = [CrawlMessage(source=source.id, crawl=CRAWL, patient=True, **changes) for source in sources]
    return RoundMessage.of(SHARD, crawls)


def named(outlet: Outlet, id: str, **changes: Any) -> Source:
    return outlet.source(id=id, path=Path(f"ly/{id}.toml"), **changes)


class Killed(BaseException):
    """Stands in for the end of the function."""


class SimulatedRounds:
    """Rounds of many sources by a function with a deadline, on a simulated clock, with a queue that delivers again.

    A fetch takes 1 to 3 ms and a call to AWS 20 ms. Every other invocation is killed at a moment up to its deadline: in
    a fetch, or before a call. Each look at a page of a poisoned source kills. The bucket and the table are moto's, the
    states of URLs in memory, and the outlets a row of bytes.
    """

    DEADLINE, MARGIN = 20.0, 6.0  # seconds

    def __init__(self, aws: Aws, *, sources: int, pages: int, poisoned: set[str], seed: int) -> None:
        self.aws, self.pages, self.poisoned = aws, pages, poisoned
        with Outlet({}) as outlet:
            self.sources = [
                named(outlet, f"outlet-{number:02}", home=f"https://outlet-{number:02}.example/", feeds=())
                for number in range(sources)
            ]
        self.queue, self.shelf, self.random = Queue(), Shelf(), random.Random(seed)
        self.rounds = round_of(aws, self.sources, self.queue, state=self.shelf)
        self.fetched: Counter[str] = Counter()
        self.invocations, self.kills, self.split = 0, 0, 0
        self.now, self.dies_at = 0.0, math.inf
        for client in (aws.s3, aws.table.meta.client):
            client.meta.events.register("before-call", lambda **_: self._pass(0.02))

    def _pass(self, seconds: float) -> None:
        """Time goes by; the function may not live to see it."""
        self.now += seconds
        if self.now >= self.dies_at:
            self.kills += 1
            self.dies_at = math.inf  # of the next invocation
            raise Killed

    def run(self, message: RoundMessage) -> list[CrawlReport]:
        """Deliver the message and all that follow from it, until the queue is empty; return the reports."""
        reports, deliveries = dict[tuple[str, str], CrawlReport](), Counter[str]()
        self.queue.waiting.append(message)
        while self.queue.waiting:
            self.invocations += 1
            assert self.invocations < 500, "it goes on for ever"
            head = self.queue.waiting[0]
            deliveries[head.piece] += 1
            self.now, self.dies_at = 0.0, self.random.uniform(0, 20) if self.random.random() < 0.5 else math.inf
            with suppress(Killed):
                done = self.rounds.run(head, deliveries=deliveries[head.piece], deadline=self.DEADLINE)
                reports |= {(report.source, report.crawl): report for report in done}
                self.split += not done
                self.queue.waiting.remove(head)
        return list(reports.values())

    def run_all(
        self,
        jobs: Sequence[Job],
        *,
        state: State,
        deadline: float,  # noqa: ARG002 - the simulated one
        done: Callable[[CrawlReport], None],
    ) -> list[CrawlReport | BaseException]:
        """Stands in for ``runner.run_all``: the same collectors, on the simulated clock."""
        return asyncio.run(self._side_by_side(jobs, state, done))

    async def _side_by_side(self, jobs: Sequence[Job], state: State, done: Callable[[CrawlReport], None]) -> Any:
        shared, ended = Shared(crawls=len(jobs), budget=Budget(400_000)), list[CrawlReport]()
        under_way: dict[Collector, list[DiscoveredUrl]] = {}
        for job in jobs:
            if report := job.store.report():
                ended.append(report)
                continue
            collector = runner._collector(job, state, shared)
            await collector.open()
            under_way[collector] = collector.more() if collector.frontier else await self._discover(collector)
        await self._fetch(under_way)
        for collector in under_way:
            ended.append(await collector.finish())
            done(ended[-1])
        return ended

    async def _discover(self, collector: Collector) -> list[DiscoveredUrl]:
        seed = f"{collector.source.home}sitemap"
        collector.visited(FeedVisit(url=seed, status=200, items=self.pages))
        urls = [f"{collector.source.home}{number}" for number in range(self.pages)]
        return await collector.discover([DiscoveredUrl(url=url, kind="sitemap", seed=seed) for url in urls])

    async def _fetch(self, under_way: dict[Collector, list[DiscoveredUrl]]) -> None:
        """A page of each source in turn, as with a delay."""
        active = dict(under_way)
        while active and self.now < self.DEADLINE - self.MARGIN:
            for collector, pages in list(active.items()):
                pages.extend([] if pages else collector.more())
                if not pages:
                    del active[collector]
                    continue
                await self._capture(collector, pages.pop(0))

    async def _capture(self, collector: Collector, page: DiscoveredUrl) -> None:
        if collector.source.id in self.poisoned:
            self.dies_at = self.now
        self.fetched[page.url] += 1
        self._pass(self.random.uniform(0.001, 0.003))
        wire = Wire(b"GET / HTTP/1.1\r\n\r\n", STORY.data, datetime.now(UTC), None)
        await collector.capture(page, wire, url=page.url, status=200)

    def stored(self) -> Counter[str]:
        """How often each page was captured."""
        pages = self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=self.aws.captures, Prefix="captures/")
        found = [each["Key"] for page in pages for each in page.get("Contents", [])]
        bodies = (self.aws.s3.get_object(Bucket=self.aws.captures, Key=key)["Body"] for key in found)
        return Counter(page.url for body in bodies for page in capture.read(body))
