"""The words of a page's story, in their parts: title, standfirst, dateline, and the blocks of the text."""

import unicodedata
from typing import NamedTuple

from dateline.article import Dateline
from dateline.extraction import authors, frame, images, masthead, ruled, standfirst, text, titles, witness
from dateline.extraction.document import Document, Found, clean, words

_SIGN_OFF = 120  # characters


class Story(NamedTuple):
    """``blocks`` are paragraphs, sub-headings, lists and tables in the page's order, without all the other parts.

    ``signed`` is who the story says that it is by or from: its bylines, and what stands at its ends.
    """

    title: Found[str] | None
    standfirst: Found[str] | None
    authors: Found[tuple[str, ...]] | None
    dateline: Found[Dateline] | None
    blocks: Found[list[str]]
    signed: tuple[str, ...]

    @property
    def text(self) -> str:
        return unicodedata.normalize("NFC", "\n\n".join(self.blocks.value))


def told(document: Document) -> Story:
    """The story that the page tells; each part that it has none of is None or empty."""
    title = ruled.line(document, "title") or titles.find(document)
    by = ruled.names(document) or authors.find(document)
    found = ruled.blocks(document) or _searched(document)
    headlines, names = titles.forms(document) | {words(title.value if title else "")}, by.value if by else ()
    blocks = masthead.after_headline(found.value, headlines)
    blocks = text.without_furniture(blocks, headlines | set(map(words, images.captions(document))))
    summary = ruled.line(document, "standfirst") or standfirst.find(document, blocks, headlines)
    if summary:
        blocks = text.without_furniture(blocks, {words(summary.value)})
    by, blocks = authors.with_signature(by, blocks, document)
    dateline, opening, body = ruled.without_dateline(document, masthead.without_signature(blocks, names))
    return Story(
        title=Found(clean(title.value), title.rule) if title else None,
        standfirst=summary,
        authors=by,
        dateline=dateline,
        blocks=Found(body, found.rule),
        signed=(*names, opening, *_ends(found.value, body)),
    )


def _searched(document: Document) -> Found[list[str]]:
    return witness.settled(document, frame.filled(document, text.blocks(document.tree, document.url)))


def _ends(found: list[str], kept: list[str]) -> list[str]:
    """The short lines that were taken off a story's end, and its own last one."""
    return [block for block in found[-3:] if len(block) < _SIGN_OFF and (block not in kept or block == kept[-1])]
