"""Captures: what the servers sent, as WARC/1.1, written and read back with warcio.

A capture object is one ``.warc.gz`` with one gzip member per record, so that a record is one range GET. It begins with
a ``warcinfo`` record; then each page is a ``response`` (status line, headers and body as they came over the wire,
before any decoding), its ``request``, and a ``metadata`` record in JSON with what the crawl knew: source, country,
languages, timezone, feed item, discovery path. Digests are sha256. Record ids and gzip members hold no clock of their
own: the same exchanges give the same bytes. What came without a server, such as a saved page, is a ``resource`` record
in place of the ``response``.

A page whose payload was captured before is a ``revisit`` in place of the ``response``: the headers that came now, and
where the payload is (WARC/1.1 section 6.7, its profiles ``identical-payload-digest`` and ``server-not-modified``).

A page that a browser rendered has a ``conversion`` record (section 6.8) right after its ``response``: the document as
it stood when the page's scripts had run, in UTF-8. Both are read as one capture, whose body is the rendered document.
"""

import hashlib
import io
import json
import re
import time
import uuid
import zlib
from base64 import b32encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol

from warcio.archiveiterator import ArchiveIterator
from warcio.bufferedreaders import ChunkedDataReader
from warcio.exceptions import ArchiveLoadFailed
from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.timeutils import datetime_to_iso_date, iso_date_to_datetime
from warcio.warcwriter import WARCWriter

from dateline import __version__, keys, objects, urls
from dateline.page import Page, Payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONTENT_TYPES = {
    "response": "application/http; msgtype=response",
    "revisit": "application/http; msgtype=response",
    "request": "application/http; msgtype=request",
    "metadata": "application/json",
    "conversion": "text/html; charset=utf-8",
    "warcinfo": "application/warc-fields",
}
_PROFILE = "http://netpreserve.org/warc/1.1/revisit/"
_ENCODED = re.compile(rb"\r\ncontent-encoding:[ \t]*(?:x-)?(?:gzip|deflate|br|zstd)\b", re.IGNORECASE)
_MAX_HEAD = 8 << 10  # bytes of headers, the record's and the server's, in which to look for that
MAX_BODY = 20 << 20  # bytes of a body once decoded; a longer one is cut here and says so
_TOO_LONG = f"the body is longer than {MAX_BODY} bytes"


class Readable(Protocol):
    """A file, or the body of an S3 answer."""

    def read(self, amt: int = ..., /) -> bytes: ...


class DamagedCaptureError(Exception):
    """A capture object that cannot be read on from ``offset``; what came before it is sound."""

    def __init__(self, offset: int, detail: str) -> None:
        super().__init__(f"the capture is damaged at offset {offset}: {detail}")
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its response as they went over the wire: start line, headers, empty line, body.

    ``captured_at`` is aware; ``metadata`` is what the crawl knew, in JSON types. ``revisits`` is the payload that the
    page was found to have still; its body is then not written again. ``rendered`` is the document that a browser made
    of the page, in UTF-8. With a ``media_type`` there was no exchange, as of a saved page: ``response`` is then what is
    in the file, and ``request`` is empty. An imported response may be without its request too.
    """

    url: str
    captured_at: datetime
    request: bytes
    response: bytes
    ip_address: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    revisits: Payload | None = None
    rendered: bytes | None = None
    media_type: str | None = None

    @property
    def payload(self) -> Payload:
        """What its record will say of the body."""
        body = _payload(self.response) if self.media_type is None else self.response
        return Payload(self.url, self.captured_at, _digest(body))


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


class Batch:
    """The pages of one capture object that is being filled; closed by count, size or age.

    ``max_bytes`` counts what came over the wire and what was rendered of it; ``max_age`` is in seconds since the first
    page.
    """

    def __init__(
        self,
        *,
        max_pages: int = 200,
        max_bytes: int = 32 << 20,
        max_age: float = 60,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pages: list[Exchange] = []
        self._bytes = 0
        self._born = 0.0
        self._max_pages, self._max_bytes, self._max_age, self._clock = max_pages, max_bytes, max_age, clock

    def __len__(self) -> int:
        return len(self.pages)

    def add(self, exchange: Exchange) -> None:
        if not self.pages:
            self._born = self._clock()
        self.pages.append(exchange)
        self._bytes += len(exchange.request) + len(exchange.response) + len(exchange.rendered or b"")

    @property
    def full(self) -> bool:
        """Whether it is time to store the batch; an empty one is never full."""
        return bool(self.pages) and (
            len(self.pages) >= self._max_pages
            or self._bytes >= self._max_bytes
            or self._clock() - self._born >= self._max_age
        )


class CaptureStore:
    """Stores the batches of one crawl, each under the crawl's next free number."""

    def __init__(self, s3: "S3Client", bucket: str, *, source: str, crawl: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._source, self._crawl = source, crawl
        self._number = 0

    def put(self, batch: Batch) -> str:
        """Upload a batch and return its key. Never overwrites: a number that is taken is passed over."""
        while True:
            key = keys.Stem(self._source, self._crawl, self._number).capture
            self._number += 1
            if objects.put_once(self._s3, bucket=self._bucket, key=key, body=serialise(batch.pages, key)):
                return key


def serialise(exchanges: list[Exchange], key: str) -> bytes:
    """The bytes of the capture object ``key`` that holds these exchanges."""
    stem = keys.parse(key)
    records = chain([_warcinfo(stem)], *(_records(exchange, stem) for exchange in exchanges))
    return b"".join(map(_member, records))


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
            elif record.rec_type == "metadata" and pending and record.content_type == _CONTENT_TYPES["metadata"]:
                pending["metadata"] = json.loads(record.raw_stream.read())
            offset = records.get_record_offset() + records.get_record_length()
    except (ArchiveLoadFailed, zlib.error, EOFError, ValueError) as error:
        damage = DamagedCaptureError(offset, str(error) or type(error).__name__)
    if pending:
        yield Capture(**pending)
    if damage:
        raise damage


def read_one(data: bytes) -> Capture:
    """The response record in the bytes of one gzip member, or of two with what was rendered; without its metadata."""
    return next(read(io.BytesIO(data)))


def payload_digest(message: bytes) -> str:
    """The digest of what follows the headers of an HTTP message, as its record states it."""
    return _digest(_payload(message))


def header(message: bytes, name: str) -> str | None:
    """The first header of that name (in lower case) of an HTTP message; None where there is none."""
    for line in message.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
        found, _, value = line.partition(b":")
        if found.strip().lower() == name.encode():
            return value.strip().decode("latin-1")
    return None


def _warcinfo(stem: keys.Stem) -> ArcWarcRecord:
    fields = {
        "software": f"dateline/{__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "isPartOf": stem.crawl,
        "robots": "obey",
    }
    block = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    filename = {"WARC-Filename": stem.capture.rpartition("/")[2]}
    return _record("warcinfo", block, keys.crawl_time(stem.crawl), f"{stem.capture} warcinfo", filename)


def _records(exchange: Exchange, stem: keys.Stem) -> Iterator[ArcWarcRecord]:
    name = f"{stem.crawl} {exchange.captured_at.isoformat()} {exchange.url}"
    target = {"WARC-Target-URI": exchange.url}
    ip_address = {"WARC-IP-Address": exchange.ip_address} if exchange.ip_address else {}
    concurrent = {"WARC-Concurrent-To": _record_id(f"{name} response")}
    metadata = json.dumps(dict(exchange.metadata), ensure_ascii=False).encode()
    blocks: list[tuple[str, bytes, dict[str, str]]] = [
        _answer(exchange, ip_address),
        *_conversion(exchange, _record_id(f"{name} response")),
        *([("request", exchange.request, concurrent)] if exchange.request else []),
        ("metadata", metadata, concurrent),
    ]
    for kind, block, headers in blocks:
        content_type = _CONTENT_TYPES.get(kind) or str(exchange.media_type)
        is_http = "application/http" in content_type
        payload = {"WARC-Payload-Digest": _digest(_payload(block) if is_http else block)}
        record_name = f"{name} {'response' if kind in ('revisit', 'resource') else kind}"
        yield _record(
            kind, block, exchange.captured_at, record_name, target | payload | headers, content_type=content_type
        )


def _answer(exchange: Exchange, headers: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    """The record's type, block and headers for what the server sent, or for what there is without one."""
    if exchange.media_type is not None:
        return "resource", exchange.response, headers
    if exchange.revisits is None:
        return "response", exchange.response, headers
    head, end, _ = exchange.response.partition(b"\r\n\r\n")
    not_modified = head.split(b" ", 2)[1] == b"304"
    refers_to = {
        "WARC-Profile": _PROFILE + ("server-not-modified" if not_modified else "identical-payload-digest"),
        "WARC-Refers-To-Target-URI": exchange.revisits.url,
        "WARC-Refers-To-Date": _warc_date(exchange.revisits.at),
        "WARC-Payload-Digest": exchange.revisits.digest,
    }
    return "revisit", head + end, headers | refers_to


def _conversion(exchange: Exchange, response: str) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """The record of what a browser made of the response, where one did."""
    if exchange.rendered is not None:
        yield "conversion", exchange.rendered, {"WARC-Refers-To": response}


def _member(record: ArcWarcRecord) -> bytes:
    """A record as a gzip member; what the server compressed is stored as it is, within 2 % of what gzip -9 makes of it.

    warcio itself would compress everything at level 9: two thirds of the CPU that a capture then costs, for nothing.
    """
    plain = io.BytesIO()
    WARCWriter(plain, gzip=False, warc_version="1.1").write_record(record)
    data = plain.getvalue()
    return zlib.compress(data, 0 if _ENCODED.search(data, 0, _MAX_HEAD) else 6, wbits=zlib.MAX_WBITS | 16)


def _record(
    kind: str, block: bytes, at: datetime, name: str, headers: dict[str, str], *, content_type: str = ""
) -> ArcWarcRecord:
    """A record whose block is written byte for byte: warcio would parse and rebuild HTTP headers."""
    fields = {
        "WARC-Type": kind,
        "WARC-Record-ID": _record_id(name),
        "WARC-Date": _warc_date(at),
        "WARC-Block-Digest": _digest(block),
    }
    rec_headers = StatusAndHeaders("", [*fields.items(), *headers.items()], protocol="WARC/1.1")
    http = _AsReceived(block) if kind == "revisit" else None
    content_type = content_type or _CONTENT_TYPES[kind]
    return ArcWarcRecord("warc", kind, rec_headers, io.BytesIO(block), http, content_type, len(block))


@dataclass(frozen=True, slots=True)
class _AsReceived:
    """HTTP headers byte for byte, for warcio's writer, which writes these of a revisit record and nothing else."""

    headers_buff: bytes

    def compute_headers_buffer(self, header_filter: object) -> None:
        """There is nothing to compute."""


def _warc_date(at: datetime) -> str:
    return str(datetime_to_iso_date(at.astimezone(UTC).replace(tzinfo=None), use_micros=True))


def _record_id(name: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}>"


def _digest(data: bytes) -> str:
    return f"sha256:{b32encode(hashlib.sha256(data).digest()).decode()}"


def _payload(message: bytes) -> bytes:
    """What follows the headers of an HTTP message, as it came over the wire."""
    return message.partition(b"\r\n\r\n")[2]


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
        "url": record.rec_headers.get_header("WARC-Target-URI"),
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
    at: datetime = iso_date_to_datetime(record.rec_headers.get_header(name))
    return at.replace(tzinfo=UTC)


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
    return (body, None) if len(body) <= MAX_BODY else (body[:MAX_BODY], _TOO_LONG)


def inflate(data: bytes, limit: int = MAX_BODY) -> tuple[bytes, str | None]:
    """Undo the content encodings gzip and deflate (RFC 9110), and never to more than ``limit`` bytes.

    What can be decoded is returned with what is wrong with the rest. Data that is not compressed, though its header
    says so, comes back as it is.
    """
    compressed = data[:2] == b"\x1f\x8b" or data[:1] == b"\x78"
    window = zlib.MAX_WBITS | 32 if compressed else -zlib.MAX_WBITS
    decoder = zlib.decompressobj(window)
    try:
        body = decoder.decompress(data, limit + 1)
    except zlib.error as error:
        body = _sound_part(data, window, limit)
        return (body, f"the body cannot be decoded to its end: {error}") if compressed or body else (data[:limit], None)
    if len(body) > limit:
        return body[:limit], _TOO_LONG
    return body, None if decoder.eof else "the compressed body ends early"


def _sound_part(data: bytes, window: int, limit: int) -> bytes:
    """What comes before the damage; in small steps, so that the damage costs only what follows it."""
    decoder, body = zlib.decompressobj(window), bytearray()
    with suppress(zlib.error):
        for start in range(0, len(data), 1 << 10):
            body += decoder.decompress(data[start : start + (1 << 10)], limit - len(body) or 1)
    return bytes(body[:limit])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
