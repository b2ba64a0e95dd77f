"""Extract the pages of WARC, ARC and WACZ files as an import reads them."""

import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path

from dateline import capture
from dateline.article import Extraction, Outcome
from dateline.capture import Capture, Exchange
from dateline.extraction.batch import Answer, Extract, Hints, answer, quarantined
from dateline.importing import suffixes, wacz, warcs
from dateline.importing.found import ImportedPage, Reason, Refused, UnreadableError
from dateline.keys import crawl_names
from dateline.keys.object_keys import Stem

_REFUSALS = {
    Reason.REVISIT: Extraction(Outcome.UNCHANGED, reason="a revisit record: the page is in an earlier capture"),
    Reason.NO_PAGE: Extraction(Outcome.NOT_ARTICLE, reason="a redirect, a server error, or a crawler's note"),
    Reason.NOT_HTML: Extraction(Outcome.NOT_ARTICLE, reason="not an HTML page"),
}


def of_archive(path: Path, hints: Hints, extract: Extract) -> Iterator[Answer]:
    """Yield a result for each record of a page, and one for an unreadable rest."""
    where = {"path": str(path)}
    pages = wacz.pages(path) if path.name.endswith(suffixes.WACZ) else warcs.pages(path)
    try:
        for page in pages:
            offset = {} if page.offset is None else {"offset": page.offset}
            if isinstance(page, Refused):
                refusal = _REFUSALS.get(page.reason, quarantined(f"the record is {page.reason}"))
                yield where | offset | {"url": page.name} | answer(refusal)
            else:
                yield where | offset | answer(_extracted(page, hints, extract))
    except UnreadableError as error:
        yield where | answer(quarantined(f"{error}; {error.remedy}"))


def _extracted(page: ImportedPage, hints: Hints, extract: Extract) -> Extraction:
    captured = _captured(page)
    if captured.damage:
        return quarantined(captured.damage)
    found = captured.page()
    return extract(dataclasses.replace(found, timezone=found.timezone or hints.timezone))


def _captured(page: ImportedPage) -> Capture:
    """Return the page as read from the WARC file of its import."""
    exchange = Exchange(
        url=page.url,
        captured_at=page.captured_at,
        request=page.request,
        response=page.data,
        metadata=page.known,
        rendered=page.rendered,
        media_type=page.media_type,
    )
    key = Stem("extract", crawl_names.imports(page.captured_at), 0).capture
    (captured,) = capture.read(io.BytesIO(capture.serialise([exchange], key)))
    return captured
