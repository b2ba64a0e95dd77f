"""Fuzz targets of discovery: feeds, sitemaps, section pages and robots.txt, each read or refused."""

import json
import math
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from dateline.sources.registry import Source
from dateline.urls import canonical, is_web
from spiders.discovery.date_range import Window
from spiders.discovery.feed import FeedReader
from spiders.discovery.listing import ListingReader
from spiders.discovery.seed_reader import Reading, Seed, SeedPage, SeedReader, UnreadableError
from spiders.discovery.sitemap import SitemapReader
from spiders.middlewares import robots_txt
from spiders.middlewares.robots import AGENT, RobotsRefused, Rules
from spiders.state.frontier import found as found_again

_HOME = "https://news.example.org/"
_SOURCE = Source(
    id="sample-gazette",
    path=Path("ly/sample-gazette.toml"),
    name="Sample Gazette",
    home=_HOME,
    country="ly",
    languages=("ar", "en"),
    timezone="Africa/Tripoli",
)
_TYPES = ("application/xml", "text/xml; charset=windows-1256", "text/html; charset=utf-8", "application/json", "")
_WINDOWS = (Window(), Window.of("2019-04-01", "2019-04-30"))

FEEDS = (
    '<?xml version="1.0" encoding="windows-1256"?><rss version="2.0"><channel><title>A</title><item><title>قصة</title>'
    "<link>/2019/04/16/a?b=1&amp;c=2</link><pubDate>Tue, 16 Apr 2019 09:30:00 +02:00</pubDate></item></channel></rss>",
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/x/"><entry><title type="html">&lt;b&gt;A&amp;#1575;</title>'
    '<link rel="enclosure"/><link rel="alternate" href="b"/><updated>2019-04-16T09:30:00Z</updated></entry></feed>',
    '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "url": "/c", "title": "C", '
    '"date_published": "2019-04-16"}]}',
    '<link rel="alternate" type="application/rss+xml" href="/feed?a=1" title="News">',
)
SITEMAPS = (
    '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com'
    '/schemas/sitemap-news/0.9"><url><loc>https://news.example.org/2019/04/16/a?b=1&c=2</loc><lastmod>2019-04-16'
    "</lastmod><news:news><news:title>A &amp; B</news:title><news:publication_date>2019-04-16T09:30+02:00"
    "</news:publication_date></news:news></url></urlset>",
    "<sitemapindex><sitemap><loc>/sitemap-201904.xml</loc><lastmod>2019-04-16T09:30:00Z</lastmod></sitemap>",
    "https://news.example.org/a\r\nhttps://news.example.org/b\n",
)
ROBOTS = (
    "\ufeffUser-agent: Googlebot, Dateline/1.0\rCrawl-delay: 2.5\rDisallow: /a*b$ # no\nAllow: /a%D9%82\n\n"
    "user agent: *\nDisallow: /\nSitemap: /sitemap.xml\nSitemap:<https://news.example.org/s?a=1&b=2>",
    "User-agent: *\nCrawl-delay: 1e999\nDisallow: /*.pdf$\nDisallow: *?*=*&*\nAllow: /$",
)
SECTION = (
    '<base href="/x/"><a href="2019/04/16/the-pump-runs-again">The pump at the well runs again</a>'
    '<time datetime="2019-04-16"></time><a href="?page=2" rel="next">2</a><a href="/قصة?q=خبر#x">خبر</a>',
)


def feed(data: bytes) -> None:
    """A feed, or a home page with links to feeds; the first byte chooses the declared type and the kind."""
    home = bool(data) and data[0] >= 128
    _read(FeedReader(), data, _HOME if home else f"{_HOME}feed")


def sitemap(data: bytes) -> None:
    """A sitemap; its first byte chooses between news and history."""
    _read(SitemapReader(), data, f"{_HOME}sitemap.xml")


def section(data: bytes) -> None:
    """A section's page."""
    _read(ListingReader(), data, f"{_HOME}section")


def robots(data: bytes) -> None:
    """A robots.txt: every URL is allowed or refused, the delay is a number, its sitemaps are those of web pages."""
    rules = Rules(data)
    for path in ("", "a", "a/b?c=d", "%D9%82", "robots.txt", "x" * 200):
        with suppress(RobotsRefused):
            rules.check(_HOME + path)
    if math.isnan(rules.crawl_delay):
        raise AssertionError("the delay is no number")
    robots_txt.parse(data, AGENT)
    if not all(map(is_web, robots_txt.sitemaps(data, f"{_HOME}robots.txt"))):
        raise AssertionError("a sitemap's address is none of a web page")


TARGETS: dict[str, Callable[[bytes], None]] = {"feed": feed, "sitemap": sitemap, "section": section, "robots": robots}
SEEDS = {"feed": FEEDS, "sitemap": SITEMAPS, "section": SECTION, "robots": ROBOTS}


def seeds(target: str) -> list[bytes]:
    """Bytes to begin with; none for a target of another module."""
    first = b"" if target == "robots" else b"\0"
    return [first + text.encode() for text in SEEDS.get(target, ())]


def _read(reader: SeedReader, data: bytes, url: str) -> None:
    first, body = data[:1] or b"\0", data[1:]
    page = SeedPage(seed=Seed(url=url), url=url, content_type=_TYPES[first[0] % len(_TYPES)], body=body)
    with suppress(UnreadableError):
        _check(reader.read(_SOURCE, page, _WINDOWS[first[0] % len(_WINDOWS)]))


def _check(reading: Reading) -> None:
    """Raise AssertionError for a story that cannot be requested, or changes in a continuation."""
    for found in reading.found:
        metadata = json.loads(json.dumps(found.metadata()))
        if found.identity != canonical(found.identity) or (found.date and not found.date.tzinfo):
            raise AssertionError(f"no story: {found}")
        if found_again(metadata).identity != found.identity:
            raise AssertionError(f"the frontier has another story: {found}")
    for seed in reading.further:
        canonical(seed.url)
