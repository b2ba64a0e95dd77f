"""Seeds that lead to others: indexes and their files, section pages; what is asked again, and what is not."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dateline.sources.registry import Source
from dateline.urls import canonical
from spiders import spider
from spiders.discovery.date_range import Window
from spiders.discovery.feed import FeedReader
from spiders.discovery.listing import ListingReader
from spiders.discovery.seed_reader import DiscoveredUrl, Seed, SeedPage, SeedReader
from spiders.discovery.sitemap import SitemapReader
from tests.spiders.discovery.test_sitemap import entry, index, urlset
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

PAGES = {f"/story-{n}": answer(f"<h1>Story {n}") for n in range(9)}


def sitemaps(outlet: Outlet, *paths: str) -> Source:
    return outlet.source(feeds=(), sitemaps=tuple(outlet.url + path for path in paths))


def xml(text: str, etag: str = '"1"') -> Answer:
    return answer(text, Content_Type="application/xml", ETag=etag)


def since(outlet: Outlet, before: int) -> list[str]:
    """What was asked since so many requests."""
    return outlet.paths()[before:]


def test_circular_indexes_read_once() -> None:
    """Indexes that lead in circles are read once."""
    routes = {
        "/a.xml": xml(index(entry("/a.xml"), entry("/b.xml"), entry("/c.xml"))),
        "/b.xml": xml(index(entry("/a.xml"), entry("/b.xml#again"), entry("/c.xml?utm_source=b"))),
        "/c.xml": xml(urlset(entry("/story-1"))),
    }
    with Outlet(routes | PAGES) as outlet:
        report = crawl(sitemaps(outlet, "/a.xml", "/a.xml"))
    assert sorted(outlet.paths()) == ["/a.xml", "/b.xml", "/c.xml", "/story-1"]
    assert (report.captured, [visit.error for visit in report.feeds]) == (1, [None] * 3)


def test_only_moved_files_read() -> None:
    """Only files that have moved are read again."""

    def files(day: str) -> Answer:
        return xml(index(entry("/old.xml", "2026-10-01"), entry("/new.xml", day), entry("/any.xml")))

    routes: dict[str, Any] = {
        "/index.xml": files("2026-10-20"),
        "/old.xml": xml(urlset(entry("/story-1", "2026-09-30"))),
        "/new.xml": xml(urlset(entry("/story-2", "2026-10-19"))),
        "/any.xml": xml(urlset(entry("/story-3", "2026-10-19"))),
    }
    with Outlet(routes | PAGES) as outlet:
        crawl(sitemaps(outlet, "/index.xml"), shelf := Shelf())
        before = len(outlet.paths())
        outlet.routes |= {"/index.xml": files("2026-10-21"), "/new.xml": xml(urlset(entry("/story-4", "2026-10-21")))}
        report = crawl(sitemaps(outlet, "/index.xml"), shelf)
    assert sorted(since(outlet, before)) == ["/any.xml", "/index.xml", "/new.xml", "/story-4"]
    assert report.captured == 1


def test_unfinished_index_read_again() -> None:
    """An index is read again until all its files have been."""
    listed = xml(index(entry("/one.xml", "2026-10-20"), entry("/two.xml", "2026-10-20")), etag='"7"')
    asked: list[bytes] = []

    def of_index(head: bytes) -> Answer:
        asked.append(head)
        return answer(status=304) if b'"7"' in head else listed

    routes: dict[str, Any] = {
        "/index.xml": of_index,
        "/one.xml": xml(urlset(entry("/story-1"))),
        "/two.xml": answer(status=500),
    }
    with Outlet(routes | PAGES) as outlet:
        crawl(sitemaps(outlet, "/index.xml"), shelf := Shelf())
        outlet.routes["/two.xml"] = xml(urlset(entry("/story-2")))
        report = crawl(sitemaps(outlet, "/index.xml"), shelf)
        assert (report.captured, len(asked)) == (1, 2)
        assert not any(b'"7"' in head for head in asked)
        before = len(outlet.paths())
        crawl(sitemaps(outlet, "/index.xml"), shelf)
    assert since(outlet, before) == ["/index.xml"]


def test_moved_lastmod_is_fetched() -> None:
    """A story whose lastmod moved is fetched again."""
    with Outlet({"/a.xml": xml(urlset(entry("/story-1", "2026-10-01"), entry("/story-2"))), **PAGES}) as outlet:
        crawl(sitemaps(outlet, "/a.xml"), shelf := Shelf())
        known = {url: replace(state, captured_at="2026-10-02T00:00:00Z") for url, state in shelf.known.items()}
        for lastmod, captured in (("2026-10-01T09:00:00Z", 0), ("2026-10-03", 1)):
            shelf.known |= known
            outlet.routes["/a.xml"] = xml(urlset(entry("/story-1", lastmod), entry("/story-2")))
            report = crawl(sitemaps(outlet, "/a.xml"), shelf)
            assert (report.captured, report.known) == (captured, 2 - captured)


def section(*stories: str, older: str = "") -> Answer:
    links = "".join(f'<p><a href="{path}">A story of five words</a>' for path in stories)
    return answer(f'{links}<a rel="next" href="{older}">Older</a>' if older else links)


def test_section_followed_while_new() -> None:
    """A section is followed as far as it has new stories."""
    routes = {
        "/libya": section("/story-1", "/story-2", older="/libya?page=2"),
        "/libya?page=2": section("/story-3", older="/libya?page=3"),
        "/libya?page=3": section("/story-4", older="/libya"),
    }
    with Outlet(routes | PAGES) as outlet:
        source = outlet.source(feeds=(), listings=(f"{outlet.url}/libya",))
        assert crawl(source, shelf := Shelf()).captured == 4
        before = len(outlet.paths())
        outlet.routes["/libya"] = section("/story-5", "/story-1", older="/libya?page=2")
        assert crawl(source, shelf).captured == 1
    assert sorted(since(outlet, before)) == ["/libya", "/libya?page=2", "/story-5"]


def test_readers_share_what_they_find() -> None:
    routes = {
        "/feed": answer(rss(item("/story-1", "Rain"), item("/story-2"))),
        "/a.xml": xml(urlset(entry("/story-2"), entry("/story-3"))),
        "/libya": section("/story-1", "/story-3", "/story-4", "/feed"),
    }
    with Outlet(routes | PAGES) as outlet:
        source = outlet.source(sitemaps=(f"{outlet.url}/a.xml",), listings=(f"{outlet.url}/libya",))
        report = crawl(source, shelf := Shelf())
        crawl(source, shelf)
    stories = [path for path in outlet.paths() if path.startswith("/story")]
    assert sorted(stories) == ["/story-1", "/story-2", "/story-3", "/story-4"]
    assert (report.discovered, report.captured) == (4, 4)
    assert {page.metadata["family"] for page in shelf.pages} == {"feed", "sitemap", "listing"}


def test_seeds_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many seeds are not asked."""
    monkeypatch.setattr(spider, "MAX_SEEDS", 3)
    routes = {"/index.xml": xml(index(*(entry(f"/{n}.xml") for n in range(9))))}
    files = {f"/{n}.xml": xml(urlset(entry(f"/story-{n}"))) for n in range(9)}
    with Outlet(routes | files | PAGES) as outlet:
        report = crawl(sitemaps(outlet, "/index.xml"))
    assert sum(path.endswith(".xml") for path in outlet.paths()) == 3
    assert [visit.error for visit in report.feeds if visit.error] == ["7 more were not asked: a crawl has 3 at most"]


SITE = "https://gazette.example"
SAME = [
    f"{SITE}/news/Harbour-reopens-today?b=2&a=1",
    f"{SITE}/news/Harbour-reopens-today?a=1&b=2#top",
    "HTTPS://Gazette.Example:443/news/Harbour-reopens-today?utm_source=rss&a=1&b=2",
    "/news/Harbour%2Dreopens%2dtoday?a=1&b=2&fbclid=x",
]


@pytest.mark.parametrize("url", SAME)
def test_story_found_twice_once(url: str) -> None:
    """A story is one however it was found."""
    source = Source(id="g", path=Path(), name="G", home=SITE, country="ly", languages=("en",), timezone="UTC")
    written = url.replace("&", "&amp;")
    bodies: dict[SeedReader, str] = {
        FeedReader(): rss(item(written)),
        SitemapReader(): urlset(entry(written)),
        ListingReader(): f'<a href="{written}">x</a>',
    }
    found = [read(reader, source, body) for reader, body in bodies.items()]
    assert {story.identity for stories in found for story in stories} == {canonical(SAME[0])}


def read(reader: SeedReader, source: Source, body: str) -> Sequence[DiscoveredUrl]:
    page = SeedPage(
        seed=Seed(url=f"{SITE}/in"),
        url=f"{SITE}/in",
        content_type="text/html; charset=utf-8",
        body=body.encode(),
    )
    return reader.read(source, page, Window()).found
