"""WARC records as some tools write them: header lines that end in LF, and records without a Content-Length.

The standard (WARC/1.1 section 4) allows neither, and fastwarc reads neither. Such a file is read here from its first
record on. A block without a length ends before the next record.
"""

import re
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

from dateline.capture import MAX_BODY
from dateline.capture.http_message import headers
from dateline.importing.line_stream import LineStream, salvaged

_VERSION = re.compile(rb"WARC/\d\.\d+[ \t]*\r?\n")
_MAX_HEAD = 1 << 16  # bytes of a record's headers
_BLANK = (b"\r\n", b"\n")


class Record(NamedTuple):
    """A record: ``headers`` by their names in lower case, ``length`` in bytes, of which the block has MAX_BODY."""

    headers: Mapping[str, str]
    block: bytes
    length: int
    is_whole: bool


def records(stream: BinaryIO) -> Iterator[Record]:
    """Yield the records of a plain or gzip file; OSError, at the end, where some cannot be read."""
    return salvaged(stream, _VERSION, _records)


def _records(lines: LineStream) -> Iterator[Record]:
    while line := _next_record(lines):
        head = [line]
        while (line := lines.read_line()) not in (b"", *_BLANK):
            head.append(line)
            if sum(map(len, head)) > _MAX_HEAD:
                raise OSError(f"the headers of a record are longer than {_MAX_HEAD} bytes")
        if not line:
            raise OSError("it ends in the headers of a record")
        found = {name.decode("latin-1").lower(): _text(value) for name, value in reversed(headers(b"".join(head)))}
        yield _record(lines, found)


def _next_record(lines: LineStream) -> bytes:
    """Return the line with which the next record begins, passing over what lies before it; empty at the end."""
    while (line := lines.read_line()) and not _VERSION.fullmatch(line):
        pass
    return line


def _record(lines: LineStream, found: Mapping[str, str]) -> Record:
    stated = found.get("content-length", "")
    if stated.isascii() and stated.isdigit():
        block, is_whole = lines.read_block(int(stated))
        return Record(found, block, int(stated), is_whole)
    return _unmeasured(lines, found)


def _unmeasured(lines: LineStream, found: Mapping[str, str]) -> Record:
    block, length, end = bytearray(), 0, b""
    while (line := lines.read_line()) and not (_VERSION.fullmatch(line) and end in _BLANK):
        length, end = length + len(line), line
        block += line if len(block) <= MAX_BODY else b""
    lines.put_back(line)
    return Record(found, re.sub(rb"(?:\r?\n){1,2}\Z", b"", bytes(block)), length, is_whole=True)


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
