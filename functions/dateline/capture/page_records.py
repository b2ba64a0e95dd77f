"""A page's records as stored, byte for byte, for copies in WARC."""

from dataclasses import dataclass

from dateline.capture.gzip_members import members
from dateline.capture.reader import DamagedCaptureError, Readable
from dateline.capture.writer import header

_ANSWERS = {"response", "revisit", "resource"}  # one per page, before its other records


@dataclass(frozen=True, slots=True)
class PageRecords:
    """Gzip members of a page: response, rendered document, request, metadata.

    ``url`` and ``date`` are the response's WARC-Target-URI and WARC-Date.
    """

    url: str
    date: str
    data: bytes


def page_records(stream: Readable) -> PageRecords:
    """Return the first page of a stream of records. Raises DamagedCaptureError for an unreadable record.

    Reads no further than the beginning of the next page's records.
    """
    kept, end, url, date = _Kept(stream), 0, "", ""
    for member in members(kept, begins=b"WARC/"):
        if member.flaw:
            raise DamagedCaptureError(member.offset, member.flaw)
        if member.offset == 0:
            url, date = (header(member.data, name) or "" for name in ("warc-target-uri", "warc-date"))
        elif header(member.data, "warc-type") in _ANSWERS:
            break
        end = member.offset + member.length
    return PageRecords(url, date, bytes(kept.data[:end]))


class _Kept:
    """A stream that keeps everything read."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self.data = stream, bytearray()

    def read(self, amt: int = -1, /) -> bytes:
        piece = self._stream.read(amt)
        self.data += piece
        return piece
