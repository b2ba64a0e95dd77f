"""The story's text: found by trafilatura, without inserts of the outlet.

The result is a list of blocks (paragraph, sub-heading, list, quotation, table) in page order.
"""

from collections.abc import Iterator
from copy import deepcopy
from itertools import chain, groupby

from lxml.etree import SubElement, _Element
from lxml.html import HtmlElement
from trafilatura.core import bare_extraction
from trafilatura.settings import Document as Extracted

from dateline.extraction.body.boilerplate import SENTENCE_END, is_boilerplate, is_ending
from dateline.extraction.body.cleanup import prune, without_empty, without_posts, without_scripts, without_tooltips
from dateline.extraction.body.layout import made_plain, uncover_headings
from dateline.extraction.body.line_breaks import made_paragraphs
from dateline.extraction.parse.texts import clean, words

_SEVERAL = 3  # lines
_MARKS = (".//*[@itemprop='articleBody']", ".//article")
_MOST = 0.8  # of the characters of a page's prose
_LEAST = 400
_DOUBTED = 2_500  # characters: a shorter text is compared with other extractors' if the page has twice as much
_LABEL = 40  # characters
_APART = ("a", "aside", "footer", "nav")
_SHORT = 100  # characters; longer lines are paragraphs
_OWN_LINE = {"lb", "p", "item", "head", "quote", "row", "table", "list"}


def blocks(tree: HtmlElement, url: str, *, strict: bool = True) -> list[str]:
    """Return the story's blocks by trafilatura, white space folded, NFC; empty if there are none.

    Not ``strict``, it takes more of the page, and more foreign text.
    """
    page = _prepared(tree, strict=strict)
    most = _long_texts(page) / 2 if strict else 0
    found = _extracted(page, url, strict=strict, fast=strict)
    if strict and sum(map(len, found)) < min(most, _DOUBTED):
        return _extracted(_prepared(tree, strict=True), url, strict=True, fast=False)
    return found


def _prepared(tree: HtmlElement, *, strict: bool) -> HtmlElement:
    """Return a copy of a page, plain enough for an extractor."""
    copy = uncover_headings(without_posts(_copied(tree)))
    if not strict:
        return made_plain(copy)
    story = _alone(marked(made_plain(without_tooltips(without_scripts(copy)))))
    return made_paragraphs(prune(without_empty(story)))


def _copied(tree: HtmlElement) -> HtmlElement:
    """Return a page with a copy of the body, or of all if it has none; a head is mostly scripts."""
    body = tree.find("body")
    if body is None:
        return deepcopy(tree)
    page = tree.makeelement("html")  # with the tree's own element classes, not with slower ones
    page.append(deepcopy(body))
    page[0].tail = None
    return page


def _extracted(page: HtmlElement, url: str, *, strict: bool, fast: bool) -> list[str]:
    """Return trafilatura's blocks; ``fast``, without a comparison with other extractors."""
    found = bare_extraction(page, url=url, include_comments=False, favor_precision=strict, fast=fast)
    return list(_blocks(found.body)) if isinstance(found, Extracted) else []


def marked(tree: HtmlElement) -> HtmlElement:
    """Return the one element marked as the story with most of the page's prose, else the page.

    A smaller search takes less time. The page is ``without_scripts``.
    """
    for mark in _MARKS:
        found = tree.findall(mark)
        if len(found) == 1 and not _is_apart(found[0]) and _prose(found[0]) > max(_LEAST, _MOST * _prose(tree)):
            return found[0]
    return tree


def _prose(element: HtmlElement) -> int:
    """Return the number of an element's characters outside labels, links and tags set apart."""
    apart = (inner for inner in element.iter(*_APART) if not _is_apart(inner))  # nested ones count with their parent
    return _long_texts(element) - sum(map(_long_texts, apart))


def _is_apart(element: HtmlElement) -> bool:
    return next(element.iterancestors(*_APART), None) is not None


def _long_texts(element: HtmlElement) -> int:
    texts = (text for text in element.itertext() if len(text) > _LABEL)
    return sum(length for text in texts if (length := len(text.strip())) > _LABEL)


def _alone(element: HtmlElement) -> HtmlElement:
    """Return the page with only this element, removed from its own tree; or the page, if it is the element."""
    if element.getparent() is None:
        return element
    page = element.makeelement("html")
    SubElement(page, "body").append(element)
    element.tail = None
    return page


def without_furniture(found: list[str], asides: set[str]) -> list[str]:
    """Return the blocks without foreign lines, and without sign-offs at their end.

    ``asides`` (titles, captions, credits) are ``words``.
    """
    kept = [block for block in _once(_without_list(found)) if not is_boilerplate(block) and words(block) not in asides]
    while kept and is_ending(kept[-1]):
        kept.pop()
    return kept


def _without_list(blocks: list[str]) -> list[str]:
    """Return the blocks without a final list of other stories: "More on this" and no sentence after it."""
    last = next((at for at in reversed(range(len(blocks))) if SENTENCE_END.search(blocks[at])), 0)
    pointer = next((at for at in range(last + 1, len(blocks)) if is_boilerplate(blocks[at])), len(blocks))
    lines = sum(block.count("\n") + 1 for block in blocks[pointer:])
    return blocks[:pointer] if lines > _SEVERAL else blocks


def _once(blocks: list[str]) -> Iterator[str]:
    """Return the blocks without short lines repeated at once, as on pages with text for two screens."""
    for block, run in groupby(blocks):
        yield from [block] if len(block) < _SHORT else run


def _blocks(body: _Element) -> Iterator[str]:
    """Return the blocks of trafilatura's result, with text in elements, before the first and between them."""
    yield from _lines(body.text or "")
    for element in body:
        if element.tag == "list":
            yield from _joined(chain.from_iterable(map(_item, element.iter("item"))))
        elif element.tag == "table":
            yield from _joined(_row(row) for row in element.iter("row"))
        else:
            yield from _lines(_with_breaks(element))
        yield from _lines(element.tail or "")


def _joined(lines: Iterator[str]) -> Iterator[str]:
    """The lines of a list or table as one block."""
    if text := "\n".join(line for line in lines if line):
        yield text


def _row(row: _Element) -> str:
    return " | ".join(filter(None, (" ".join(_lines(_with_breaks(cell))) for cell in row.iter("cell"))))


def _item(item: _Element) -> Iterator[str]:
    """The lines of a list's item, without those of the items in it."""
    inner = [nested for nested in item.iterdescendants("list") if next(nested.iterancestors("item")) is item]
    own = deepcopy(item) if inner else item
    for nested in own.findall(".//list") if inner else ():
        around = nested.getparent()
        if around is not None:
            _replace_by_tail(around, nested)
    return _lines(_with_breaks(own))


def _replace_by_tail(around: _Element, element: _Element) -> None:
    """Remove an element, and keep its following text as a line."""
    tail, before = f" {element.tail or ''}", element.getprevious()
    if before is None:
        around.text = (around.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    around.remove(element)


def _lines(text: str) -> Iterator[str]:
    return filter(None, map(clean, text.split("\n")))


def _with_breaks(element: _Element) -> str:
    """The text of an element; its line breaks and inner paragraphs are line ends, the source's are spaces."""
    parts = [_flat(element.text)]
    for child in element.iterdescendants():
        edge = "\n" if child.tag in _OWN_LINE else ""
        parts += [edge, _flat(child.text)]
        # What follows the last of an element's children follows the element's own edge.
        parts += ["" if len(child) else edge, _flat(child.tail)]
    return "".join(parts)


def _flat(text: str | None) -> str:
    return (text or "").replace("\n", " ")
