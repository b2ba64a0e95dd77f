"""Extract the pages of files: HTML, clippings, and WARC, ARC and WACZ files as an import reads them."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from dateline import urls
from dateline.article import Extraction, Outcome
from dateline.extraction import clipping, extract
from dateline.extraction.batch import NOTHING_KNOWN, Answer, Extract, Hints, answer, quarantined
from dateline.extraction.parse.document import declared_url
from dateline.extraction.parse.html import NotHtmlError, TooLargeError, parse
from dateline.importing.suffixes import ARCHIVES
from dateline.page import Page


def from_paths(paths: Iterable[Path], hints: Hints = NOTHING_KNOWN, extract: Extract = extract) -> Iterator[Answer]:
    """Yield a result for each page, with its ``path``, and its ``offset`` in a WARC file; folders by file name."""
    for path in paths:
        if path.is_dir():
            yield from from_paths(sorted(child for child in path.rglob("*") if child.is_file()), hints, extract)
        elif path.name.endswith(ARCHIVES):
            from dateline.importing.archive_answers import of_archive  # noqa: PLC0415 - HTML files need no such reader

            yield from of_archive(path, hints, extract)
        else:
            yield {"path": str(path), **answer(_from_file(path, hints, extract))}


def _from_file(path: Path, hints: Hints, extract: Extract) -> Extraction:
    body = path.read_bytes()
    if path.suffix.lower() == ".txt":
        return extract(_clipping(body, hints))
    try:
        url = hints.url or declared_url(parse(body))
    except NotHtmlError as error:
        return Extraction(Outcome.NOT_ARTICLE, reason=str(error))
    except TooLargeError as error:
        return quarantined(str(error))
    if url is None:
        return quarantined("the page does not say its URL; give it with --url")
    return extract(Page(url=url, body=body, captured_at=hints.captured_at, timezone=hints.timezone))


def _clipping(body: bytes, hints: Hints) -> Page:
    """A clipping, with the address and the instant of its header; without an address, known by its bytes."""
    header = clipping.header(body)
    return Page(
        url=header.get("url") or hints.url or urls.name_of(body),
        body=body,
        content_type=clipping.MEDIA_TYPE,
        captured_at=hints.captured_at,
        source=header.get("source"),
        timezone=hints.timezone,
    )
