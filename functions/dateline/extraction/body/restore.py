"""Restore paragraphs dropped from the middle of a story.

An extractor strict enough for news takes some paragraphs for link lists and some sub-headings for teasers. The kept
ones show the story's frame on the page; prose in this frame, between kept paragraphs, belongs to the story.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Set
from copy import deepcopy
from itertools import groupby, islice

from lxml.html import HtmlElement

from dateline.extraction.body.boilerplate import SENTENCE_END, is_boilerplate
from dateline.extraction.body.cleanup import tooltips, without_tooltips
from dateline.extraction.parse.document import Document
from dateline.extraction.parse.texts import content, names, words

_PROSE = ("p", "li", "blockquote", "h2", "h3", "h4", "h5", "h6")
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
_HEADINGS = {"h2", "h3", "h4", "h5", "h6"}
_LISTS = {"ul", "ol"}
_LONGEST_HEADING = 160  # characters
_LONGEST_ITEM = 400
_WRAPPERS = 3  # around a heading alone
_SAME = 0.7  # of a paragraph's words, in the block that an extractor made of it


def filled(document: Document, blocks: list[str]) -> list[str]:
    """Return the blocks with the missing prose of their frame."""
    at = {words(line): index for index, block in enumerate(blocks) for line in block.split("\n")}
    told = [
        element for element in document.tree.iter(*_PROSE) if not _is_step(element) and document.words(element) in at
    ]
    frame = _frame({element: len(document.content(element)) for element in told})
    if frame is None:
        return blocks
    paragraphs = {element: _shown(document, element) for element in frame.iter(*_PROSE)}
    matched = {element: at[key] for element, text in paragraphs.items() if (key := words(text)) in at}
    return _merged(blocks, list(_joined(_missing(frame, paragraphs, matched))))


def _shown(document: Document, element: HtmlElement) -> str:
    """The text of an element without its tooltips."""
    return content(without_tooltips(deepcopy(element))) if tooltips(element) else document.content(element)


def setting(element: HtmlElement) -> tuple[str, ...]:
    """Return the properties behind a paragraph's look; equal ones mean paragraphs of one kind."""
    frame = element.getparent()
    is_held = len(element) and not (element.text or "").strip() and content(element[0]) == content(element)
    bold = element[0].tag if is_held else ""
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
) -> Iterator[tuple[int, HtmlElement, str]]:
    """Yield each missing paragraph, and the index of the preceding block; -1 before the first.

    Before the first block only paragraphs of the same look count; between two blocks, also short headings and items of
    lists; after the last, siblings of a kept one up to the next heading.
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
        told = _is_prose(element, text) or (-1 < after < last and _is_part(element, text, beside, matched))
        if own and text not in repeated and told and not _is_set_apart(element, frame):
            yield after, element, text


def _joined(missing: Iterator[tuple[int, HtmlElement, str]]) -> Iterator[tuple[int, str]]:
    """Yield the texts, those of a list's items as one block."""
    for (after, _), parts in groupby(missing, key=lambda each: (each[0], _list(each[1]))):
        yield after, "\n".join(text for _, _, text in parts)


def _list(element: HtmlElement) -> HtmlElement:
    return element.getparent() if element.tag == "li" else element


def _is_part(element: HtmlElement, text: str, beside: Set[HtmlElement], matched: Collection[HtmlElement]) -> bool:
    """Whether a short text without links is a heading over kept text, or an item of a list beside it."""
    longest = _LONGEST_HEADING if element.tag in _HEADINGS else _LONGEST_ITEM
    if (
        not text
        or len(text) > longest
        or is_boilerplate(text)
        or next(element.iterdescendants("a", *_PROSE), None) is not None
    ):
        return False
    if element.tag in _HEADINGS:
        return element.getparent() in beside or _is_over(element, matched)
    around = element.getparent()
    return element.tag == "li" and around.tag in _LISTS and around.getparent() in beside


def _is_over(heading: HtmlElement, matched: Collection[HtmlElement]) -> bool:
    """Whether kept text follows a heading at once, that of its wrapper where the heading is alone in one."""
    outer = heading
    for around in islice(heading.iterancestors(), _WRAPPERS):
        if len(around) > 1 or content(around) != content(heading):
            break
        outer = around
    following = outer.getnext()
    return following is not None and any(each in matched for each in islice(following.iter(*_PROSE), _WRAPPERS))


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
    """Return the blocks with the missing texts in their places, the whole paragraph for one in which words are lost."""
    have, told = words(" ".join(blocks)), list(blocks)
    following: dict[int, list[str]] = defaultdict(list)
    for after, text in missing:
        if words(text) in have:
            continue
        damaged = next((at for at in range(after + 1, min(after + 3, len(told))) if _is_same(told[at], text)), None)
        if damaged is None:
            following[after].append(text)
        else:
            told[damaged] = text
    return following[-1] + [text for index, block in enumerate(told) for text in (block, *following[index])]


def _is_same(block: str, paragraph: str) -> bool:
    """Whether a block is a paragraph with some words lost."""
    if len(block) < _SHORTEST or not _SAME * len(paragraph) < len(block) <= len(paragraph):
        return False
    kept, whole = Counter(words(block).split()), Counter(words(paragraph).split())
    return (kept & whole).total() > _SAME * whole.total() and (kept - whole).total() <= 2
