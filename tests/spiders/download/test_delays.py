"""Delays and dead hosts: what waits for a host holds up neither the end of the crawl nor other hosts."""

import threading
import time
from typing import Any

import pytest

from dateline.messages import CrawlMessage, CrawlReport
from dateline.sources.registry import Source
from spiders.collector import Collector
from spiders.download import pace
from spiders.middlewares import throttle
from spiders.runs import runner
from tests.support.outlet import CRAWL, Answer, Outlet, Route, Shelf, answer, crawl, item, rss

STORY = answer("<h1>The market is open")
HOUR = 3600.0


def crawled(source: Source, shelf: Shelf, seconds: float) -> CrawlReport:
    """Crawl for so many seconds; TimeoutError if the end does not come soon after."""
    message = CrawlMessage(source=source.id, crawl=CRAWL)
    collector = Collector(source, CRAWL, store=shelf, state=shelf, message=message)
    crawling = runner.on_reactor(runner.crawl(collector, stop_at=time.monotonic() + seconds))
    return crawling.result(timeout=120)


def long_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (pace, throttle):
        monkeypatch.setattr(module, "MAX_DELAY", HOUR)


@pytest.mark.parametrize("robots", ["User-agent: *\nCrawl-delay: 3600\n", ""])
def test_end_waits_for_no_delay(monkeypatch: pytest.MonkeyPatch, robots: str) -> None:
    """A request that waits for an hour's delay ends with the crawl."""
    long_delays(monkeypatch)
    routes: dict[str, Route] = {"/feed": answer(rss(item("/a"), item("/b"))), "/a": STORY, "/b": STORY}
    with Outlet({**routes, "/robots.txt": answer(robots)}) as outlet:
        report = crawled(outlet.source(delay=0.0 if robots else HOUR), Shelf(), seconds=2)
    assert (report.captured, report.failures) == (0, [])
    assert (report.feeds[0].error or "").startswith("deadline")


def test_delay_per_host() -> None:
    """While one host's Crawl-delay runs, the pages of another are captured."""
    slow_robots = answer("User-agent: *\nCrawl-delay: 60\n")
    with Outlet({"/robots.txt": slow_robots, "/1": STORY, "/2": STORY}) as slow, Outlet({}) as outlet:
        stories = [item(f"{slow.url}/1"), item(f"{slow.url}/2"), *(item(f"/{number}") for number in range(9))]
        outlet.routes |= {"/feed": answer(rss(*stories))} | {f"/{number}": STORY for number in range(9)}
        report = crawled(outlet.source(), shelf := Shelf(), seconds=5)
    assert {page.url for page in shelf.pages} >= {f"{outlet.url}/{number}" for number in range(9)}
    assert report.left == report.discovered - report.captured


@pytest.mark.parametrize("links", [1, 12])
def test_silent_host_holds_up_nothing(links: int) -> None:
    """The outlet's own pages are captured while a second host, listed first, has yet to respond."""
    served, waited = threading.Event(), list[bool]()

    def silent(_: bytes) -> Answer:
        waited.append(served.wait(30))
        return answer(status=404)

    def last(_: bytes) -> Answer:
        served.set()
        return STORY

    with Outlet({"/robots.txt": silent}) as second, Outlet({"/1": STORY, "/2": last}) as outlet:
        others = [item(f"{second.url}/{number}") for number in range(links)]
        outlet.routes["/feed"] = answer(rss(*others, item("/1"), item("/2")))
        report = crawl(outlet.source())
    assert waited == [True]
    assert report.captured == 2 + links  # 404, which is evidence too


def test_dead_host_is_given_up() -> None:
    """A second host that never responds is asked three times; its other pages fail at once, for now."""
    closing = Answer(b"", then="close")
    paths = [f"/{number}" for number in range(30)]
    routes: dict[str, Any] = dict.fromkeys(paths, closing)
    with Outlet({"/robots.txt": answer(status=404), **routes}) as second, Outlet({"/1": STORY}) as outlet:
        outlet.routes["/feed"] = answer(rss(*(item(f"{second.url}{path}") for path in paths), item("/1")))
        report = crawl(outlet.source())
    assert (report.captured, report.reasons()) == (1, {"connection": 30})
    assert set(second.paths()) <= {"/0", "/1", "/2"}


def test_outlet_never_given_up() -> None:
    """Pages of the outlet's own host are tried, however many fail before."""
    paths = [f"/{number}" for number in range(5)]
    routes: dict[str, Any] = {path: Answer(b"", then="close") for path in paths}
    with Outlet({"/feed": answer(rss(*map(item, (*paths, "/good")))), "/good": STORY, **routes}) as outlet:
        report = crawl(outlet.source())
    assert (report.captured, report.reasons()) == (1, {"connection": 5})


def test_pages_keep_their_order() -> None:
    """A host's pages are asked for in the feed's order, one after the other."""
    paths = [f"/{number}" for number in range(20)]
    with Outlet({"/feed": answer(rss(*map(item, paths))), **dict.fromkeys(paths, STORY)}) as outlet:
        crawl(outlet.source())
    assert outlet.paths() == ["/feed", *paths]
