"""Work that takes more than one invocation: none of it lost, none done twice, whatever is killed."""

import asyncio
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest

from dateline.capture import Batch
from dateline.cli.collecting.tracking import FollowedCrawl
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlMessage, CrawlReport, FeedVisit, RoundMessage
from dateline.sources.crawl_shards import Shards
from dateline.sources.registry import Source
from dateline.state.crawl_state import CrawlState
from dateline.state.records import FeedState
from dateline.state.rounds import Rounds
from spiders.collector import Collector
from spiders.discovery.seed_reader import DiscoveredUrl, Seed
from spiders.download import pace
from spiders.download.wire import Wire
from spiders.runs import runner
from spiders.runs.schedule import Dispatcher, slot
from spiders.state.frontier import Frontier
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.support.outlet import CRAWL, Answer, Clock, Outlet, Shelf, answer, item, rss

SOURCE = "sample-gazette"
RESPONSE = answer("<h1>A story").data
BATCH = 50  # pages of a WARC file


def test_frontier_round_trip() -> None:
    """A frontier comes back as it was."""
    date = datetime.fromisoformat("2019-04-16T08:00:00+02:00")
    page = DiscoveredUrl(url="https://gazette.example/قصة?b=1", kind="feed", seed="https://gazette.example/feed")
    dated = DiscoveredUrl(url="https://gazette.example/b", kind="sitemap", seed="x", title="B", date=date, lastmod=date)
    seed = Seed(url="https://gazette.example/sitemap-2.xml", depth=1, parent="https://gazette.example/sitemap")
    frontier = Frontier(
        pages=(page, dated),
        seeds=(("sitemap", seed),),
        feeds=(FeedState(url="https://gazette.example/feed", etag='"7"'),),
        parents={seed.url: seed.parent},
        limit=7,
    )
    assert Frontier.from_bytes(frontier.to_bytes()) == frontier
    assert frontier.to_bytes() == frontier.to_bytes()


@pytest.mark.parametrize(
    ("crawl", "label"), [("20190417T061500Z-sample", "sample-c1"), ("20190417T061500Z-sample-c9", "sample-c10")]
)
def test_continuation_has_own_time(crawl: str, label: str) -> None:
    """A continuation is named by its own time."""
    name = crawl_names.continuation(crawl, datetime(2019, 4, 18, 0, 1, tzinfo=UTC))
    assert name == f"20190418T000100Z-{label}"
    assert object_keys.parse(Stem("sample", name, 3).capture) == ("sample", name, 3)
    assert object_keys.frontier("sample", name) == f"frontiers/sample/2019/04/18/{name}.json.gz"


def outlet_of(stories: int) -> Outlet:
    pages = {f"/{number}": answer(f"<h1>Story {number}") for number in range(stories)}
    return Outlet({"/feed": answer(rss(*(item(path) for path in pages)), ETag='"7"'), **pages})


def test_rest_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    """What there was no time for is taken up again."""
    clock, message, reports = Clock(monkeypatch), CrawlMessage(source=SOURCE, crawl=CRAWL), list[CrawlReport]()
    with outlet_of(30) as outlet:
        outlet.routes |= dict.fromkeys((f"/{number}" for number in range(30)), clock.after(9, answer("<h1>A story")))
        source, shelf = outlet.source(), Shelf()
        while not reports or reports[-1].continued_by:
            reports.append(runner.run(message, source, store=shelf, state=shelf, deadline=clock.deadline()))
            assert shelf.validators.keys() == (set() if reports[-1].continued_by else set(source.feeds))
            message = message.continued(reports[-1].continued_by or "")
    assert sorted(outlet.paths()) == sorted(["/feed", *(f"/{number}" for number in range(30))])
    assert [(report.captured, report.left) for report in reports] == [(9, 21), (9, 12), (9, 3), (3, 0)]


def test_unread_seed_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed that there was no time for is read by the continuation."""
    clock, message = Clock(monkeypatch), CrawlMessage(source=SOURCE, crawl=CRAWL)
    with outlet_of(1) as outlet:
        outlet.routes |= {"/late": answer(rss(item("/1"))), "/1": answer("<h1>One")}
        outlet.routes["/feed"] = clock.after(1, answer(rss(item("/0"))))
        source, shelf = outlet.source(feeds=(f"{outlet.url}/feed", f"{outlet.url}/late")), Shelf()
        first = runner.run(message, source, store=shelf, state=shelf, deadline=clock.deadline())
        assert first.continued_by
        rest = message.continued(first.continued_by)
        runner.run(rest, source, store=shelf, state=shelf, deadline=clock.deadline())
    assert sorted(outlet.paths()) == ["/0", "/1", "/feed", "/late"]
    assert sorted(page.url[-1] for page in shelf.pages) == ["0", "1"]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Puts the clock on by which hosts are left alone."""
    return lambda pause: monkeypatch.setattr(pace, "_now", lambda: datetime.now(UTC) + pause)


def busy(good: int) -> Callable[[bytes], Answer]:
    """A page that is there so many times, and then asks for a pause of an hour, once."""
    times = itertools.count(1)
    pause = answer(status=503, Retry_After="3600")
    return lambda _: pause if next(times) == good + 1 else answer("<h1>A story")


def test_pause_delays_continuation(aws: Aws, later: Callable[[timedelta], None]) -> None:
    """What a host asks to be spared is asked for when the pause is over."""
    sqs, state = boto3.client("sqs"), CrawlState(aws.deployment)
    queue = sqs.create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def run(message: CrawlMessage) -> CrawlReport:
        store = BucketStore(aws.s3, aws.captures, source=SOURCE, crawl=message.crawl)
        return runner.run(message, source, store=store, state=state, deadline=math.inf)

    with outlet_of(12) as outlet:
        outlet.routes |= dict.fromkeys((f"/{number}" for number in range(12)), busy(7))
        source, now = outlet.source(every=1440), datetime.now(UTC)
        rounds, shards = Rounds(aws.table), Shards(1)
        dispatcher = Dispatcher([source], shards=shards, state=state, rounds=rounds, sqs=sqs, queue_url=queue)
        over = now + timedelta(minutes=61)
        start = slot(timedelta(minutes=source.every), over, "0/1")  # of the last look, so that midnight starts no crawl
        first = run(CrawlMessage(source=SOURCE, crawl=crawl_names.scheduled_crawl(start), patient=True))
        assert (first.captured, first.left, first.failures) == (7, 5, [])
        state.save_asked({SOURCE: start})
        assert dispatcher.send_due(now + timedelta(minutes=59)) == [], "neither for this nor for pages that are due"
        assert set(dispatcher.send_due(over)) == {SOURCE}
        (body,) = [each["Body"] for each in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]]
        (message,) = RoundMessage.from_json(body).crawls
        assert message.continues, "before the source's next crawl"
        later(timedelta(minutes=61))
        rest = run(message)
    assert (message.crawl, message.patient) == (first.continued_by, True)
    assert (rest.captured, rest.left, rest.continued_by) == (5, 0, None)
    assert state.postponed(over) == [], "it is asked for once"
    asked = Counter(path for path in outlet.paths() if path != "/feed")
    assert asked.total() == 13, "one page twice: the one at which the host asked for the pause"


def test_forbidden_host_backs_off() -> None:
    """Each continuation finds the host held, and puts itself off for longer."""
    with outlet_of(3) as outlet:
        outlet.routes["/0"] = outlet.routes["/1"] = answer(status=429, Retry_After="60")
        source, shelf, waits = outlet.source(), Shelf(), list[float]()
        message = CrawlMessage(source=SOURCE, crawl=CRAWL)
        for _ in range(6):
            report = runner.run(message, source, store=shelf, state=shelf, deadline=math.inf)
            assert report.continued_by
            waits.append((crawl_names.crawl_time(report.continued_by) - datetime.now(UTC)).total_seconds() / 60)
            message = CrawlMessage.from_json(report.learned.postponed or "")
    assert [round(wait) for wait in waits] == [15, 30, 60, 120, 240, 480]
    assert outlet.paths() == ["/feed", "/0"], "while it is held it is not asked at all"


class Killed(BaseException):
    """Stands in for the end of the function."""


class Backfill:
    """A backfill of ``pages`` stories by a function with a deadline, on a simulated clock.

    A fetch takes 4 to 14 ms and a call to S3 200 ms. One invocation in five is killed, at any moment up to its
    deadline: in a fetch, or before a call. The bucket is moto's, the state in memory, and the server a row of bytes.
    """

    DEADLINE, MARGIN = 20.0, 4.0  # seconds

    def __init__(self, aws: Aws, *, pages: int, seed: int) -> None:
        self.aws, self.shelf = aws, Shelf()
        self.urls = [f"https://gazette.example/{number}" for number in range(pages)]
        self.fetched: Counter[str] = Counter()
        self.random = random.Random(seed)
        self.invocations, self.kills, self.overruns = 0, 0, 0
        self.now, self.dies_at = 0.0, math.inf
        aws.s3.meta.events.register("before-call.s3", lambda **_: self._pass(0.2))

    def _pass(self, seconds: float) -> None:
        """Time goes by; the function may not live to see it."""
        self.now += seconds
        if self.now >= self.dies_at:
            self.kills += 1
            raise Killed

    async def invoke(self, message: CrawlMessage, outlet: Source) -> CrawlReport:
        """One delivery of a message."""
        self.invocations += 1
        self.now, self.dies_at = 0.0, self.random.uniform(0, 20) if self.random.random() < 0.2 else math.inf
        store = BucketStore(self.aws.s3, self.aws.captures, source=SOURCE, crawl=message.crawl)
        if done := store.report():
            return done
        left = store.frontier(message.continues) if message.continues else None
        collector = Collector(
            outlet,
            message.crawl,
            store=store,
            state=self.shelf,
            history=True,
            revisit=False,
            message=message,
            frontier=Frontier.from_bytes(left) if left else None,
            new_batch=partial(Batch, max_pages=BATCH),
        )
        await collector.open()
        pages = collector.more() if left else await self._discover(collector)
        await self._fetch(collector, pages)
        report = await collector.finish()
        self.overruns += self.now > self.DEADLINE
        return report

    async def _discover(self, collector: Collector) -> list[DiscoveredUrl]:
        seed = "https://gazette.example/sitemap"
        collector.visited(FeedVisit(url=seed, status=200, items=len(self.urls)))
        return await collector.discover([DiscoveredUrl(url=url, kind="sitemap", seed=seed) for url in self.urls])

    async def _fetch(self, collector: Collector, pages: list[DiscoveredUrl]) -> None:
        while self.now < self.DEADLINE - self.MARGIN:
            if not pages and not (pages := collector.more()):
                return
            await self._capture(collector, pages.pop(0))

    async def _capture(self, collector: Collector, page: DiscoveredUrl) -> None:
        self.fetched[page.url] += 1
        self._pass(self.random.uniform(0.004, 0.014))
        wire = Wire(b"GET / HTTP/1.1\r\n\r\n", RESPONSE, datetime.now(UTC), None)
        await collector.capture(page, wire, url=page.url, status=200)


def test_killed_backfill_captures_once(aws: Aws) -> None:
    """A backfill of 20 000 pages captures each once however often it is killed."""
    backfill = Backfill(aws, pages=20_000, seed=7)
    with Outlet({}) as outlet:
        source = outlet.source(home="https://gazette.example/", feeds=())
    message: CrawlMessage | None = CrawlMessage(source=SOURCE, crawl=CRAWL)
    while message:
        assert backfill.invocations < 200, "it goes on for ever"
        with suppress(Killed):  # and its message is delivered again
            report = asyncio.run(backfill.invoke(message, source))
            message = message.continued(report.continued_by) if report.continued_by else None
    backfill.dies_at = math.inf
    followed = FollowedCrawl(source=SOURCE, crawl=CRAWL)
    followed.look(aws.s3, captures=aws.captures, archive=aws.archive)
    assert followed.report
    stored = Counter(page.url for page in stored_pages(aws, sorted(followed.captures)))
    assert stored == Counter(dict.fromkeys(backfill.urls, 1))
    assert (followed.report.discovered, followed.report.captured, followed.report.left) == (20_000, 20_000, 0)
    assert (backfill.kills >= 2, backfill.overruns) == (True, 0)
    twice = sum(backfill.fetched.values()) - 20_000
    assert twice <= BATCH * backfill.kills, "fetched again is only what was in no batch yet"


def stored_pages(aws: Aws, found: list[str]) -> Any:
    for crawl in sorted({object_keys.parse(key).crawl for key in found}):
        store = BucketStore(aws.s3, aws.captures, source=SOURCE, crawl=crawl)
        for _, captures in store.stored():
            yield from captures
