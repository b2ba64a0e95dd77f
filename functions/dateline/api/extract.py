"""Extract one page, without any cloud."""

from collections.abc import Sequence
from datetime import datetime

from dateline.article import Extraction
from dateline.extraction import extract as extract_page
from dateline.extraction.rulebook import NO_RULES, Rulebook
from dateline.page import Page
from dateline.sources import registry

_TEXT = "text/html; charset=utf-8"


def extract(
    page: str | bytes,
    *,
    url: str,
    source: str | None = None,
    country: str | None = None,
    languages: Sequence[str] = (),
    timezone: str | None = None,
    captured_at: datetime | None = None,
    content_type: str = "text/html",
    status: int = 200,
    feed_title: str | None = None,
    feed_date: datetime | None = None,
) -> Extraction:
    """Return a page's outcome, and its article if it is one.

    ``page`` is HTML; bytes are decoded as a browser does, by ``content_type`` (the HTTP header) and the page.
    ``source`` is the id of a registered source: its extraction rules apply, and its country, languages and time zone
    unless others are given. ``timezone`` (IANA) is for dates without an offset. ``captured_at`` and ``feed_date`` are
    aware; dates after ``captured_at`` are not taken. What a page holds never raises: a page that cannot be examined is
    ``Outcome.QUARANTINED``. It runs in this process, without the limits of time and memory of the extract function.

    >>> html = '''<html lang="en"><title>Pump mended</title><meta name="date" content="2019-04-16T09:00">
    ...     <h1>Pump mended</h1><p>The pump at the old well was mended on Tuesday, and the queue for water was gone.
    ...     <p>“Water again!” said the baker, who had carried it up from the harbour for most of a week.'''
    >>> extraction = extract(html, url="https://news.example/pump", timezone="Africa/Tripoli")
    >>> extraction.outcome.value, extraction.article.published_at
    ('archived', '2019-04-16T09:00:00+02:00')

    Raises KeyError for a source that is not registered, and ValueError for naive datetimes.
    """
    for name, instant in (("captured_at", captured_at), ("feed_date", feed_date)):
        if instant and instant.tzinfo is None:
            raise ValueError(f"{name} has no time zone")
    outlet = registry.registered()[source] if source else None
    seen = Page(
        url=url,
        body=page.encode("utf-8", "surrogatepass") if isinstance(page, str) else page,
        content_type=_TEXT if isinstance(page, str) and content_type == "text/html" else content_type,
        status=status,
        captured_at=captured_at,
        source=source,
        country=country or (outlet.country if outlet else None),
        languages=tuple(languages) or (outlet.languages if outlet else ()),
        timezone=timezone or (outlet.timezone if outlet else None),
        feed_title=feed_title,
        feed_date=feed_date,
    )
    return extract_page(seen, Rulebook({outlet.id: outlet.extract}) if outlet else NO_RULES)
