"""Pages of any crawler's WARC file: WARC/1.0 or 1.1, plain, gzip or zstd, also with a dictionary.

fastwarc reads them, because warcio, used for our own files, does not know zstd. Records are kept unchanged.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dateline import urls
from dateline.capture import MAX_BODY, metadata, split
from dateline.capture.decoding import UNREAD
from dateline.capture.digests import contradicts
from dateline.importing.found import ImportedPage, Reason, Refused, UnreadableError, is_html
from dateline.instants import is_believable

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

SUFFIXES = (".warc", ".warc.gz", ".warc.zst", ".warc.zstd", ".arc", ".arc.gz")  # of ARC, to say what to do
_KINDS = ("response", "resource", "revisit", "request", "metadata", "conversion")
_MAGIC = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")  # gzip (RFC 1952), zstd (RFC 8878)
_ARC = b"filedesc:"  # how an ARC file begins, uncompressed
_OURS = ("feed_title", "feed_date", "feed_date_raw", "requested_url")  # facts of our own crawl, for extraction
_PAGE = (200, 203, 404, 410)  # 404 and 410 are evidence of removals


@dataclass(frozen=True, slots=True)
class _Record:
    """A record; ``block`` is empty for oversized ones."""

    kind: str
    url: str
    at: datetime | None
    media_type: str
    ip_address: str | None
    block: bytes
    sound: bool
    long: bool


def pages(path: Path) -> Iterator[ImportedPage | Refused]:
    """Yield the contents of a WARC file in order. Raises UnreadableError after the sound part of a damaged file."""
    pending: ImportedPage | Refused | None = None
    request: _Record | None = None
    damage: UnreadableError | None = None
    try:
        for record in _records(path):
            if record.kind not in ("request", "metadata", "conversion"):
                if pending:
                    yield pending
                pending, request = _examined(record, request), None
            elif isinstance(pending, ImportedPage) and (joined := _joined(pending, record)):
                pending = joined
            elif record.kind == "request":
                request = record
    except UnreadableError as error:
        damage = error
    if pending:
        yield pending
    if damage:
        raise damage


def _joined(page: ImportedPage, record: _Record) -> ImportedPage | None:
    """Return the page with its request, or with our own crawl's metadata; None for another page's record."""
    if record.url != page.url:
        return None
    if record.kind == "metadata":
        return replace(page, known=_known(record))
    if record.kind == "conversion":
        return replace(page, rendered=record.block) if record.media_type.startswith("text/html") else None
    return None if page.request else replace(page, request=record.block)


def _records(path: Path) -> Iterator[_Record]:
    """Yield records of pages. Raises UnreadableError for a truncated file, or another format.

    After a damaged member of a compressed file, it continues with the next sound one, and raises at the end.
    """
    damage: UnreadableError | None = None
    start, count = 0, 0
    with path.open("rb") as stream:
        while start >= 0:
            offset = stream.seek(start)
            start = -1
            try:
                for found in _iterated(stream):
                    offset, count = found.stream_pos, count + 1
                    if str(found.record_type) in _KINDS:
                        yield _read(found)
            except OSError as error:
                damage = damage or UnreadableError(f"damaged after offset {offset}: {error}")
                start = _next_member(path, offset + 1)
    if damage or not count:
        raise damage or UnreadableError("there is no WARC record in it")


def _iterated(stream: BinaryIO) -> Iterator["WarcRecord"]:
    from fastwarc.warc import ArchiveIterator  # noqa: PLC0415 - an extra

    start = stream.tell()
    if _beginning(stream).startswith(_ARC):
        raise UnreadableError("an ARC file; convert it with: warcio recompress file.arc file.warc.gz")
    stream.seek(start)
    for found in ArchiveIterator(stream, parse_http=False):
        if "\n" in (found.headers.get("WARC-Type") or ""):
            raise UnreadableError("its WARC headers end in LF; convert it to WARC/1.0 with CRLF")
        if "Content-Length" not in found.headers:
            raise UnreadableError(f"ends in the headers of the record at offset {found.stream_pos}")
        yield found


def _beginning(stream: BinaryIO) -> bytes:
    """The first bytes of a file, decompressed if they are gzip."""
    head = stream.read(1024)
    if not head.startswith(_MAGIC[0]):
        return head
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 64)
    except zlib.error:
        return b""


def _next_member(path: Path, after: int) -> int:
    """Return the next possible gzip member or zstd frame; -1 for none, or in uncompressed files."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        magic = next((magic for magic in _MAGIC if data[:4].startswith(magic)), None)
        return data.find(magic, after) if magic else -1


def _read(found: "WarcRecord") -> _Record:
    """Return the record. Raises UnreadableError at the end of the file."""
    length = found.content_length
    long = length > MAX_BODY
    stated = found.headers.get("WARC-Block-Digest")
    block = b"" if long else found.reader.read()
    if not long and len(block) < length:
        raise UnreadableError(f"ends in the middle of the record at offset {found.stream_pos}")
    return _Record(
        kind=str(found.record_type),
        url=(found.headers.get("WARC-Target-URI") or "").strip("<> "),  # wget 1.x writes it in brackets
        at=_date(found),
        media_type=found.headers.get("Content-Type") or "",
        ip_address=found.headers.get("WARC-IP-Address"),
        block=block,
        sound=long or not stated or not contradicts(stated, block) or not contradicts(stated, split(block).body),
        long=long,
    )


def _date(found: "WarcRecord") -> datetime | None:
    """Return a record's instant in UTC, or None for an invalid header."""
    try:
        at: datetime | None = found.record_date if "WARC-Date" in found.headers else None
    except (ValueError, OverflowError):
        return None
    return at.replace(tzinfo=UTC) if at and not at.tzinfo else at


def _examined(record: _Record, request: _Record | None) -> ImportedPage | Refused:
    """The page of a response, resource or revisit record, or why it is none."""
    if reason := _reason(record):
        return Refused(record.url, reason)
    if record.at is None or not is_believable(record.at):
        return Refused(record.url, Reason.DAMAGED)
    return ImportedPage(
        url=record.url,
        captured_at=record.at,
        data=record.block,
        media_type=record.media_type if record.kind == "resource" else None,
        request=request.block if request and request.url == record.url else b"",
        ip_address=record.ip_address,
    )


def _reason(record: _Record) -> Reason | None:
    if record.kind == "revisit":
        return Reason.REVISIT
    if not urls.is_web(record.url):
        return Reason.NO_PAGE  # such as crawlers' own notes in urn: and metadata: records
    if record.long:
        return Reason.TOO_LARGE
    if not record.sound:
        return Reason.DAMAGED
    if record.kind == "resource":
        return None if is_html(record.media_type, record.block) else Reason.NOT_HTML
    return _reason_of_response(record.block)


def _reason_of_response(block: bytes) -> Reason | None:
    message = split(block)
    if not message.status:
        return Reason.DAMAGED
    if message.status not in _PAGE:
        return Reason.NO_PAGE
    body, damage = message.decoded()
    if damage and damage.startswith(UNREAD):
        return Reason.ENCODED
    return None if is_html(message.header("content-type"), body) else Reason.NOT_HTML


def _known(record: _Record) -> dict[str, Any]:
    """Return the feed item's facts of our own metadata record; other crawlers' records have other types."""
    known = metadata.read(record.media_type, record.block)
    return {name: known[name] for name in _OURS if known.get(name)}
