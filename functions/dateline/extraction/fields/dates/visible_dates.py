"""Visible dates: in time elements, marked by class or label, or alone near the headline."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from functools import cached_property
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lxml.etree import XPath
from lxml.html import HtmlElement

from dateline.extraction.fields import shown_title
from dateline.extraction.fields.credits import bylines
from dateline.extraction.fields.dates import date_lines, relative_dates, timezones
from dateline.extraction.fields.dates.date_lines import Kind, is_labelled, kind_before
from dateline.extraction.fields.dates.date_parsing import Moment, read, read_stated
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import RUNNING, SILENT, beginning, content, names, words

_NAMED = re.compile(
    r"date|time(?!line)|publi|posted|submitted|created|tarih|zaman|updated|(?:^|[-_ ])meta(?:$|[-_ ])|byline|info",
    re.IGNORECASE,
)
_NOT_THE_STORYS = re.compile(
    r"(?:^|[-_ ])(?:current|today|now)(?![a-z])|date-?now|clock|weather|comments?(?![a-z])|yorum|related|copyright"
    r"|ticker|expir|event(?!s?-?detail)",
    re.IGNORECASE,
)
_SIDE = re.compile(r"side-?(?:bar|cell|col)|(?:^|[-_ ])(?:rail|aside|widget)(?:$|[-_ ])", re.IGNORECASE)
_CHANGED_NAME = re.compile(r"modif|updat|guncel", re.IGNORECASE)
_PUBLISHED_NAME = re.compile(r"publi|creat|posted|issued", re.IGNORECASE)
_IN = ("span", "div", "p", "li", "dd", "small", "em", "a", "abbr", "td", "font", "b", "strong", "i")
_LABELLED_IN = (*_IN, "dl", "ul", "header", "section", "time", "figcaption")
_STATING = ("datetime", "content", "title", "aria-label")
_STATING_DATA = re.compile(r"data-(?:\w+-)*\w*(?:date|time|publi)")
_NOT_PUBLISHED = ("changed", "other")
_HEADINGS = ("h1", "h2", "h3")
_UNDATED = {*SILENT, "h1", "title", "option", "textarea", "pre", "code", "meta", "iframe", "figcaption"}
_FEW = 6  # children beside a date
_NEAR = 80  # elements from the headline
_ABOVE = 25  # elements before it with a relative date
_LONGEST_ALONE = 60  # characters: a weekday, a date, a time and a zone
_PROSE = 100  # characters of a paragraph's text node
_SHORTEST_HEADLINE = 12  # characters
_CARD = 400  # characters: a teaser with its link and date
_LEVELS = 5  # ancestors of a date to check for cards
_MENU = 4  # links between the page's own date and the headline
_LEADING = 90  # characters of a paragraph to search for a dateline
_MOST = 30
_NUMBERS = re.compile(r"\d\D{1,20}\d{4}|\d{4}\D{1,20}\d")  # a date with a link to an archive page
_DIGIT = re.compile(r"\d")  # of any script
_SENTENCE = re.compile(r"(?:\S+\s+){6,}\S*[.!?\u061f\u06d4][\s\W]*$")  # seven words or more, and a full stop
_STATED_IN = XPath(
    "//*[self::span or self::abbr or self::div][@content or @title][@property or @class]"
    "|//@*[starts-with(name(), 'data-')]"
    "[contains(name(), 'time') or contains(name(), 'date') or contains(name(), 'publi')]/.."
)


class Shown(NamedTuple):
    """A date in view. ``near`` is whether it stands near the headline and belongs to the story as far as one sees."""

    found: Value[Moment]
    kind: Kind
    near: bool


class View:
    """Dates shown by the page, nearest to the headline first."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._at = document.positions
        self._headline = _headline(document)
        self._around = set(self._headline.iterancestors()) if self._headline is not None else set[HtmlElement]()
        self._start = self._at[self._headline] if self._headline is not None else 0

    @cached_property
    def dates(self) -> list[Shown]:
        """Possible dates of the story, without those of other stories, readers and the page itself."""
        shown: list[Shown] = []
        for element in self._nearest_first(self._candidates - self.elsewhere)[:_MOST]:
            near = abs(self._at[element] - self._start) <= _NEAR
            shown += (Shown(date, kind, near) for date, kind in _dated(self._document, element))
        return shown

    @cached_property
    def elsewhere(self) -> set[HtmlElement]:
        """Elements with dates of other stories, readers and the page itself."""
        return {each for each in self._candidates if self._is_elsewhere(each)}

    def _nearest_first(self, elements: Iterable[HtmlElement]) -> list[HtmlElement]:
        return sorted(elements, key=lambda each: (abs(self._at[each] - self._start), self._at[each]))

    def above(self) -> list[Value[Moment]]:
        """Dates above the menu, as a last resort; one near the capture is the page's "today"."""
        if self._headline is None:
            return []
        return self._dates_apart(
            each for each in self.elsewhere if self._at[each] < self._start and self._is_alone(each)
        )

    def lone(self) -> list[Value[Moment]]:
        """The one day that the page shows apart from its story, not beside comments, on a card or among links."""
        apart = (each for each in self.elsewhere if each.tag == "time" or self._is_alone(each))
        found = self._dates_apart(each for each in apart if not self._is_among_links(each))
        return found[:1] if len({each.value.at.date() for each in found}) == 1 else []

    def _dates_apart(self, elements: Iterable[HtmlElement]) -> list[Value[Moment]]:
        """The dates in no odd surroundings, nearest to the headline first, without days near the capture ("today")."""
        elements = self._nearest_first(elements)
        kept = [each for each in elements if not any(self._is_odd(around) for around in (each, *each.iterancestors()))]
        found = [date for each in kept for date, kind in _dated(self._document, each) if kind not in _NOT_PUBLISHED]
        captured = self._document.page.captured_at
        return [each for each in found if captured is None or abs((each.value.at.date() - captured.date()).days) > 1]

    def _is_among_links(self, element: HtmlElement) -> bool:
        """Whether a date without a label stands in an aside with links of several words, to other pages."""
        if self._is_explicit(element):
            return False
        beside = next(element.iterancestors("aside", "nav"), None)
        links = beside.iterdescendants("a") if beside is not None else ()
        return any(len(self._document.content(link).split()) > 1 for link in links)

    def _is_odd(self, around: HtmlElement) -> bool:
        beside = _NOT_THE_STORYS.search(names(around)) or _SIDE.search(names(around))
        return around not in self._around and bool(beside or _is_card(self._document, around))

    def of_kind(self, *kinds: Kind) -> list[Value[Moment]]:
        """Yield the dates labelled with these kinds."""
        return [each.found for each in self.dates if each.kind in kinds]

    def near(self) -> list[Value[Moment]]:
        """The dates near the headline, except of changes and of events."""
        return [each.found for each in self.dates if each.near and each.kind not in _NOT_PUBLISHED]

    def far(self) -> list[Value[Moment]]:
        """The dates far from the headline, except of changes and of events."""
        return [each.found for each in self.dates if not each.near and each.kind not in _NOT_PUBLISHED]

    def leading(self) -> list[Value[Moment]]:
        """The date at the beginning of the story's first paragraph, before a dash: ``TUNIS, 16 April 2019 -``."""
        texts = [self._document.content(each)[:_LEADING] for each in self._prose]
        read_in = (date_lines.leading(text, month_first=self._document.month_first) for text in texts)
        return [Value(moment, "date of the dateline") for moment in read_in if moment]

    def relative(self) -> list[Value[Moment]]:
        """The relative date nearest to the headline, on the day that it means at the capture in the outlet's zone."""
        captured = self._document.page.captured_at
        if captured is None or self._headline is None:
            return []
        seen = captured.astimezone(ZoneInfo(timezones.of_outlet(self._document) or "UTC"))
        around = self._document.elements[max(0, self._start - _ABOVE) : self._start + _NEAR]
        for element in sorted(around, key=lambda each: abs(self._at[each] - self._start)):
            text = (
                self._document.content(element) if 0 < self._document.length(element) <= relative_dates.LONGEST else ""
            )
            day = relative_dates.read(text, seen) if text and element.tag in (*_IN, "time") else None
            is_changes = day and kind_before(_before(self._document, element)) == "changed"
            if day and not is_changes and not self._is_elsewhere(element):
                return [Value(Moment(datetime.combine(day, time()), "day"), "relative date")]
        return []

    @cached_property
    def _candidates(self) -> set[HtmlElement]:
        document = self._document
        named = {each for each in document.called(_NAMED, (*_IN, "time", "abbr")) if len(each) < 12}
        stating = set(_STATED_IN(document.tree))
        shown = {each for each in document.numbered if self._is_alone(each) or _is_labelled(each)}
        stated = {each for each in named | stating if document.has_digits(each) or _states_digits(each)}
        return shown | stated | set(document.tree.iter("time"))

    def _is_alone(self, element: HtmlElement) -> bool:
        """Whether an element's text is a date and little else, and not the day of the capture, the page's "today"."""
        own = _own(element)
        text = self._document.content(element) if own and _DIGIT.search(own) else ""
        if not 0 < len(text) <= date_lines.LONGEST:
            return False
        if (len(text) > _LONGEST_ALONE or _SENTENCE.match(text)) and not date_lines.is_all(text):
            return False
        moment = read(text, month_first=self._document.month_first)
        captured = self._document.page.captured_at
        return moment is not None and (captured is None or moment.at.date() != captured.date())

    def _is_elsewhere(self, element: HtmlElement) -> bool:
        """Return whether a date belongs to another story, a reader or the page, by its position and surroundings."""
        if element.tag in SILENT or self._headline in (element, *element.iterancestors()):
            return True
        for level, around in enumerate((element, *element.iterancestors())):
            if around in self._around:
                return False if level else len(self._document.content(element)) > _CARD
            is_card = level <= _LEVELS and not self._is_above_headline(around) and _is_card(self._document, around)
            if is_card or self._is_beside(around, element):
                return True
        return False

    def _is_above_headline(self, block: HtmlElement) -> bool:
        return self._headline is not None and block.getnext() is self._headline

    def _is_beside(self, around: HtmlElement, element: HtmlElement) -> bool:
        """Return whether a date's surroundings mark it as foreign, or set it apart."""
        if around.tag in ("aside", "nav", "head") or (around.tag == "footer" and self._is_below(element)):
            return True
        if _NOT_THE_STORYS.search(names(around)) or (_SIDE.search(names(around)) and not self._is_explicit(element)):
            return True
        return around.getparent() in self._around and self._is_apart(around, element)

    def _is_explicit(self, element: HtmlElement) -> bool:
        """Return whether a date is labelled as publication."""
        stated = f"{element.get('itemprop', '')} {element.get('property', '')}".lower()
        if "datepublished" in stated or is_labelled(self._document.content(element)):
            return True
        return kind_before(_before(self._document, element)) == "published"

    def _is_apart(self, block: HtmlElement, element: HtmlElement) -> bool:
        """Whether a block beside the story is not the story's: above with a menu between, or below with words in it."""
        if self._headline is None:
            return False
        if self._at[element] < self._start:
            between = self._document.elements[self._at[element] : self._start]
            links = [each for each in between if each.tag == "a" and self._document.length(each)]
            return len(links) > _MENU or any(each.tag == "nav" for each in between)
        if not self._is_below(element) or self._holds_prose(block):
            return False
        return self._document.length(block) > _PROSE and not _is_signed(element)

    def _is_below(self, element: HtmlElement) -> bool:
        return bool(self._prose) and self._at[element] > self._at[self._prose[0]]

    def _holds_prose(self, block: HtmlElement) -> bool:
        return any(block is each or block in each.iterancestors() for each in self._prose)

    @cached_property
    def _prose(self) -> list[HtmlElement]:
        """The first paragraphs after the headline."""
        after = self._document.elements[self._start + 1 :]
        long = (each for each in after if len(each.text or "") > _PROSE and each.tag not in SILENT)
        return list(islice(long, 3))


def _headline(document: Document) -> HtmlElement | None:
    """Return the first element below the menu with the page's title in its data or title element."""
    said = [*document.meta.get("og:title", ()), document.tree.findtext(".//title") or ""]
    titles = [words(title) for title in (*said, *_told(document)) if title]
    names_of_outlet = document.outlet_names
    heading = document.headline
    longest = 2 * max(map(len, titles), default=0) + _SHORTEST_HEADLINE
    short = (each for each in _headings(document, longest) if document.length(each) <= longest)
    titled = [each for each in short if _is_title(document.words(each), titles, names_of_outlet)]
    best = max(titled, key=lambda each: (each is heading, each.tag in _HEADINGS), default=heading)
    if best is None:
        return shown_title.line(document)
    is_named = heading is not None and document.words(heading) not in names_of_outlet
    return heading if is_named and best.tag not in _HEADINGS else best


def _headings(document: Document, longest: int) -> Iterator[HtmlElement]:
    """Yield possible title elements: headings, and short others outside links, lists and menus."""
    for element in document.elements:
        text = element.text
        may_be = element.tag in _HEADINGS or (
            text and len(text) >= _SHORTEST_HEADLINE and element.tag in _IN and len(text.strip()) <= longest
        )
        if may_be and element.tag != "a" and next(element.iterancestors("a", "li", "nav", "head"), None) is None:
            yield element


def _told(document: Document) -> list[str]:
    headline = document.story.get("headline")
    return [headline] if isinstance(headline, str) else []


def _is_title(text: str, titles: list[str], outlet: set[str]) -> bool:
    long = len(text) >= _SHORTEST_HEADLINE and text not in outlet
    return long and any(text in title and 2 * len(text) > len(title) for title in titles)


def _states_digits(element: HtmlElement) -> bool:
    return any(map(_DIGIT.search, _data(element)))


def _data(element: HtmlElement) -> Iterator[str]:
    """Yield the attributes with a date in an element, as far as their names say."""
    yield from filter(None, map(element.get, _STATING))
    if len(element.attrib) > 0:
        yield from (value for name, value in element.items() if _STATING_DATA.match(name))


def _own(element: HtmlElement) -> str:
    """Return the text of an element without children but icons, or nothing."""
    if len(element) == 0:
        return "" if element.tag in _UNDATED or not isinstance(element.tag, str) else element.text or ""
    if (
        element.tag not in _IN
        or len(element) > _FEW
        or any(child.tag not in RUNNING or content(child) for child in element)
    ):
        return ""
    return " ".join(filter(None, (element.text, *(child.tail for child in element))))


def _is_labelled(element: HtmlElement) -> bool:
    text = beginning(element) if element.tag in _LABELLED_IN and len(element) < 8 else ""
    return 0 < len(text) < date_lines.LONGEST and (is_labelled(text) or _is_byline(element))


def _is_byline(element: HtmlElement) -> bool:
    """Return whether an element begins with a leading "By" and a link: By <a>Amal Ziani</a> on 16 April 2019."""
    return len(element) > 0 and element[0].tag in ("a", "span") and bylines.says_by(element.text or "")


def _dated(document: Document, element: HtmlElement) -> Iterator[tuple[Value[Moment], Kind]]:
    """Yield the dates of an element, from its attributes and its text; each with its kind."""
    text, us = document.content(element), document.month_first
    kind = _kind_by_name(element)
    if len(text) > date_lines.LONGEST:
        text = ""
    read_in = date_lines.read(text, month_first=us)
    if not kind and len(read_in) < 2:
        kind = read_in[0].kind if read_in and read_in[0].kind else kind_before(_before(document, element))
    rule = "time element" if element.tag == "time" else "visible date"
    for stated in _data(element):
        if _DIGIT.search(stated) and (moment := read_stated(stated, month_first=us)):
            yield Value(moment, _rule(rule, kind)), kind
    for line in read_in:
        told = line.kind or kind
        yield Value(line.moment, _rule(rule, told)), told


def _is_signed(element: HtmlElement) -> bool:
    """Whether a byline stands before a date, as at a story's foot."""
    before = element.getprevious()
    return before is not None and bylines.says_by(beginning(before))


def _rule(rule: str, kind: Kind) -> str:
    return rule if not kind or rule == "time element" else "labelled date"


def _kind_by_name(element: HtmlElement) -> Kind:
    called = f"{names(element)} {element.get('property', '')}"
    if element.get("itemprop") == "datePublished":
        return "published"
    if _PUBLISHED_NAME.search(called):
        return ""  # often called so for both: its text may say more
    return "changed" if _CHANGED_NAME.search(called) else ""


def _before(document: Document, element: HtmlElement) -> str:
    """The text in front of an element on its line."""
    inner = element
    for around in islice(element.iterancestors(), 2):
        parts = [around.text or ""]
        for child in around:
            if child is inner:
                break
            parts += (document.content(child), child.tail or "")
        if "".join(parts).strip():
            return " ".join(parts)
        inner = around
    return ""


def _is_card(document: Document, block: HtmlElement) -> bool:
    """Whether a short block is another story's teaser: most of its text is a link of a few words, or its heading is."""
    if block.tag in ("a", "html", "body"):
        return block.tag == "a" and len(document.content(block).split()) > 8
    if document.length(block) > _CARD:
        return False
    text = document.content(block)
    hrefs = ((link, link.get("href")) for link in block.iterdescendants("a"))
    links = [document.content(link) for link, href in hrefs if href and not bylines.AUTHOR_PAGE.search(href)]
    titles = (link for link in links if len(link) >= 20 and 3 * len(link) > len(text) and not _NUMBERS.search(link))
    return any(len(title.split()) >= 4 for title in titles)
