"""Reading captures, our own and other crawlers'."""

import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.timeutils import iso_date_to_datetime

from dateline import urls
from dateline.capture import metadata
from dateline.capture.decoding import MAX_BODY, TOO_LONG
from dateline.capture.digests import contradicts, digest
from dateline.capture.http_message import split
from dateline.capture.writer import REFERS_TO, SAME_WORDS
from dateline.instants import is_believable
from dateline.page import Page, Payload

# warcio raises several errors for other bytes, some by accident.
_UNREADABLE = (ArchiveLoadFailed, zlib.error, EOFError, ValueError, AttributeError, RecursionError)

_EPOCH = datetime.fromtimestamp(0, UTC)


class Readable(Protocol):
    """A file, or the body of an S3 answer."""

    def read(self, amt: int = ..., /) -> bytes: ...


class DamagedCaptureError(Exception):
    """A WARC file is unreadable from ``offset`` on; everything before is sound."""

    def __init__(self, offset: int, detail: str) -> None:
        super().__init__(f"the capture is damaged at offset {offset}: {detail}")
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One response, revisit or resource record.

    ``offset`` and ``length`` locate its gzip member, or two members if a browser ``rendered`` the page: ``body`` and
    ``content_type`` are then the rendered document's. ``body`` has no transfer and content encodings and is cut at
    ``MAX_BODY``; ``damage`` is the problem of a body decoded in part. A ``revisit`` has no body; ``revisits`` locates
    its payload, if stated, ``same_words`` the record with its words: WARC file, offset, length. ``validators`` are its
    ETag and Last-Modified.
    """

    url: str
    captured_at: datetime
    status: int
    content_type: str
    body: bytes
    offset: int
    length: int
    payload_digest: str | None = None
    damage: str | None = None
    revisit: bool = False
    revisits: Payload | None = None
    same_words: tuple[str, int, int] | None = None
    rendered: bool = False
    validators: tuple[str | None, str | None] = (None, None)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def page(self) -> Page:
        """The page as extraction sees it."""
        known = self.metadata
        return Page(
            url=self.url,
            body=self.body,
            content_type=self.content_type,
            status=self.status,
            captured_at=self.captured_at,
            source=_text(known.get("source")),
            country=_text(known.get("country")),
            languages=_texts(known.get("languages")),
            timezone=_text(known.get("timezone")),
            feed_title=_text(known.get("feed_title")),
            feed_date=_instant(known.get("feed_date")),
        )


def read(stream: Readable, undated: datetime = _EPOCH) -> Iterator[Capture]:
    """Yield the response, revisit and resource records of a WARC file in order.

    A record without a believable date or without a URL is damaged, with ``undated`` as its instant. Raises
    DamagedCaptureError after the sound records if the rest is unreadable.
    """
    records = ArchiveIterator(stream, no_record_parse=True)
    pending: dict[str, Any] | None = None
    record_id: str | None = None
    offset = 0
    damage: DamagedCaptureError | None = None
    try:
        for record in records:
            if _is_page(record):
                if pending:
                    yield Capture(**pending)
                pending = _response(record, undated)
                pending |= {"offset": records.get_record_offset(), "length": records.get_record_length()}
                record_id = record.rec_headers.get_header("WARC-Record-ID")
            elif pending and _renders(record, record_id):
                pending |= _rendered(record)
                pending["length"] = records.get_record_offset() + records.get_record_length() - pending["offset"]
            elif record.rec_type == "metadata" and pending:
                pending["metadata"] = metadata.read(record.content_type or "", record.raw_stream.read())
            offset = records.get_record_offset() + records.get_record_length()
    except _UNREADABLE as error:
        damage = DamagedCaptureError(offset, str(error) or type(error).__name__)
    if pending:
        yield Capture(**pending)
    if damage:
        raise damage


def read_one(data: bytes) -> Capture:
    """Return the response in the bytes of one gzip member, or of two with the rendered document; without metadata."""
    return next(read(io.BytesIO(data)))


def _is_page(record: ArcWarcRecord) -> bool:
    """Whether a record is one of a page; in resource records crawlers keep notes of their own too."""
    if record.rec_type == "resource":
        return urls.is_identity(record.rec_headers.get_header("WARC-Target-URI") or "")
    return record.rec_type in ("response", "revisit")


def _response(record: ArcWarcRecord, undated: datetime) -> dict[str, Any]:
    """Return the record of a page as arguments of ``Capture``, without its location."""
    at = _instant_of(record, "WARC-Date")
    known = {
        "url": record.rec_headers.get_header("WARC-Target-URI") or "",
        "captured_at": at or undated,
        "payload_digest": record.rec_headers.get_header("WARC-Payload-Digest"),
    }
    block, torn = _block(record)
    torn = (None if at else _undated(record)) or (None if known["url"] else "the record has no WARC-Target-URI") or torn
    if record.rec_type == "resource":
        body, damage = _cut(block)
        damage = torn or damage
        return known | {"status": 200, "content_type": record.content_type or "", "body": body, "damage": damage}
    message = split(block)
    revisit = record.rec_type == "revisit"
    body, damage = (b"", None) if revisit else message.decoded()
    damage = torn or damage
    return known | {
        "status": message.status,
        "content_type": message.header("content-type") or "",
        "body": body,
        "damage": damage,
        "revisit": revisit,
        "revisits": _revisited(record) if revisit else None,
        "same_words": _same_words(record) if revisit else None,
        "validators": (message.header("etag"), message.header("last-modified")),
    }


def _renders(record: ArcWarcRecord, response: str | None) -> bool:
    """Return whether a record is the rendering of the response with an id; others' may be its text, or a picture."""
    refers_to = record.rec_headers.get_header("WARC-Refers-To")
    html = (record.content_type or "").startswith("text/html")
    return bool(record.rec_type == "conversion" and html and refers_to == response)


def _rendered(record: ArcWarcRecord) -> dict[str, Any]:
    """Return a conversion record as the replaced arguments of ``Capture``."""
    block, torn = _block(record)
    body, damage = _cut(block)
    return {"body": body, "content_type": record.content_type, "damage": torn or damage, "rendered": True}


def _revisited(record: ArcWarcRecord) -> Payload | None:
    """Return the payload named by a revisit record, or None; one without its body has a payload of its own."""
    if record.rec_headers.get_header("WARC-Profile") == SAME_WORDS:
        return None
    names = ("WARC-Refers-To-Target-URI", "WARC-Refers-To-Date", "WARC-Payload-Digest")
    url, at, digest = (record.rec_headers.get_header(name) for name in names)
    instant = _instant_of(record, names[1]) if at else None
    return Payload(url, instant, digest) if url and instant and digest else None


def _same_words(record: ArcWarcRecord) -> tuple[str, int, int] | None:
    """Return the place of the response with the words of a record without its body, or None."""
    key, *place = (record.rec_headers.get_header(REFERS_TO) or "").rsplit(" ", 2)
    if record.rec_headers.get_header("WARC-Profile") != SAME_WORDS or len(place) != 2:
        return None
    return (key, int(place[0]), int(place[1])) if all(map(str.isdecimal, place)) else None


def _instant_of(record: ArcWarcRecord, name: str) -> datetime | None:
    """Return the instant of a header, or None if missing, less precise than a second, or unbelievable."""
    try:
        at: datetime = iso_date_to_datetime(record.rec_headers.get_header(name) or "").replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return at if is_believable(at) else None


def _undated(record: ArcWarcRecord) -> str:
    return f"the record's WARC-Date is no instant from 1990 to tomorrow: {record.rec_headers.get_header('WARC-Date')}"


def _block(record: ArcWarcRecord) -> tuple[bytes, str | None]:
    """Return a record's block, and contradictions to its length and digest; a revisit's digest may be another's."""
    block = b"".join(iter(lambda: record.raw_stream.read(1 << 16), b""))
    if record.length and len(block) < record.length:
        return block, "the record ends early"
    stated = record.rec_headers.get_header("WARC-Block-Digest")
    if stated and record.rec_type != "revisit" and contradicts(stated, block):
        return block, f"its WARC-Block-Digest is {stated}, and its bytes have {digest(block)}"
    return block, None


def _cut(body: bytes) -> tuple[bytes, str | None]:
    return (body, None) if len(body) <= MAX_BODY else (body[:MAX_BODY], TOO_LONG)


def _instant(value: object) -> datetime | None:
    """Return a feed item's instant, UTC without an offset, or None for an unbelievable date."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) if at and is_believable(at) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()
