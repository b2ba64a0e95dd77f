"""Many pages from JSON lines to one answer for each, in order; ``importing.answers`` does it for files."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from dateline.article import Extraction, Outcome
from dateline.extraction import extract
from dateline.page import Page

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


def _answered(line: bytes | str, hints: Hints, extract: Extract) -> Answer:
    try:
        values = json.loads(line)
        if not isinstance(values, dict):
            raise TypeError("the line is no JSON object")
    except (ValueError, TypeError, RecursionError) as error:
        return {"page": None, **answer(quarantined(f"not a JSON line: {error}"))}
    try:
        extraction = extract(_page(values, hints))
    except (ValueError, TypeError, KeyError) as error:
        extraction = quarantined(f"not a page: {type(error).__name__}: {error}")
    return {"page": values.get("page"), **answer(extraction)}


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


def quarantined(reason: str) -> Extraction:
    """Return the result of a page that could not be examined."""
    return Extraction(Outcome.QUARANTINED, reason=reason)


def answer(extraction: Extraction) -> Answer:
    """Return the outcome, its reason, and the fields of the article."""
    values: Answer = {"outcome": extraction.outcome.value}
    if extraction.reason:
        values["reason"] = extraction.reason
    return values | (extraction.article.to_dict() if extraction.article else {})
