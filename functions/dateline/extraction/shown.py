"""Dates in view of the reader: in time elements, where a class or a label says so, or alone under the headline."""

import re
from collections.abc import Iterator

from lxml.html import HtmlElement

from dateline.extraction.document import Document, Found, beginning, content, names
from dateline.extraction.moments import Moment, read

_NAMED = re.compile(r"date|time(?!line)|publi|posted|tarih|zaman|(?:^|[-_ ])meta(?:$|[-_ ])|byline|info", re.IGNORECASE)
_NOT_THE_STORYS = re.compile(r"current|today|now|clock|weather|comment|related|copyright|footer", re.IGNORECASE)
_CHANGED = re.compile(r"updat|modif|edited|mis à jour|mise à jour|güncel|aktualis|تحديث|تعديل", re.IGNORECASE)
# "Published on: 16 April 2019", in the languages of the archive's outlets and of their neighbours.
_LABEL = re.compile(
    r"\W*(?:date(?: of publication| de publication| published)?|published(?: on| at)?|posted(?: on)?|publication date"
    r"|publiée?(?: le)?|mise? en ligne(?: le)?|parue?(?: le)?|datum|veröffentlicht(?: am)?|fecha|publicado(?: el| em)?"
    r"|pubblicato(?: il)?|(?:yayın(?:lanma|lama)? )?tarihi?|yayınlanma|yayın|giriş|eklenme"
    r"|(?:ال)?تاريخ(?: النشر)?|نشرت?(?: في| يوم| بتاريخ)?|تاریخ(?: انتشار)?)\s*(?:[:：]|\s|$)",
    re.IGNORECASE,
)
_IN = ("span", "div", "p", "li", "dd", "small", "em", "a", "abbr", "td", "font", "b")
_LABELLED_IN = ("li", "p", "div", "span", "td", "dd", "small", "dl")
_NEAR = 80  # elements from the headline
_UNDER = 50  # elements after the headline in which a date needs no name
_LONGEST = 90  # characters: a longer text that has a date in it is prose
_LONGEST_ALONE = 45  # a weekday, a date, a time and a zone
_MOST = 20
_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")  # digits of any script


def labelled(document: Document) -> Iterator[Found[Moment]]:
    """Dates of which the page says, after its headline, that they are those of publication."""
    for element in document.after_headline:
        if element.tag in _LABELLED_IN and len(element) < 3 and _LABEL.match(beginning(element)):
            yield from (Found(moment, "labelled date") for moment, _ in _dated(document, element))


def near_and_far(document: Document) -> tuple[list[Found[Moment]], list[Found[Moment]]]:
    """The other dates in view, those near the headline and the rest, which are other stories' as often as not.

    The nearest come first.
    """
    headline, at = document.headline, document.positions
    named = [element for element in document.called(_NAMED, _IN) if _may_be_date(element)]
    under = document.after_headline[:_UNDER] if headline is not None else []
    dated = {*named, *document.tree.iter("time"), *(element for element in under if _is_alone(element, document))}
    start = at[headline] if headline is not None else 0
    near: list[Found[Moment]] = []
    far: list[Found[Moment]] = []
    for element in sorted(dated, key=lambda element: (abs(at[element] - start), at[element]))[:_MOST]:
        (near if abs(at[element] - start) <= _NEAR else far).extend(_dated(document, element))
    return near, far


def month_first(document: Document) -> bool:
    """Whether ``4/16/2019`` is how the outlet writes: it says that it is American."""
    declared = document.tree.get("lang", "")
    return document.page.country == "us" or (document.page.country is None and declared.lower() == "en-us")


def _dated(document: Document, element: HtmlElement) -> Iterator[Found[Moment]]:
    text = content(element)
    if len(text) < _LONGEST and not _CHANGED.search(text):
        rule = "time element" if element.tag == "time" else "visible date"
        for said in filter(None, (element.get("datetime"), text)):
            if moment := read(said, month_first=month_first(document)):
                yield Found(moment, rule)


def _may_be_date(element: HtmlElement) -> bool:
    return len(element) < 12 and not _NOT_THE_STORYS.search(names(element))


def _is_alone(element: HtmlElement, document: Document) -> bool:
    """Whether an element's text is a date and little else; not that of the capture, which may be the page's "today"."""
    text = (element.text or "").strip() if element.tag in _IN and len(element) == 0 else ""
    if len(text) > _LONGEST_ALONE or not _YEAR.search(text) or not _may_be_date(element):
        return False
    moment = read(text, month_first=month_first(document))
    captured = document.page.captured_at
    return moment is not None and (captured is None or moment.at.date() != captured.date())
