"""Redirects and cookie walls: what is captured, what is no story, and what curl does with the same servers."""

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import pytest

from spiders.middlewares import redirects
from tests.support.curl import curl, needs_curl
from tests.support.outlet import Answer, Outlet, Route, Shelf, answer, crawl, item, rss

STORY = answer("<h1>The ferry sails again")


def to(location: str, status: int = 302, **headers: str) -> Answer:
    return answer(status=status, Location=location, **headers)


def stairs(steps: int) -> dict[str, Route]:
    """``/a`` and so many redirects until a story."""
    paths = ["/a", *(f"/step/{number}" for number in range(1, steps)), "/end"]
    return {**{path: to(onward) for path, onward in pairwise(paths)}, "/end": STORY}


def wall(*, wants: bytes, location: str, sets: str, then: Answer = STORY) -> Callable[[bytes], Answer]:
    """An answer for readers with a cookie, and for all others a redirect that sets it."""
    return lambda head: then if wants in head else to(location, Set_Cookie=sets)


def counting(head: bytes) -> Answer:
    """A wall that counts in a cookie and lets nobody pass."""
    seen = int(head.partition(b"seen=")[2][:2] or b"10")
    return to("/a", Set_Cookie=f"seen={seen + 1}")


class Case(NamedTuple):
    """``reason`` of ours, empty for a capture; curl's exit code and last status."""

    routes: dict[str, Route]
    reason: str
    exit: int
    status: int


CASES = {
    "one redirect": Case(stairs(1), "", 0, 200),
    "six redirects": Case(stairs(6), "", 0, 200),
    "twenty redirects": Case(stairs(20), "", 0, 200),
    "twenty-one redirects": Case(stairs(21), "redirects", 47, 302),
    "a redirect to itself": Case({"/a": to("/a", 301)}, "redirect-loop", 47, 301),
    "a loop of three": Case({"/a": to("/b"), "/b": to("/c", 307), "/c": to("/a", 308)}, "redirect-loop", 47, 308),
    "a wall that sends back": Case({"/a": wall(wants=b"ok=1", location="/a", sets="ok=1")}, "", 0, 200),
    "a wall of two steps": Case(
        {
            "/a": wall(wants=b"pass=x", location="/gate?back=/a", sets="way=in"),
            "/gate?back=/a": to("/a", Set_Cookie="pass=x"),
        },
        "",
        0,
        200,
    ),
    "a wall with attributes": Case(
        {"/a": wall(wants=b"ok=1", location="/a", sets="ok=1; Path=/; Max-Age=60; HttpOnly; SameSite=Lax")}, "", 0, 200
    ),
    "a cookie of another path": Case(
        {"/a": wall(wants=b"ok=1", location="/a", sets="ok=1; Path=/shop")}, "redirect-loop", 47, 302
    ),
    "a cookie of another domain": Case(
        {"/a": wall(wants=b"ok=1", location="/a", sets="ok=1; Domain=herald.example")}, "redirect-loop", 47, 302
    ),
    "a wall that nothing passes": Case({"/a": counting}, "redirect-loop", 47, 302),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_chain_has_one_outcome(case: Case) -> None:
    """A chain of redirects ends in a capture or in its own reason, and never holds up other pages."""
    routes = {"/feed": answer(rss(item("/a"), item("/good"))), "/good": STORY, **case.routes}
    with Outlet(routes) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert [failure.reason for failure in report.failures] == ([case.reason] if case.reason else [])
    assert len(shelf.pages) == (1 if case.reason else 2)


@needs_curl
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_curl_ends_alike(case: Case) -> None:
    """curl captures the same chains and gives up on the same ones."""
    with Outlet(case.routes) as outlet:
        assert curl(f"{outlet.url}/a") == (case.exit, case.status)
    assert bool(case.reason) == bool(case.exit)


def test_loop_costs_no_twenty_requests() -> None:
    """A chain that asks the same again with the same cookies ends there."""
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": to("/b"), "/b": to("/a")}) as outlet:
        crawl(outlet.source())
    assert outlet.paths() == ["/feed", "/a", "/b"]


def test_cookies_end_with_chain() -> None:
    """A cookie goes to the host that set it, within the chain that set it, and nowhere else."""
    with Outlet({"/b": STORY}) as other:
        routes: dict[str, Route] = {
            "/feed": answer(rss(item("/a"), item("/c"))),
            "/a": to(f"{other.url}/b", Set_Cookie="reader=7; Path=/"),
            "/c": STORY,
        }
        with Outlet(routes) as outlet:
            crawl(outlet.source(), shelf := Shelf())
    assert len(shelf.pages) == 2
    # One address has no two hosts for cookies, whatever its port (RFC 6265 section 8.5).
    assert [b"reader=7" in head for head in other.requests] == [False, True]
    assert not any(b"Cookie" in head for head in outlet.requests)


def test_sent_cookies_are_evidence() -> None:
    """The captured request is the one that passed the wall, and the capture's URL the story's."""
    routes: dict[str, Route] = {"/feed": answer(rss(item("/a"))), "/a": wall(wants=b"ok=1", location="/a", sets="ok=1")}
    with Outlet(routes) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    (page,) = shelf.pages
    assert (page.url, page.request) == (f"{outlet.url}/a", outlet.requests[-1])
    assert b"\r\nCookie: ok=1\r\n" in page.request
    assert (report.captured, report.discovered) == (1, 1)


def test_flood_of_cookies_is_dropped() -> None:
    """A server that sets more cookies than servers accept gets none back."""
    flood = f"ok={'x' * redirects.MAX_COOKIES}"
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": to("/b", Set_Cookie=flood), "/b": STORY}) as outlet:
        assert crawl(outlet.source()).captured == 1
    assert not any(b"Cookie" in head for head in outlet.requests)
