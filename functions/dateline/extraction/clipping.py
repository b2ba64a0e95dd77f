"""Newspaper clippings: stories in plain text, in the order of a cutting.

Each part is a line, or, in text broken to a width, a paragraph between blank lines::

    URL: https://news.example/a                      header lines, each optional: the address, the source's id or name,
    Source: sample-gazette                           and the time of the clipping (ISO 8601)
    Captured: 2019-04-17T08:00:00Z
    Ferry to return after nine years                 the headline
    The port has tested its ramps, and ...           standfirst, all lines before the date
    By Salma Ferjani                                 byline
    Tuesday 16/04/2019                               the outlet's date
    The empty quay on Monday. (AFP)                  captions: repeated lines, or lines with a credit at their end
    The empty quay on Monday. (AFP)                  before the dateline
    TUNIS - The first ferry in nine years ...        the text, with or without a dateline

Without a date, a standfirst cannot be distinguished from the first paragraph, so all of it is text.
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from dateline import instants, urls
from dateline.article import Article, Extraction, Extractor, Image, Outcome, content_digest
from dateline.extraction.fields import language
from dateline.extraction.fields.credits import agencies, dateline_agencies
from dateline.extraction.fields.dates.date_parsing import Moment, read
from dateline.extraction.fields.photographs import captions
from dateline.extraction.parse.html import decode
from dateline.extraction.parse.texts import clean, words
from dateline.keys import identifiers
from dateline.page import Page
from dateline.version import __version__

MEDIA_TYPE = "text/vnd.dateline.clipping"
_RULE = "clipping"  # for the provenance of each part
_RULES = "clipping-1"  # changes when the same clipping may give another article
_HEADER = re.compile(r"(url|source|captured)\s*:\s*(\S.*)", re.IGNORECASE)
_BYLINE = re.compile(r"(?:by|par|yazan|بقلم|كتبه?)\s*:?\s+(?P<name>[^.:]{3,60})", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?…؟][\"'”’»)]*$")
_WIDTH = 100  # characters: the longest line of text broken to a width
_DATE_LENGTH = 60
_HEAD = 10  # lines to search for the date
_SHORT = 120  # characters of a last line with an agency


@dataclass(frozen=True, slots=True)
class Clipping:
    """The parts of a clipping; ``lines`` are the text's paragraphs, its dateline still in the first."""

    title: str
    standfirst: str | None
    authors: tuple[str, ...]
    date: Moment | None
    captions: tuple[str, ...]
    lines: list[str]


def header(body: bytes) -> dict[str, str]:
    """The header lines, by their names in lower case."""
    return _parted(decode(body))[0]


def extract(page: Page) -> Extraction:
    """Return the story of a clipping; not an article without text below a headline."""
    found = parted(decode(page.body))
    if found is None or not found.lines:
        return Extraction(Outcome.NOT_ARTICLE, reason="no story text")
    return Extraction(Outcome.ARCHIVED, _article(page, found))


def parted(text: str) -> Clipping | None:
    """Return the parts of a clipping, or None for an empty one."""
    _, lines = _parted(text)
    if not lines:
        return None
    title, rest = lines[0], lines[1:]
    at = next((at for at, line in enumerate(rest[:_HEAD]) if _is_date(line)), None)
    above, below = (rest[:at], rest[at + 1 :]) if at is not None else ([], rest)
    captions = _captions(above, below)
    above, below = ([line for line in part if words(line) not in set(map(words, captions))] for part in (above, below))
    bylines = [line for line in (*above, *below[:1]) if _BYLINE.fullmatch(line)]
    return Clipping(
        title=title,
        standfirst=" ".join(line for line in above if line not in bylines) or None,
        authors=tuple(match["name"] for line in bylines if (match := _BYLINE.fullmatch(line))),
        date=read(rest[at]) if at is not None else None,
        captions=captions,
        lines=[line for line in below if line not in bylines],
    )


def _parted(text: str) -> tuple[dict[str, str], list[str]]:
    """The header, and the lines below it."""
    lines = _lines(text)
    named: dict[str, str] = {}
    while lines and (match := _HEADER.fullmatch(lines[0])):
        named[match[1].lower()] = match[2]
        lines.pop(0)
    return named, lines


def _lines(text: str) -> list[str]:
    """One line for each part; the header's lines are never joined."""
    lines = [clean(line) for line in text.splitlines()]
    first = next((at for at, line in enumerate(lines) if line and not _HEADER.fullmatch(line)), len(lines))
    head, rest = lines[:first], lines[first:]
    if max(map(len, rest), default=0) <= _WIDTH and "" in "\n".join(rest).strip().split("\n"):
        rest = [" ".join(block.split("\n")) for block in "\n".join(rest).split("\n\n")]
    return [line.strip() for line in (*head, *rest) if line.strip()]


def _is_date(line: str) -> bool:
    return len(line) <= _DATE_LENGTH and not _SENTENCE.search(line) and read(line) is not None


def _captions(above: list[str], below: list[str]) -> tuple[str, ...]:
    """Return repeated lines, and lines with a credit at their end before the paragraph with the dateline."""
    times = Counter(map(words, (*above, *below)))
    opening = next((at for at, line in enumerate(below) if dateline_agencies.without_dateline([line])[1]), 0)
    credited = [line for line in below[:opening] if captions.split(line)[1]]
    twice = [line for line in (*above, *below) if times[words(line)] > 1]
    return tuple({words(line): line for line in (*twice, *credited)}.values())


def _article(page: Page, found: Clipping) -> Article:
    dateline, opening, blocks = dateline_agencies.without_dateline(found.lines)
    text = "\n\n".join(blocks)
    published = _published(page, found.date)
    spoken = language.spoken(text, None, page.languages)
    last = [blocks[-1]] if len(blocks[-1]) < _SHORT else []
    parts = {
        "title": found.title,
        "text": text,
        "standfirst": found.standfirst,
        "authors": found.authors,
        "published_at": published,
    }
    provenance = {name: _RULE for name, value in parts.items() if value}
    if dateline:
        provenance["dateline"] = "opening of the text"
    return Article(
        id=identifiers.article_id(urls.identity(page.url)),
        url=urls.identity(page.url),
        title=found.title,
        text=text,
        digest=content_digest(found.title, text),
        source=page.source,
        outlet_country=page.country,
        language=spoken.value if spoken else None,
        standfirst=found.standfirst,
        authors=found.authors,
        published_at=published.iso() if published else None,
        published_precision=published.precision if published else None,
        dateline=dateline,
        agencies=agencies.named((*found.authors, opening, *last)),
        images=tuple(Image("", *captions.split(caption)) for caption in found.captions),
        word_count=len(text.split()),
        captured_at=instants.utc(page.captured_at) if page.captured_at else None,
        provenance=provenance | ({"language": spoken.rule} if spoken else {}),
        extractor=Extractor("dateline", __version__, _RULES),
    )


def _published(page: Page, date: Moment | None) -> Moment | None:
    """Return the date in the outlet's time zone, or None if it is later than the clipping."""
    placed = date.placed(page.timezone) if date else None
    if placed and page.captured_at and placed.at.date() > (page.captured_at + timedelta(days=1)).date():
        return None
    return placed
