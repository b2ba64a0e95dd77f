"""The words of a page's story, in their parts: title, standfirst, dateline, and the blocks of the text."""

import unicodedata
from typing import NamedTuple

from dateline.article import Dateline
from dateline.extraction import frame, images, standfirst, structure, text, titles, witness
from dateline.extraction.document import Document, Found, clean, words


class Story(NamedTuple):
    """``blocks`` are paragraphs, sub-headings, lists and tables in the page's order, without all the other parts."""

    title: Found[str] | None
    standfirst: Found[str] | None
    dateline: Found[Dateline] | None
    blocks: Found[list[str]]

    @property
    def text(self) -> str:
        return unicodedata.normalize("NFC", "\n\n".join(self.blocks.value))


def told(document: Document) -> Story:
    """The story that the page tells; each part that it has none of is None or empty."""
    strict = frame.filled(document.tree, text.blocks(document.tree, document.url))
    found, rule = witness.settled(document, strict)
    forms = titles.forms(document)
    blocks = text.without_furniture(found, forms, set(map(words, images.captions(document))))
    summary = standfirst.find(document, blocks)
    if summary:
        blocks = text.without_furniture(blocks, forms, {words(summary.value)})
    dateline, blocks = structure.without_dateline(blocks)
    title = titles.find(document)
    return Story(
        title=Found(clean(title.value), title.rule) if title else None,
        standfirst=summary,
        dateline=Found(dateline, "opening of the text") if dateline else None,
        blocks=Found(blocks, rule),
    )
