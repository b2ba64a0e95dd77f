"""Writing captures: the pages of a crawl in batches, each a WARC file of its own."""

import hashlib
import io
import re
import struct
import time
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.timeutils import datetime_to_iso_date
from warcio.warcwriter import WARCWriter

from dateline.aws import objects
from dateline.capture import http_message, metadata
from dateline.capture.digests import digest
from dateline.keys import crawl_names, object_keys
from dateline.keys.object_keys import Stem
from dateline.page import Payload
from dateline.version import __version__

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONTENT_TYPES = {
    "response": "application/http; msgtype=response",
    "revisit": "application/http; msgtype=response",
    "request": "application/http; msgtype=request",
    "metadata": metadata.MEDIA_TYPE,
    "conversion": "text/html; charset=utf-8",
    "warcinfo": "application/warc-fields",
    "withdrawn": "application/warc-fields",
}
_ANSWERS = {"response", "revisit", "resource"}  # one per page
_PROFILE = "http://netpreserve.org/warc/1.1/revisit/"
SAME_WORDS = "urn:dateline:warc:same-words"  # profile of a revisit without its body (``reduction``)
REFERS_TO = "Dateline-Refers-To"  # of such a record: WARC file, offset and length of the response with the words
_ENCODED = re.compile(rb"\ncontent-encoding:[ \t]*(?:x-)?(?:gzip|deflate|br|zstd)\b", re.IGNORECASE)
_MAX_HEAD = 8 << 10  # bytes of headers to search, the record's and the server's
_GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # deflate, no name, no clock, of no operating system
_MAX_BLOCK = 0xFFFF  # bytes
_SMALL = 2 << 10  # bytes; smaller records, such as requests, have no repetitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and its response as sent and received: start line, headers, empty line, body.

    ``captured_at`` is aware; ``metadata`` is the crawl context in JSON types. ``revisits`` is a known payload of the
    page; the body is then not written again. ``rendered`` is the document after rendering, in UTF-8. With a
    ``media_type`` there was no exchange, as for a saved page: ``response`` is then the file's contents, and ``request``
    is empty. Imported responses may lack their request too. ``digest`` is the payload's (``payload_digest``), if known
    already. ``certificate`` is the server's (DER), whose digest is in the metadata; it is stored beside the WARC file.
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
    digest: str | None = None
    certificate: bytes = b""

    @property
    def payload(self) -> Payload:
        """The record's facts about the body."""
        body = self.response if self.media_type is not None or self.digest else http_message.split(self.response).body
        return Payload(self.url, self.captured_at, self.digest or digest(body))


class Batch:
    """Pages of a crawl's open WARC file; closed by count, size or age.

    ``max_bytes`` limits received and rendered bytes; ``max_age`` is in seconds since the first page. By default it is
    the crawl function's time for downloads, so a crawl makes one file unless memory is short: each file costs a dozen
    requests to S3 and a transaction.
    """

    def __init__(
        self,
        crawl: str,
        *,
        max_pages: int = 200,
        max_bytes: int = 32 << 20,
        max_age: float = 240,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pages: list[Exchange] = []
        self._crawl, self._written = crawl, list[bytes]()
        self._bytes = 0
        self._born = 0.0
        self._max_pages = max_pages
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._clock = clock

    def __len__(self) -> int:
        return len(self.pages)

    def add(self, exchange: Exchange) -> None:
        if not self.pages:
            self._born = self._clock()
        self.pages.append(exchange)
        self._bytes += len(exchange.request) + len(exchange.response) + len(exchange.rendered or b"")

    def write(self) -> None:
        """Make the records of the pages, for use on another thread before ``body``."""
        if not self._written:
            records = chain.from_iterable(_records(exchange, self._crawl) for exchange in self.pages)
            self._written = list(map(_member, _plain(records)))

    @property
    def certificates(self) -> dict[str, bytes]:
        """The certificates of the pages' servers by the keys of their objects."""
        found = {page.certificate for page in self.pages if page.certificate}
        return {object_keys.certificate(hashlib.sha256(each).hexdigest()): each for each in found}

    def body(self, key: str) -> bytes:
        """Return the bytes of the WARC file ``key``; no pages can be added afterwards."""
        self.write()
        return b"".join([*map(_member, _plain([_warcinfo(object_keys.parse(key))])), *self._written])

    @property
    def size(self) -> int:
        """Received and rendered bytes of the pages."""
        return self._bytes

    @property
    def full(self) -> bool:
        """Whether it is time to store the batch; an empty one is never full."""
        return bool(self.pages) and (
            len(self.pages) >= self._max_pages
            or self._bytes >= self._max_bytes
            or self._clock() - self._born >= self._max_age
        )


class CaptureStore:
    """Stores the batches of one crawl, each under the crawl's next free number, and their servers' certificates."""

    def __init__(self, s3: "S3Client", bucket: str, *, source: str, crawl: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._source, self._crawl = source, crawl
        self._number = 0
        self._certificates = set[str]()

    def put(self, batch: Batch) -> str:
        """Upload a batch and return its key. Never overwrites: taken numbers are skipped."""
        for key, body in batch.certificates.items():
            if key not in self._certificates:
                self._keep(key, body)
        while True:
            key = Stem(self._source, self._crawl, self._number).capture
            self._number += 1
            if objects.put_once(self._s3, bucket=self._bucket, key=key, body=batch.body(key)):
                return key

    def _keep(self, key: str, certificate: bytes) -> None:
        """Store a certificate once; a GET costs a twelfth of a PUT, and most are there."""
        if objects.get(self._s3, bucket=self._bucket, key=key) is None:
            objects.put_once(self._s3, bucket=self._bucket, key=key, body=certificate)
        self._certificates.add(key)


def serialise(exchanges: list[Exchange], key: str) -> bytes:
    """Return the bytes of the WARC file ``key`` with these exchanges."""
    batch = Batch(object_keys.parse(key).crawl)
    for exchange in exchanges:
        batch.add(exchange)
    return batch.body(key)


def payload_digest(message: bytes) -> str:
    """Return the digest of an HTTP message's bytes after the headers, as stated in its record."""
    return digest(http_message.split(message).body)


def header(message: bytes, name: str) -> str | None:
    """Return the first header of a name in an HTTP message or WARC record, or None."""
    return http_message.split(message).header(name)


def withdrawn_record(name: str, date: str | None, id: str) -> bytes:
    """Return an uncompressed record to replace one of a page of the story ``id``, with its ``date``."""
    block = f"story: {id}\r\n".encode()
    headers = {"WARC-Block-Digest": digest(block)}
    date = date or _warc_date(datetime.fromtimestamp(0, UTC))
    (data,) = _plain([_record("withdrawn", block, date, _record_id(f"{name} withdrawn"), headers)])
    return data


def plain_record(kind: str, block: bytes, date: str, fields: Mapping[str, str]) -> bytes:
    """Return an uncompressed record with these headers, WARC-Record-ID included."""
    others = {name: value for name, value in fields.items() if name != "WARC-Record-ID"}
    (data,) = _plain([_record(kind, block, date, fields["WARC-Record-ID"], others)])
    return data


def _warcinfo(stem: Stem) -> ArcWarcRecord:
    fields = {
        "software": f"dateline/{__version__}",
        "format": "WARC File Format 1.1",
        "conformsTo": "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/",
        "isPartOf": stem.crawl,
        "robots": "obey",
    }
    block = "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
    headers = {"WARC-Block-Digest": digest(block), "WARC-Filename": stem.capture.rpartition("/")[2]}
    return _record(
        "warcinfo",
        block,
        _warc_date(crawl_names.crawl_time(stem.crawl)),
        _record_id(f"{stem.capture} warcinfo"),
        headers,
    )


def _records(exchange: Exchange, crawl: str) -> Iterator[ArcWarcRecord]:
    name, date = f"{crawl} {exchange.captured_at.isoformat()} {exchange.url}", _warc_date(exchange.captured_at)
    ip_address = {"WARC-IP-Address": exchange.ip_address} if exchange.ip_address else {}
    answer_id = _record_id(f"{name} response")
    blocks: list[tuple[str, bytes, dict[str, str]]] = [
        _answer(exchange, ip_address),
        *_conversion(exchange, answer_id),
        *([("request", exchange.request, {"WARC-Concurrent-To": answer_id})] if exchange.request else []),
        ("metadata", metadata.write(exchange.metadata), {"WARC-Concurrent-To": answer_id}),
    ]
    for kind, block, headers in blocks:
        content_type = _CONTENT_TYPES.get(kind) or str(exchange.media_type)
        record_id = answer_id if kind in _ANSWERS else _record_id(f"{name} {kind}")
        fields = {"WARC-Target-URI": exchange.url, **_digests(kind, block, exchange), **headers}
        yield _record(kind, block, date, record_id, fields, content_type=content_type)


def _digests(kind: str, block: bytes, exchange: Exchange) -> dict[str, str]:
    """Return both digests of a record, because warcio would add its own; a revisit names its payload's."""
    of_block = payload = digest(block)
    if kind in {"response", "resource"}:
        payload = exchange.payload.digest
    elif kind == "request":
        payload = payload_digest(block)
    return {"WARC-Block-Digest": of_block, "WARC-Payload-Digest": payload}


def _answer(exchange: Exchange, headers: dict[str, str]) -> tuple[str, bytes, dict[str, str]]:
    """Return type, block and headers of the record for the response, or for a page without one."""
    if exchange.media_type is not None:
        return "resource", exchange.response, headers
    if exchange.revisits is None:
        return "response", exchange.response, headers
    head, end, _ = message = http_message.split(exchange.response)
    not_modified = message.status == 304
    refers_to = {
        "WARC-Profile": _PROFILE + ("server-not-modified" if not_modified else "identical-payload-digest"),
        "WARC-Refers-To-Target-URI": exchange.revisits.url,
        "WARC-Refers-To-Date": _warc_date(exchange.revisits.at),
        "WARC-Payload-Digest": exchange.revisits.digest,
    }
    return "revisit", head + end, headers | refers_to


def _conversion(exchange: Exchange, response: str) -> Iterator[tuple[str, bytes, dict[str, str]]]:
    """Return the record of the rendered document, if any."""
    if exchange.rendered is not None:
        yield "conversion", exchange.rendered, {"WARC-Refers-To": response}


def _plain(records: Iterable[ArcWarcRecord]) -> Iterator[bytes]:
    """The records one by one, as they are before compression."""
    buffer = io.BytesIO()
    writer = WARCWriter(buffer, gzip=False, warc_version="1.1")
    for record in records:
        buffer.seek(0)
        buffer.truncate()
        writer.write_record(record)
        yield buffer.getvalue()


def _member(record: bytes) -> bytes:
    """Return a record as a gzip member; compressed bodies are stored, within 2 % of the size of gzip -9.

    warcio would compress everything at level 9, for two thirds of a capture's CPU and no gain.
    """
    if _ENCODED.search(record, 0, _MAX_HEAD):
        return _stored(record)
    # Small tables for small records: setting up zlib's usual 256 KB costs more than the record.
    bits, memory = (12, 4) if len(record) < _SMALL else (zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL)
    member = zlib.compressobj(6, zlib.DEFLATED, bits | 16, memory)
    return member.compress(record) + member.flush()


def _stored(record: bytes) -> bytes:
    """Return a gzip member of stored blocks (RFC 1951 section 3.2.4, RFC 1952) in a third of zlib's time."""
    parts = [_GZIP_HEAD]
    for start in range(0, len(record), _MAX_BLOCK):
        block = record[start : start + _MAX_BLOCK]
        parts += struct.pack("<BHH", start + _MAX_BLOCK >= len(record), len(block), len(block) ^ _MAX_BLOCK), block
    return b"".join((*parts, struct.pack("<LL", zlib.crc32(record), len(record))))


def _record(
    kind: str, block: bytes, date: str, record_id: str, headers: dict[str, str], *, content_type: str = ""
) -> ArcWarcRecord:
    """Return a record with its block byte for byte: warcio would parse and rebuild HTTP headers."""
    fields = {"WARC-Type": kind, "WARC-Record-ID": record_id, "WARC-Date": date}
    rec_headers = StatusAndHeaders("", [*fields.items(), *headers.items()], protocol="WARC/1.1")
    http = _AsReceived(block) if kind == "revisit" else None
    content_type = content_type or _CONTENT_TYPES[kind]
    return ArcWarcRecord("warc", kind, rec_headers, io.BytesIO(block), http, content_type, len(block))


@dataclass(frozen=True, slots=True)
class _AsReceived:
    """HTTP headers byte for byte, for warcio's writer of revisit records."""

    headers_buff: bytes

    def compute_headers_buffer(self, header_filter: object) -> None:
        """There is nothing to compute."""


def _warc_date(at: datetime) -> str:
    return str(datetime_to_iso_date(at.astimezone(UTC).replace(tzinfo=None), use_micros=True))


def _record_id(name: str) -> str:
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}>"
