"""Stories whose redirects end at a login, a captcha or the home page are no stories, and are asked for again."""

import base64
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from dateline import capture, instants
from dateline.keys.object_keys import Stem
from dateline.state.pages import url_states
from spiders.state import backoff
from spiders.state.dead_ends import address
from tests.support.outlet import CRAWL, Answer, Outlet, Shelf, answer, crawl, item, rss

WALL = answer("<h1>Are you a robot?</h1>")
STORY = answer("<h1>A story</h1>")


def to(location: str) -> Answer:
    return answer(status=302, Location=location)


def outlet_of(stories: int, behind: Callable[[int], str], walls: dict[str, Answer] | None = None) -> Outlet:
    """An outlet whose stories all redirect, each to ``behind`` its number."""
    paths = [f"/story/{number}" for number in range(stories)]
    items = [item(path, title=f"Title {number}") for number, path in enumerate(paths)]
    routes = {"/feed": answer(rss(*items)), "/": WALL, **(walls or {})}
    return Outlet(routes | {path: to(behind(number)) for number, path in enumerate(paths)})


def lift(outlet: Outlet) -> None:
    """Have all stories answer themselves from now on."""
    outlet.routes |= {path: STORY for path in outlet.routes if path.startswith("/story/")}


def later(shelf: Shelf) -> None:
    """Make every URL that is due some time due now."""
    now = instants.utc(datetime.now(UTC) - timedelta(seconds=1), "seconds")
    for state in shelf.known.values():
        if state.due:
            object.__setattr__(state, "due", now)


WALLS: dict[str, Callable[[int], str]] = {
    "one address": lambda _: "/captcha",
    "a return path": lambda number: f"/login?next=/story/{number}",
    "a quoted return path": lambda number: f"/login?lang=ar&return_to={quote(f'/story/{number}', safe='')}",
    "a packed return path": lambda number: "/wait?r=" + base64.urlsafe_b64encode(f"/story/{number}".encode()).decode(),
}


@pytest.mark.parametrize("behind", WALLS.values(), ids=WALLS)
def test_many_stories_one_address(behind: Callable[[int], str]) -> None:
    """Of twenty stories that end at a wall none counts as captured, and all are captured once it is gone."""
    walls = {behind(number): WALL for number in range(20)}
    with outlet_of(20, behind, walls) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
        assert report.reasons() == {"dead-end": 18}
        assert (report.captured, report.discovered, report.left) == (2, 20, 0)
        states = [shelf.known[f"{outlet.url}/story/{number}"] for number in range(20)]
        assert {(state.captured_at, state.failure, state.failures) for state in states} == {("", "dead-end", 1)}
        lift(outlet)
        later(shelf)
        report = crawl(outlet.source(), shelf)
    assert (report.captured, report.failures, report.revisited) == (20, [], 20)


def test_walls_are_known_across_crawls() -> None:
    """One story a crawl is enough: the third that ends at the address of two others fails, and they with it."""
    with outlet_of(4, lambda _: "/captcha", {"/captcha": WALL}) as outlet:
        feed, shelf = outlet.routes["/feed"], Shelf()
        for number in range(3):
            outlet.routes["/feed"] = answer(rss(item(f"/story/{number}", title=f"Title {number}")))
            report = crawl(outlet.source(), shelf)
            assert report.reasons() == ({"dead-end": 1} if number == 2 else {})
        lift(outlet)
        later(shelf)
        outlet.routes["/feed"] = feed
        report = crawl(outlet.source(), shelf)
    assert (report.captured, report.failures) == (4, [])


def test_capture_alone_tells_of_walls() -> None:
    """What ended where is a function of the captures: a rebuilt table knows it too."""
    with outlet_of(2, lambda _: "/captcha", {"/captcha": WALL}) as outlet:
        crawl(outlet.source(), shelf := Shelf())
        wall = shelf.known[f"{outlet.url}/captcha"]
    stored = capture.serialise(shelf.pages, Stem("sample-gazette", CRAWL, 0).capture)
    states = {state.url: state for page in capture.read(io.BytesIO(stored)) for state in url_states(page)}
    assert states[wall.url] == wall
    assert wall.found["reached_by"].split() == [f"{outlet.url}/story/0", f"{outlet.url}/story/1"]


def test_home_page_is_no_story() -> None:
    """A story that redirects to the home page fails at once."""
    with outlet_of(1, lambda _: "/") as outlet:
        assert crawl(outlet.source()).reasons() == {"dead-end": 1}


def test_backing_off_grows() -> None:
    """A story that goes on ending at the wall is left alone for longer each time, and the others not for less."""
    with outlet_of(3, lambda _: "/captcha", {"/captcha": WALL}) as outlet:
        crawl(outlet.source(), shelf := Shelf())
        for failures in (2, 3):
            later(shelf)
            crawl(outlet.source(), shelf)
            states = [shelf.known[f"{outlet.url}/story/{number}"] for number in range(3)]
            assert [state.failures for state in states] == [failures] * 3
    assert backoff.kind("dead-end") == "soft"


@pytest.mark.parametrize(
    ("titles", "routes"),
    [
        (["Rain"] * 4, {}),  # one story under many addresses
        (["Rain", "Rain in the south", "Rain"], {}),
        (["Rain", "Wind", "Snow", "Hail"], {"listed": True}),
    ],
)
def test_one_story_many_addresses(titles: list[str], routes: dict[str, bool]) -> None:
    """Addresses of one title, and those of a story that the feed lists itself, are captured or known."""
    paths = [f"/short/{number}" for number in range(len(titles))]
    items = [item(path, title=title) for path, title in zip(paths, titles, strict=True)]
    listed = [item("/rain", title="Rain")] if routes else []
    with Outlet({"/rain": STORY, **dict.fromkeys(paths, to("/rain"))}) as outlet:
        outlet.routes["/feed"] = answer(rss(*listed, *items))
        report = crawl(outlet.source())
    assert report.failures == []


@pytest.mark.parametrize(
    ("url", "asked", "end"),
    [
        ("https://a.example/login?next=%2Fx%2Fy", "https://a.example/x/y", "https://a.example/login"),
        ("https://a.example/login?u=https://a.example/x/y&t=9", "https://a.example/x/y?p=1", "https://a.example/login"),
        ("https://a.example/x?id=7", "https://a.example/y?id=7", "https://a.example/x?id=7"),
        ("https://a.example/x?id=7", "https://a.example/", "https://a.example/x?id=7"),
        ("https://a.example/x?next=http://[", "https://a.example/y", "https://a.example/x?next=http%3A%2F%2F%5B"),
    ],
)
def test_address_is_without_return_path(url: str, asked: str, end: str) -> None:
    """Only a query that names the page that was asked for is no part of the address."""
    assert address(url, asked) == end
