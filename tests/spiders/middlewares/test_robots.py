"""robots.txt that is out of order, behind a wall, in a loop or too long: what it says meanwhile, and for how long."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest

from spiders.middlewares import robots
from spiders.state import backoff
from tests.support.curl import curl, needs_curl
from tests.support.outlet import Answer, Outlet, Route, Shelf, answer, crawl, item, rss

STORY = answer("<h1>The bridge is open")
CLOSED = "User-agent: *\nDisallow: /\n"
OPEN = "User-agent: *\nDisallow: /private/\n"
FLOOD = b"HTTP/1.1 200 OK\r\n" + b"X-Flood: water\r\n" * (1 << 15)


class Hiccup(NamedTuple):
    """A robots.txt that cannot be had; what curl makes of it: its exit code (7.88) and the status."""

    answer: Answer
    exit: int
    status: int


HICCUPS = {
    "500": Hiccup(answer(status=500), 0, 500),
    "503": Hiccup(answer(status=503), 0, 503),
    "429": Hiccup(answer(status=429), 0, 429),
    "520": Hiccup(answer(status=520), 0, 520),
    "a reset": Hiccup(Answer(b"", then="reset"), 56, 0),
    "no answer": Hiccup(Answer(b"", then="close"), 52, 0),
    "half an answer": Hiccup(Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nUser", then="close"), 18, 200),
    "a torn chunk": Hiccup(Answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"), 56, 200),
    "another protocol": Hiccup(Answer(b"220 mail.gazette.example ESMTP\r\n\r\n", then="close"), 1, 0),
    "headers without end": Hiccup(Answer(FLOOD, then="close"), 56, 200),
}


def routes(text: Route) -> dict[str, Route]:
    return {"/robots.txt": text, "/feed": answer(rss(item("/a"))), "/a": STORY}


def aged(shelf: Shelf, days: float) -> None:
    """Make each known robots.txt so many days older."""
    for host, state in shelf.robots_texts.items():
        shelf.robots_texts[host] = replace(state, fetched_at=state.fetched_at - timedelta(days=days))


@pytest.mark.parametrize("hiccup", HICCUPS.values(), ids=HICCUPS)
def test_hiccup_is_temporary(hiccup: Hiccup) -> None:
    """Without a copy a hiccup forbids everything, for a quarter of an hour."""
    with Outlet(routes(hiccup.answer)) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
        assert (outlet.paths(), shelf.pages) == ([], [])
        (visit,) = report.feeds
        assert (visit.error or "").startswith("robots-unreachable: ")
        assert backoff.kind_of_visit(visit) == "temporary"
        assert shelf.validators[visit.url].failure == "temporary"
        outlet.routes["/robots.txt"] = answer(OPEN)
        assert crawl(outlet.source(), shelf).captured == 1


@needs_curl
@pytest.mark.parametrize("hiccup", HICCUPS.values(), ids=HICCUPS)
def test_curl_has_none_either(hiccup: Hiccup) -> None:
    """curl has no rules from such a server: an error, or a status that is none of success."""
    with Outlet(routes(hiccup.answer)) as outlet:
        fetched = curl(f"{outlet.url}/robots.txt")
    assert bool(fetched.exit) == bool(hiccup.exit), fetched
    assert fetched.status == hiccup.status


@pytest.mark.parametrize("hiccup", HICCUPS.values(), ids=HICCUPS)
@pytest.mark.parametrize(("text", "captured"), [(OPEN, 1), (CLOSED, 0)])
def test_copy_counts_during_hiccup(hiccup: Hiccup, text: str, captured: int) -> None:
    """A copy that has expired is obeyed while the robots.txt is unreachable, and stays as old as it is."""
    with Outlet(routes(answer(text))) as outlet:
        crawl(outlet.source(), shelf := Shelf(), limit=0)
        aged(shelf, 2)
        copy = shelf.robots_texts[outlet.url]
        outlet.routes["/robots.txt"] = hiccup.answer
        report = crawl(outlet.source(), shelf)
    assert (report.captured, shelf.robots_texts[outlet.url]) == (captured, copy)


def test_old_copy_counts_no_more() -> None:
    """After 30 days a copy stands in for nothing."""
    with Outlet(routes(answer(OPEN))) as outlet:
        crawl(outlet.source(), shelf := Shelf(), limit=0)
        aged(shelf, 31)
        outlet.routes["/robots.txt"] = answer(status=503)
        report = crawl(outlet.source(), shelf)
    assert (report.captured, (report.feeds[0].error or "")[:18]) == (0, "robots-unreachable")


@pytest.mark.parametrize("links", [1, 40])
def test_pages_are_put_off_briefly(links: int) -> None:
    """Pages of a second host whose robots.txt has a hiccup wait for minutes, not for hours."""
    paths = [f"/{number}" for number in range(links)]
    with Outlet({"/robots.txt": answer(status=503)}) as second, Outlet({}) as outlet:
        outlet.routes["/feed"] = answer(rss(*(item(f"{second.url}{path}") for path in paths)))
        report = crawl(outlet.source(), shelf := Shelf())
    assert report.reasons() == {"robots-unreachable": links}
    assert {backoff.kind(str(state.failure)) for state in shelf.known.values()} == {"temporary"}


def chain(steps: int) -> dict[str, Route]:
    paths = ["/robots.txt", *(f"/robots/{number}" for number in range(steps))]
    moved = {path: answer(status=301, Location=onward) for path, onward in pairwise(paths)}
    return {**moved, paths[-1]: answer(CLOSED)}


@pytest.mark.parametrize(
    ("more", "captured"),
    [
        ({"/robots.txt": answer(status=302, Location="/robots.txt")}, 1),
        ({"/robots.txt": answer(status=302, Location="/x"), "/x": answer(status=302, Location="/robots.txt")}, 1),
        ({"/robots.txt": answer(status=302, Location="http://[::1")}, 1),
        (chain(25), 1),
        (chain(5), 0),
    ],
)
def test_endless_robots_is_absent(more: dict[str, Route], captured: int) -> None:
    """A robots.txt that its redirects never reach counts as absent; one that they reach is obeyed."""
    with Outlet(routes(answer()) | more) as outlet:
        assert crawl(outlet.source()).captured == captured


def chunked(text: bytes, size: int) -> Answer:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])
    return Answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)


LONG = OPEN.encode() + b"# and so on\n" * (1 << 21) + CLOSED.encode()  # 25 MB


@pytest.mark.parametrize(
    "text",
    [
        lambda: answer(LONG),
        lambda: Answer(b"HTTP/1.1 200 OK\r\n\r\n" + LONG, then="close"),
        lambda: chunked(LONG, 1 << 16),
        lambda: chunked(LONG, len(LONG)),
    ],
    ids=["length", "until the end", "chunks", "one chunk"],
)
def test_oversized_robots_is_cut(text: Callable[[], Answer]) -> None:
    """Of a robots.txt of 25 MB the first half a megabyte counts, and no more is read."""
    with Outlet(routes(text()) | {"/feed": answer(rss(item("/a"), item("/private/b")))}) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert (report.captured, report.reasons()) == (1, {"robots": 1})
    assert len(shelf.robots_texts[outlet.url].text) <= robots.MAX_ROBOTS


def test_robots_behind_wall_is_read() -> None:
    """A robots.txt behind a cookie wall is the one behind the wall."""

    def wall(head: bytes) -> Answer:
        behind = answer("User-agent: *\nDisallow: /private/\n")
        return behind if b"ok=1" in head else answer(status=302, Location="/robots.txt", Set_Cookie="ok=1")

    with Outlet(routes(wall) | {"/feed": answer(rss(item("/a"), item("/private/b")))}) as outlet:
        report = crawl(outlet.source())
    assert (report.captured, report.reasons()) == (1, {"robots": 1})
