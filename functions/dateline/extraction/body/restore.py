"""Restore paragraphs dropped from the middle of a story.

An extractor strict enough for news takes some paragraphs for link lists and some sub-headings for teasers. The kept
ones show the story's frame on the page; prose in this frame, between kept paragraphs, belongs to the story.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from lxml.html import HtmlElement

from dateline.extraction.body.boilerplate import SENTENCE_END, is_boilerplate
from dateline.extraction.parse.document import Document, content, names, words

_PROSE = ("p", "li", "blockquote", "h2", "h3", "h4")
_NOT_IN = {
    "aside",
    "figure",
    "figcaption",
    "footer",
    "nav",
    "form",
    "button",
    "header",
    "table",
    "iframe",
    "noscript",
    "template",
}
_NOT_NAMED = re.compile(
    r"caption|credit|newsletter|promo|related|recirc|more-?on|read-?(?:more|also|next)|most-|popular|trending|share|social|author|byline|\bbio\b"
    r"|disclaimer|copyright|comment|tags?\b|breadcrumb|subscri|advert|\bad\b|teaser|recommend|sidebar|widget|hidden|sr-only|embed|tweet|instagram|toc\b",
    re.IGNORECASE,
)
_SHARE = 0.8  # least share of the story's characters in its frame
_SHORTEST = 25
_LINKED = 0.6
_HEADINGS = {"h2", "h3", "h4"}


def filled(document: Document, blocks: list[str]) -> list[str]:
    """Return the blocks with the missing prose of their frame."""
    at = {words(line): index for index, block in enumerate(blocks) for line in block.split("\n")}
    told = [
        element for element in document.tree.iter(*_PROSE) if not _is_step(element) and document.words(element) in at
    ]
    frame = _frame({element: len(document.content(element)) for element in told})
    if frame is None:
        return blocks
    paragraphs = {element: document.content(element) for element in frame.iter(*_PROSE)}
    matched = {element: at[key] for element in paragraphs if (key := document.words(element)) in at}
    return _merged(blocks, list(_missing(frame, paragraphs, matched)))


def setting(element: HtmlElement) -> tuple[str, ...]:
    """Return the properties behind a paragraph's look; equal ones mean paragraphs of one kind."""
    frame = element.getparent()
    bold = element[0].tag if len(element) and content(element[0]) == content(element) else ""
    return element.tag, element.get("class", ""), frame.tag, frame.get("class", ""), bold


def _is_step(element: HtmlElement) -> bool:
    """Return whether an element is a link in a list, as in menus."""
    return element.tag == "li" and len(element) == 1 and element[0].tag == "a" and not (element.text or "").strip()


def _frame(weights: dict[HtmlElement, int]) -> HtmlElement | None:
    """Return the smallest element with most of the paragraphs, by their weights."""
    held: dict[HtmlElement, int] = defaultdict(int)
    for element, weight in weights.items():
        for ancestor in element.iterancestors():
            held[ancestor] += weight
    enough = _SHARE * sum(weights.values())
    holding = [element for element, weight in held.items() if weight >= enough and weight]
    return max(holding, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)


def _missing(
    frame: HtmlElement, paragraphs: dict[HtmlElement, str], matched: dict[HtmlElement, int]
) -> Iterator[tuple[int, str]]:
    """Yield each missing paragraph, with the index of the preceding block; -1 before the first.

    Before the first block only paragraphs of the same look count; after the last, siblings of a kept one up to the next
    heading.
    """
    after, last = -1, max(matched.values())
    like = setting(min(matched, key=lambda element: matched[element]))
    beside = {element.getparent() for element in matched}
    repeated = {text for text, times in Counter(paragraphs.values()).items() if times > 1}
    for element in frame.iter(*_PROSE):
        if element in matched:
            after = max(after, matched[element])
            continue
        if after == last and (element.tag in _HEADINGS or element.getparent() not in beside):
            break
        text = paragraphs[element]
        own = after >= 0 or setting(element) == like
        if own and text not in repeated and _is_prose(element, text) and not _is_set_apart(element, frame):
            yield after, text


def _is_prose(element: HtmlElement, text: str) -> bool:
    if len(text) < _SHORTEST or is_boilerplate(text) or not SENTENCE_END.search(text):
        return False
    if next(element.iterdescendants(*_PROSE, "div", "ul", "ol"), None) is not None:
        return False
    linked = sum(len(content(link)) for link in element.iter("a"))
    return linked < _LINKED * len(text)


def _is_set_apart(element: HtmlElement, frame: HtmlElement) -> bool:
    """Return whether something between element and frame marks it as other than running text."""
    for inner in (element, *element.iterancestors()):
        if inner is frame:
            return False
        if inner.tag in _NOT_IN or _NOT_NAMED.search(names(inner)):
            return True
    return False


def _merged(blocks: list[str], missing: list[tuple[int, str]]) -> list[str]:
    have = words(" ".join(blocks))
    following: dict[int, list[str]] = defaultdict(list)
    for after, text in missing:
        if words(text) not in have:
            following[after].append(text)
    return following[-1] + [text for index, block in enumerate(blocks) for text in (block, *following[index])]
