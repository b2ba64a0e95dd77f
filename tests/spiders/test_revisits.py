"""Looking again: what has not changed costs next to nothing, what has changed is captured, new stories come first."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from dateline import keys
from dateline.capture import Capture, read
from dateline.messages import CrawlMessage, CrawlReport
from dateline.monitoring.counting import Counters
from dateline.sources import revisit_plan
from dateline.sources.registry import Source
from dateline.state.records import Habit, UrlState
from dateline.state.table import TableState
from spiders.runs import runner
from spiders.state.stores import BucketStore
from tests.conftest import Aws
from tests.support.outlet import Answer, Outlet, answer, item, rss

SOURCE = "sample-gazette"
AT = datetime(2026, 10, 20, 12, tzinfo=UTC)


def crawl(aws: Aws, source: Source, label: str, **changes: Any) -> CrawlReport:
    """One crawl into the bucket and the table, counted as the function counts it."""
    message = CrawlMessage(source=SOURCE, crawl=f"20261020T060000Z-{label}", **changes)
    store = BucketStore(aws.s3, aws.captures, source=SOURCE, crawl=message.crawl)
    report = runner.run(message, source, store=store, state=TableState(aws.table), deadline=float("inf"))
    Counters(aws.table).add_crawl(report)
    return report


def pages(aws: Aws, report: CrawlReport) -> list[Capture]:
    bodies = [aws.s3.get_object(Bucket=aws.captures, Key=key)["Body"].read() for key in report.captures]
    return [page for body in bodies for page in read(io.BytesIO(body))]


@contextmanager
def writes(aws: Aws) -> Iterator[Counter[str]]:
    """Items written to the table and objects to the buckets, by where."""
    counts: Counter[str] = Counter()

    def count(*_: Any, model: Any, params: dict[str, Any], **__: Any) -> None:
        if model.name == "BatchWriteItem":
            counts["items"] += params["body"].count(b"Request")
        elif model.name == "TransactWriteItems":
            counts["items"] += 2
        elif model.name in ("PutItem", "UpdateItem", "DeleteItem"):
            counts["items"] += 1
        elif model.name == "PutObject":
            counts[params["url_path"].split("/")[1]] += 1

    aws.on_call("before-call", count)
    yield counts
    aws.off_call("before-call", count)


def honest(listed: str) -> Any:
    """A feed that says 304 where nothing changed."""

    def feed(head: bytes) -> Answer:
        return answer(status=304) if b'If-None-Match: "7"' in head else answer(listed, ETag='"7"')

    return feed


@pytest.mark.parametrize("validators", ["trust", "ignore"])
def test_quiet_crawl_one_request(aws: Aws, validators: str) -> None:
    """A crawl where nothing changed is one request a feed."""
    feeds = {f"/feed{number}": honest(rss(item(f"/{number}"))) for number in range(3)}
    stories = {f"/{number}": answer(f"<h1>Story {number}") for number in range(3)}
    with Outlet({**feeds, **stories}) as outlet:
        urls = tuple(f"{outlet.url}{path}" for path in feeds)
        source = outlet.source(feeds=urls, validators=validators, revisit=())
        assert crawl(aws, source, "first").captured == 3
        outlet.requests.clear()
        with writes(aws) as counts:
            report = crawl(aws, source, "second")
    assert sorted(head.split()[1].decode() for head in outlet.requests) == list(feeds), "robots.txt is known too"
    assert {visit.status for visit in report.feeds} == ({304} if validators == "trust" else {200})
    assert all(visit.unchanged for visit in report.feeds)
    assert (report.discovered, report.captures) == (0, {})
    assert counts.pop("items") <= 4
    assert counts == {"crawls": 1}, "nothing but the report, which whoever asked waits for"


def past(aws: Aws, *urls: str) -> None:
    """Have those of these URLs be due that are known."""
    state = TableState(aws.table)
    states = state.urls(urls)
    state.save_urls(replace(known, due="2026-10-20T07:00:00Z") for known in states.values())


def outlet_of(*pages: tuple[str, Any]) -> Outlet:
    return Outlet({"/feed": honest(rss(*(item(path) for path, _ in pages))), **dict(pages)})


def lying(head: bytes) -> Answer:
    """Says 304 to whatever is asked conditionally."""
    return answer(status=304) if b"If-None-Match" in head else answer("<h1>Same", ETag='"1"')


@pytest.mark.parametrize(
    ("page", "validators", "status"),
    [(lying, "trust", 304), (lying, "ignore", 200), (answer("<h1>Same"), "trust", 200)],
)
def test_unchanged_page_is_revisit(aws: Aws, page: Any, validators: str, status: int) -> None:
    """A page that has not changed is a revisit."""
    with outlet_of(("/a", page)) as outlet:
        source = outlet.source(validators=validators)
        (first,) = pages(aws, crawl(aws, source, "first"))
        past(aws, f"{outlet.url}/a")
        report = crawl(aws, source, "second")
        (again,) = pages(aws, report)
    assert (again.revisit, again.status, again.body) == (True, status, b"")
    assert again.revisits == (first.url, first.captured_at, first.payload_digest)
    assert (report.revisited, report.captured) == (1, 1)
    assert again.metadata["feed_title"] == "A story"


def test_changed_revisit_is_captured(aws: Aws) -> None:
    """What a revisit finds changed or gone is captured."""
    with outlet_of(("/a", answer("<h1>A")), ("/b", answer("<h1>B")), ("/c", answer("<h1>C"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a", f"{outlet.url}/b")
        outlet.routes |= {"/a": answer("<h1>A, corrected"), "/b": answer("gone", 410), "/c": answer("not due")}
        found = pages(aws, crawl(aws, outlet.source(), "second"))
    assert {(page.status, page.body, page.revisit) for page in found} == {
        (200, b"<h1>A, corrected", False),
        (410, b"gone", False),
    }


def due(aws: Aws) -> list[tuple[str, str]]:
    """What the table says is due, when."""
    items = [each for each in aws.table.scan()["Items"] if str(each["SK"]).startswith("DUE#")]
    return sorted((str(each["url"]).rsplit("/", 1)[1], str(each["SK"]).split("#")[1]) for each in items)


def test_looks_beyond_cap_skipped(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The youngest stories are looked at; the others wait for their next turn, and the report counts them."""
    monkeypatch.setattr(revisit_plan, "allowance", lambda *_: 2)
    with outlet_of(*((f"/{name}", answer(f"<h1>{name}")) for name in "abcd")) as outlet:
        crawl(aws, outlet.source(), "first")
        state = TableState(aws.table)
        born = {f"{outlet.url}/{name}": f"2026-10-1{number}T00:00:00Z" for number, name in enumerate("badc")}
        found = state.urls(born)
        state.save_urls(replace(found[url], due="2026-10-20T07:00:00Z", first_seen_at=at) for url, at in born.items())
        report = crawl(aws, outlet.source(), "second", revisits_only=True)
        again = crawl(aws, outlet.source(), "third", revisits_only=True)
    assert {page.url.rsplit("/", 1)[1] for page in pages(aws, report)} == {"c", "d"}
    assert (report.revisited, report.passed_over) == (2, 2)
    assert (again.revisited, again.passed_over) == (0, 0), "nothing piles up"
    assert {name for name, at in due(aws) if at > report.started_at} == {*"abcd"}
    (day,) = (each for each in aws.table.scan()["Items"] if str(each["SK"]).startswith("DAY#"))
    assert day["passed_over"] == 2


@pytest.mark.parametrize(("looks", "found"), [(1, (1, 0)), (0, (0, 1))])
def test_changed_item_is_look(aws: Aws, monkeypatch: pytest.MonkeyPatch, looks: int, found: tuple[int, int]) -> None:
    """A feed that says another title asks for a look at once, within the looks of the day."""
    with outlet_of(("/a", answer("<h1>A")), ("/b", answer("<h1>B"))) as outlet:
        crawl(aws, outlet.source(), "first")
        outlet.routes["/feed"] = answer(rss(item("/a", title="A, corrected"), item("/b")))
        monkeypatch.setattr(revisit_plan, "allowance", lambda *_: looks)
        report = crawl(aws, outlet.source(), "second")
    assert (report.revisited, report.passed_over) == found


def test_habit_from_counters(aws: Aws) -> None:
    """Edits and looks of four weeks, and the day's looks so far; older days do not count."""
    counters, today = Counters(aws.table), date(2026, 10, 20)
    for day, counted in {
        "2026-10-20": {"revisited": 7, "unchanged": 5, "revised": 2},
        "2026-09-23": {"revisited": 9, "unchanged": 9, "revised": 0},
        "2026-09-01": {"revisited": 80, "unchanged": 1, "revised": 79},
    }.items():
        counters.add(SOURCE, day, day, counted)
    assert TableState(aws.table).habit(SOURCE, today) == Habit(looks=16, edits=2, today=7)
    assert TableState(aws.table).habit("another", today) == Habit()


def test_revisit_schedules_next(aws: Aws) -> None:
    """Each look says when the next one is."""
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        source = outlet.source(revisit=((10**9, 60),))
        for label in ("first", "second"):
            (page,) = pages(aws, crawl(aws, source, label))
            assert due(aws) == [("a", keys.utc(page.captured_at + timedelta(hours=1), "seconds"))]
            assert TableState(aws.table).health([SOURCE])[SOURCE].revisit_at == due(aws)[0][1]
            past(aws, f"{outlet.url}/a")


def test_new_stories_come_first(aws: Aws) -> None:
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a")
        outlet.routes |= {"/feed": answer(rss(item("/b"), item("/c"))), "/b": answer("B"), "/c": answer("C")}
        outlet.requests.clear()
        crawl(aws, outlet.source(), "second", limit=2)
        crawl(aws, outlet.source(), "third", limit=2)
    assert outlet.paths() == ["/feed", "/b", "/c", "/feed", "/a"]


def test_crawl_for_revisits_only(aws: Aws) -> None:
    """A crawl may be for revisits alone."""
    with outlet_of(("/a", answer("<h1>A"))) as outlet:
        crawl(aws, outlet.source(), "first")
        past(aws, f"{outlet.url}/a")
        outlet.requests.clear()
        crawl(aws, outlet.source(), "revisit", revisits_only=True)
    assert outlet.paths() == ["/a"]


def test_stale_due_is_removed(aws: Aws) -> None:
    """What a killed crawl left of a due time is swept away."""
    state, url = TableState(aws.table), "https://gazette.example/a"
    old = UrlState(url=url, source=SOURCE, captured_at="2026-10-20T06:00:00Z", status=200, due="2026-10-20T07:00:00Z")
    state.save_urls([replace(old, due="2026-10-20T09:00:00Z")])
    aws.table.put_item(Item=keys.due(SOURCE, str(old.due), url) | {"url": url})
    assert [when for _, when in due(aws)] == ["2026-10-20T07:00:00Z", "2026-10-20T09:00:00Z"]
    assert state.revisits(SOURCE, datetime(2026, 10, 20, 8, tzinfo=UTC), 10) == []
    assert [when for _, when in due(aws)] == ["2026-10-20T09:00:00Z"]
