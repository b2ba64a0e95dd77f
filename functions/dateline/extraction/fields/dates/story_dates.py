"""Choose when a story was published and changed: by the page, its URL and the feed, never by the capture."""

import copy
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from htmldate.core import find_date, search_page
from htmldate.settings import MIN_DATE
from htmldate.utils import Extractor
from lxml.html import HtmlElement, tostring

from dateline.extraction.fields.dates import script_dates, timezones
from dateline.extraction.fields.dates.date_parsing import Moment, read, read_stated
from dateline.extraction.fields.dates.visible_dates import View
from dateline.extraction.parse import jsonld
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import SILENT, names, words
from dateline.instants import is_believable

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date",
    "sailthru.date", "pubdate", "publish-date", "publishdate", "dc.date.issued", "dc.date.created", "dcterms.created",
    "dc:created",
)  # fmt: skip
# Dublin Core's date is of any event in a resource's life, often of the last change.
_ANY_EVENT = ("dc.date", "dc:date", "dcterms.date", "date")
_MODIFIED = (
    "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "dc.date.modified", "lastmod",
    "last-modified",
)  # fmt: skip
# Other meta tags with the same meaning.
_OTHER_PUBLISHED = re.compile(
    r"publi\w*[-_.: ]?(?:date|time|at|on)$|(?:date|time)[-_.: ]?publi\w*$|(?:^|[.:_-])(?:issued|pubdate)$"
    r"|^citation(?:_\w+)?_date$"
)
_PAGE = re.compile(r"(?:webpage|itempage)$", re.IGNORECASE)
_WORK = re.compile(r"(?:recipe|howto|creativework|medicalwebpage|podcastepisode|faqpage)$", re.IGNORECASE)
_URL_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)([/_-]?)(0?[1-9]|1[0-2])\2(0?[1-9]|[12]\d|3[01])(?!\d)")
_URL_DAY_FIRST = re.compile(r"(?<!\d)(0?[1-9]|[12]\d|3[01])([_-])(0?[1-9]|1[0-2])\2((?:19|20)\d\d)(?!\d)")
_URL_NAMED_DAY = re.compile(r"/((?:19|20)\d\d)/([a-z]{3,9})/(0?[1-9]|[12]\d|3[01])(?!\d)")
_NO_EVIDENCE = {*SILENT, "link", "iframe", "form"}
_BESIDE = re.compile(r"comments?(?![a-z])|yorum|related|side-?bar|expires", re.IGNORECASE)
_PROSE = re.compile(
    r"\s*(?:[^\n]{40,}[.!?؟。…]|.{160,})\s*", re.DOTALL
)  # sentences, or too long for a line with a date
_ADDRESSES = {"href", "src", "srcset", "style", "onclick", "action"}
_SLACK = timedelta(hours=14)  # the earliest zone's day begins that long before UTC's
_QUARTER = timedelta(minutes=15)  # every offset in use is a multiple
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


class Dates(NamedTuple):
    published: Value[Moment] | None
    modified: Value[Moment] | None


def find(document: Document) -> Dates:
    """Return the first believable date of each kind, the most explicit evidence first."""
    view = _Seen(document)
    published = _placed(_first(_given(document, "published_at"), document), document) or _published(document, view)
    changed = (*_given(document, "modified_at"), *_changed(document), *view.changed)
    modified = _placed(_first(changed, document), document)
    if published and modified and _instant(modified.value) <= _instant(published.value):
        modified = None  # mostly a copy of the other
    return Dates(published, modified)


class _Seen:
    """Believable visible dates, each kind read when it is asked for: most pages state theirs."""

    def __init__(self, document: Document) -> None:
        self._document, self._view = document, View(document)

    @cached_property
    def near(self) -> list[Value[Moment]]:
        """Dates near the headline."""
        return self._believable(self._view.near())

    @cached_property
    def far(self) -> list[Value[Moment]]:
        return self._believable(self._view.far())

    @cached_property
    def labelled(self) -> list[Value[Moment]]:
        """Dates labelled as publication."""
        return self._believable(self._view.of_kind("published"))

    @cached_property
    def changed(self) -> list[Value[Moment]]:
        """Dates labelled as change."""
        return self._believable(self._view.of_kind("changed"))

    def relative(self) -> list[Value[Moment]]:
        """A relative date near the headline."""
        return self._believable(self._view.relative())

    def leading(self) -> list[Value[Moment]]:
        """The dateline's date."""
        return self._believable(self._view.leading())

    def last_resorts(self) -> list[Value[Moment]]:
        """Dates above the menu, and the one day that the page shows apart from its story."""
        return self._believable([*self._view.above(), *self._view.lone()])

    def elsewhere(self) -> frozenset[int]:
        """Positions of elements with other dates."""
        return frozenset(self._document.positions[each] for each in self._view.elsewhere if len(each) == 0)

    def _believable(self, dates: list[Value[Moment]]) -> list[Value[Moment]]:
        return [found for found in dates if _is_plausible(found.value, self._document)]


def _published(document: Document, seen: _Seen) -> Value[Moment] | None:
    stated = [found for found in _stated(document, seen) if _is_plausible(found.value, document)]
    if stated and (first := _first_published(stated[0].value, document, seen)):
        return _placed(first, document)
    if stated and stated[0].value.at.utcoffset():
        return stated[0]  # an instant in the outlet's own offset: nothing shown can add to it
    best = (
        _first(stated, document)
        or _first(_told(document, seen), document)
        or _first(seen.relative(), document)
        or _first((*seen.far, *seen.leading(), *_in_title(document)), document)
        or _first((*script_dates.find(document), *seen.last_resorts(), *seen.changed), document)
        or _first(_searched(document, seen.elsewhere()), document)
    )
    if best is None:
        return None
    of_page = [found for found in _of_page(document, "datePublished") if _is_plausible(found.value, document)]
    events = list(_named(document, _ANY_EVENT)) if seen.labelled else []
    for other in (*stated, *of_page, *events, *seen.near, *seen.far):
        best = _refined(best, other, near=other in seen.near)
    days = {found.value.at.date() for found in (*seen.near, *_in_url(document))}
    return _placed(_on_local_day(best, days, document), document)


def _first_published(stated: Moment, document: Document, seen: _Seen) -> Value[Moment] | None:
    """Return an earlier date near the headline, if the data's is of a republication, later than their last change."""
    changed = _first(_changed(document), document)
    if changed is None or _instant(changed.value) >= _instant(stated):
        return None
    nearest = next(iter(seen.near), None)
    day = min(stated.at.date(), changed.value.at.date())
    return nearest if nearest and nearest.value.at.date() < day else None


def _given(document: Document, field: str) -> Iterator[Value[Moment]]:
    """Return the dates of the source's own rules."""
    if given := document.given(field):
        yield from _read(document, *given)


def _stated(document: Document, seen: _Seen) -> Iterator[Value[Moment]]:
    """Dates in the page's data; those of any event only where the page labels none as publication."""
    yield from _read(document, jsonld.texts(document.story.get("datePublished")), "json-ld datePublished")
    for text, rule in document.contents(*_PUBLISHED, *(() if seen.labelled else _ANY_EVENT)):
        yield from _read(document, [text], rule)


def _named(document: Document, names: Iterable[str]) -> Iterator[Value[Moment]]:
    """Dates in the meta tags of these names."""
    for text, rule in document.contents(*names):
        yield from _read(document, [text], rule)


def _named_like(document: Document, pattern: re.Pattern[str]) -> list[str]:
    return [name for name in document.meta if pattern.search(name) and name not in _PUBLISHED]


def _of_page(document: Document, field: str) -> Iterator[Value[Moment]]:
    """Return the data's dates of the page itself."""
    for node in document.nodes:
        if any(_PAGE.search(kind) for kind in jsonld.types(node)):
            yield from _read(document, jsonld.texts(node.get(field)), f"json-ld {field} of the page")


def _of_titled(document: Document) -> Iterator[Value[Moment]]:
    """Return the dates of works other than articles with the page's title, such as recipes and videos."""
    titles = {words(title) for title in (document.content_of_headline, *document.meta.get("og:title", ())) if title}
    for node in document.nodes:
        named = words(jsonld.text(node.get("headline")) or jsonld.text(node.get("name")) or "")
        if named in titles or (not named and any(_WORK.search(kind) for kind in jsonld.types(node))):
            for field in ("datePublished", "uploadDate", "dateCreated"):
                yield from _read(document, jsonld.texts(node.get(field)), f"json-ld {field}")


def _told(document: Document, seen: _Seen) -> Iterator[Value[Moment]]:
    """Yield visible dates, those confirmed by the URL first, and the feed's."""
    address = list(_in_url(document))
    days = {found.value.at.date() for found in address}
    yield from (found for found in seen.near if days & {found.value.at.date(), _instant(found.value).date()})
    yield from seen.labelled
    yield from address
    yield from seen.near
    yield from _named(document, _named_like(document, _OTHER_PUBLISHED))
    yield from (found for found in seen.far if found.rule == "time element")
    if any(found.rule == "time element" for found in seen.changed) and not document.story:
        yield from seen.changed  # the only visible date of such a page
    yield from _of_page(document, "datePublished")
    yield from _read(document, jsonld.texts(document.story.get("dateCreated")), "json-ld dateCreated")
    yield from _of_titled(document)
    if document.page.feed_date:
        yield Value(Moment(document.page.feed_date.replace(microsecond=0), "second"), "feed item")


def _changed(document: Document) -> Iterator[Value[Moment]]:
    yield from _read(document, jsonld.texts(document.story.get("dateModified")), "json-ld dateModified")
    for text, rule in document.contents(*_MODIFIED):
        yield from _read(document, [text], rule)
    yield from _of_page(document, "dateModified")


def _read(document: Document, texts: Iterable[str], rule: str) -> Iterator[Value[Moment]]:
    for text in texts:
        if moment := read_stated(text, month_first=document.month_first):
            yield Value(moment, rule)


def _in_url(document: Document) -> Iterator[Value[Moment]]:
    for match in _URL_DAY.finditer(document.url):
        if moment := read(f"{match[1]}-{match[3]:0>2}-{match[4]:0>2}"):
            yield Value(moment, "url")
    for match in _URL_NAMED_DAY.finditer(document.url):
        if moment := read(f"{match[3]} {match[2]} {match[1]}"):
            yield Value(moment, "url")
    for match in _URL_DAY_FIRST.finditer(document.url):
        if moment := read(match[0].replace("_", "-"), month_first=document.month_first):
            yield Value(moment, "url")


def _in_title(document: Document) -> Iterator[Value[Moment]]:
    titles = (document.tree.findtext(".//title") or "", *document.meta.get("og:title", ()))
    yield from _read(document, titles, "title element")


def _searched(document: Document, elsewhere: frozenset[int]) -> Iterator[Value[Moment]]:
    """Return htmldate's result from markup and text, without anything more explicit.

    A first of January is mostly a year in the footer, and the day of the capture is the page's "today".
    """
    latest = document.page.captured_at or datetime.now(UTC)
    bound = (latest + _SLACK).replace(tzinfo=None)
    bare = _bare(document.tree, elsewhere)
    found = find_date(bare, extensive_search=False, original_date=True, max_date=bound) or _counted(bare, bound)
    if found and not found.endswith("-01-01") and found != latest.date().isoformat() and (moment := read(found)):
        yield Value(moment, "htmldate search")


def _counted(bare: HtmlElement, latest: datetime) -> str | None:
    """Return the day that htmldate takes for the likeliest of all on a page.

    Its extensive search does the same, after dateparser's: six times the time, and no other day on the labelled pages.
    """
    options = Extractor(False, latest, MIN_DATE, True, "%Y-%m-%d")
    found: str | None = search_page(tostring(bare, encoding="unicode"), options)
    return found


def _bare(tree: HtmlElement, elsewhere: frozenset[int]) -> HtmlElement:
    """A copy of a page without scripts, styles, addresses, prose, and the dates at the positions ``elsewhere``."""
    copied = copy.deepcopy(tree)
    elements = list(copied.iter())
    for at in elsewhere:
        elements[at].text = None
        elements[at].attrib.clear()
    for element in elements:
        if element.getparent() is not None and (element.tag in _NO_EVIDENCE or _BESIDE.search(names(element))):
            element.drop_tree()
        for attribute in _ADDRESSES & set(element.attrib):
            del element.attrib[attribute]
        if _PROSE.fullmatch(element.text or ""):
            element.text = None
        if _PROSE.fullmatch(element.tail or ""):
            element.tail = None
    return copied


def _first(candidates: Iterable[Value[Moment]], document: Document) -> Value[Moment] | None:
    return next((found for found in candidates if _is_plausible(found.value, document)), None)


def _placed(found: Value[Moment] | None, document: Document) -> Value[Moment] | None:
    """Return a time without an offset in the outlet's zone, or its day alone for an unknown zone."""
    if found is None:
        return None
    moment, rule = found
    if not moment.zoned and moment.precision != "day" and document.page.timezone:
        rule = f"{rule}; zone of the source"
    return Value(moment.placed(document.page.timezone), rule)


def _refined(best: Value[Moment], other: Value[Moment], *, near: bool) -> Value[Moment]:
    """Return ``best``, or another rule's version of the same time with a clock or with the outlet's own offset."""
    one, two = best.value, other.value
    if two.precision == "day":
        return best
    if _is_midnight(one) and two.zoned and not _is_midnight(two) and timedelta() < two.at - one.at <= _DAY + _SLACK:
        return other
    if one.precision == "day":
        return other if one.at.date() == two.at.date() else best
    zone = _same_time_in(one, two, near=near) if one.at.utcoffset() == timedelta(0) else _same_clock_in(one, two)
    if zone is None:
        return best
    at = one.at.astimezone(zone) if one.zoned else one.at.replace(tzinfo=zone)
    return Value(Moment(at, one.precision), f"{best.rule} + {other.rule}")


def _is_midnight(moment: Moment) -> bool:
    """Whether a moment is midnight in UTC, in data mostly a day without its time."""
    return moment.zoned and moment.at.astimezone(UTC).time() == time()


def _same_time_in(one: Moment, two: Moment, *, near: bool) -> tzinfo | None:
    """Return the zone in which ``two`` is the instant of ``one``, stated or not; None for another time.

    The same second is enough, and near the headline the same minute of another hour.
    """
    if two.zoned:
        same = abs(one.at - two.at) < _MINUTE
        return two.at.tzinfo if same and two.at.utcoffset() else None
    ahead = two.at.replace(tzinfo=UTC) - one.at
    exact = "second" in (one.precision, two.precision) and one.at.second == two.at.second != 0
    if near and not exact:
        ahead += timedelta(seconds=one.at.second - two.at.second)
    told = (exact and ahead % _QUARTER == timedelta()) or (near and ahead % _HOUR == timedelta())
    return timezone(ahead) if told and ahead and abs(ahead) <= _SLACK else None


def _same_clock_in(one: Moment, two: Moment) -> tzinfo | None:
    """Return the zone of ``two`` if ``one`` has the same date and time without a zone."""
    same = two.zoned and not one.zoned and abs(two.at.replace(tzinfo=None) - one.at) < _MINUTE
    return two.at.tzinfo if same else None


def _on_local_day(found: Value[Moment], days: set[date], document: Document) -> Value[Moment]:
    """Return an instant in UTC on the page's visible day, if that is its day in the outlet's zone.

    An instant of local midnight is a day, written in UTC by a publishing system.
    """
    moment, rule = found
    if moment.at.utcoffset() != timedelta(0) or moment.at.date() in days:
        return found
    if not (zone := timezones.of_outlet(document)):
        return _of_midnight(found, days)
    local = moment.at.astimezone(ZoneInfo(zone))
    if local.time() == time() and local.date() != moment.at.date():
        return Value(Moment(datetime.combine(local, time()), "day"), f"{rule}; midnight of the outlet")
    return Value(Moment(local, moment.precision), f"{rule}; zone of the outlet") if local.date() in days else found


def _of_midnight(found: Value[Moment], days: set[date]) -> Value[Moment]:
    """Return the next day, if the page shows it and the instant may be its midnight in an unknown zone east of UTC."""
    moment, rule = found
    following = moment.at.date() + timedelta(days=1)
    is_hour = moment.at.time().replace(hour=0) == time()
    if following not in days or not is_hour or datetime.combine(following, time(), UTC) - moment.at > _SLACK:
        return found
    return Value(Moment(datetime.combine(following, time()), "day"), f"{rule}; midnight of the day shown")


def _is_plausible(moment: Moment, document: Document) -> bool:
    latest = document.page.captured_at or datetime.now(UTC)
    if not is_believable(moment.at, latest):
        return False
    return _instant(moment) <= latest + (timedelta() if moment.zoned else _SLACK)


def _instant(moment: Moment) -> datetime:
    """The moment for comparing, in UTC; one without an offset as if in UTC."""
    return moment.at.astimezone(UTC) if moment.zoned else moment.at.replace(tzinfo=UTC)
