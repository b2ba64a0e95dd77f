"""Remove blocks outside the element with the story: boxes about the author, forms and other stories' beginnings.

The parent of most of the text is the story's element. Known blocks before and after it in the page, with a parent
elsewhere, are set apart from it by the page itself.
"""

from collections import Counter

from lxml.html import HtmlElement

from dateline.extraction.parse.document import Document
from dateline.extraction.parse.texts import INLINE, words

_PARAGRAPHS = ("p", "blockquote", "pre", "h2", "h3", "h4", "h5", "h6")
_OTHERS = ("li", "div")
_LISTS = ("ul", "ol")
_SHARE = 0.7  # least share of the text's characters in the story's element
_BEGINNING = 6  # characters that tell most other elements apart
_SHORT = 100  # characters; before the story, longer blocks may be its first paragraph
_MOST = 0.15  # of the text's characters; more is a part of the story


def removed(document: Document, blocks: list[str]) -> list[str]:
    """Return the blocks without those set apart before and after the story."""
    elements = _elements(document, blocks)
    story = _story(blocks, elements)
    if story is None:
        return blocks
    inner = [at for at, element in enumerate(elements) if element is not None and story in element.iterancestors()]
    first, last = inner[0], inner[-1]
    apart = {
        at
        for at, element in enumerate(elements)
        if (at > last or (at < first and len(blocks[at]) <= _SHORT)) and _is_apart(element, story)
    }
    if sum(len(blocks[at]) for at in apart) > _MOST * sum(map(len, blocks)):
        return blocks
    return [block for at, block in enumerate(blocks) if at not in apart]


def _elements(document: Document, blocks: list[str]) -> list[HtmlElement | None]:
    """Return each block's element, or None: the first of these words, that of a list's first item.

    Items and divisions, the most frequent elements, are read for other blocks than paragraphs and headings only.
    """
    lines = [block.partition("\n")[0] for block in blocks]
    keys = [words(line) for line in lines]
    found = dict[str, HtmlElement]()
    for element in document.tree.iter(*_PARAGRAPHS):
        found.setdefault(document.words(element), element)
    beginnings = {line[:_BEGINNING] for key, line in zip(keys, lines, strict=True) if key not in found}
    if beginnings:
        for element in document.tree.iter(*_OTHERS):
            if _begins(document.first_text(element), beginnings) and _is_line(element):
                found.setdefault(document.words(element), element)
    return [found.get(key) for key in keys]


def _begins(text: str, beginnings: set[str]) -> bool:
    begun = text.lstrip()[:_BEGINNING]
    return len(begun) < _BEGINNING or begun in beginnings


def _is_line(element: HtmlElement) -> bool:
    return element.tag == "li" or all(child.tag in INLINE for child in element)


def _story(blocks: list[str], elements: list[HtmlElement | None]) -> HtmlElement | None:
    """Return the parent of most of the text, or None where it is in several."""
    held: Counter[HtmlElement] = Counter()
    for block, element in zip(blocks, elements, strict=True):
        if element is not None and (around := _around(element)) is not None:
            held[around] += len(block)
    if not held:
        return None
    story, length = held.most_common(1)[0]
    return story if length > _SHARE * sum(map(len, blocks)) else None


def _around(element: HtmlElement) -> HtmlElement | None:
    """Return an element's parent, or that of its list."""
    around = element.getparent()
    return around.getparent() if around is not None and around.tag in _LISTS else around


def _is_apart(element: HtmlElement | None, story: HtmlElement) -> bool:
    """Whether a block's element is known, and neither in the story's element nor in another one of its name."""
    if element is None:
        return False
    return not any(each is story or _is_alike(each, story) for each in element.iterancestors())


def _is_alike(element: HtmlElement, story: HtmlElement) -> bool:
    name = story.get("class")
    return element.tag == story.tag and bool(name) and element.get("class") == name
