"""The visible headline of pages without a heading: the line repeated in the title element."""

import re
from collections.abc import Iterator
from itertools import islice, takewhile

from lxml.html import HtmlElement

from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import SILENT, names, words

_CUT = re.compile(r"\s+(?:--|[-–—•·:»«›‹/])\s+|\s*[|｜ㅣ│]\s*|\s*：|:\s+")
_MOST_CUTS = 6
_LENGTH = range(12, 250)  # characters
_POINTING = ("a", "li", "nav", "aside", "footer", "head", "option")
_HEADINGS = ("h1", "h2", "h3", "h4")
_CALLED = re.compile(r"title|headline|heading|baslik|başlık|عنوان|titre|titel|titular", re.IGNORECASE)
_OTHER = re.compile(r"sub-?(?:title|head)|site|page-?title|related|widget|comment|side|block|section", re.IGNORECASE)
_PARAGRAPH = 200  # characters


def find(document: Document) -> Iterator[Value[str]]:
    """Yield the text of ``line``, if there is one."""
    element = line(document)
    if element is not None:
        yield Value(document.content(element), "shown title")


def line(document: Document) -> HtmlElement | None:
    """Return the page's line within its titles; if those have only the outlet's name, a line called title.

    Links and menus do not count.
    """
    titles = [title for title in (*document.meta.get("og:title", ()), document.title) if title]
    parts = {words(part) for title in titles for part in _parts(title)} - document.outlet_names
    lines = [each for each in document.elements if _is_line(each) and document.words(each) in parts]
    if not lines and document.outlet_names.issuperset(map(words, titles)):
        lines = list(islice(_called(document), 1))
    return max(lines, key=lambda each: (each.tag in _HEADINGS, len(document.words(each))), default=None)


def _parts(title: str) -> Iterator[str]:
    """Every run of a title's parts, as its marks divide it."""
    cuts = [(0, 0), *islice((cut.span() for cut in _CUT.finditer(title)), _MOST_CUTS), (len(title), len(title))]
    for at, (_, start) in enumerate(cuts):
        yield from (title[start:end] for end, _ in cuts[at + 1 :] if end - start in _LENGTH)


def _is_line(element: HtmlElement) -> bool:
    """Whether an element has a line of its own and is no pointer."""
    text = element.text
    if not text or len(text.strip()) not in _LENGTH or len(element) > 2 or element.tag in SILENT:
        return False
    return element.tag not in _POINTING and next(element.iterancestors(*_POINTING), None) is None


def _called(document: Document) -> Iterator[HtmlElement]:
    """Yield the lines before the first paragraph called titles, by their own class or their parent's."""
    for element in takewhile(lambda each: not is_paragraph(each), document.elements):
        called = f"{names(element)} {names(element.getparent())}" if _is_line(element) else ""
        if _CALLED.search(called) and not _OTHER.search(called):
            yield element


def is_paragraph(element: HtmlElement) -> bool:
    """Whether an element's own text is prose by its length."""
    return len((element.text or "").strip()) > _PARAGRAPH and element.tag not in SILENT
