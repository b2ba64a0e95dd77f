"""The reader of feeds: RSS, RDF and Atom by feedparser, however broken, and JSON Feed.

If a source's feed is its home page, the feeds in its ``<link rel="alternate">`` are read.
"""

import html
import io
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
from parsel import Selector
from scrapy.http import HtmlResponse
from w3lib.html import remove_tags

from dateline.instants import is_believable
from dateline.sources.registry import Source
from dateline.urls import canonical, joined, same_site
from spiders.discovery import feed_text, jsonfeed
from spiders.discovery.date_range import Window
from spiders.discovery.seed_reader import DiscoveredUrl, Reading, SeedPage, UnreadableError

MAX_NAMED = 10  # feeds of a home page; the rest are those of sections and tags
MAX_ITEMS = 500  # feeds list 10 to 100; a longer one is an archive, and history has a reader of its own

_TYPES = {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
_COMMENTS = re.compile(r"comment|تعليق|yorum", re.IGNORECASE)
_OFFSET = re.compile(r"([+-]\d\d):(\d\d)$")  # RFC 822 has none in its offsets, some feeds do
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_YEAR = re.compile(rf"\b(?:{_MONTHS})[a-z]*\.?[ ,-]+(\d+)(?![\d:])", re.IGNORECASE)  # of RFC 822, behind the month
_CLOCK = re.compile(r"\d\d?:\d\d(:\d\d(\.\d+)?)?$")  # ends with the time of day: no zone follows


class FeedReader:
    """The ``feeds`` of a source."""

    name = "feed"
    history = False

    def seeds(self, source: Source) -> Sequence[str]:
        return source.feeds

    def read(self, source: Source, page: SeedPage, window: Window) -> Reading:  # noqa: ARG002 (a feed has no history)
        """The stories of a feed, each once and in its order, as far as the source's patterns want them."""
        if canonical(page.seed.url) == canonical(source.home):
            return _named(page)
        entries = _entries(page.content_type, page.body)
        linked = [(link, item) for item in entries if (link := _link(item, page.url))]
        if not linked:
            raise UnreadableError("the feed has items, but no links to stories")
        unique: dict[str, DiscoveredUrl] = {}
        for link, item in linked:
            found = _found(source, page, link, item)
            unique.setdefault(found.identity, found)
        return Reading(found=[found for found in unique.values() if source.wants(found.url)])


def _named(page: SeedPage) -> Reading:
    """The feeds that a home page names; those of comments hold no stories."""
    html = HtmlResponse(page.url, headers={"Content-Type": page.content_type}, body=page.body)
    links = [_attributes(link) for link in html.css("link[rel~=alternate][href]")]
    feeds = [(href, title) for href, kind, title in links if kind.lower() in _TYPES]
    wanted = [href for href, title in feeds if not _COMMENTS.search(f"{href} {title}")]
    addresses = [url for href in wanted if (url := _page(page.url, href)) and same_site(url, page.url)]
    if not addresses:
        raise UnreadableError("the page names no feeds")
    return Reading(further=[page.further(url) for url in addresses[:MAX_NAMED]], settled=False)


def _attributes(link: Selector) -> tuple[str, str, str]:
    """The address, type and title of a link; one by one, because lxml raises at names with control characters."""
    href, kind, title = (link.xpath(f"@{name}").get("") for name in ("href", "type", "title"))
    return href, kind, title


def _entries(content_type: str, body: bytes) -> Sequence[dict[str, Any]]:
    body = feed_text.utf8(body, content_type)
    if not body.strip():
        raise UnreadableError("the answer is empty")
    if (items := jsonfeed.items(body)) is not None:
        if not items:
            raise UnreadableError("the feed has no items")
        return items[:MAX_ITEMS]
    feed = feedparser.parse(
        io.BytesIO(body),  # a stream, because feedparser takes a string for a file's name where there is such a file
        response_headers={
            "content-type": "application/xml; charset=utf-8"
        },  # without the URL: links are made whole below
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if not feed.entries and not feed.version:
        raise UnreadableError(_unreadable(body, feed.get("bozo_exception")))
    if not feed.entries:
        raise UnreadableError("the feed has no items")
    entries: list[dict[str, Any]] = feed.entries[:MAX_ITEMS]
    return entries


def _unreadable(body: bytes, error: Exception | None) -> str:
    if re.search(rb"<(!doctype )?html\b", body[:4096], re.IGNORECASE):
        return "the answer is HTML, not a feed"
    return f"the answer is not a feed: {error}" if error else "the answer is not a feed"


def _link(item: dict[str, Any], feed: str) -> str | None:
    """The item's link in full, if it is that of a web page; the outlet's own before that of a proxy."""
    proxied = [item.get(name) for name in ("feedburner_origlink", "pheedo_origlink")]
    links = [*proxied, *_alternates(item)]
    return next((url for link in links if link and (url := _page(feed, link))), None)


def _alternates(item: dict[str, Any]) -> list[str]:
    """The item's link, after its alternates where it is none of them: a link without ``href`` takes its place."""
    link = item.get("link")
    named = [other["href"] for other in item.get("links", ()) if other.get("rel") == "alternate" and other.get("href")]
    return [link, *named] if link and (link in named or not named) else [*named, *([link] if link else [])]


def _page(feed: str, link: str) -> str | None:
    """An http or https URL that is not the feed's own, as which feedparser gives a link that is broken."""
    url = joined(feed, link)
    return url if url and canonical(url) != canonical(feed) else None


def _found(source: Source, page: SeedPage, url: str, item: dict[str, Any]) -> DiscoveredUrl:
    raw = item.get("published") or dict.get(item, "updated") or None  # feedparser's own get warns of a fallback
    title = " ".join(html.unescape(remove_tags(item.get("title") or "")).split())  # WordPress escapes twice
    return DiscoveredUrl(
        url=url,
        kind=FeedReader.name,
        seed=page.seed.url,
        title=title or None,
        date=date(raw, ZoneInfo(source.timezone)) if raw else None,
        date_raw=raw,
        link=joined(page.url, item["link"]) if item.get("link") else None,
    )


def date(raw: str, zone: ZoneInfo) -> datetime | None:
    """Return an aware instant from RFC 822 or ISO 8601, in ``zone`` by default, or None.

    Bare days, unknown zones and other formats, such as "Tuesday 16/04/2019", are kept raw for extraction, with its
    knowledge of the outlet. Years before 1990 and dates after tomorrow are rejected.
    """
    text = _OFFSET.sub(r"\1\2", raw.strip()).replace(" -0000", " +0000")  # UTC, from a place unsaid (RFC 5322)
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            instant = parse(text)
        except (ValueError, OverflowError):
            continue
        if not _is_as_written(instant, text) or not is_believable(instant):
            return None
        if instant.tzinfo or not _CLOCK.search(text):
            return instant if instant.tzinfo else None
        return instant.replace(tzinfo=zone)
    return None


def _is_as_written(instant: datetime, text: str) -> bool:
    """Whether the year is the text's own: the mail parser makes 2001 of ``0001``."""
    year = _YEAR.search(text)
    return not year or len(year[1]) == 2 or (len(year[1]) == 4 and int(year[1]) == instant.year)
