"""Counters: they add up, whatever becomes of the pages, whoever is killed, and in a rebuilt table the same."""

import dataclasses
import io
import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import pytest

from dateline import capture
from dateline.article import Extraction, Outcome
from dateline.aws import objects
from dateline.index.index import Index
from dateline.keys import crawl_names, identifiers, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.maintenance.rebuild import rebuild
from dateline.messages import CrawlMessage, CrawlReport, Expect, Failure
from dateline.monitoring import counters
from dateline.monitoring.counter_writes import Counters
from dateline.monitoring.counters import Day
from dateline.page import Page
from dateline.state.crawl_state import CrawlState
from infra.local.cloud import Cloud
from spiders.runs import manual, runner
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.spiders.test_revisits import past
from tests.support import samples
from tests.support.outlet import Answer, Outlet, answer, item, rss
from tests.support.samples import KilledError, Newsroom

SOURCE, DAY = "sample-gazette", "2026-10-20"
EXPECT = Expect(2, 60)


def items(aws: Aws, *kinds: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.table.scan()["Items"]
    return sorted((each for each in found if each["SK"].startswith(kinds)), key=lambda each: each["SK"])


def days(aws: Aws) -> list[Day]:
    return sorted(map(Day.of_item, items(aws, "DAY#")), key=lambda day: day.date)


def check_sums(day: Day) -> None:
    """The equations of ``counters``, once all is archived."""
    counts = day.counts
    fates = ("known", "waiting", "failed", "left", "captured")
    assert counts["discovered"] == sum(counts[fate] for fate in fates)
    assert counts["failed"] == sum(day.failures.values())
    assert (day.unread, counts["damaged"]) == (0, 0)


def counted(aws: Aws) -> list[dict[str, Any]]:
    """The items of the counters, and of what is in them."""
    return items(aws, "DAY#", "DONE#")


def rebuilt(aws: Aws) -> list[dict[str, Any]]:
    with aws.table.batch_writer() as batch:
        for found in aws.table.scan()["Items"]:
            batch.delete_item(Key={"PK": found["PK"], "SK": found["SK"]})
    rebuild(aws.deployment, unarchived=pytest.fail)
    return counted(aws)


T = TypeVar("T")


class World:
    """An outlet whose pages become anything at all, and functions that are killed at any call to AWS."""

    PAGES = 24

    def __init__(self, aws: Aws, outlet: Outlet, seed: int) -> None:
        self.aws, self.outlet, self.random = aws, outlet, random.Random(seed)
        self.newsroom, self.editions = Newsroom(aws, SOURCE), itertools.count()
        self.kills = 0

    def change(self) -> None:
        """Bring out another edition."""
        edition = next(self.editions)
        listed = [4, 5, 6, 8, 9, 10, *self.random.sample(range(11, self.PAGES), self.PAGES // 3)]
        items = (item(f"/{page}", title=f"{page} of {self.random.choice((edition, 0))}") for page in listed)
        self.outlet.routes = {f"/{page}": self._page(page, edition) for page in range(self.PAGES)}
        twice = answer(f"4 in edition {edition}|Words.")  # one page is a copy of the other
        self.outlet.routes |= {
            "/4": twice,
            "/5": twice,
            "/6": answer(status=404),
            "/8": answer(status=403),
            "/9": answer("a section front"),
            "/10": answer("poison"),
            "/feed": answer(rss(*items)),
            "/bad-feed": answer(status=503),
            "/robots.txt": answer("User-agent: *\nDisallow: /7"),
        }

    def crawl(self, name: str, *, seconds: float = 90, delay: float = 0, **options: Any) -> None:
        """What the function does, as often as its message is delivered, and then for its continuations."""
        message: CrawlMessage | None = CrawlMessage(source=SOURCE, crawl=name, **options)
        while message:
            report = self._until_done(partial(self._crawl, message, seconds, delay))
            message = message.continued(report.continued_by) if report.continued_by else None
            seconds, delay = 90, 0

    def archive(self) -> None:
        """Archive every capture, in any order, some twice."""
        found = list(objects.keys(self.aws.s3, bucket=self.aws.captures, prefix="captures/"))
        for key in [*self.random.sample(found, len(found)), *self.random.choices(found, k=2)]:
            self._until_done(partial(self.newsroom.archive(extract=extract).add, key))

    def _crawl(self, message: CrawlMessage, seconds: float, delay: float) -> CrawlReport:
        feeds = (f"{self.outlet.url}/feed", f"{self.outlet.url}/bad-feed")
        source = self.outlet.source(feeds=feeds, expect=EXPECT, delay=delay)
        store = BucketStore(self.aws.s3, self.aws.captures, source=SOURCE, crawl=message.crawl)
        deadline, state = time.monotonic() + seconds, CrawlState(self.aws.deployment)
        report = runner.run(message, source, store=store, state=state, deadline=deadline)
        Counters(self.aws.table).add_crawl(report)
        return report

    def _until_done(self, do: Callable[[], T]) -> T:
        while True:
            die, when = self._killer(), self.random.choice(("before-call", "after-call"))
            self.aws.on_call(when, die)
            try:
                return do()
            except KilledError:
                self.kills += 1
            finally:
                self.aws.off_call(when, die)

    def _killer(self) -> Callable[..., None]:
        """Lets every other attempt live."""
        calls, last = itertools.count(), self.random.choice((self.random.randrange(12), math.inf))

        def die(**_: Any) -> None:
            if next(calls) >= last:
                raise KilledError

        return die

    def _page(self, number: int, edition: int) -> Answer:
        text = f"{number} says the same|Words." if number % 3 else f"{number} in edition {edition}|Words."
        kinds = {
            answer(text, ETag='"same"'): 8,
            answer("a section front"): 1,
            answer("poison"): 1,
            answer(status=404): 2,
            answer(status=403): 2,
            answer(status=302, Location=f"/{(number + 1) % self.PAGES}"): 1,
        }
        return self.random.choices([*kinds], [*kinds.values()])[0]


def extract(page: Page) -> Extraction:
    """As in the samples, but a story's number says of which page it is, and some pages are too much."""
    if page.body == b"poison":
        return Extraction(Outcome.QUARANTINED, reason="poison")
    found = samples.extract(page)
    if not found.article:
        return found
    story = page.url.rpartition("/")[0] + "/" + found.article.title.split()[0]
    return found._replace(article=dataclasses.replace(found.article, id=identifiers.article_id(story)))


@pytest.mark.parametrize("seed", range(2))
def test_a_days_counters_add_up(aws: Aws, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three editions; crawls of the schedule, with a limit, and one that runs out of time; each function killed."""
    monkeypatch.setattr(runner, "STOP_BEFORE", 0.0)
    with Outlet({}) as outlet:
        world = World(aws, outlet, seed)
        for number in range(3):
            world.change()
            world.crawl(f"20261020T05000{number}Z-cli", limit=3)
            if number == 0:
                world.crawl("20261020T060000Z-hasty", seconds=0.8, delay=0.2)
            world.crawl(f"20261020T07000{number}Z-schedule", patient=True)
            past(aws, *(f"{outlet.url}/{page}" for page in range(0, world.PAGES, 2)))
            world.crawl(f"20261020T08000{number}Z-revisit", revisits_only=True, patient=True)
            world.archive()
    day, continued = days(aws)
    for each in (day, continued):
        check_sums(each)
    assert (day.counts["crawls"], day.expect) == (10, EXPECT)
    assert continued.counts["crawls"] >= 1
    fates = {"known", "waiting", "failed", "left", "captured", "revisited", *(outcome.value for outcome in Outcome)}
    assert not [fate for fate in fates if not (day.counts + continued.counts)[fate]]
    assert world.kills > 5
    before = counted(aws)
    assert rebuilt(aws) == before


def test_thousand_reasons_are_merged() -> None:
    """A thousand reasons are counted by the commonest."""
    failures = [Failure(url=f"https://gazette.example/{n}", reason=f"http-{200 + n // 2}") for n in range(700)]
    failures += [Failure(url="https://gazette.example/", reason="timeout")] * 3
    report = CrawlReport(source=SOURCE, crawl=f"{DAY}", started_at="", discovered=703, failures=failures)
    day = Day(source=SOURCE, date=DAY, counts=Counter(counters.of_crawl(report)))
    check_sums(day)
    assert len(day.failures) < 30
    assert day.failures["timeout"] == 3


def test_imported_pages_count_apart(aws: Aws) -> None:
    newsroom = Newsroom(aws, SOURCE)
    for crawl in (crawl_names.imports(samples.NOON), "20190417T060000Z-important"):
        stem = Stem(SOURCE, crawl, 0)
        newsroom.put(stem, ("a", f"A story of {crawl}|Words."), ("b", "front page"))
        newsroom.archive().add(stem.capture)
    (day,) = days(aws)
    assert day.imported == {"archived": 1, "not_article": 1}
    assert (day.counts["archived"], day.counts["not_article"]) == (1, 1)


def test_late_delivery_keeps_correction(aws: Aws) -> None:
    """A correction is not undone by a delivery that is late."""
    index = Index(aws.table)
    first, corrected = {"archived": 1, "not_article": 0}, {"archived": 0, "not_article": 1}
    for counted, before in ((first, None), (corrected, first), (first, None), (corrected, first)):
        index.counters.add(SOURCE, DAY, "captures/a", counted, before)
    (day,) = days(aws)
    assert day.counts == corrected


@pytest.mark.cloud
def test_concurrent_counts_once(cloud: Cloud) -> None:
    """Eight functions count sixteen WARC files of one day, each of them twice."""
    table = cloud.resource("dynamodb").Table(cloud.outputs["IndexTable"])
    done = [f"captures/{number}" for number in range(16)]

    def count(key: str) -> None:
        own = cloud.resource("dynamodb").Table(table.name)
        Index(own).counters.add("sample-counted", DAY, key, {"archived": 3, "gone": 1})

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(count, done * 2))
    item = table.get_item(Key=item_keys.day("sample-counted", DAY))["Item"]
    assert (item["archived"], item["gone"]) == (48, 16)
    for key in (item_keys.day("sample-counted", DAY), *(item_keys.done("sample-counted", each) for each in done)):
        table.delete_item(Key=key)


@pytest.mark.parametrize(("end", "damaged"), [(b"\0" * 60, 1), (b"", 0)])  # the end of a file may be anywhere
@pytest.mark.parametrize("kept", [0, 1])
def test_unreadable_pages_are_missing(aws: Aws, kept: int, end: bytes, damaged: int) -> None:
    """Pages that cannot be read are missing from the outcomes."""
    newsroom = Newsroom(aws, SOURCE)
    key = newsroom.capture(("a", "Title|Words."), ("b", "Other|Words."), ("c", "Third|Words."))
    data = newsroom.captured(key)
    torn = [*capture.read(io.BytesIO(data))][kept].offset + 60
    aws.s3.put_object(Bucket=aws.captures, Key=key, Body=data[:torn] + end + data[torn + 60 :] * damaged)
    newsroom.archive().add(key)
    crawl = object_keys.parse(key).crawl
    newsroom.index.counters.add_crawl(CrawlReport(source=SOURCE, crawl=crawl, started_at="", captures={key: 3}))
    (day,) = days(aws)
    assert (day.counts["damaged"], day.counts["archived"], day.unread) == (damaged, kept, 3 - kept)


@pytest.mark.parametrize(
    ("archived", "histories", "yields"),
    [(1, 0, "low"), (2, 0, None), (60, 0, None), (61, 0, "high"), (61, 1, None), (1, 1, "low")],
)
def test_yield_against_widest_range(archived: int, histories: int, yields: str | None) -> None:
    """A yield is held against the widest of what was expected."""
    item = item_keys.day(SOURCE, DAY) | {
        "expected_2-50": 1,
        "expected_5-60": 3,
        "archived": archived,
        "histories": histories,
    }
    assert Day.of_item(item).yields == yields


def test_manual_crawl_counts(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crawl by hand counts as one of its day."""
    report = CrawlReport(source=SOURCE, crawl="20261020T060000Z-hand", started_at="", discovered=1, known=1)
    manual.count(report)
    assert not days(aws)
    monkeypatch.setenv("DATELINE_TABLE", aws.table.name)
    manual.count(report)
    assert [day.counts["discovered"] for day in days(aws)] == [1]
