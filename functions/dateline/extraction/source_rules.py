"""Apply a source's own rules to a page, field by field; each function returns None if its rule matches nothing.

``provenance`` is then ``rule:`` and the selector.
"""

import re
from collections.abc import Iterator

from lxml.etree import iterwalk
from lxml.html import HtmlElement

from dateline.article import Dateline, Image
from dateline.extraction.fields import taxonomy
from dateline.extraction.fields.credits import authors, dateline_agencies
from dateline.extraction.fields.photographs import images
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import INLINE, SILENT, clean, content

_LISTS = {"ul", "ol", "dl", "table"}
_EDGE = "\n\n"  # of a block, among texts without line ends
_AFTER_PLACE = re.compile(r"\s*[(\[].*|[\s:–—-]+$", re.DOTALL)
_BEFORE_WORDS = " :–—-"


def line(document: Document, field: str) -> Value[str] | None:
    """Return the first text matched by a field's rule."""
    found = document.given(field)
    return Value(found.value[0], found.rule) if found else None


def names(document: Document) -> Value[authors.Names] | None:
    """Return the authors: persons, or other signatures in the rule's elements."""
    found = document.given("authors")
    signed = authors.names(found.value) if found else ()
    return Value(signed, found.rule) if found and signed else None


def tags(document: Document) -> Value[tuple[str, ...]] | None:
    """The tags; several in one text are parted at its commas."""
    found = document.given("tags")
    parted = taxonomy.parted(found.value) if found else ()
    return Value(parted, found.rule) if found and parted else None


def photographs(document: Document) -> Value[tuple[Image, ...]] | None:
    """Return the images: of ``img`` elements, of figures around them, or at matched URLs."""
    selected = document.selected.get("images")
    found = images.framed(document, selected.values) if selected else ()
    return Value(found, selected.rule) if selected and found else None


def without_dateline(document: Document, blocks: list[str]) -> tuple[Value[Dateline] | None, str, list[str]]:
    """Like ``dateline_agencies.without_dateline``, which decides without a rule for the dateline."""
    dateline, opening, body = dateline_agencies.without_dateline(blocks, document.outlet_names)
    found = line(document, "dateline")
    place = _AFTER_PLACE.sub("", found.value) if found else ""
    if not found or not place:
        return Value(dateline, "opening of the text") if dateline else None, opening, body
    if not opening and body and body[0].startswith(found.value):
        opening, first = found.value, body[0].removeprefix(found.value).lstrip(_BEFORE_WORDS)
        body = [first, *body[1:]] if first else body[1:]
    return Value(dateline_agencies.stated(place), found.rule), opening, body


def blocks(document: Document) -> Value[list[str]] | None:
    """Return the story's blocks from the rule's elements: its paragraphs, or their containers."""
    selected = document.selected.get("text")
    if selected is None:
        return None
    elements = {value for value in selected.values if not isinstance(value, str)}
    outer = (value for value in selected.values if isinstance(value, str) or elements.isdisjoint(value.iterancestors()))
    whole = _EDGE.join(value if isinstance(value, str) else "".join(_pieces(value)) for value in outer)
    parts = ("\n".join(filter(None, map(clean, part.split("\n")))) for part in whole.split(_EDGE))
    found = [part for part in parts if part]
    return Value(found, selected.rule) if found else None


def _pieces(element: HtmlElement) -> Iterator[str]:
    """Return an element's text with edges at blocks and line breaks; a list or table is one block."""
    walker = iterwalk(element, events=("start", "end"))
    for event, node in walker:
        yield "" if node.tag in INLINE | SILENT else _EDGE
        if event == "end":
            yield _flat(node.tail) if node is not element else ""
        elif node.tag not in _LISTS | SILENT:
            yield _flat(node.text)
        else:
            walker.skip_subtree()
            yield "\n".join(_rows(node)) if node.tag in _LISTS else ""


def _rows(node: HtmlElement) -> Iterator[str]:
    if node.tag != "table":
        return map(content, node)
    return (" | ".join(filter(None, map(content, row.iter("td", "th")))) for row in node.iter("tr"))


def _flat(text: str | None) -> str:
    return (text or "").replace("\n", " ")
