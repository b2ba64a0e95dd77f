"""A page for extraction: its bytes and its crawl context."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

KEEP_BODY = "keep_body"  # in the metadata of a page whose source keeps the bodies of all revisits
MAX_URL = 8 << 10  # bytes; servers refuse longer ones (RFC 9110, 4.1), and an index item with one costs ten writes


class Payload(NamedTuple):
    """A captured body: URL and aware instant of its response record, and digest of its bytes."""

    url: str
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page, from a capture or from a file.

    ``body`` is HTML without transfer and content encodings, its charset still as sent; ``content_type`` is the HTTP
    header. ``captured_at`` and ``feed_date`` are aware. ``timezone`` (IANA) is the outlet's, for dates without one.
    """

    url: str
    body: bytes
    content_type: str = "text/html"
    status: int = 200
    captured_at: datetime | None = None
    source: str | None = None
    country: str | None = None
    languages: tuple[str, ...] = ()
    timezone: str | None = None
    feed_title: str | None = None
    feed_date: datetime | None = None
