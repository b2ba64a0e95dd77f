"""Pages of any crawler's WARC file (1.0 or 1.1, plain, gzip or zstd, also with a dictionary) or ARC file.

fastwarc reads them, because warcio, used for our own files, does not know zstd. Records are kept unchanged.
"""

import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from dateline import urls
from dateline.capture import MAX_BODY, metadata, split
from dateline.capture.decoding import UNREAD
from dateline.capture.digests import contradicts
from dateline.importing import arcs, loose_warcs, suffixes
from dateline.importing.found import ImportedPage, Reason, Refused, UnreadableError, is_html
from dateline.importing.gzip_stream import is_damaged
from dateline.instants import is_believable

if TYPE_CHECKING:
    from fastwarc.warc import WarcRecord

_KINDS = ("response", "resource", "revisit", "request", "metadata", "conversion")
_MAGIC = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd")  # gzip (RFC 1952), zstd (RFC 8878)
_PAGE = (200, 203, 404, 410)  # 404 and 410 are evidence of removals
_OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_NO_ARCHIVE = "it is no WARC file or an empty one; save pages as .html, clippings as .txt"


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
    offset: int | None = None


def pages(path: Path) -> Iterator[ImportedPage | Refused]:
    """Yield the contents of a WARC file in order. Raises UnreadableError after the sound part of a damaged file."""
    pending: ImportedPage | Refused | None = None
    request: _Record | None = None
    damage: UnreadableError | None = None
    try:
        for record in _records(path):
            if record is None:
                pending = pending and Refused(_name(pending), Reason.DAMAGED, pending.offset)
            elif record.kind not in ("request", "metadata", "conversion"):
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


def _name(found: ImportedPage | Refused) -> str:
    return found.name if isinstance(found, Refused) else found.url


def _records(path: Path) -> Iterator[_Record | None]:
    """Yield records of pages. Raises UnreadableError for a truncated file, or another format.

    After a damaged member of a compressed file, it continues with the next sound one, and raises at the end. None says
    that the record before was of a damaged member, whose data came before the damage showed.
    """
    damage: UnreadableError | None = None
    start, count, last = 0, 0, -1
    with path.open("rb") as stream:
        head = _beginning(stream)
        if arcs.begins(head) or (path.name.endswith(suffixes.ARC) and not head.startswith(b"WARC/")):
            stream.seek(0)
            yield from _of_arc(stream)
            return
        while start >= 0:
            offset = stream.seek(start)
            start = -1
            try:
                for found in _iterated(stream):
                    offset, count = found.stream_pos, count + 1
                    if str(found.record_type) in _KINDS:
                        record, last = _read(found), offset
                        yield record
            except _LooseError as loose:
                stream.seek(loose.offset)
                yield from _loose(stream)
                count += 1
            except OSError as error:
                damage = damage or UnreadableError(f"damaged after offset {offset}: {error}")
                if offset == last and is_damaged(stream, offset):
                    yield None
                start = _next_member(path, offset + 1)
    if damage or not count:
        raise damage or UnreadableError("there is no WARC record in it", _NO_ARCHIVE)


class _LooseError(Exception):
    """The file has records, from an offset on, that are to be read by ``loose_warcs``."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def _iterated(stream: BinaryIO) -> Iterator["WarcRecord"]:
    try:
        from fastwarc.warc import ArchiveIterator  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise UnreadableError("WARC files need fastwarc", "run pip install 'dateline[import]'") from error

    for found in ArchiveIterator(stream, parse_http=False):
        if "\n" in (found.headers.get("WARC-Type") or "") or "Content-Length" not in found.headers:
            raise _LooseError(found.stream_pos)
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


def _loose(stream: BinaryIO) -> Iterator[_Record]:
    """The records from here on as ``loose_warcs`` reads them."""
    try:
        for found in loose_warcs.records(stream):
            if found.headers.get("warc-type", "").lower() not in _KINDS:
                continue
            if not found.is_whole:
                raise UnreadableError(f"ends in the middle of the record of {found.headers.get('warc-target-uri')}")
            yield _record(found.headers, found.block, is_long=found.length > MAX_BODY)
    except OSError as error:
        raise UnreadableError(f"damaged: {error}") from error


def _of_arc(stream: BinaryIO) -> Iterator[_Record]:
    """The records of an ARC file: HTTP responses, and bodies from before HTTP/1.0 or of other protocols."""
    is_empty = True
    try:
        for found in arcs.records(stream):
            is_empty = False
            if not found.is_whole:
                raise UnreadableError(f"ends in the middle of the record of {found.url}")
            is_long = found.length > MAX_BODY
            yield _Record(
                kind="response" if found.block.startswith(b"HTTP/") or not found.block else "resource",
                url=found.url,
                at=found.at,
                media_type=found.media_type,
                ip_address=found.ip_address,
                block=b"" if is_long else found.block,
                sound=True,
                long=is_long,
            )
    except OSError as error:
        raise UnreadableError(f"damaged: {error}") from error
    if is_empty:
        raise UnreadableError("there is no record in it", _NO_ARCHIVE)


def _next_member(path: Path, after: int) -> int:
    """Return the next possible gzip member or zstd frame; -1 for none, or in uncompressed files."""
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
        magic = next((magic for magic in _MAGIC if data[:4].startswith(magic)), None)
        return data.find(magic, after) if magic else -1


def _read(found: "WarcRecord") -> _Record:
    """Return the record. Raises UnreadableError at the end of the file."""
    length = found.content_length
    is_long = length > MAX_BODY
    block = b"" if is_long else found.reader.read()
    if not is_long and len(block) < length:
        raise UnreadableError(f"ends in the middle of the record at offset {found.stream_pos}")
    record = _record({name.lower(): value for name, value in found.headers.items()}, block, is_long=is_long)
    return replace(record, offset=found.stream_pos)


def _record(headers: Mapping[str, str], block: bytes, *, is_long: bool) -> _Record:
    """The record with these headers, by their names in lower case."""
    stated = headers.get("warc-block-digest")
    block = b"" if is_long else block
    return _Record(
        kind=headers.get("warc-type", "").lower(),
        url=headers.get("warc-target-uri", "").strip("<> "),  # wget 1.x writes it in brackets
        at=_date(headers.get("warc-date", "")),
        media_type=headers.get("content-type", ""),
        ip_address=headers.get("warc-ip-address"),
        block=block,
        sound=is_long or not stated or not contradicts(stated, block) or not contradicts(stated, split(block).body),
        long=is_long,
    )


def _date(stated: str) -> datetime | None:
    """The instant of a record in UTC; None where its header is no date."""
    try:
        at = datetime.fromisoformat(stated.strip())
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _examined(record: _Record, request: _Record | None) -> ImportedPage | Refused:
    """The page of a response, resource or revisit record, or why it is none."""
    if reason := _reason(record):
        return Refused(record.url, reason, record.offset)
    if record.at is None or not is_believable(record.at):
        return Refused(record.url, Reason.DAMAGED, record.offset)
    return ImportedPage(
        url=record.url,
        captured_at=record.at,
        data=record.block,
        media_type=record.media_type if record.kind == "resource" else None,
        request=request.block if request and request.url == record.url else b"",
        ip_address=record.ip_address,
        offset=record.offset,
    )


def _reason(record: _Record) -> Reason | None:
    if record.kind == "revisit":
        return Reason.REVISIT
    if not urls.is_web(record.url):
        return _reason_of_url(record.url)
    if record.long:
        return Reason.TOO_LARGE
    if not record.sound:
        return Reason.DAMAGED
    if record.kind == "resource":
        return None if is_html(record.media_type, record.block) else Reason.NOT_HTML
    return _reason_of_response(record.block)


def _reason_of_url(url: str) -> Reason:
    """Why a record's address is not that of a page."""
    if _OTHER_SCHEME.match(url):
        return Reason.NO_PAGE  # such as crawlers' own notes in urn: and metadata: records
    return Reason.BAD_URL if url else Reason.NO_URL


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
    """Return the facts of our own metadata record; other crawlers' records have other types."""
    known = metadata.read(record.media_type, record.block)
    return {name: value for name, value in known.items() if value and name != "discovered_from"}
