"""Read one sitemap file: XML in any form (gzip, UTF-16, wrong or missing namespace), or plain text.

It follows sitemaps.org's protocol 0.9 and Google's news extension. No entity is expanded and nothing else is loaded; a
truncated file gives everything before the break.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from lxml import etree

from dateline.capture import inflate
from dateline.instants import is_believable
from dateline.urls import joined
from spiders.discovery import feed
from spiders.discovery.date_range import Period, period
from spiders.discovery.seed_reader import UnreadableError

MAX_BYTES, MAX_ENTRIES = 52 << 20, 50_000  # sitemaps.org's limits per file

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BARE = re.compile(rb"&(?!#\d+;|#[xX][0-9a-fA-F]+;|(?:amp|lt|gt|quot|apos);)")
_AMPERSAND = re.compile(r"&(?:amp;|#0*38;|#[xX]0*26;)+")  # escaped once more than XML wants, or in CDATA
_ENTRY_OF = {"urlset": "url", "sitemapindex": "sitemap"}
_WRONG = {
    "html": "the answer is HTML, not a sitemap",
    "rss": "the answer is a feed, not a sitemap; feeds are named under `feeds`",
    "feed": "the answer is a feed, not a sitemap; feeds are named under `feeds`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One ``url`` or ``sitemap`` element; ``lastmod`` and ``published_at`` (of a news sitemap) are aware."""

    url: str
    lastmod_raw: str | None = None
    lastmod: datetime | None = None
    published_raw: str | None = None
    published_at: datetime | None = None
    title: str | None = None

    @property
    def period(self) -> Period | None:
        """The day or month of the story: its own date, the address's, else when it last changed."""
        if self.published_at:
            return Period.at(self.published_at)
        return period(self.url) or (Period.at(self.lastmod) if self.lastmod else None)


def parse(body: bytes, base: str, zone: ZoneInfo) -> tuple[bool, list[Entry]]:
    """Return whether a file is an index, and its entries, each URL once; dates without a zone are in ``zone``.

    Raises UnreadableError with the kind of a file in another format.
    """
    if body[:2] == b"\x1f\x8b":  # gzipped as a file, and once more for the way
        body, damage = inflate(body, MAX_BYTES)
        if damage:
            raise UnreadableError(damage)
    if not body.strip():
        raise UnreadableError("the answer is empty")
    body = _in_utf8(body)
    root, written = _xml(_whole(_escaped(body))) if b"<" in body[:1024] else ("urlset", _text(body))
    if root not in _ENTRY_OF:
        raise UnreadableError(_WRONG.get(root, "the answer is not a sitemap"))
    unique: dict[str, Entry] = {}
    for fields in islice(written, MAX_ENTRIES):
        if (loc := fields.get("loc")) and (url := joined(base, _AMPERSAND.sub("&", loc))):
            unique.setdefault(url, _entry(url, fields, zone))
    return root == "sitemapindex", list(unique.values())


def _in_utf8(body: bytes) -> bytes:
    """A file in UTF-16 as UTF-8 without its declaration; any other as it is."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = body.decode("utf-16", "replace")
    elif body[:4] in (b"<\0?\0", b"\0<\0?"):
        text = body.decode("utf-16-le" if body[0] else "utf-16-be", "replace")
    else:
        return body
    return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def _escaped(body: bytes) -> bytes:
    """With each bare ``&`` outside of CDATA escaped: it belongs to the address, ``?a=1&b=2``.

    A file with entities of its own is left as it is, because the parser's guards are for those.
    """
    if b"<!ENTITY" in body:
        return body
    first, *others = body.split(b"<![CDATA[")
    pieces = [_BARE.sub(b"&amp;", first)]
    for piece in others:
        data, end, rest = piece.partition(b"]]>")
        pieces.append(data + end + _BARE.sub(b"&amp;", rest))
    return b"<![CDATA[".join(pieces)


def _whole(body: bytes) -> bytes:
    """Return the entries without a truncated last text: half an address is another address."""
    tail = body[body.rfind(b">") + 1 :]
    return body if not tail.strip() or b"</" in tail else body[: len(body) - len(tail)]


def _text(body: bytes) -> Iterator[dict[str, str]]:
    """Yield a URL per line; skip other lines."""
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines()]
    urls = [line for line in lines if line.startswith(("http://", "https://"))]
    if not urls:
        raise UnreadableError("the answer is not a sitemap")
    return ({"loc": url} for url in urls)


def _xml(body: bytes) -> tuple[str, Iterator[dict[str, str]]]:
    """The root element's name, without its namespace, and the fields of each entry below it."""
    events = etree.iterparse(
        BytesIO(body),
        events=("start", "end"),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        _, element = next(events)
    except (StopIteration, etree.XMLSyntaxError) as error:
        raise UnreadableError(f"the answer is not a sitemap: {error}") from error
    root = _name(element)
    return root, _entries(events, _ENTRY_OF.get(root, ""))


def _entries(events: Any, name: str) -> Iterator[dict[str, str]]:
    """Yield entries. Raises UnreadableError for a break before the first one; a later break costs only the rest."""
    entries = 0
    with suppress(etree.XMLSyntaxError):
        for event, element in events:
            if event == "end" and _name(element) == name:
                entries += 1
                yield _fields(element)
                element.clear()
                while element.getprevious() is not None:  # or all read elements stay in memory
                    del element.getparent()[0]
    if not entries and events.error_log:
        raise UnreadableError(f"the sitemap is broken: {events.error_log[0].message}")


def _fields(entry: Any) -> dict[str, str]:
    """The texts of an entry's own elements and of its ``news:news``; images and videos have a ``loc`` of theirs."""
    news = [element for child in entry if _name(child) == "news" for element in child]
    return {_name(element): " ".join((element.text or "").split()) for element in [*news, *entry]}


def _name(element: Any) -> str:
    """Return the name without namespace, often wrong or missing; empty for other nodes."""
    return element.tag.rpartition("}")[2].rpartition(":")[2] if isinstance(element.tag, str) else ""


def _entry(url: str, fields: dict[str, str], zone: ZoneInfo) -> Entry:
    lastmod, published = fields.get("lastmod") or None, fields.get("publication_date") or None
    return Entry(
        url=url,
        lastmod_raw=lastmod,
        lastmod=_instant(lastmod, zone) if lastmod else None,
        published_raw=published,
        published_at=_instant(published, zone) if published else None,
        title=fields.get("title") or None,
    )


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """Return a W3C date and time, in ``zone``; for a day, its beginning. None if invalid or unbelievable."""
    instant: datetime | None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = feed.date(text, zone)
    if instant is None or not is_believable(instant):
        return None
    return instant.astimezone(zone) if instant.tzinfo else instant.replace(tzinfo=zone)
