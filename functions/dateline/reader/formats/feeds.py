"""Feeds of a list of stories: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, tostring

Format = Literal["atom", "rss", "jsonfeed"]
_ATOM = "http://www.w3.org/2005/Atom"
_INVALID = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")  # XML 1.0 has none of these
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry: ``id`` is unique to it, ``url`` its page in the reading room, ``original`` the outlet's.

    ``updated`` is an instant in ISO 8601 (UTC), ``published`` an instant or a day, or None. Texts are plain.
    """

    id: str
    url: str
    original: str
    title: str
    summary: str
    updated: str
    published: str | None = None
    language: str | None = None
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed: its title, its own address, and the page that shows the same."""

    title: str
    url: str
    page: str
    entries: Sequence[Entry]

    def write(self, format: Format) -> str:
        """Return the feed's document."""
        forms: dict[Format, Callable[[Feed], str]] = {"atom": _atom, "rss": _rss, "jsonfeed": _json}
        return forms[format](self)

    @property
    def updated(self) -> str:
        """The last update of its entries; the epoch without any."""
        return max((entry.updated for entry in self.entries), default="1970-01-01T00:00:00Z")


def _atom(feed: Feed) -> str:
    root = Element("feed", xmlns=_ATOM)
    _add(root, "id", feed.url)
    _add(root, "title", feed.title)
    _add(root, "updated", feed.updated)
    SubElement(root, "link", rel="self", href=_valid(feed.url))
    SubElement(root, "link", rel="alternate", type="text/html", href=_valid(feed.page))
    _add(SubElement(root, "author"), "name", "Dateline")
    for entry in feed.entries:
        item = SubElement(root, "entry", {_LANGUAGE: entry.language} if entry.language else {})
        _add(item, "id", entry.id)
        _add(item, "title", entry.title)
        SubElement(item, "link", rel="alternate", type="text/html", href=_valid(entry.url))
        SubElement(item, "link", rel="via", href=_valid(entry.original))
        _add(item, "updated", entry.updated)
        if entry.published:
            _add(item, "published", _instant(entry.published).isoformat())
        for author in entry.authors:
            _add(SubElement(item, "author"), "name", author)
        _add(item, "summary", entry.summary)
    return _document(root)


def _rss(feed: Feed) -> str:
    root = Element("rss", {"version": "2.0", "xmlns:atom": _ATOM})
    channel = SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.page)
    _add(channel, "description", feed.title)
    SubElement(channel, "atom:link", rel="self", href=_valid(feed.url), type="application/rss+xml")
    _add(channel, "lastBuildDate", format_datetime(_instant(feed.updated)))
    for entry in feed.entries:
        item = SubElement(channel, "item")
        _add(item, "title", entry.title)
        _add(item, "link", entry.url)
        SubElement(item, "guid", isPermaLink="false").text = _valid(entry.id)
        _add(item, "pubDate", format_datetime(_instant(entry.published or entry.updated)))
        _add(item, "description", _escaped(entry.summary))
    return _document(root)


def _json(feed: Feed) -> str:
    items = [
        {
            "id": entry.id,
            "url": entry.url,
            "external_url": entry.original,
            "title": entry.title,
            "content_text": entry.summary,
            "date_published": _instant(entry.published).isoformat() if entry.published else None,
            "date_modified": entry.updated,
            "language": entry.language,
            "authors": [{"name": author} for author in entry.authors] or None,
        }
        for entry in feed.entries
    ]
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.url,
        "items": [{name: value for name, value in item.items() if value is not None} for item in items],
    }
    return json.dumps(document, ensure_ascii=False)


def _add(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _valid(text)


def _valid(text: str) -> str:
    return _INVALID.sub("\N{REPLACEMENT CHARACTER}", text)


def _escaped(text: str) -> str:
    """Plain text as HTML, which descriptions in RSS are."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _instant(stated: str) -> datetime:
    """The instant of an ISO 8601 text; a bare day begins at midnight UTC."""
    found = datetime.fromisoformat(stated)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _document(root: Element) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'
