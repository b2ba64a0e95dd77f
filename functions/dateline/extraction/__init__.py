"""A page to an article: what one page says of its story, field by field, with the rule that gave each.

The order of steps: the bytes become a tree once (``tree``, ``document``); titles and text are found and freed of what
outlets set among them (``titles``, ``text``, ``prune``, ``frame``, ``boilerplate``); then each field is chosen from
what the page says in JSON-LD, meta tags, markup, its URL and the feed (``dates``, ``authors``, ``labels`` and so on).
"""

import unicodedata
from collections.abc import Iterator
from typing import TypeVar

from lxml.etree import LxmlError

from dateline import __version__, keys
from dateline.article import Article, Dateline, Extraction, Extractor, Image, Outcome, content_digest
from dateline.extraction import frame, images, labels, language, links, refuse, structure, text, titles
from dateline.extraction.authors import authors
from dateline.extraction.dates import dates
from dateline.extraction.document import BadAddressError, Document, Found, clean, words
from dateline.extraction.standfirst import standfirst
from dateline.extraction.tree import NotHtmlError, TooLargeError
from dateline.keys import utc
from dateline.page import Page

T = TypeVar("T")

RULES = "2026-11"  # changes when the same page may give another article

_GONE = {404, 410}


def extract(page: Page) -> Extraction:
    """What a page is: an article, none (with the reason), gone, or one to put aside.

    Never raises for what a page holds. ``QUARANTINED`` is for pages that could not be examined: too large, such that
    a parser gave up on them, or without a web address.
    """
    if page.status in _GONE:
        return Extraction(Outcome.GONE, reason=f"HTTP status {page.status}")
    if page.status >= 300:
        return Extraction(Outcome.NOT_ARTICLE, reason=f"HTTP status {page.status}")
    try:
        return _examine(Document.of(page))
    except NotHtmlError as error:
        return Extraction(Outcome.NOT_ARTICLE, reason=str(error))
    except (TooLargeError, BadAddressError, RecursionError, LxmlError) as error:
        return Extraction(Outcome.QUARANTINED, reason=f"{type(error).__name__}: {error}")


def _examine(document: Document) -> Extraction:
    title = titles.title(document)
    forms = titles.forms(document)
    captions = images.captions(document)
    found = frame.filled(document.tree, text.blocks(document.tree, document.url))
    blocks = text.without_furniture(found, forms, {words(caption) for caption in captions})
    summary = standfirst(document, blocks)
    if summary:
        blocks = text.without_furniture(blocks, forms, {words(summary.value)})
    if why := refuse.reason(document, title.value if title else "", blocks):
        return Extraction(Outcome.NOT_ARTICLE, reason=why)
    if title is None:
        return Extraction(Outcome.NOT_ARTICLE, reason="no title")
    dateline, blocks = structure.without_dateline(blocks)
    return Extraction(Outcome.ARCHIVED, _article(document, title, summary, dateline, blocks))


def _article(
    document: Document, title: Found[str], summary: Found[str] | None, dateline: Dateline | None, blocks: list[str]
) -> Article:
    page, body = document.page, unicodedata.normalize("NFC", "\n\n".join(blocks))
    published, modified = dates(document)
    by, section, tags, wall = (
        authors(document),
        labels.section(document),
        labels.tags(document),
        labels.paywalled(document),
    )
    declared = language.declared(document)
    spoken = language.language(body, declared.value if declared else None, page.languages)
    photographs = images.images(document)
    rules = {
        "title": title, "standfirst": summary, "authors": by, "section": section, "tags": tags, "published_at": published,
        "modified_at": modified, "paywalled": wall, "language": spoken, "declared_language": declared,
    }  # fmt: skip
    heading = clean(title.value)
    return Article(
        id=keys.article_id(document.url),
        url=document.url,
        source=page.source,
        outlet_country=page.country,
        language=_value(spoken),
        declared_language=_value(declared),
        title=heading,
        standfirst=_value(summary),
        authors=_value(by) or (),
        section=_value(section),
        tags=_value(tags) or (),
        published_at=published.value.iso() if published else None,
        modified_at=modified.value.iso() if modified else None,
        published_precision=published.value.precision if published else None,
        dateline=dateline,
        agencies=structure.agencies(_signed(by, dateline, photographs, blocks)),
        images=photographs,
        links=links.links(document, blocks),
        text=body,
        paywalled=_value(wall),
        word_count=len(body.split()),
        digest=content_digest(heading, body),
        captured_at=utc(page.captured_at) if page.captured_at else None,
        provenance={"text": "trafilatura", **{name: found.rule for name, found in rules.items() if found}},
        extractor=Extractor("dateline", __version__, RULES),
    )


def _value(found: Found[T] | None) -> T | None:
    return found.value if found else None


def _signed(
    by: Found[tuple[str, ...]] | None, dateline: Dateline | None, photographs: tuple[Image, ...], blocks: list[str]
) -> Iterator[str]:
    """Where a story names the agencies that it is from."""
    yield from by.value if by else ()
    if dateline:
        yield dateline.text
    yield from (image.credit for image in photographs if image.credit)
    yield from (block for block in blocks[-2:] if len(block) < 60)
