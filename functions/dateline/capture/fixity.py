"""Fixity: check a WARC file's bytes against its own digests."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from warcio.statusandheaders import StatusAndHeaders, StatusAndHeadersParser, StatusAndHeadersParserException

from dateline.capture.digests import contradicts, digest
from dateline.capture.gzip_members import Member, members
from dateline.capture.http_message import split
from dateline.capture.reader import Readable
from dateline.urls import is_identity

WITHDRAWN = "withdrawn"  # type of a redacted record
_HTTP = {"response", "request"}  # their payload follows the headers
_BLOCK = {"resource", "metadata", "conversion"}  # theirs is the whole block
_PARSER = StatusAndHeadersParser(["WARC/1.1", "WARC/1.0"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A WARC record by its headers; ``flaw`` describes a contradiction with its bytes.

    ``kind`` is empty for an unreadable record.
    """

    offset: int
    length: int
    kind: str = ""
    id: str | None = None
    url: str | None = None
    date: str | None = None
    refers_to: str | None = None
    media_type: str | None = None
    payload_digest: str | None = None
    flaw: str | None = None

    @property
    def is_page(self) -> bool:
        """Whether ``read`` makes a page of it."""
        if self.kind == "resource":
            return is_identity(self.url or "")
        return self.kind in {"response", "revisit"}

    def renders(self, page: "Record") -> bool:
        """Whether it is a page's rendered document."""
        html = (self.media_type or "").startswith("text/html")
        return self.kind == "conversion" and html and self.refers_to == page.id


def records(stream: Readable, see: Callable[[bytes], object] = lambda _: None) -> Iterator[Record]:
    """Yield every record of a WARC file with recomputed digests, and every stretch of other bytes.

    ``see`` gets the bytes of each record, uncompressed.
    """
    for member in members(stream, begins=b"WARC/"):
        if member.flaw:
            yield Record(offset=member.offset, length=member.length, flaw=member.flaw)
        else:
            see(member.data)
            yield _record(member)


def _record(member: Member) -> Record:
    stream = io.BytesIO(member.data)
    try:
        headers = _PARSER.parse(stream)
        length = int(headers.get_header("Content-Length"))
    except (StatusAndHeadersParserException, EOFError, TypeError, ValueError) as error:
        return Record(offset=member.offset, length=member.length, flaw=f"no WARC record: {error}")
    block, end = stream.read(length), stream.read()
    kind = headers.get_header("WARC-Type") or ""
    torn = None if len(block) == length and end == b"\r\n\r\n" else "its length is not what it says"
    return Record(
        offset=member.offset,
        length=member.length,
        kind=kind,
        id=headers.get_header("WARC-Record-ID"),
        url=headers.get_header("WARC-Target-URI"),
        date=headers.get_header("WARC-Date"),
        refers_to=headers.get_header("WARC-Refers-To"),
        media_type=headers.get_header("Content-Type"),
        payload_digest=headers.get_header("WARC-Payload-Digest"),
        flaw=torn or _flaw(headers, kind, block),
    )


def _flaw(headers: StatusAndHeaders, kind: str, block: bytes) -> str | None:
    """Return the contradiction between a block and its digests; a revisit's payload is in another record."""
    found = {"WARC-Block-Digest": block}
    if kind in _HTTP:
        found["WARC-Payload-Digest"] = split(block).body
    elif kind in _BLOCK:
        found["WARC-Payload-Digest"] = block
    for name, data in found.items():
        stated = headers.get_header(name)
        if not stated or (contradicts(stated, data) and not _is_of_old_split(stated, kind, block)):
            return f"its {name} is {stated}, and its bytes have {digest(data)}"
    return None


def _is_of_old_split(stated: str, kind: str, block: bytes) -> bool:
    """Whether a payload digest is that of Dateline before November 2026, which split messages at CRLF CRLF only.

    For a server with LF heads that is the digest of nothing. The block digest says that the bytes are as they came.
    """
    has_lf = kind in _HTTP and split(block).end != b"\r\n\r\n"
    return has_lf and not contradicts(stated, block.partition(b"\r\n\r\n")[2])
