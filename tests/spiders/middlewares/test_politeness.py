"""Politeness: robots.txt remembered, each host's pace, the pauses that hosts ask for, and pages that opt out."""

import gzip
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from scrapy.http import Response

from dateline.messages import CrawlReport
from dateline.state.crawl_state import CrawlState
from dateline.state.records import Learned, RobotsState
from dateline.state.table import learned_items
from spiders.download import pace
from spiders.download.pace import MAX_DELAY, Pace
from spiders.middlewares import optouts
from spiders.middlewares.robots import Rules
from tests.conftest import Aws
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

NOW = datetime(2026, 10, 20, 6, tzinfo=UTC)


def routes(*paths: str, **more: Any) -> dict[str, Any]:
    return {"/feed": answer(rss(*map(item, paths))), **{path: answer("<h1>Good") for path in paths}, **more}


def asked(outlet: Outlet) -> list[str]:
    return [head.split()[1].decode() for head in outlet.requests]


@pytest.mark.parametrize("status", [200, 404])
def test_robots_fetched_once_daily(status: int) -> None:
    """Robots.txt is asked for once a day."""
    with Outlet(routes("/good", **{"/robots.txt": answer("User-agent: *\nDisallow: /private", status)})) as outlet:
        crawl(outlet.source(), shelf := Shelf())
        crawl(outlet.source(), shelf)
        assert asked(outlet).count("/robots.txt") == 1
        state = shelf.robots_texts[outlet.url]
        shelf.robots_texts[outlet.url] = replace(state, fetched_at=state.fetched_at - timedelta(days=1))
        crawl(outlet.source(), shelf)
    assert asked(outlet).count("/robots.txt") == 2


def test_unreachable_robots_each_crawl() -> None:
    """A robots.txt that could not be had is asked for by each crawl."""
    with Outlet(routes("/good", **{"/robots.txt": answer(status=500)})) as outlet:
        crawl(outlet.source(), shelf := Shelf())
        at_first = asked(outlet).count("/robots.txt")
        crawl(outlet.source(), shelf)
    assert (shelf.robots_texts, asked(outlet).count("/robots.txt")) == ({}, 2 * at_first)


@pytest.mark.parametrize(("lines", "kept"), [(0, True), (6_000, True), (60_000, False)])
def test_fitting_robots_is_kept(lines: int, kept: bool) -> None:
    """A robots.txt that fits an item is kept."""
    text = "".join(f"Disallow: /{number * number * 7919:x}/\n" for number in range(lines))
    with Outlet(routes(**{"/robots.txt": answer(f"User-agent: *\n{text}")})) as outlet:
        crawl(outlet.source(), shelf := Shelf())
    assert (outlet.url in shelf.robots_texts) == kept


def test_table_keeps_host_state(aws: Aws) -> None:
    """The table keeps what is known of hosts."""
    state = CrawlState(aws.deployment)
    robots = RobotsState(host="https://news.example", fetched_at=NOW, text=b"Allow: /")
    learned = Learned(robots=[robots], holds={"news.example": "2026-10-20T06:00:00Z"})
    assert (state.robots(robots.host), state.held("news.example")) == (None, None)
    state.restore([], learned_items(CrawlReport(source="gazette", crawl="", started_at="", learned=learned)), [])
    assert (state.robots(robots.host), state.held("news.example")) == (robots, NOW)
    until = {item["SK"]: item["expires"] for item in aws.table.scan()["Items"]}
    assert until == {"ROBOTS": NOW.timestamp() + 30 * 86400, "HOLD": NOW.timestamp()}


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/a.pdf", False), ("/a.pdf?x", True), ("/x/print/y", False), ("/only/for/others", True), ("/shop/news", True)],
)
def test_rules_of_own_group(path: str, allowed: bool) -> None:
    """The rules for dateline are those of its own group."""
    text = (
        "User-agent: *\nDisallow: /only\nCrawl-delay: 9\n\n"
        "User-agent: dateline\nDisallow: /*.pdf$\nDisallow: /*/print/\n"
        "Disallow: /shop\nAllow: /shop/news\nCrawl-delay: 3\n"
    )
    rules = Rules(text.encode())
    assert rules.parsed.can_fetch(f"https://news.example{path}", "Dateline") == allowed
    assert rules.crawl_delay == 3


@pytest.mark.parametrize(("crawl_delay", "seconds"), [("0.1", 0.15), ("0.3", 0.3)])
def test_longer_delay_counts(crawl_delay: str, seconds: float) -> None:
    """The longer of the two delays is kept."""
    robots = answer(f"User-agent: *\nCrawl-delay: {crawl_delay}")
    times: list[float] = []

    def timed(_: bytes) -> Answer:
        times.append(datetime.now(UTC).timestamp())
        return answer("<h1>Good")

    with Outlet(
        routes("/1", "/2", "/3", **{"/robots.txt": robots, **dict.fromkeys(("/1", "/2", "/3"), timed)})
    ) as outlet:
        crawl(outlet.source(delay=0.15), Shelf())
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert all(gap > seconds - 0.03 for gap in gaps), gaps


def test_strained_host_is_slower() -> None:
    """A host under strain is asked more slowly and never faster than its source says."""
    pace = Pace("news.example", floor=5, delay=5)
    for _ in range(9):
        pace.strained()
    assert pace.delay == MAX_DELAY
    well = Response("https://news.example/1")
    for _ in range(99):
        pace.heard(well, latency=0.2)
    assert pace.delay == 5
    pace.heard(well, latency=8)
    assert pace.delay == 16
    pace.at_least(20)
    assert (pace.delay, pace.floor) == (20, 20)


def test_no_delay_stays_none() -> None:
    """A source without a delay is never slowed."""
    pace = Pace("127.0.0.1:8000", floor=0, delay=0)
    pace.strained()
    pace.heard(Response("http://127.0.0.1:8000/1"), latency=3)
    assert pace.delay == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("9" * 40, 86400),
        ("Tue, 20 Oct 2026 06:30:00 GMT", 1800),
        ("Tue, 20 Oct 2026 05:00:00 -0000", -3600),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("\xb2", None),
    ],
)
def test_retry_after_forms(value: str, seconds: float | None) -> None:
    """Retry after is seconds or a date."""
    assert pace.retry_after(value, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("first", "reasons", "left"),
    [
        (answer(status=429, Retry_After="3600"), {"http-429": 1}, 3),
        (answer(status=503, Retry_After="3600"), {}, 4),
        (answer(status=429, Retry_After="0"), {"http-429": 1}, 0),
        (answer(status=429), {"http-429": 1}, 0),
    ],
)
def test_pausing_host_is_left(first: Answer, reasons: dict[str, int], left: int) -> None:
    """A host that asks for a pause is left alone."""
    with Outlet(routes("/1", "/2", "/3", "/4", **{"/1": first})) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
        assert (report.reasons(), report.left, bool(report.waits_until)) == (reasons, left, left > 0)
        requests = len(outlet.requests)
        report = crawl(outlet.source(), shelf)
        assert (len(outlet.requests) == requests) == (left > 0)
    if left:
        assert "asks to be left alone until" in (report.feeds[0].error or "")
        assert report.waits_until is None, "the next crawl reads the feed again"


def test_repeated_429_is_left() -> None:
    """A host that says too many again and again is left alone."""
    paths = [f"/{number}" for number in range(9)]
    with Outlet(routes(*paths, **dict.fromkeys(paths, answer(status=429)))) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert (report.reasons(), report.left) == ({"http-429": 3}, 6)
    assert shelf.holds[outlet.host] > datetime.now(UTC) + timedelta(minutes=14)


def test_short_pause_is_waited() -> None:
    """A short pause is waited for."""
    answers = iter([answer(status=503, Retry_After="1"), answer("<h1>Good")])
    with Outlet(routes("/1", "/2", **{"/1": lambda _: next(answers)})) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert (report.failures, len(shelf.pages)) == ([], 2)


@pytest.mark.parametrize(
    ("headers", "head", "outcome"),
    [
        ({}, "<meta name='robots' content='index, follow'>", []),
        ({}, "<p>noarchive noai tdm-reservation</p>", []),
        ({}, "<meta name='robots' content='noarchive'>", None),
        ({}, "<META content='index,NoArchive' NAME=Robots>", None),
        ({}, "<meta name=robots content=index><meta name=robots content=noarchive", None),
        ({}, "<meta name=dateline content=none>", None),
        ({}, "<meta name='googlebot' content='noarchive'>", []),
        ({}, "<meta name='robots' content='noai, noimageai'>", ["noai", "noimageai"]),
        ({}, '<meta name="tdm-reservation" content="1">', ["tdm-reservation"]),
        ({}, '<meta name="tdm-reservation" content="0">', []),
        ({"X-Robots-Tag": ["noindex", "noarchive"]}, "", None),
        ({"X-Robots-Tag": "dateline: noarchive"}, "", None),
        ({"X-Robots-Tag": "googlebot: noarchive"}, "", []),
        ({"X-Robots-Tag": "noai", "TDM-Reservation": "1"}, "", ["noai", "tdm-reservation"]),
    ],
)
def test_a_page_may_opt_out(headers: dict[str, Any], head: str, outcome: list[str] | None) -> None:
    response = Response("https://news.example/1", headers=headers, body=f"<html><head>{head}".encode())
    if outcome is None:
        with pytest.raises(optouts.OptedOut, match="the page says no"):
            optouts.check(response)
    else:
        assert optouts.check(response) == outcome


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(("before", "read"), [(0, True), (8185, True), (99_999, True), (300_000, False)])
def test_optout_in_first_256kb(before: int, read: bool, pack: Callable[[bytes], bytes]) -> None:
    """What a page says is looked for in its first 256 kb."""
    page = b"<head>" + b"." * before + b"<meta name=robots content=index><meta name=robots content=noai></head>"
    assert optouts.check(Response("https://news.example/1", body=pack(page))) == (["noai"] if read else [])


@pytest.mark.parametrize(("cut", "outcome"), [(None, None), (60, None), (12, [])])
def test_compressed_page_opts_out(cut: int | None, outcome: list[str] | None) -> None:
    """A compressed page may opt out."""
    page = gzip.compress(b"<meta name=robots content=noarchive>" + random.Random(7).randbytes(99))[:cut]
    response = Response("https://news.example/1", headers={"Content-Encoding": "gzip"}, body=page)
    if outcome is None:
        with pytest.raises(optouts.OptedOut):
            optouts.check(response)
    else:
        assert optouts.check(response) == outcome


def test_optout_and_reservation() -> None:
    """An opt out is an outcome and a reservation is captured with the page."""
    pages = {"/1": answer("<meta name=robots content=noarchive>"), "/2": answer("a", TDM_Reservation="1")}
    with Outlet(routes("/1", "/2", "/3", **pages)) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert [(failure.url, failure.reason) for failure in report.failures] == [(f"{outlet.url}/1", "opt-out")]
    assert [page.metadata.get("opt_outs") for page in shelf.pages] == [["tdm-reservation"], None]
