"""WARC records as some tools write them: header lines that end in LF, and records without a Content-Length.

The standard (WARC/1.1 section 4) allows neither, and fastwarc reads neither. Such a file is read here from its first
record on. A block without a length ends before the next record.
"""

import gzip
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

from dateline.capture import MAX_BODY
from dateline.capture.http_message import headers

_VERSION = re.compile(rb"WARC/\d\.\d+[ \t]*\r?\n")
_MAX_HEAD = 1 << 16  # bytes of a record's headers
_BLANK = (b"\r\n", b"\n")
_LONGEST = 1 << 16  # bytes of a line that is looked at at once


class Record(NamedTuple):
    """A record: ``headers`` by their names in lower case, ``length`` in bytes, of which the block has MAX_BODY."""

    headers: Mapping[str, str]
    block: bytes
    length: int
    is_whole: bool


def records(stream: BinaryIO) -> Iterator[Record]:
    """Yield the records of a plain or gzip file; OSError where the rest cannot be read."""
    lines = _Lines(stream)
    while line := lines.next_record():
        head = [line]
        while (line := lines.read_line()) not in (b"", *_BLANK):
            head.append(line)
            if sum(map(len, head)) > _MAX_HEAD:
                raise OSError(f"the headers of a record are longer than {_MAX_HEAD} bytes")
        if not line:
            raise OSError("it ends in the headers of a record")
        found = {name.decode("latin-1").lower(): _text(value) for name, value in reversed(headers(b"".join(head)))}
        yield lines.block(found)


class _Lines:
    """A stream by lines, the next of which may be looked at."""

    def __init__(self, stream: BinaryIO) -> None:
        start = stream.tell()
        is_gzip = stream.read(2) == b"\x1f\x8b"
        stream.seek(start)
        self._stream = gzip.GzipFile(fileobj=stream) if is_gzip else stream
        self._ahead: bytes | None = None

    def read_line(self) -> bytes:
        line, self._ahead = self._ahead, None
        try:
            return self._stream.readline(_LONGEST) if line is None else line
        except (EOFError, zlib.error) as error:
            raise OSError(str(error)) from error

    def next_record(self) -> bytes:
        """The line with which the next record begins; empty at the end. What lies before it is passed over."""
        while (line := self.read_line()) and not _VERSION.fullmatch(line):
            pass
        return line

    def block(self, found: Mapping[str, str]) -> Record:
        stated = found.get("content-length", "")
        if stated.isascii() and stated.isdigit():
            return self._measured(found, int(stated))
        block, length, end = bytearray(), 0, b""
        while (line := self.read_line()) and not (_VERSION.fullmatch(line) and end in _BLANK):
            length, end = length + len(line), line
            block += line if len(block) <= MAX_BODY else b""
        self._ahead = line
        return Record(found, re.sub(rb"(?:\r?\n){1,2}\Z", b"", bytes(block)), length, is_whole=True)

    def _measured(self, found: Mapping[str, str], length: int) -> Record:
        try:
            block, left = self._stream.read(min(length, MAX_BODY)), max(length - MAX_BODY, 0)
            while left and (piece := self._stream.read(min(left, 1 << 20))):
                left -= len(piece)
        except (EOFError, zlib.error) as error:
            raise OSError(str(error)) from error
        return Record(found, block, length, is_whole=not left and len(block) == min(length, MAX_BODY))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
