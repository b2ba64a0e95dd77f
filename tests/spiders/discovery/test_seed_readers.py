"""The seed readers together, on the sample newsroom: every story is found, by whichever of them, and fetched once."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest

from dateline.sources import registry
from dateline.sources.registry import Source
from infra.newsroom import Newsroom, serve
from spiders.discovery.date_range import Window
from spiders.discovery.feed import FeedReader
from spiders.discovery.seed_reader import Reading, SeedPage
from tests.support.outlet import Outlet, Shelf, answer, crawl, item, rss

OUTLETS = ("sample-courrier", "sample-difaf", "sample-gazette")
WAYS = ("feeds", "sitemaps", "listings")


@pytest.fixture
def newsroom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newsroom]:
    with serve(tmp_path) as running:
        hosts = [urlsplit(url).netloc for url in running.urls.values()]
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", ",".join(hosts))
        yield running


def source(newsroom: Newsroom, id: str, *ways: str) -> Source:
    """An outlet with only some of the ways in."""
    found = registry.load(newsroom.sources)[id]
    without: dict[str, Any] = {way: () for way in WAYS if way not in ways}
    return replace(found, **without)


def live(newsroom: Newsroom, id: str) -> set[str]:
    """The stories that are there to be had, and that robots.txt allows."""
    private = ("/print/", "/abonnes/")
    return {
        path(story.url)
        for story in newsroom.stories(id).values()
        if story.status == 200 and not story.path.startswith(private)
    }


def path(url: str) -> str:
    return unquote(urlsplit(url).path)


def asked(newsroom: Newsroom, id: str) -> Counter[str]:
    return Counter(request["path"] for request in newsroom.requests() if request["outlet"] == id)


@pytest.mark.parametrize("id", OUTLETS)
@pytest.mark.parametrize("ways", [WAYS, ("sitemaps",), ("listings",)], ids="+".join)
def test_each_story_captured_once(newsroom: Newsroom, id: str, ways: tuple[str, ...]) -> None:
    """Every story is captured and every URL asked once."""
    report = crawl(source(newsroom, id, *ways), shelf := Shelf())
    assert live(newsroom, id) <= {path(page.url) for page in shelf.pages}
    assert max(asked(newsroom, id).values()) == 1
    assert [visit.error for visit in report.feeds if visit.error] == []
    assert set(report.reasons()) <= {"robots"}


def test_second_crawl_is_conditional(newsroom: Newsroom) -> None:
    """A second crawl asks for what may have changed and for no page."""
    outlet = source(newsroom, "sample-gazette", *WAYS)
    crawl(outlet, shelf := Shelf())
    before = asked(newsroom, "sample-gazette")
    report = crawl(outlet, shelf)
    # The sitemap's index has not changed, so its files are not asked for.
    assert set(asked(newsroom, "sample-gazette") - before) <= {
        "/robots.txt",
        *(urlsplit(url).path for url in (*outlet.feeds, *outlet.sitemaps, *outlet.listings)),
    }
    assert (report.captured, report.revisited) == (0, 0)


@pytest.fixture
def slow_feeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Feeds take longer to read than another seed takes to answer, as on a busy machine."""
    read = FeedReader.read

    def slowly(reader: FeedReader, source: Source, page: SeedPage, window: Window) -> Reading:
        time.sleep(0.2)
        return read(reader, source, page, window)

    monkeypatch.setattr(FeedReader, "read", slowly)


@pytest.mark.usefixtures("slow_feeds")
@pytest.mark.parametrize("id", ["sample-courrier", "sample-gazette"])
def test_changed_item_beats_sitemap(newsroom: Newsroom, id: str) -> None:
    """The feed says that a story changed, and the sitemap, which lists it too, does not."""
    outlet = source(newsroom, id, *WAYS)
    crawl(outlet, shelf := Shelf())
    before = newsroom.stories(id)
    newsroom.set_edition(2)
    now = newsroom.stories(id)
    changed = {path(url) for url in now if now[url].updated_at != before[url].updated_at}
    seen = len(shelf.pages)
    crawl(outlet, shelf)
    assert changed
    assert changed <= {path(page.url) for page in shelf.pages[seen:]}


LISTED = answer(rss(item("/a", "Rain in Gao")))
NAMED = answer('<link rel="alternate" type="application/rss+xml" href="/feed">')


@pytest.mark.usefixtures("slow_feeds")
@pytest.mark.parametrize(
    ("routes", "feeds", "family"),
    [
        ({"/feed": LISTED}, ["/feed"], "feed"),
        ({"/feed": LISTED, "/other": answer(rss(item("/b")))}, ["/other", "/feed"], "feed"),
        ({"/feed": LISTED, "/": NAMED}, ["/"], "feed"),
        ({}, ["/feed"], "sitemap"),
        ({"/feed": answer("no feed")}, ["/feed"], "sitemap"),
        ({}, [], "sitemap"),
    ],
    ids=["one feed", "two feeds", "a feed that the home page names", "absent", "unreadable", "none"],
)
def test_feeds_have_the_first_word(routes: dict[str, Any], feeds: list[str], family: str) -> None:
    """What a feed lists is a feed's story, and without a feed the sitemap is read all the same."""
    with Outlet(routes | {"/a": answer("<h1>Rain in Gao")}) as outlet:
        urlset = f"<urlset><url><loc>{outlet.url}/a</loc></url></urlset>"
        outlet.routes["/map.xml"] = answer(urlset, Content_Type="application/xml")
        ways = {"feeds": tuple(outlet.url + path for path in feeds), "sitemaps": (f"{outlet.url}/map.xml",)}
        crawl(outlet.source(**ways), shelf := Shelf())
    assert [page.metadata["family"] for page in shelf.pages if page.url.endswith("/a")] == [family]
    assert outlet.paths().count("/map.xml") == 1


@pytest.mark.parametrize("ways", [("sitemaps",), ("listings",), WAYS], ids="+".join)
@pytest.mark.parametrize("id", OUTLETS)
def test_history_within_window(newsroom: Newsroom, id: str, ways: tuple[str, ...]) -> None:
    """History is that of the window."""
    first, last = date(2019, 4, 13), date(2019, 4, 15)
    outlet = source(newsroom, id, *ways)
    zone = ZoneInfo(outlet.timezone)
    of_window = {
        path(story.url)
        for story in newsroom.stories(id).values()
        if path(story.url) in live(newsroom, id) and first <= story.published_at.astimezone(zone).date() <= last
    }
    report = crawl(outlet, shelf := Shelf(), since=str(first), until=str(last))
    captured = {path(page.url) for page in shelf.pages}
    assert of_window <= captured
    assert not shelf.validators, "a part of a sitemap says nothing of the whole"
    assert not {urlsplit(url).path for url in outlet.feeds} & set(asked(newsroom, id))
    assert set(report.reasons()) <= {"robots"}
    if id == "sample-courrier":  # whose addresses and pages give the day of each story
        assert captured == of_window


def test_feeds_have_no_history(newsroom: Newsroom) -> None:
    """An outlet that has only feeds has no history."""
    outlet = source(newsroom, "sample-gazette", "feeds")
    report = crawl(outlet, since="2019-04-01")
    assert (report.reasons(), sum(asked(newsroom, "sample-gazette").values())) == ({"no-history": 1}, 0)


def test_robots_names_seeds(newsroom: Newsroom) -> None:
    """Robots.txt and the home page name the ways in."""
    outlet = source(newsroom, "sample-gazette")
    named = replace(outlet, feeds=(outlet.home,), sitemaps=(f"{outlet.home}robots.txt",))
    report = crawl(named, shelf := Shelf())
    assert live(newsroom, outlet.id) <= {path(page.url) for page in shelf.pages}
    assert [visit.error for visit in report.feeds if visit.error] == []
