"""A story's location on its page: its paragraphs' elements, and the smallest element around them and the headline."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Self

from lxml.html import HtmlElement

from dateline.extraction.body.restore import setting
from dateline.extraction.parse.document import Document
from dateline.extraction.parse.texts import SILENT, names, words

CAPTION = re.compile(
    r"caption|legende?(?:$|[-_ ])|légende|image-?(?:text|desc)|photo-?(?:text|desc)"
    r"|(?:^|\s)(?:credit|copyright|source|photographer)(?:\s|$)",
    re.IGNORECASE,
)
_SHORTEST = 25  # least characters of a text node to look for
_PARAGRAPH = 90  # characters: a shorter line may be a caption, a heading or a byline
_SLIGHT = {"em", "i", "small", "cite", "figcaption"}  # a caption's look
_SHORTEST_HEADLINE = 12
_NO_HEADLINE = SILENT | {"title", "a", "li", "figcaption"}
_BEGINNING = 70  # characters to recognise a text node
_SHARE = 0.8  # least share of the paragraphs in the frame


@dataclass(frozen=True)
class Zone:
    """``paragraphs`` are the elements of the story's text nodes, in page order; empty if none was found.

    ``frame`` is None for a page without paragraphs. Positions are those of ``Document.positions``.
    """

    document: Document
    paragraphs: tuple[HtmlElement, ...]
    headline: HtmlElement | None
    marks: tuple[HtmlElement, ...]  # elements before the text nodes, such as line breaks

    @classmethod
    def of(cls, document: Document, blocks: Iterable[str], headlines: Set[str] = frozenset()) -> Self:
        """Find the elements of the story's blocks and, above them, of its headline, given in its forms as ``words``."""
        lines = [line for block in blocks for line in block.split("\n")]
        long = [line for line in lines if len(line) > _PARAGRAPH]
        held = list(_holding(document.elements, f" {words(' '.join(long or lines))} "))
        paragraphs, marks = tuple(dict.fromkeys(owner for owner, _ in held)), tuple(mark for _, mark in held)
        above = document.elements[: document.positions[paragraphs[0]]] if paragraphs else []
        shown = [each for each in reversed(above) if _is_headline(each, headlines)]
        headline = max(shown, key=lambda each: len(words(each.text)), default=document.headline)
        return cls(document, paragraphs, headline, marks)

    @cached_property
    def frame(self) -> HtmlElement | None:
        """The smallest element around most of the paragraphs and the headline, or the article element around it."""
        if not self.paragraphs:
            return None
        held = Counter(around for paragraph in self.paragraphs for around in paragraph.iterancestors())
        middle = self.paragraphs[len(self.paragraphs) // 2]
        enough = _SHARE * len(self.paragraphs)
        around = next((each for each in middle.iterancestors() if held[each] >= enough), middle.getparent())
        headline = self.headline
        shared = set(headline.iterancestors()) if headline is not None else set[HtmlElement]()
        frame = next((each for each in (around, *around.iterancestors()) if each in shared), around)
        return next(frame.iterancestors("article"), frame)

    @cached_property
    def first(self) -> int:
        """Position of the story's beginning: its headline, or a first paragraph above it."""
        headline = self.headline
        starts = [self.document.positions[each] for each in (*self.paragraphs[:1], headline) if each is not None]
        return min(starts, default=0)

    @cached_property
    def opening(self) -> int:
        """The position of the first paragraph."""
        return self.document.positions[self.paragraphs[0]] if self.paragraphs else self.first

    @property
    def third(self) -> int:
        """Position of the third paragraph, the lower bound for a story's first photograph."""
        return self.document.positions[self.marks[:3][-1]] if self.marks else self.first

    @cached_property
    def last(self) -> int:
        """The position of the last paragraph; the page's end if no paragraph was found."""
        return self.document.positions[self.marks[-1]] if self.marks else len(self.document.elements)

    @cached_property
    def around(self) -> set[HtmlElement]:
        """All ancestors of paragraphs and headline, these included."""
        inner = [each for each in (*self.paragraphs, self.headline) if each is not None]
        return {around for each in inner for around in (each, *each.iterancestors())}

    @cached_property
    def settings(self) -> set[tuple[str, ...]]:
        """Looks of the paragraphs, without a look of one among many."""
        looks = Counter(setting(each) for each in self.paragraphs if each.getparent() is not None)
        return {look for look, times in looks.items() if times > 1 or len(self.paragraphs) < 3}


def _is_caption(element: HtmlElement) -> bool:
    return any(CAPTION.search(names(each)) for each in (element, *islice(element.iterancestors(), 1)))


def _is_headline(element: HtmlElement, headlines: Set[str]) -> bool:
    text = element.text
    if not text or len(text) < _SHORTEST_HEADLINE or element.tag in _NO_HEADLINE:
        return False
    folded = words(text)
    return any(folded == form or (folded in form and 2 * len(folded) > len(form)) for form in headlines)


def _holding(elements: list[HtmlElement], story: str) -> Iterator[tuple[HtmlElement, HtmlElement]]:
    """Yield the elements of the story's text nodes by their first words, with the node's mark."""
    for mark, element, text in _long_texts(elements):
        if element.tag in _SLIGHT or element.tag in SILENT:
            continue
        beginning = words(text.strip()[:_BEGINNING].rpartition(" ")[0])
        if len(beginning) > _SHORTEST and f" {beginning} " in story and not _is_caption(element):
            yield element, mark


def _long_texts(elements: list[HtmlElement]) -> Iterator[tuple[HtmlElement, HtmlElement, str]]:
    """Yield long text nodes: the element before each, its parent, and its text."""
    for element in elements:
        if (text := element.text) and len(text) > _SHORTEST and isinstance(element.tag, str):
            yield element, element, text
        if (tail := element.tail) and len(tail) > _SHORTEST:
            yield element, element.getparent(), tail
