"""Rounds: crawls side by side in one function. A source that fails, hangs or kills costs no other."""

import asyncio
import itertools
import math
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dateline import capture
from dateline.aws.deployment import Queues
from dateline.capture import Batch, CaptureStore
from dateline.messages import CrawlMessage, CrawlReport, FeedVisit, RoundMessage
from dateline.sources.registry import Source
from dateline.state.crawl_state import State
from dateline.state.rounds import Rounds
from spiders.collector import Collector
from spiders.discovery.seed_reader import DiscoveredUrl
from spiders.download.wire import Wire
from spiders.runs import runner
from spiders.runs.rounds import RoundRunner
from spiders.runs.runner import Job
from spiders.state.shared import Budget, Shared
from tests.conftest import Aws
from tests.support.outlet import CRAWL, Answer, Outlet, Shelf, answer, item, rss

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


def outlet_of(*paths: str) -> Outlet:
    feed = answer(rss(*map(item, paths)))
    return Outlet({"/feed": feed, **dict.fromkeys(paths, STORY)})


def feed_of(name: str) -> Answer:
    return answer(rss(*(item(f"/{name}/{number}") for number in range(4))))


def round_of(aws: Aws, sources: Sequence[Source], queue: Queue | None = None, **options: Any) -> RoundRunner:
    known = {source.id: source for source in sources}
    sqs: Any = queue or Queue()
    return RoundRunner(known, replace(aws.deployment, queues=Queues(crawl="crawl")), sqs, **options)


def message_of(sources: Sequence[Source], **changes: Any) -> RoundMessage:
    crawls = [CrawlMessage(source=source.id, crawl=CRAWL, patient=True, **changes) for source in sources]
    return RoundMessage.of(SHARD, crawls)


def named(outlet: Outlet, id: str, **changes: Any) -> Source:
    return outlet.source(id=id, path=Path(f"ly/{id}.toml"), **changes)


def test_round_message_parses() -> None:
    """A round message comes back as it was."""
    crawls = [
        CrawlMessage(source="gazette", crawl=CRAWL, patient=True),
        CrawlMessage(source="difaf", crawl=CRAWL, limit=7, since="2019-04-01"),
        CrawlMessage(source="courrier", crawl="20261020T061000Z-schedule-c1", continues="20261020T060000Z-schedule"),
    ]
    message = RoundMessage.of("3/4", crawls)
    assert RoundMessage.from_json(message.to_json()) == message
    halves = message.halves()
    assert [half.crawls for half in halves] == [tuple(crawls[:2]), tuple(crawls[2:])]
    assert len({message.piece, *(half.piece for half in halves)}) == 3
    assert {half.round for half in halves} == {message.round}


def test_older_message_is_round() -> None:
    """A message of one crawl from an older version is a round."""
    crawl = CrawlMessage(source="gazette", crawl=CRAWL, patient=True)
    message = RoundMessage.from_json(crawl.to_json(), group="gazette.example")
    assert (message.crawls, message.shard) == ((crawl,), "gazette.example")


def test_outlets_side_by_side(aws: Aws) -> None:
    """Each outlet's first page waits for those of all others."""
    meeting, paths = threading.Barrier(5), ("/1", "/2")

    def first(_: bytes) -> Answer:
        meeting.wait(60)
        return STORY

    with ExitStack() as stack:
        outlets = [stack.enter_context(outlet_of(*paths)) for _ in range(5)]
        for outlet in outlets:
            outlet.routes["/1"] = first
        sources = [named(outlet, f"outlet-{number}") for number, outlet in enumerate(outlets)]
        reports = round_of(aws, sources).run(message_of(sources), deliveries=1, deadline=math.inf)
    assert [report.captured for report in reports] == [2] * 5


def test_one_host_one_pace(aws: Aws) -> None:
    """One request at a time, and the larger delay of the two between any two."""
    times: list[float] = []
    busy = threading.Lock()

    def page(_: bytes) -> Answer:
        assert busy.acquire(blocking=False), "two requests at once"
        times.append(time.monotonic())
        time.sleep(0.02)
        busy.release()
        return STORY

    paths = [f"/{language}/{number}" for language in ("ar", "en") for number in range(4)]
    with Outlet({"/robots.txt": answer(status=404), **dict.fromkeys(paths, page)}) as outlet:
        outlet.routes |= {
            f"/{name}/feed": answer(rss(*(item(f"/{name}/{n}") for n in range(4)))) for name in ("ar", "en")
        }
        sources = [
            named(outlet, "gazette-ar", feeds=(f"{outlet.url}/ar/feed",), delay=0.3),
            named(outlet, "gazette-en", feeds=(f"{outlet.url}/en/feed",), delay=0.1),
        ]
        reports = round_of(aws, sources).run(message_of(sources), deliveries=1, deadline=math.inf)
    assert [report.captured for report in reports] == [4, 4]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= 0.29


class Breaking(Shelf):
    """A shelf that takes no captures: what a bug of ours in one crawl looks like."""

    def put(self, batch: Batch) -> str:
        raise OSError(f"cannot store {len(batch)} pages")


class Hanging(Shelf):
    """A shelf that never returns from storing captures."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def put(self, batch: Batch) -> str:
        self.released.wait(120)
        return super().put(batch)


@pytest.mark.parametrize("store", [Breaking, Hanging])
def test_broken_crawl_costs_itself(store: type[Shelf], monkeypatch: pytest.MonkeyPatch) -> None:
    """A crawl that fails or hangs costs no other."""
    monkeypatch.setattr(runner, "GRACE", 1.0)
    broken = store()
    with outlet_of("/1", "/2") as one, outlet_of("/1") as two, outlet_of("/1", "/2") as three:
        sources = [named(outlet, f"outlet-{number}") for number, outlet in enumerate((one, two, three))]
        shelves = [Shelf(), broken, Shelf()]
        jobs = [
            Job(CrawlMessage(source=source.id, crawl=CRAWL), source, shelf)
            for source, shelf in zip(sources, shelves, strict=True)
        ]
        seconds = runner.STOP_BEFORE + (60 if store is Breaking else 6)
        ended = runner.run_all(jobs, state=Shelf(), deadline=time.monotonic() + seconds)
    first, error, last = ended
    assert isinstance(first, CrawlReport)
    assert isinstance(last, CrawlReport)
    assert (first.captured, last.captured) == (2, 2)
    assert isinstance(error, OSError | runner.HungError)
    if isinstance(broken, Hanging):
        broken.released.set()


def test_failing_crawl_parked(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for again after its back-off; the pages that were not stored are fetched then."""
    with outlet_of("/1") as one, outlet_of("/1") as two:
        sources = [named(one, "outlet-0"), named(two, "outlet-1")]
        rounds, put = round_of(aws, sources), CaptureStore.put

        def refused(store: CaptureStore, batch: Batch) -> str:
            if any(page.metadata["source"] == "outlet-1" for page in batch.pages):
                raise OSError("no")
            return put(store, batch)

        with monkeypatch.context() as patch:
            patch.setattr(CaptureStore, "put", refused)
            sound, parked = rounds.run(message_of(sources), deliveries=1, deadline=math.inf)
        assert (sound.captured, parked.captured, parked.reasons()) == (1, 0, {"error": 1})
        assert parked.learned.health
        assert parked.learned.health.retry_at
        crawl = CrawlMessage(source="outlet-1", crawl="20261020T063000Z-test", patient=True)
        (later,) = rounds.run(RoundMessage.of(SHARD, [crawl]), deliveries=1, deadline=math.inf)
    assert later.captured == 1


def test_common_error_travels(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next delivery continues: AWS was out of order, not the sources."""

    def refused(store: CaptureStore, batch: Batch) -> str:  # noqa: ARG001
        raise OSError("no")

    with outlet_of("/1") as one, outlet_of("/1") as two:
        sources = [named(one, "outlet-0"), named(two, "outlet-1")]
        rounds, message = round_of(aws, sources), message_of(sources)
        with monkeypatch.context() as patch:
            patch.setattr(CaptureStore, "put", refused)
            with pytest.raises(OSError, match="no"):
                rounds.run(message, deliveries=1, deadline=math.inf)
        reports = rounds.run(message, deliveries=2, deadline=math.inf)
        assert [report.captured for report in reports] == [1, 1]
        assert [outlet.paths().count("/feed") for outlet in (one, two)] == [2, 2]


def test_errors_no_deaths(aws: Aws) -> None:
    """A round that ends in order is never split, however often it is delivered."""
    rounds = Rounds(aws.table)
    for delivery in range(1, 5):
        assert rounds.begin(SHARD, "a", delivery) == 0
        rounds.stop(SHARD)
    assert [rounds.begin(SHARD, "a", delivery) for delivery in (5, 6)] == [0, 1]


class Killed(BaseException):
    """Stands in for the end of the function."""


class Archive:
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


@pytest.fixture
def archive(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Archive]:
    def make(**options: Any) -> Archive:
        made = Archive(aws, **options)
        monkeypatch.setattr(runner, "run_all", made.run_all)
        return made

    return make


def test_20_000_pages_once(archive: Any) -> None:
    """Each of 20,000 pages is captured once, however often their rounds are killed."""
    world: Archive = archive(sources=40, pages=500, poisoned=set(), seed=11)
    reports = world.run(message_of(world.sources))
    world.dies_at = math.inf
    urls = [f"{source.home}{number}" for source in world.sources for number in range(500)]
    assert world.stored() == Counter(dict.fromkeys(urls, 1))
    assert sum(report.captured for report in reports) == 20_000
    assert world.kills >= 2
    assert not [report for report in reports if report.failures]
    assert Rounds(world.aws.table).waiting("", datetime.now(UTC)) == set()


@pytest.mark.parametrize("poisoned", [{"outlet-03"}, {"outlet-00", "outlet-11"}])
def test_poisoned_source_parked(archive: Any, poisoned: set[str]) -> None:
    """A source that kills its function is found and parked; its neighbours are captured once."""
    world: Archive = archive(sources=12, pages=30, poisoned=poisoned, seed=5)
    message = message_of(world.sources)
    reports = world.run(message)
    world.dies_at = math.inf
    parked = {report.source for report in reports if report.reasons().get("parked")}
    assert parked == poisoned
    assert world.split >= 3
    sound = [source for source in world.sources if source.id not in poisoned]
    urls = [f"{source.home}{number}" for source in sound for number in range(30)]
    assert world.stored() == Counter(dict.fromkeys(urls, 1))
    healths = world.shelf.health(poisoned)
    assert {healths[id].failure for id in poisoned} == {"hard"}
    assert all(healths[id].retry_at for id in poisoned)
    assert all(state.open == [] for state in [Rounds(world.aws.table)._get(SHARD)])


def test_batches_within_budget() -> None:
    """The largest batch is stored first, whichever crawl adds the page."""
    budget, sizes = Budget(300_000), list[int]()
    shared = Shared(crawls=3, budget=budget)

    async def collect() -> None:
        with Outlet({}) as outlet:
            sources = [named(outlet, f"outlet-{number}", home=f"https://o{number}.example/") for number in range(3)]
        shelves = [Shelf() for _ in sources]
        collectors = [
            Collector(source, CRAWL, store=shelf, state=shelf, shared=shared)
            for source, shelf in zip(sources, shelves, strict=True)
        ]
        for number in range(60):
            collector = collectors[number % 3]
            page = DiscoveredUrl(url=f"{collector.source.home}{number}", kind="feed", seed="x")
            body = answer("x" * 10_000 * (1 + number % 3)).data
            wire = Wire(b"GET / HTTP/1.1\r\n\r\n", body, datetime.now(UTC), None)
            await collector.discover([page])
            await collector.capture(page, wire, url=page.url, status=200)
            sizes.append(sum(writer.size for writer in budget._writers))
        reports = [await collector.finish() for collector in collectors]
        assert [report.captured for report in reports] == [20] * 3
        assert [len(shelf.pages) for shelf in shelves] == [20] * 3

    asyncio.run(collect())
    assert 200_000 < max(sizes) <= 300_000
