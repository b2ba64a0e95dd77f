"""Rounds: crawls side by side in one function. A source that fails, hangs or kills costs no other."""

import asyncio
import itertools
import math
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from dateline.capture import Batch, CaptureStore
from dateline.messages import CrawlMessage, CrawlReport, RoundMessage
from dateline.state.rounds import Rounds
from spiders.collector import Collector
from spiders.discovery.seed_reader import DiscoveredUrl
from spiders.download.wire import Wire
from spiders.runs import runner
from spiders.runs.runner import Job
from spiders.state.shared import Budget, Shared
from tests.conftest import Aws
from tests.spiders.runs.simulated_rounds import SHARD, STORY, message_of, named, round_of
from tests.support.outlet import CRAWL, Answer, Outlet, Shelf, answer, item, rss


def outlet_of(*paths: str) -> Outlet:
    feed = answer(rss(*map(item, paths)))
    return Outlet({"/feed": feed, **dict.fromkeys(paths, STORY)})


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
