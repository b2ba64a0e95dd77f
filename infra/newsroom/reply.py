"""Replies of the newsroom, before and after the conditions of a request."""

import gzip
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.message import Message
from email.utils import format_datetime, parsedate_to_datetime
from typing import Self

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP response. ``gzipped``: ``body`` is compressed. ``last_modified`` is aware.

    ``stream`` makes a body while it is sent, of no known length; the connection ends with it.
    """

    status: int = 200
    content_type: str = HTML
    body: bytes = b""
    gzipped: bool = False
    chunked: bool = False
    last_modified: datetime | None = None
    stream: Callable[[], Iterable[bytes]] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.body).hexdigest()[:16]}"'

    def to(self, request: Message) -> Self:
        """This reply to a request with these headers: 304 if the client has it, plain if it cannot read gzip."""
        reply = self
        if self.gzipped and "gzip" not in request.get("Accept-Encoding", ""):
            reply = replace(self, body=gzip.decompress(self.body), gzipped=False)
        return replace(reply, status=304) if reply._is_known_to(request) else reply

    def header_lines(self) -> dict[str, str]:
        """Return the headers, with validators for later conditional requests."""
        lines = {"Content-Type": self.content_type, **self.headers}
        if self.status in {200, 304} and not self.stream:
            lines["ETag"] = self.etag
        if self.last_modified:
            lines["Last-Modified"] = format_datetime(self.last_modified.astimezone(UTC), usegmt=True)
        if self.gzipped:
            lines |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return lines

    def _is_known_to(self, request: Message) -> bool:
        # RFC 9110, 13.1.3: If-Modified-Since counts only without If-None-Match.
        if self.status != 200:
            return False
        if tags := request.get("If-None-Match"):
            return self.etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
        since = request.get("If-Modified-Since")
        if not since or not self.last_modified:
            return False
        try:
            return self.last_modified.replace(microsecond=0) <= parsedate_to_datetime(since)
        except (ValueError, TypeError):  # no date, or one without a zone: RFC 9110 has us ignore it
            return False


def document(text: str, *, content_type: str = HTML, last_modified: datetime | None = None) -> Reply:
    """A 200 with this text."""
    return Reply(body=text.encode(), content_type=content_type, last_modified=last_modified)


def missing(status: int = 404) -> Reply:
    """Return the reply for a missing page, or a removed one (410)."""
    return Reply(status=status, body=b"<!DOCTYPE html><title>Not found</title><h1>This page is not here</h1>\n")


def moved(url: str) -> Reply:
    return Reply(status=301, headers={"Location": url})
