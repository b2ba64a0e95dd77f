"""When a story was published and changed: what the page says, its URL, the feed; never when it was captured."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

from htmldate.core import find_date
from lxml.html import HtmlElement

from dateline.extraction import jsonld
from dateline.extraction.document import Document, Found, content
from dateline.extraction.moments import Moment, read

_PUBLISHED = (
    "article:published_time", "og:published_time", "og:article:published_time", "datepublished", "parsely-pub-date",
    "sailthru.date", "pubdate", "publish-date", "publishdate", "publication_date", "article.published",
    "dc.date.issued", "dc.date.created", "dcterms.created", "dc.date", "dcterms.date", "date",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:modified_time", "og:updated_time", "datemodified", "article.updated",
    "dcterms.modified", "dc.date.modified", "lastmod", "last-modified",
)  # fmt: skip
_URL_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/_-]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_DATE_NAME = re.compile(
    r"date|time(?!line)|publi|posted|tarih|zaman|(?:^|[-_ ])meta(?:$|[-_ ])|byline|info", re.IGNORECASE
)
_NOT_THE_STORYS = re.compile(r"current|today|now|clock|weather|comment|related|copyright|footer", re.IGNORECASE)
_CHANGED = re.compile(r"updat|modif|edited|mis à jour|mise à jour|güncel|aktualis|تحديث|تعديل", re.IGNORECASE)
_SHOWN_IN = ("time", "span", "div", "p", "li", "small", "em", "a", "abbr", "td", "font", "b")
_NEAR = 60  # elements from the headline
_SHOWN_LENGTH = 90  # characters: a longer text that has a date in it is prose
_FIRST_WEB_PAGE = datetime(1991, 8, 6, tzinfo=UTC)
_SLACK = timedelta(hours=14)  # the day that a date names may have begun that long before it does in UTC
_QUARTER = timedelta(minutes=15)  # every offset in use is a multiple


class Dates(NamedTuple):
    published: Found[Moment] | None
    modified: Found[Moment] | None


def find(document: Document) -> Dates:
    """The first plausible date of each kind, the most explicit evidence first."""
    published = _placed(_first(_given(document, "published_at"), document), document) or _published(document)
    changed = (*_given(document, "modified_at"), *_changed(document))
    modified = _placed(_first(changed, document), document)
    if published and modified and _instant(modified.value) <= _instant(published.value):
        modified = None  # mostly a copy of the other
    return Dates(published, modified)


def _published(document: Document) -> Found[Moment] | None:
    stated = [found for found in _stated(document) if _is_plausible(found.value, document)]
    if stated and stated[0].value.at.utcoffset():
        return stated[0]  # an instant in the outlet's own offset: nothing shown can add to it
    near, far = _shown(document)
    best = (
        _first(stated, document)
        or _first(_told(document, near), document)
        or _first(_searched(document), document)
        or _first(far, document)
    )
    if best is None:
        return None
    for other in (*stated, *near, *far):
        best = _refined(best, other)
    return _placed(best, document)


def _given(document: Document, field: str) -> Iterator[Found[Moment]]:
    """Dates where the source's own rules say that they are."""
    if given := document.given(field):
        yield from _read(document, *given)


def _stated(document: Document) -> Iterator[Found[Moment]]:
    """Dates in the page's data."""
    yield from _read(document, jsonld.texts(document.story.get("datePublished")), "json-ld datePublished")
    for text, rule in document.contents(*_PUBLISHED):
        yield from _read(document, [text], rule)


def _told(document: Document, shown: list[Found[Moment]]) -> Iterator[Found[Moment]]:
    """Dates in view of the reader, those that the URL confirms first, and the feed's."""
    address = list(_in_url(document))
    days = {found.value.at.date() for found in address}
    yield from (found for found in shown if found.value.at.date() in days)
    yield from address
    yield from shown
    if document.page.feed_date:
        yield Found(Moment(document.page.feed_date.replace(microsecond=0), "second"), "feed item")


def _changed(document: Document) -> Iterator[Found[Moment]]:
    yield from _read(document, jsonld.texts(document.story.get("dateModified")), "json-ld dateModified")
    for text, rule in document.contents(*_MODIFIED):
        yield from _read(document, [text], rule)


def _read(document: Document, texts: Iterable[str], rule: str) -> Iterator[Found[Moment]]:
    for text in texts:
        if moment := read(text, month_first=_month_first(document)):
            yield Found(moment, rule)


def _month_first(document: Document) -> bool:
    """Whether ``4/16/2019`` is how the outlet writes: it says that it is American."""
    declared = document.tree.get("lang", "")
    return document.page.country == "us" or (document.page.country is None and declared.lower() == "en-us")


def _shown(document: Document) -> tuple[list[Found[Moment]], list[Found[Moment]]]:
    """Dates in time elements and in short texts with a telling class, the nearest to the headline first.

    Those far from it are other stories' as often as not.
    """
    places = {element: at for at, element in enumerate(document.tree.iter(*_SHOWN_IN, "h1"))}
    headline = next((at for element, at in places.items() if element.tag == "h1"), 0)
    dated = [(abs(at - headline), element) for element, at in places.items() if _may_be_date(element)]
    near: list[Found[Moment]] = []
    far: list[Found[Moment]] = []
    for distance, element in sorted(dated, key=lambda pair: pair[0])[:20]:
        (near if distance <= _NEAR else far).extend(_dated(document, element))
    return near, far


def _dated(document: Document, element: HtmlElement) -> Iterator[Found[Moment]]:
    text = content(element)
    if len(text) < _SHOWN_LENGTH and not _CHANGED.search(text):
        rule = "time element" if element.tag == "time" else "visible date"
        yield from _read(document, filter(None, (element.get("datetime"), text)), rule)


def _may_be_date(element: HtmlElement) -> bool:
    if element.tag == "time":
        return True
    if element.tag == "h1":
        return False
    names = f"{element.get('class', '')} {element.get('id', '')} {element.get('itemprop', '')}"
    return (
        len(names) > 2
        and len(element) < 12
        and _DATE_NAME.search(names) is not None
        and not _NOT_THE_STORYS.search(names)
    )


def _in_url(document: Document) -> Iterator[Found[Moment]]:
    for match in _URL_DAY.finditer(document.url):
        if moment := read(f"{match[1]}-{match[3]:0>2}-{match[4]:0>2}"):
            yield Found(moment, "url")


def _searched(document: Document) -> Iterator[Found[Moment]]:
    """What htmldate finds in markup and text where there is nothing more explicit.

    Its first of January is mostly a year in the footer, and the day of the capture the page's "today".
    """
    latest = document.page.captured_at or datetime.now(UTC)
    bound = (latest + _SLACK).replace(tzinfo=None)
    found = find_date(document.tree, original_date=True, url=document.url, max_date=bound)
    if found and not found.endswith("-01-01") and found != latest.date().isoformat() and (moment := read(found)):
        yield Found(moment, "htmldate search")


def _first(candidates: Iterable[Found[Moment]], document: Document) -> Found[Moment] | None:
    return next((found for found in candidates if _is_plausible(found.value, document)), None)


def _placed(found: Found[Moment] | None, document: Document) -> Found[Moment] | None:
    """A time without an offset in the outlet's zone, or its day alone where that is not known."""
    if found is None:
        return None
    moment, rule = found
    if not moment.zoned and moment.precision != "day" and document.page.timezone:
        rule = f"{rule}; zone of the source"
    return Found(moment.placed(document.page.timezone), rule)


def _refined(best: Found[Moment], other: Found[Moment]) -> Found[Moment]:
    """``best``, or what another rule says of the same time with a clock or with the outlet's own offset."""
    one, two = best.value, other.value
    if two.precision == "day":
        return best
    if one.precision == "day":
        return other if one.at.date() == two.at.date() else best
    if one.at.utcoffset() == timedelta(0) and (zone := _same_time_in(one, two)):
        return Found(Moment(one.at.astimezone(zone), one.precision), f"{best.rule} + {other.rule}")
    return best


def _same_time_in(one: Moment, two: Moment) -> tzinfo | None:
    """The zone in which ``two`` names the instant of ``one``, also where it does not say so; None for another time."""
    if two.zoned:
        same = abs(one.at - two.at) < timedelta(minutes=1)
        return two.at.tzinfo if same and two.at.utcoffset() else None
    ahead = two.at.replace(tzinfo=UTC) - one.at
    exact = "second" in (one.precision, two.precision) and one.at.second == two.at.second != 0
    return timezone(ahead) if exact and ahead % _QUARTER == timedelta() and abs(ahead) <= _SLACK else None


def _is_plausible(moment: Moment, document: Document) -> bool:
    latest = document.page.captured_at or datetime.now(UTC)
    return _FIRST_WEB_PAGE <= _instant(moment) <= latest + (timedelta() if moment.zoned else _SLACK)


def _instant(moment: Moment) -> datetime:
    """The moment for comparing; without an offset, as if in UTC."""
    return moment.at if moment.zoned else moment.at.replace(tzinfo=UTC)
