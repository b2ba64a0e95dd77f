"""Reading captures, our own and other crawlers'."""

import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.timeutils import iso_date_to_datetime

from dateline import urls
from dateline.capture import metadata
from dateline.capture.encodings import MAX_BODY, TOO_LONG, inflate
from dateline.page import Page, Payload

# Of what is no WARC record warcio says so in several ways, some of them accidents.
_UNREADABLE = (ArchiveLoadFailed, zlib.error, EOFError, ValueError, AttributeError, RecursionError)


class Readable(Protocol):
    """A file, or the body of an S3 answer."""

    def read(self, amt: int = ..., /) -> bytes: ...


class DamagedCaptureError(Exception):
    """A capture object that cannot be read on from ``offset``; what came before it is sound."""

    def __init__(self, offset: int, detail: str) -> None:
        super().__init__(f"the capture is damaged at offset {offset}: {detail}")
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One response, revisit or resource record read back.

    ``offset`` and ``length`` are those of its gzip member, and of the next one too where that is what a browser
    ``rendered`` of the page: ``body`` and ``content_type`` are then the rendered document's. ``body`` is without
    transfer and content encodings, cut at ``MAX_BODY``; ``damage`` says what is wrong with a body that could not be
    decoded whole. A ``revisit`` has no body; ``revisits`` is where its payload is, as far as the record says.
    ``validators`` are the ETag and the Last-Modified that came with it.
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
            source=known.get("source"),
            country=known.get("country"),
            languages=tuple(known.get("languages") or ()),
            timezone=known.get("timezone"),
            feed_title=known.get("feed_title"),
            feed_date=_instant(known.get("feed_date")),
        )


def read(stream: Readable) -> Iterator[Capture]:
    """The response, revisit and resource records of a capture object, ours or another crawler's, in their order.

    DamagedCaptureError, after the sound ones, where the rest cannot be read.
    """
    records = ArchiveIterator(stream, check_digests=True)
    pending: dict[str, Any] | None = None
    record_id: str | None = None
    offset = 0
    damage: DamagedCaptureError | None = None
    try:
        for record in records:
            if _is_page(record):
                if pending:
                    yield Capture(**pending)
                pending = _response(record)
                pending |= {"offset": records.get_record_offset(), "length": records.get_record_length()}
                pending["damage"] = _digest_damage(record) or pending["damage"]
                record_id = record.rec_headers.get_header("WARC-Record-ID")
            elif pending and _renders(record, record_id):
                pending |= _rendered(record)
                pending["length"] = records.get_record_offset() + records.get_record_length() - pending["offset"]
                pending["damage"] = _digest_damage(record) or pending["damage"]
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
    """The response record in the bytes of one gzip member, or of two with what was rendered; without its metadata."""
    return next(read(io.BytesIO(data)))


def _is_page(record: ArcWarcRecord) -> bool:
    """Whether a record is one of a page; in resource records crawlers keep notes of their own too."""
    if record.rec_type == "resource":
        return urls.is_identity(record.rec_headers.get_header("WARC-Target-URI") or "")
    return record.rec_type in ("response", "revisit")


def _response(record: ArcWarcRecord) -> dict[str, Any]:
    """The record of a page as the arguments of ``Capture``, but for where it lies."""
    revisit = record.rec_type == "revisit"
    body, damage = (b"", None) if revisit else _body(record)
    headers = record.http_headers
    status = headers.get_statuscode() if headers else "200"
    return {
        "url": _stated(record, "WARC-Target-URI"),
        "captured_at": _instant_of(record, "WARC-Date"),
        "status": int(status) if status.isdigit() else 0,
        "content_type": (headers.get_header("Content-Type") or "") if headers else record.content_type or "",
        "body": body,
        "damage": damage,
        "payload_digest": record.rec_headers.get_header("WARC-Payload-Digest"),
        "revisit": revisit,
        "revisits": _revisited(record) if revisit else None,
        "validators": (headers.get_header("ETag"), headers.get_header("Last-Modified")) if headers else (None, None),
    }


def _renders(record: ArcWarcRecord, response: str | None) -> bool:
    """Whether a record is what a browser made of the response with that id; others' may be its text, or a picture."""
    refers_to = record.rec_headers.get_header("WARC-Refers-To")
    html = (record.content_type or "").startswith("text/html")
    return bool(record.rec_type == "conversion" and html and refers_to == response)


def _rendered(record: ArcWarcRecord) -> dict[str, Any]:
    """A conversion record as those arguments of ``Capture`` that it replaces."""
    body, damage = _body(record)
    return {"body": body, "content_type": record.content_type, "damage": damage, "rendered": True}


def _revisited(record: ArcWarcRecord) -> Payload | None:
    """The payload that a revisit record refers to; None where it does not say which that is."""
    names = ("WARC-Refers-To-Target-URI", "WARC-Refers-To-Date", "WARC-Payload-Digest")
    url, at, digest = (record.rec_headers.get_header(name) for name in names)
    return Payload(url, _instant_of(record, names[1]), digest) if url and at and digest else None


def _instant_of(record: ArcWarcRecord, name: str) -> datetime:
    at: datetime = iso_date_to_datetime(_stated(record, name))
    return at.replace(tzinfo=UTC)


def _stated(record: ArcWarcRecord, name: str) -> str:
    stated = record.rec_headers.get_header(name)
    if not stated:
        raise ValueError(f"the record has no {name}")
    return str(stated)


def _digest_damage(record: ArcWarcRecord) -> str | None:
    """What the digests say of a record that has been read to its end; None where they agree or there are none."""
    if record.rec_type == "revisit":  # warcio holds nothing of these against their digests
        return None
    stated = record.rec_headers.get_header("WARC-Block-Digest")
    if stated and not record.digest_checker.passed:
        return "; ".join(record.digest_checker.problems) or "the record ends early"
    return None


def _body(record: ArcWarcRecord) -> tuple[bytes, str | None]:
    """The decoded body, and what is wrong with it where it could not be decoded whole."""
    headers = record.http_headers
    chunked = headers and (headers.get_header("Transfer-Encoding") or "").strip().lower() == "chunked"
    stream = ChunkedDataReader(record.raw_stream) if chunked else record.raw_stream
    body = b"".join(iter(lambda: stream.read(1 << 16), b""))
    encoding = (headers.get_header("Content-Encoding") or "") if headers else ""
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        return inflate(body)
    if encoding.strip().lower() not in ("", "identity", "none", "utf-8"):  # the last two are servers' mistakes
        return body[:MAX_BODY], f"the content encoding {encoding} is not read"
    return (body, None) if len(body) <= MAX_BODY else (body[:MAX_BODY], TOO_LONG)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
