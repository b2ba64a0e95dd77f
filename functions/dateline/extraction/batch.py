"""Many pages, from files, captures or JSON lines, to one answer for each, in order."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dateline import urls
from dateline.article import Extraction, Outcome
from dateline.extraction import clipping, extract
from dateline.extraction.parse.document import declared_url
from dateline.extraction.parse.html import NotHtmlError, TooLargeError, parse
from dateline.page import Page

if TYPE_CHECKING:
    from dateline.capture import Capture

Answer = dict[str, Any]
Extract = Callable[[Page], Extraction]


class Hints(NamedTuple):
    """Facts about pages in files: their URL, the outlet's time zone (IANA), their capture time (aware)."""

    url: str | None = None
    timezone: str | None = None
    captured_at: datetime | None = None


NOTHING_KNOWN = Hints()


def from_lines(
    lines: Iterable[bytes | str], hints: Hints = NOTHING_KNOWN, extract: Extract = extract
) -> Iterator[Answer]:
    """Yield a result for each JSON line ``{page, url, html}``: ``page``, ``outcome`` and the article's fields.

    A line may also have ``captured_at``, ``timezone``, ``country``, ``feed_title`` and ``feed_date``. Unreadable lines
    give ``quarantined`` with the reason; blank lines are skipped. ``hints`` replace missing facts, ``extract`` another
    way of extraction (``extraction_worker``).
    """
    for line in lines:
        if line.strip():
            yield _answered(line, hints, extract)


def from_paths(paths: Iterable[Path], hints: Hints = NOTHING_KNOWN, extract: Extract = extract) -> Iterator[Answer]:
    """An answer to each page in HTML files, WARC files, clippings and folders of these (by name), with its ``path``."""
    for path in paths:
        if path.is_dir():
            yield from from_paths(sorted(child for child in path.rglob("*") if child.is_file()), hints, extract)
        elif path.name.endswith((".warc", ".warc.gz")):
            yield from _captured(path, hints, extract)
        else:
            yield {"path": str(path), **_fields(_from_file(path, hints, extract))}


def _answered(line: bytes | str, hints: Hints, extract: Extract) -> Answer:
    try:
        values = json.loads(line)
        if not isinstance(values, dict):
            raise TypeError("the line is no JSON object")
    except (ValueError, TypeError, RecursionError) as error:
        return {"page": None, **_fields(_put_aside(f"not a JSON line: {error}"))}
    try:
        extraction = extract(_page(values, hints))
    except (ValueError, TypeError, KeyError) as error:
        extraction = _put_aside(f"not a page: {type(error).__name__}: {error}")
    return {"page": values.get("page"), **_fields(extraction)}


def _page(values: dict[str, Any], hints: Hints) -> Page:
    """Return the page of a line. Raises KeyError, TypeError or ValueError for an invalid one."""
    html, url = values["html"], values.get("url", hints.url)
    if not isinstance(html, str) or not isinstance(url, str):
        raise TypeError("html and url are texts")
    return Page(
        url=url,
        body=html.encode("utf-8", "surrogatepass"),
        content_type="text/html; charset=utf-8",
        captured_at=_instant(values.get("captured_at")) or hints.captured_at,
        country=values.get("country"),
        timezone=values.get("timezone") or hints.timezone,
        feed_title=values.get("feed_title"),
        feed_date=_instant(values.get("feed_date")),
    )


def _instant(text: str | None) -> datetime | None:
    """Return an ISO 8601 instant, in UTC without a zone."""
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _captured(path: Path, hints: Hints, extract: Extract) -> Iterator[Answer]:
    from dateline import capture  # noqa: PLC0415 - HTML files need no reader of WARC files

    try:
        with path.open("rb") as stream:
            for captured in capture.read(stream):
                extraction = _without_extraction(captured) or extract(_as_page(captured, hints))
                yield {"path": str(path), "offset": captured.offset, **_fields(extraction)}
    except capture.DamagedCaptureError as error:
        yield {"path": str(path), "offset": error.offset, **_fields(_put_aside(str(error)))}


def _without_extraction(captured: "Capture") -> Extraction | None:
    """Return the result of a record without words to extract."""
    if captured.damage:
        return _put_aside(captured.damage)
    unchanged = Extraction(Outcome.UNCHANGED, reason="a revisit record: the page is in an earlier capture")
    return unchanged if captured.revisit else None


def _as_page(captured: "Capture", hints: Hints) -> Page:
    page = captured.page()
    return dataclasses.replace(page, timezone=page.timezone or hints.timezone)


def _from_file(path: Path, hints: Hints, extract: Extract) -> Extraction:
    body = path.read_bytes()
    if path.suffix.lower() == ".txt":
        return extract(_clipping(body, hints))
    try:
        url = hints.url or declared_url(parse(body))
    except NotHtmlError as error:
        return Extraction(Outcome.NOT_ARTICLE, reason=str(error))
    except TooLargeError as error:
        return _put_aside(str(error))
    if url is None:
        return _put_aside("the page does not say its URL; give it with --url")
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


def _put_aside(reason: str | None) -> Extraction:
    return Extraction(Outcome.QUARANTINED, reason=reason)


def _fields(extraction: Extraction) -> Answer:
    answer: Answer = {"outcome": extraction.outcome.value}
    if extraction.reason:
        answer["reason"] = extraction.reason
    return answer | (extraction.article.to_dict() if extraction.article else {})
