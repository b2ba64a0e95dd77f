"""Turn paragraphs set by line breaks alone into elements, as extractors need.

Older pages are written like this: one element with all text, and two breaks at the end of a paragraph.
"""

from collections.abc import Iterator
from itertools import pairwise

from lxml.html import Element, HtmlElement

from dateline.extraction.parse.texts import INLINE

_IN = ("div", "td", "section", "article", "font", "center")
_SHORTEST = 200  # least characters of own text in a story's element


def made_paragraphs(tree: HtmlElement) -> HtmlElement:
    """The tree with such paragraphs in elements of their own; changed in place."""
    for element in {line_break.getparent() for line_break in tree.iter("br")}:
        if element.tag in _IN and _own_text(element) > _SHORTEST:
            element[:] = list(_divided(element))
            element.text = None
    return tree


def _own_text(element: HtmlElement) -> int:
    return len((element.text or "").strip()) + sum(len((child.tail or "").strip()) for child in element)


def _divided(element: HtmlElement) -> Iterator[HtmlElement]:
    """Return text and inline elements as paragraphs, ended by two breaks, or by one if no two are together."""
    children = list(element)
    single = not any(one.tag == other.tag == "br" and not (one.tail or "").strip() for one, other in pairwise(children))
    paragraph = Element("p")
    paragraph.text = element.text
    breaks = 0
    for child in children:
        tail, child.tail = child.tail, None
        breaks = breaks + 1 if child.tag == "br" else 0
        block = child.tag != "br" and child.tag not in INLINE
        if block or breaks == (1 if single else 2):
            yield paragraph
            paragraph = Element("p")
        if block:
            yield child
        elif child.tag != "br" or not single:
            paragraph.append(child)
        if (tail or "").strip():
            breaks = 0
        _add(paragraph, tail or "")
    yield paragraph


def _add(paragraph: HtmlElement, text: str) -> None:
    if len(paragraph):
        paragraph[-1].tail = (paragraph[-1].tail or "") + text
    else:
        paragraph.text = (paragraph.text or "") + text
