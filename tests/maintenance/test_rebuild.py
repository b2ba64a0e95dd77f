"""The table thrown away and made anew from the buckets: the same, item for item, whatever the crawls met."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from dateline.aws import objects
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.maintenance.rebuild import rebuild
from dateline.messages import CrawlMessage, CrawlReport
from dateline.monitoring.counter_writes import Counters
from dateline.sources.crawl_shards import Shards
from dateline.sources.registry import Source
from dateline.state.crawl_state import CrawlState
from dateline.state.records import Learned
from dateline.state.rounds import Rounds
from spiders.download import pace
from spiders.runs import runner
from spiders.runs.schedule import Dispatcher, slot
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.support.outlet import Answer, Clock, Outlet, answer, item, rss
from tests.support.samples import Newsroom

SOURCE = "sample-gazette"
NOW = datetime(2026, 10, 20, 12, 0, 7, tzinfo=UTC)
SITEMAP = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>{}/2019/04/16/old</loc></url></urlset>'


@dataclass
class Stack:
    """A stack whose one outlet has two feeds, a sitemap and four stories."""

    aws: Aws
    outlet: Outlet
    clock: Clock
    crawls: Any = field(default_factory=itertools.count)

    def source(self, **changes: Any) -> Source:
        feeds = (f"{self.outlet.url}/feed", f"{self.outlet.url}/other")
        return self.outlet.source(feeds=feeds, sitemaps=(f"{self.outlet.url}/sitemap",), **changes)

    def crawl(self, source: Source | None = None, **message: Any) -> CrawlReport:
        """Crawl as the function does, and archive what comes of it."""
        asked = CrawlMessage(**{"source": SOURCE, "crawl": f"20261020T06000{next(self.crawls)}Z-test"} | message)
        store = BucketStore(self.aws.s3, self.aws.captures, source=SOURCE, crawl=asked.crawl)
        state, deadline = CrawlState(self.aws.deployment), self.clock.deadline()
        report = runner.run(asked, source or self.source(), store=store, state=state, deadline=deadline)
        Counters(self.aws.table).add_crawl(report)
        for key in report.captures:
            Newsroom(self.aws).archive().add(key)
        return report

    def due(self, *paths: str) -> None:
        """Have these pages be due; they are to be looked at before the table is compared."""
        state, urls = CrawlState(self.aws.deployment), [f"{self.outlet.url}{path}" for path in paths]
        state.save_urls(replace(known, due="2026-10-20T06:00:00Z") for known in state.urls(urls).values())

    def items(self) -> list[dict[str, Any]]:
        """Return all items, and due times as if they were some."""
        found = objects.keys(self.aws.s3, bucket=self.aws.archive, prefix=object_keys.DUE_TIMES)
        texts = {key: objects.get(self.aws.s3, bucket=self.aws.archive, key=key) for key in found}
        return [*Newsroom(self.aws).items(), *({"PK": key, "SK": "due", "text": text} for key, text in texts.items())]

    def rebuild(self, *, empty: bool = False) -> None:
        aws = self.aws
        rebuild(
            aws.deployment,
            unarchived=pytest.fail,
            empty=empty,
        )


def conditional(body: str) -> Callable[[bytes], Answer]:
    return lambda head: answer(status=304) if b"If-None-Match" in head else answer(body, ETag='"7"')


@pytest.fixture
def stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Any:
    pages = {f"/{number}": answer(f"Story {number}|Words of {number}.") for number in range(4)}
    with Outlet(pages) as outlet:
        outlet.routes |= {"/feed": conditional(rss(item("/0"), item("/1"))), "/2019/04/16/old": answer("Old|Words.")}
        outlet.routes |= {"/other": answer(rss(item("/2"), item("/3"))), "/sitemap": answer(SITEMAP.format(outlet.url))}
        outlet.routes |= {"/robots.txt": answer("User-agent: *\nDisallow: /private")}
        yield Stack(aws, outlet, Clock(monkeypatch))


def unchanged(stack: Stack) -> None:
    assert not stack.crawl().captures


def corrected(stack: Stack) -> None:
    stack.outlet.routes |= {"/other": answer(rss(item("/2", title="Corrected"))), "/2": answer("Story 2|Corrected.")}
    assert stack.crawl().captured == 1


def failing(stack: Stack) -> None:
    """A feed, a page that is known and one that is new fail, again and again."""
    stack.outlet.routes |= {"/9": answer(status=403), "/0": answer(status=500), "/new": answer("New|Words.")}
    stack.outlet.routes |= {"/other": answer("<!doctype html>")}
    stack.due("/0")
    for title in ("One", "Two"):
        stack.outlet.routes |= {"/feed": answer(rss(item("/9"), item("/new"), title=title))}
        stack.crawl()
    assert CrawlState(stack.aws.deployment).urls([f"{stack.outlet.url}/9"]).popitem()[1].failures == 2


def mended(stack: Stack) -> None:
    failing(stack)
    stack.outlet.routes |= {"/9": answer("Nine|Words."), "/0": answer("Story 0|New words.")}
    stack.outlet.routes |= {"/other": answer(rss(item("/3")))}
    stack.due("/0", "/9")
    assert stack.crawl().captured == 2


def held(stack: Stack) -> None:
    stack.outlet.routes |= {"/feed": answer(rss(item("/9"), item("/new")))}
    stack.outlet.routes |= {"/9": answer(status=429, Retry_After="3600")}
    report = stack.crawl()
    assert (report.reasons(), report.left) == ({"http-429": 1}, 1)
    assert CrawlState(stack.aws.deployment).postponed(datetime(2999, 1, 1, tzinfo=UTC)) == [report.learned.postponed]
    assert stack.crawl().left == 0


def held_and_over(stack: Stack) -> None:
    """The continuation has been asked for, and done."""
    held(stack)
    state = CrawlState(stack.aws.deployment)
    (text,) = state.postponed(datetime(2999, 1, 1, tzinfo=UTC))
    message = CrawlMessage.from_json(text)
    state.forget_postponed([(message.source, message.crawl)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "_now", lambda: datetime.now(UTC) + timedelta(hours=2))
        assert stack.crawl(crawl=message.crawl, continues=message.continues).captured == 1


def looked_at_again(stack: Stack) -> None:
    """One page is as it was, one says so, one is corrected, one is gone."""
    stack.outlet.routes |= {"/1": answer("Story 1|Others."), "/2": answer(status=410), "/3": conditional("")}
    stack.due("/0", "/1", "/2", "/3")
    assert stack.crawl().revisited == 4


def moved(stack: Stack) -> None:
    """A page leads to one that is known, and due by itself."""
    stack.outlet.routes |= {"/0": answer(status=301, Location="/3")}
    stack.due("/0")
    assert stack.crawl().captured == 1


def gone_and_back(stack: Stack) -> None:
    for reply in (answer(status=404), answer("Story 0|Words of 0.")):
        stack.outlet.routes["/0"] = reply
        stack.due("/0")
        assert stack.crawl().captured == 1


def rewritten(stack: Stack) -> None:
    """A page that other bytes come from each time, and one whose redirect ends elsewhere."""
    for look in range(5):
        stack.outlet.routes |= {"/0": answer(f"Story 0|Words of 0.<!-- {look} -->")}
        stack.outlet.routes |= {"/1": answer(status=302, Location="/x"), "/x": answer(f"Story 1|Words.<!-- {look} -->")}
        stack.due("/0", "/1")
        assert stack.crawl().captured == 2


def continued(stack: Stack) -> None:
    paths = [f"/c{number}" for number in range(12)]
    stack.outlet.routes |= dict.fromkeys(paths, stack.clock.after(7, answer("Story|Words.")))
    stack.outlet.routes |= {"/feed": answer(rss(*map(item, paths)))}
    report = stack.crawl()
    assert (report.captured, report.left) == (7, 5)
    rest = stack.crawl(crawl=report.continued_by, continues=report.crawl)
    assert (rest.captured, rest.left) == (5, 0)


def history(stack: Stack) -> None:
    assert stack.crawl(since="2019-04-01", until="2019-04-30").captured == 0
    stack.outlet.routes |= {"/sitemap": answer(SITEMAP.replace("/old", "/older").format(stack.outlet.url))}
    stack.outlet.routes |= {"/2019/04/16/older": answer("Older|Words.")}
    assert stack.crawl(since="2019-04-01", until="2019-04-30").captured == 1


def scheduled(stack: Stack) -> None:
    """Dispatch asks for two crawls, and for one of pages that are due."""
    sqs, source = boto3.client("sqs"), stack.source(every=30)
    queue = sqs.create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for at in (NOW, NOW + timedelta(hours=2)):
        state, rounds = CrawlState(stack.aws.deployment), Rounds(stack.aws.table)
        dispatcher = Dispatcher([source], shards=Shards(1), state=state, rounds=rounds, sqs=sqs, queue_url=queue)
        assert dispatcher.send_due(at) == [source.id]
        stack.aws.table.delete_item(Key=item_keys.rounds("0/1"))  # as good as answered
        start = slot(timedelta(minutes=source.every), at, "0/1")
        stack.crawl(source, crawl=crawl_names.scheduled_crawl(start), patient=True)
    stack.crawl(source, crawl="20261020T124000Z-revisit", patient=True, revisits_only=True)


SCENES = [
    unchanged,
    corrected,
    failing,
    mended,
    held,
    held_and_over,
    looked_at_again,
    rewritten,
    moved,
    gone_and_back,
    continued,
    history,
]


@pytest.mark.parametrize("scene", [*SCENES, scheduled], ids=lambda scene: scene.__name__)
def test_rebuilt_table_is_same(stack: Stack, scene: Callable[[Stack], None]) -> None:
    """A table made anew is the same."""
    assert stack.crawl().captured == 5
    scene(stack)
    before = stack.items()
    assert {str(each["SK"]).split("#")[0] for each in before} >= {"CURRENT", "STATE", "FEED", "HEALTH", "due", "ROBOTS"}
    stack.aws.table.put_item(Item={"PK": "ARTICLE#of-nowhere", "SK": "CURRENT"})
    stack.rebuild(empty=True)
    assert stack.items() == before
    stack.rebuild()
    assert stack.items() == before, "it may be run again"


def test_crawl_after_rebuild(stack: Stack) -> None:
    """A crawl goes on from a table made anew."""
    stack.crawl()
    failing(stack)
    stack.rebuild(empty=True)
    stack.outlet.requests.clear()
    report = stack.crawl(patient=True)
    assert (report.captured, report.failures) == (0, [])
    assert [head.split()[1] for head in stack.outlet.requests] == [b"/feed", b"/sitemap"], "the other is backing off"


class KilledError(Exception):
    """The function dies here."""


@pytest.mark.parametrize("call", ["PutObject", "BatchWriteItem", "TransactWriteItems"])
def test_dead_crawl_is_settled(stack: Stack, call: str) -> None:
    """A crawl that died after its report is settled by its next delivery."""
    report = object_keys.crawl_report(SOURCE, crawl := "20261020T070000Z-test")

    def kill(*_: Any, model: Any, **__: Any) -> None:
        if model.name == call and objects.get(stack.aws.s3, bucket=stack.aws.captures, key=report):
            raise KilledError

    stack.outlet.routes |= {"/feed": answer(rss(item("/9"), item("/0"))), "/9": answer(status=403)}
    stack.aws.on_call("before-call", kill)
    with pytest.raises(KilledError):
        stack.crawl(crawl=crawl)
    stack.aws.off_call("before-call", kill)
    stack.outlet.requests.clear()
    for _ in range(2):
        assert stack.crawl(crawl=crawl).reasons() == {"http-403": 1}
    assert not stack.outlet.requests
    before = stack.items()
    stack.rebuild(empty=True)
    assert stack.items() == before


def test_old_report_changes_nothing(stack: Stack) -> None:
    """An old report that is delivered again changes nothing."""
    first = stack.crawl()
    failing(stack)
    before = stack.items()
    stack.crawl(crawl=first.crawl)
    assert stack.items() == before


@pytest.mark.parametrize(("until", "held"), [("2026-10-20T07:00:00Z", False), ("2999-01-01T00:00:00Z", True)])
def test_expired_items_are_omitted(stack: Stack, until: str, held: bool) -> None:
    """What has expired is left out."""
    name = "20261020T060000Z-test"
    report = CrawlReport(source=SOURCE, crawl=name, started_at=until, learned=Learned(holds={"news.example": until}))
    body = report.to_json().encode()
    stack.aws.s3.put_object(Bucket=stack.aws.captures, Key=object_keys.crawl_report(SOURCE, name), Body=body)
    stack.rebuild()
    assert (CrawlState(stack.aws.deployment).held("news.example") is not None) == held
