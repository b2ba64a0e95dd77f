"""Contents of an imported file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

_HTML = re.compile(r"\s*(?:text/html|application/xhtml\+xml)\b", re.IGNORECASE)
_LOOKS_LIKE_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*|<\?xml[^>]*>\s*)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


class Reason(StrEnum):
    """Why something was not captured; each has exactly one."""

    OTHER_HOST = "other-host"  # of no outlet in the registry
    NOT_HTML = "not-html"
    NO_PAGE = "no-page"  # a redirect, a server error, or a crawler's own notes
    REVISIT = "revisit"  # a record with a reference instead of a body
    ENCODED = "encoded"  # in an unknown content encoding
    DAMAGED = "damaged"
    TOO_LARGE = "too-large"
    NO_URL = "no-url"
    BAD_URL = "bad-url"  # an address that is no web address
    LONG_URL = "long-url"  # longer than an index item may have it
    NO_SOURCE = "no-source"
    UNREADABLE = "unreadable"  # a missing file, or one without permission


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedPage:
    """A page. ``data`` is the HTTP message as received, or with a ``media_type`` the body alone.

    ``captured_at`` is aware. ``source`` is a source's id or name, if the file has one, ``known`` further metadata of
    the capture, ``rendered`` the document after rendering (see ``capture``), ``offset`` its record's in a WARC file.
    """

    url: str
    captured_at: datetime
    data: bytes
    media_type: str | None = None
    request: bytes = b""
    ip_address: str | None = None
    source: str | None = None
    rendered: bytes | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    offset: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Something other than an acceptable page; ``name`` is its URL or file path."""

    name: str
    reason: Reason
    offset: int | None = None


class UnreadableError(Exception):
    """The rest of a file is unreadable; everything found before is sound. ``remedy`` is the next step."""

    def __init__(self, damage: str, remedy: str = "copy or download it again, then import it again") -> None:
        super().__init__(damage)
        self.remedy = remedy


def is_html(content_type: str | None, body: bytes) -> bool:
    """Return whether a body is an HTML page, by its declared type or else by its beginning."""
    return bool(_HTML.match(content_type)) if content_type else _LOOKS_LIKE_HTML.match(body) is not None
