"""The words of a page's story, in their parts: title, standfirst, dateline, and the blocks of the text."""

from dataclasses import dataclass
from functools import cached_property

from dateline.article import Dateline, Image
from dateline.extraction import source_rules
from dateline.extraction.body import fallbacks, find, leading_lines, margins, restore
from dateline.extraction.body.boilerplate import SENTENCE_END
from dateline.extraction.fields import headline, standfirst
from dateline.extraction.fields.credits import agencies, authors, dateline_agencies
from dateline.extraction.fields.photographs import images
from dateline.extraction.fields.story_area import Zone
from dateline.extraction.parse.document import Document, Value
from dateline.extraction.parse.texts import clean, words
from dateline.normal_forms import nfc

_SIGN_OFF = 120  # characters


@dataclass(frozen=True)  # without slots, for the cached text
class Story:
    """``blocks`` are paragraphs, sub-headings, lists and tables in the page's order, without all the other parts."""

    title: Value[str] | None
    standfirst: Value[str] | None
    authors: Value[tuple[str, ...]] | None
    dateline: Value[Dateline] | None
    blocks: Value[list[str]]
    images: Value[tuple[Image, ...]] | None
    agencies: Value[tuple[str, ...]] | None

    @cached_property
    def text(self) -> str:
        return nfc("\n\n".join(self.blocks.value))


def told(document: Document) -> Story:
    """Return the story of a page; missing parts are None or empty."""
    title = source_rules.line(document, "title") or headline.find(document)
    by = source_rules.names(document) or authors.find(document)
    found = source_rules.blocks(document) or _searched(document)
    headlines, names = headline.forms(document) | {words(title.value if title else "")}, by.value if by else ()
    others = headlines | set(map(words, standfirst.descriptions(document)))
    zone = Zone.of(document, found.value, headlines)
    photographs, shown = images.find(document, zone, authors=names, others=others)
    asides = images.captions(document) | shown
    blocks = leading_lines.after_headline(found.value, headlines)
    blocks = find.without_furniture(blocks, headlines | set(map(words, asides)))
    summary, blocks = _summed_up(document, blocks, headlines)
    by, blocks = authors.with_signature(by, blocks, document)
    dateline, opening, body = source_rules.without_dateline(document, leading_lines.without_signature(blocks, names))
    body = margins.removed(document, body)
    if dateline is None and summary:
        dateline, opening, summary = _filed_above(document, summary)
    signed = authors.signatures(document, names)
    beside = authors.dateline(signed) if dateline is None else None
    sources = agencies.source_lines(document, zone)
    return Story(
        title=Value(clean(title.value), title.rule) if title else None,
        standfirst=summary,
        authors=by,
        dateline=Value(beside, "byline") if beside else dateline,
        blocks=Value(body, found.rule),
        images=source_rules.photographs(document) or photographs,
        agencies=agencies.find(signed, opening, _ends(found.value, body), sources),
    )


def _summed_up(document: Document, blocks: list[str], headlines: set[str]) -> tuple[Value[str] | None, list[str]]:
    """Return the standfirst and the other blocks; a flash of one paragraph is a text without a standfirst.

    So is one with nothing but a line of credits below it.
    """
    given = source_rules.line(document, "standfirst")
    summary = given or standfirst.find(document, blocks, headlines)
    if summary is None:
        return None, blocks
    others = find.without_furniture(blocks, {words(summary.value)})
    return (summary, others) if any(map(_is_told, others)) else (given, blocks)


def _filed_above(document: Document, summary: Value[str]) -> tuple[Value[Dateline] | None, str, Value[str]]:
    """Return the dateline at the head of a standfirst, all of its opening, and the standfirst without it."""
    found, opening, (rest,) = dateline_agencies.without_dateline([summary.value], document.outlet_names)
    return Value(found, "opening of the standfirst") if found else None, opening, Value(rest, summary.rule)


def _is_told(block: str) -> bool:
    return len(block) >= _SIGN_OFF or SENTENCE_END.search(block) is not None


def _searched(document: Document) -> Value[list[str]]:
    return fallbacks.settled(document, restore.filled(document, find.blocks(document.tree, document.url)))


def _ends(found: list[str], kept: list[str]) -> list[str]:
    """Return the short lines removed from a story's end, and its own last one."""
    dropped = [block for block in found[-3:] if len(block) < _SIGN_OFF and block not in kept]
    return [*dropped, *kept[-1:]]
