"""The spiders: whatever an outlet answers, each URL has one outcome, and the other pages are captured."""

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from scrapy.settings import Settings

from dateline import instants
from dateline.capture import read
from dateline.messages import CrawlReport
from dateline.sources.registry import registered
from spiders import settings, spider
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss
from tests.support.samples import gzipped

ROOT = Path(__file__).parents[2]
GOOD = {"/good": answer("<h1>Good")}


def visit(routes: dict[str, Any], *links: str, **changes: Any) -> tuple[CrawlReport, Shelf, Outlet]:
    """Crawl an outlet whose feed lists the links, and one page that is well."""
    feed = {"/feed": answer(rss(*(item(link) for link in (*links, "/good"))))}
    with Outlet({**feed, **GOOD, **routes}) as outlet:
        report = crawl(outlet.source(**changes), shelf := Shelf())
    return report, shelf, outlet


def urls(shelf: Shelf, outlet: Outlet) -> list[str]:
    return [page.url.removeprefix(outlet.url) for page in shelf.pages]


@pytest.mark.parametrize("status", [200, 404, 410])
def test_page_and_gone_captured(status: int) -> None:
    """A page and one that is gone are captured."""
    report, shelf, outlet = visit({"/a": answer("<h1>A", status)}, "/a")
    assert urls(shelf, outlet) == ["/a", "/good"]
    assert (report.discovered, report.captured, report.failures) == (2, 2, [])


def to(location: str, status: int = 302) -> Answer:
    return answer(status=status, Location=location)


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        ({"/a": answer(status=403)}, "http-403"),
        ({"/a": answer(status=429)}, "http-429"),
        ({"/a": answer(status=500)}, "http-500"),
        ({"/a": answer(status=503)}, "http-503"),
        ({"/a": answer(status=204)}, "http-204"),
        ({"/a": answer(status=302)}, "http-302"),
        ({"/a": to("ftp://127.0.0.1/a")}, "http-302"),
        ({"/a": to("/a")}, "redirect-loop"),
        ({"/a": to("/b"), "/b": to("/a", 301)}, "redirect-loop"),
        ({"/a": to("http://[::1")}, "bad-redirect"),
        ({"/a": to("http://127.0.0.1:1/")}, "address"),
        ({"/a": to("http://a..b/")}, "dns"),
        ({"/a": to(f"http://{'long' * 20}.example/")}, "dns"),
        ({"/a": to("/private/a")}, "robots"),
        ({"/a": Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 11000000\r\n\r\n")}, "too-large"),
        ({"/a": Answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 11_000_000, then="close")}, "too-large"),
        ({"/a": Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", then="reset")}, "incomplete"),
        ({"/a": Answer(b"220 mail.gazette.example ESMTP\r\n\r\n", then="close")}, "connection"),
    ],
)
def test_uncaptured_page_has_reason(routes: dict[str, Answer], reason: str) -> None:
    """A page that cannot be captured has a reason."""
    robots = {"/robots.txt": answer("User-agent: Dateline\nDisallow: /private/\n")}
    report, shelf, outlet = visit({**robots, **routes}, "/a")
    assert [(failure.url, failure.reason) for failure in report.failures] == [(f"{outlet.url}/a", reason)]
    assert urls(shelf, outlet) == ["/good"]
    assert (report.discovered, report.captured, report.known, report.left) == (2, 1, 0, 0)


def test_endless_page_is_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that never ends is a timeout."""
    monkeypatch.setattr(settings, "DOWNLOAD_TIMEOUT", 0.1)
    stuck = Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
    report, shelf, outlet = visit({"/a": stuck}, "/a")
    assert (report.reasons(), urls(shelf, outlet)) == ({"timeout": 1}, ["/good"])


def test_temporary_error_is_retried() -> None:
    """A temporary error is tried again."""
    answers = iter([answer(status=503), answer(status=502), answer("<h1>A")])
    report, shelf, outlet = visit({"/a": lambda _: next(answers)}, "/a")
    assert (urls(shelf, outlet), report.failures) == (["/good", "/a"], [])


def test_redirects_in_capture() -> None:
    """A redirects way is part of the capture."""
    _, shelf, outlet = visit({"/a": to("/b", 301), "/b": to("/c"), "/c": answer("<h1>C")}, "/a")
    (page,) = (page for page in shelf.pages if page.url == f"{outlet.url}/c")
    assert page.metadata["requested_url"] == f"{outlet.url}/a"
    assert page.metadata["redirects"] == [
        {"url": f"{outlet.url}/a", "status": 301},
        {"url": f"{outlet.url}/b", "status": 302},
    ]
    assert {f"{outlet.url}/a", f"{outlet.url}/c"} <= shelf.known.keys(), "neither is fetched again"


def test_capture_carries_metadata() -> None:
    """A capture carries what the crawl knew."""
    _, shelf, outlet = visit({})
    captured_at = shelf.pages[0].captured_at
    assert shelf.pages[0].metadata == {
        "source": "sample-gazette",
        "country": "ly",
        "languages": ["en"],
        "timezone": "Africa/Tripoli",
        "crawl": "20261020T060000Z-test",
        "family": "feed",
        "discovered_from": f"{outlet.url}/feed",
        "requested_url": f"{outlet.url}/good",
        "redirects": [],
        "feed_title": "A story",
        "feed_date": "2026-10-20T08:00:00+02:00",
        "feed_date_raw": "Tue, 20 Oct 2026 08:00:00 +0200",
        "feed_link": f"{outlet.url}/good",
        "first_seen_at": instants.utc(captured_at, "seconds"),
        "due": ANY,
    }


def test_whoever_crawls_can_be_reached() -> None:
    assert "(+https://archive.example/bot; " in settings.user_agent("https://archive.example/bot")
    assert "+" not in settings.user_agent("")


def test_request_headers_are_few() -> None:
    """Requests say who asks and no more."""
    _, _, outlet = visit({}, languages=("ar", "fr-TN"))
    headers = dict(line.split(": ", 1) for line in outlet.requests[-1].decode().splitlines()[1:-1])
    assert headers.pop("User-Agent").startswith("Dateline/")
    assert headers.pop("Host") == outlet.url.removeprefix("http://")
    assert headers.pop("Accept")
    assert headers == {"Accept-Encoding": "gzip", "Accept-Language": "ar,fr-TN,*;q=0.5"}


DISALLOW = "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        (answer("", 404), True),
        (answer(DISALLOW, 403), True),  # RFC 9309: unavailable, so nothing is forbidden
        (answer("", 200), True),
        (answer("<html>welcome"), True),
        (answer(f"User-agent: Dateline\nAllow: /\n\n{DISALLOW}"), True),
        (answer(gzipped(b"x" * (1 << 26)), Content_Encoding="gzip"), True),
        (answer(DISALLOW), False),
        (answer(f"User-agent: dateline\nDisallow: /\n\n{DISALLOW.replace(' /', '')}"), False),
        (answer(gzipped(DISALLOW.encode()), Content_Encoding="gzip"), False),
        (answer(gzipped(DISALLOW.encode())), False),
        (answer("\ufeff" + DISALLOW), False),
        (answer("", 500), False),
        (answer("", 429), False),
        (Answer(b"", then="close"), False),
        (to("/robots.txt"), True),  # a loop counts as absent
        (to("/robots-moved.txt"), False),
    ],
)
def test_robots_is_obeyed(robots: Answer, allowed: bool) -> None:
    report, shelf, outlet = visit({"/robots.txt": robots, "/robots-moved.txt": answer(DISALLOW)})
    assert urls(shelf, outlet) == (["/good"] if allowed else [])
    assert {"/feed", "/good"} & set(outlet.paths()) == ({"/feed", "/good"} if allowed else set())
    assert [(feed.error or "ok")[:6] for feed in report.feeds] == ["ok" if allowed else "robots"]


@pytest.mark.parametrize(
    ("robots", "why"),
    [
        (answer(DISALLOW), "Forbidden by robots.txt"),
        (answer("", 503), "robots.txt answered 503"),
        (Answer(b"", then="reset"), "robots.txt could not be had: connection"),
    ],
)
def test_refusal_names_refuser(robots: Answer, why: str) -> None:
    """A refusal says whose it is."""
    report, _, _ = visit({"/robots.txt": robots})
    assert why in (report.feeds[0].error or "")


BOMB = zlib.compress(b"<rss>" + b" " * (64 << 20))


@pytest.mark.parametrize(
    ("feed", "error"),
    [
        (answer("<!DOCTYPE html><html><h1>Soon"), "HTML"),
        (answer(""), "empty"),
        (answer(rss()), "no items"),
        (answer(rss(item("javascript:void(0)"))), "no links"),
        (answer(status=500), "500"),
        (answer(status=404), "404"),
        (to("/feed"), "redirect-loop"),
        (answer(gzipped(b"<rss>" + b" " * (64 << 20)), Content_Encoding="gzip"), "longer than"),
        (answer(BOMB, Content_Encoding="deflate"), "longer than"),
        (answer(gzipped(rss(item("/lost")).encode())[:-40], Content_Encoding="gzip"), "ends early"),
        (answer(b"\x1f\x8bnot gzip at all", Content_Encoding="gzip"), "cannot be decoded"),
        (Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss", then="reset"), "incomplete"),
    ],
)
def test_failing_feed_spares_others(feed: Answer, error: str) -> None:
    """A feed that fails is recorded and the others go on."""
    with Outlet({"/feed": feed, "/other": answer(rss(item("/good"))), **GOOD}) as outlet:
        source = outlet.source(feeds=(f"{outlet.url}/feed", f"{outlet.url}/other"))
        report = crawl(source, shelf := Shelf())
    errors = {visit.url.removeprefix(outlet.url): visit.error for visit in report.feeds}
    assert error in (errors["/feed"] or "")
    assert (errors["/other"], urls(shelf, outlet), report.failures) == (None, ["/good"], [])


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "identity"])
def test_gzipped_feed_is_read(encoding: str) -> None:
    """A feed may be gzipped whatever its header says."""
    packed = answer(gzipped(rss(item("/good")).encode()), Content_Encoding=encoding)
    _, shelf, outlet = visit({"/feed": packed})
    assert urls(shelf, outlet) == ["/good"]


def test_two_feeds_fetch_once() -> None:
    """Two feeds that list one story fetch it once."""
    with Outlet({"/feed": answer(rss(item("/good"))), "/other": answer(rss(item("/good#top"))), **GOOD}) as outlet:
        source = outlet.source(feeds=(f"{outlet.url}/feed", f"{outlet.url}/other"))
        report = crawl(source, Shelf())
    assert (report.discovered, outlet.paths().count("/good")) == (1, 1)


@pytest.mark.parametrize(
    ("change", "fetched"),
    [
        (lambda title, date: (title, date), 0),
        (lambda title, date: (f"{title}, updated", date), 1),
        (lambda title, date: (title, date.replace("08:00", "09:30")), 1),
    ],
)
def test_changed_item_fetched_again(change: Callable[[str, str], tuple[str, str]], fetched: int) -> None:
    """A known story is fetched again when its feed item changed."""
    before = ("Rain", "Tue, 20 Oct 2026 08:00:00 +0200")
    with Outlet({"/feed": answer(rss(item("/good", *before))), **GOOD}) as outlet:
        crawl(outlet.source(), shelf := Shelf())
        outlet.routes["/feed"] = answer(rss(item("/good", *change(*before)), title="Sample, again"))
        report = crawl(outlet.source(), shelf)
    assert (report.captured, report.known) == (fetched, 1 - fetched)
    assert outlet.paths().count("/good") == 1 + fetched


def test_unchanged_feed_one_request() -> None:
    """A feed that has not changed is one request."""
    listed = answer(rss(item("/good")), ETag='"7"', Last_Modified="Tue, 20 Oct 2026 06:00:00 GMT")

    def feed(head: bytes) -> Answer:
        assert (b'If-None-Match: "7"' in head) == (b"If-Modified-Since: Tue" in head)
        return answer(status=304) if b'"7"' in head else listed

    with Outlet({"/feed": feed, **GOOD}) as outlet:
        crawl(outlet.source(), shelf := Shelf())
        report = crawl(outlet.source(), shelf)
    assert [visit.status for visit in report.feeds] == [304]
    assert outlet.paths() == ["/feed", "/good", "/feed"]


def test_unfinished_feed_read_again() -> None:
    """A feed is read again until all its stories are dealt with."""
    feed = answer(rss(item("/good"), item("/a")), ETag='"7"')
    with Outlet({"/feed": feed, "/a": answer("<h1>A"), **GOOD}) as outlet:
        report = crawl(outlet.source(), shelf := Shelf(), limit=1)
    assert (report.captured, report.left, report.continued_by) == (1, 1, None)
    assert not shelf.validators


def test_refusing_source_not_asked() -> None:
    """A source that refuses is not asked."""
    with Outlet(GOOD) as outlet:
        report = crawl(outlet.source(access="refused"))
    assert (outlet.requests, report.reasons(), report.discovered) == ([], {"refused": 1}, 1)


def test_source_without_feeds() -> None:
    """A source without feeds yields nothing."""
    report, shelf, outlet = visit({}, feeds=())
    assert (report.discovered, shelf.pages, outlet.requests) == (0, [], [])


def test_the_source_sets_the_pace() -> None:
    source = replace(registered()["libya-herald"], delay=7.5)
    scrapy_settings = Settings()
    scrapy_settings.setmodule(settings)
    spider.spider_class(source).update_settings(scrapy_settings)
    assert scrapy_settings.getfloat("DOWNLOAD_DELAY") == 7.5
    assert scrapy_settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN") == 1
    assert scrapy_settings.getfloat("DOWNLOAD_DELAY_JITTER") == 0


def scrapy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATELINE_SOURCES": str(folder / "sources"), "PYTHONPATH": f"{ROOT}:{ROOT}/functions"}
    environment |= {"SCRAPY_SETTINGS_MODULE": "spiders.settings"}
    command = [sys.executable, "-m", "scrapy", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


def test_scrapy_crawls_by_hand(tmp_path: Path) -> None:
    """Scrapy lists the sources and crawls one by hand."""
    with Outlet({"/feed": answer(rss(item("/good"))), **GOOD}) as outlet:
        file = tmp_path / "sources/ly/sample-gazette.toml"
        file.parent.mkdir(parents=True)
        file.write_text(
            f'name = "Sample Gazette"\nhome = "{outlet.url}/"\ncountry = "ly"\nlanguages = ["en"]\n'
            f'timezone = "Africa/Tripoli"\nfeeds = ["{outlet.url}/feed"]\ndelay = 0\n'
        )
        assert {"sample-gazette", "libya-herald"} <= set(scrapy(tmp_path, "list").stdout.split())
        log = scrapy(tmp_path, "crawl", "sample-gazette").stderr
    assert "1 captured" in log
    here = tmp_path / ".dateline/here"
    (capture,) = here.glob("captures/sample-gazette/*/*/*/*-hand-0.warc.gz")
    with capture.open("rb") as file_:
        assert [page.body for page in read(file_)] == [b"<h1>Good"]
    (report,) = here.glob("crawls/sample-gazette/*/*/*/*-hand.json")
    assert CrawlReport.from_json(report.read_bytes()).captured == 1
