"""Health: what fails is left alone, longer each time, and asked again; what works again is as if nothing had been."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dateline.keys import item_keys
from dateline.messages import CrawlMessage, CrawlReport, Expect, FeedVisit
from dateline.monitoring.health import check
from dateline.state.crawl_state import CrawlState
from dateline.state.records import FeedState, HealthRecord, Learned
from dateline.state.table import learned_items
from spiders.runs import runner
from spiders.state import backoff
from tests.conftest import Aws
from tests.support.outlet import CRAWL, Outlet, Shelf, answer, item, rss

AT = datetime(2026, 10, 20, 12, tzinfo=UTC)
FEED = "https://gazette.example/feed"


@pytest.mark.parametrize(
    ("visit", "kind"),
    [
        ({"status": 200, "items": 3}, None),
        ({"status": 304}, None),
        ({"status": 200, "items": 3, "error": "cut at its limit"}, None),
        ({"status": 200, "error": "the answer is HTML, not a feed"}, "soft"),
        ({"status": 200, "error": "the feed has no items"}, "soft"),
        ({"status": 404, "error": "the answer is 404"}, "hard"),
        ({"status": 503, "error": "the answer is 503"}, "temporary"),
        ({"status": 429, "error": "the answer is 429"}, "temporary"),
        ({"error": "timeout: it took too long"}, "temporary"),
        ({"error": "robots: Forbidden by robots.txt"}, "hard"),
    ],
)
def test_feed_fails_three_ways(visit: dict[str, Any], kind: str | None) -> None:
    """A look at a feed fails in one of three ways."""
    assert backoff.kind_of_visit(FeedVisit(url=FEED, **visit)) == kind


@pytest.mark.parametrize("kind", ["hard", "soft", "temporary"])
def test_backoff_doubles(kind: backoff.Kind) -> None:
    """A back off doubles up to a month."""
    waits = [backoff.back_off(kind, failures) for failures in range(1, 40)]
    assert waits[1] == 2 * waits[0]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(days=30)


def test_recovered_feed_has_no_trace() -> None:
    """A feed that works again has no trace of its failures."""
    well = FeedState(url=FEED, etag='"7"', digest="d")
    ill = backoff.after_failure(well, "soft", "the feed has no items", AT)
    worse = backoff.after_failure(ill, "hard", "the answer is 404", AT + timedelta(hours=1))
    assert (worse.failures, worse.failure, worse.failing_since) == (2, "hard", "2026-10-20T12:00:00Z")
    assert worse.retry_at == "2026-10-21T01:00:00Z"
    assert backoff.after_success(worse) == well


def crawl(outlet: Outlet, shelf: Shelf, *, patient: bool = True) -> CrawlReport:
    message = CrawlMessage(source="sample-gazette", crawl=CRAWL, patient=patient)
    return runner.run(message, outlet.source(), store=shelf, state=shelf, deadline=float("inf"))


def later(shelf: Shelf) -> None:
    """As if every back-off were over."""
    shelf.known = {url: replace(state, due=state.due and "2026-10-20T07:00:00Z") for url, state in shelf.known.items()}
    retry = {url: replace(feed, retry_at="2026-10-20T07:00:00Z") for url, feed in shelf.validators.items()}
    shelf.validators = retry


@pytest.mark.parametrize(
    ("bad", "kind"),
    [(answer("<!doctype html><p>Sorry"), "soft"), (answer(""), "soft"), (answer(status=404), "hard")],
)
def test_failing_feed_is_skipped(bad: Any, kind: str) -> None:
    """A feed that fails is left alone but not by who asks."""
    shelf = Shelf()
    with Outlet({"/feed": bad, "/good": answer("<h1>Good")}) as outlet:
        for _ in range(3):
            crawl(outlet, shelf)
        assert outlet.paths() == ["/feed"]
        assert shelf.validators[outlet.source().feeds[0]].succeeded_at is None
        assert shelf.healths["sample-gazette"].failure == kind
        assert shelf.healths["sample-gazette"].retry_at == shelf.validators[outlet.source().feeds[0]].retry_at
        crawl(outlet, shelf, patient=False)
        assert outlet.paths() == ["/feed"] * 2
        assert shelf.validators[outlet.source().feeds[0]].failures == 2
        outlet.routes["/feed"] = answer(rss(item("/good")))
        later(shelf)
        assert crawl(outlet, shelf).captured == 1
    feed, source = shelf.validators[outlet.source().feeds[0]], shelf.healths["sample-gazette"]
    assert (feed.failures, feed.retry_at, source.failures, source.retry_at) == (0, None, 0, None)
    assert source.succeeded_at


def test_failing_page_spares_feed() -> None:
    """A page that fails is left alone and keeps no feed from its 304."""
    feed = answer(rss(item("/bad", title="Rain"), item("/good")), ETag='"7"')
    with Outlet({"/feed": feed, "/bad": answer(status=403), "/good": answer("<h1>Good")}) as outlet:
        crawl(outlet, shelf := Shelf())
        assert shelf.validators[outlet.source().feeds[0]].etag == '"7"'
        report = crawl(outlet, shelf)
        assert [(visit.unchanged, report.failures) for visit in report.feeds] == [(True, [])]
        outlet.routes["/feed"] = answer(rss(item("/bad", title="Rain"), item("/good"), title="New"))
        report = crawl(outlet, shelf)
        assert (report.known, report.waiting, report.failures) == (1, 1, [])
        assert outlet.paths().count("/bad") == 1
        later(shelf)
        outlet.routes["/bad"] = answer("<h1>There it is")
        crawl(outlet, shelf)
    (page,) = (page for page in shelf.pages if page.url.endswith("/bad"))
    assert page.metadata["feed_title"] == "Rain"
    assert shelf.known[f"{outlet.url}/bad"].failures == 0


def test_failing_feed_last_read() -> None:
    """A feed that fails says when it was read last."""
    with Outlet({"/feed": answer(rss(item("/good"))), "/good": answer("<h1>Good")}) as outlet:
        url = outlet.source().feeds[0]
        crawl(outlet, shelf := Shelf())
        shelf.healths["sample-gazette"] = replace(shelf.healths["sample-gazette"], succeeded_at="2026-10-20T07:00:00Z")
        outlet.routes["/feed"] = answer(status=404)
        for _ in range(2):
            crawl(outlet, shelf, patient=False)
        assert (shelf.validators[url].failures, shelf.validators[url].succeeded_at) == (2, "2026-10-20T07:00:00Z")
        outlet.routes["/feed"] = answer(rss(item("/good")))
        crawl(outlet, shelf, patient=False)
    assert shelf.validators[url].succeeded_at is None, "of one that works its source says it"


@pytest.mark.parametrize(("archived", "yields"), [(1, "low"), (2, None), (60, None), (61, "high")])
def test_yield_against_expectation(aws: Aws, archived: int, yields: str | None) -> None:
    """A days yield is held against what is expected."""
    with Outlet({}) as outlet:
        source = outlet.source(expect=Expect(2, 60))
    learned = Learned(feeds=[FeedState(url=source.feeds[0], failures=2, failure="soft")])
    health = HealthRecord(source=source.id, crawled_at="2026-10-20T11:00:00Z")
    CrawlState(aws.deployment).restore(
        [], learned_items(CrawlReport(source=source.id, crawl="", started_at="", learned=learned)), [health]
    )
    aws.table.put_item(Item=item_keys.day(source.id, "2026-10-19") | {"archived": archived})
    (checkup,) = check(aws.table, [source], AT)
    assert (checkup.archived, checkup.yields) == (archived, yields)
    assert [feed.failures for feed in checkup.failing] == [2]


def test_uncrawled_source_owes_nothing(aws: Aws) -> None:
    """A source that was never crawled owes nothing."""
    with Outlet({}) as outlet:
        source = outlet.source(expect=Expect(2, 60))
    (checkup,) = check(aws.table, [source], AT)
    assert (checkup.archived, checkup.yields, checkup.failing) == (None, None, [])
