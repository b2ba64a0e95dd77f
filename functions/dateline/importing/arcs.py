"""Records of ARC files, the WARC format's predecessor (Internet Archive, 1996), plain or gzip.

A record is a line of fields, separated by spaces, and a block of bytes. The file's first record describes it and names
the fields: five in version 1, ten in version 2. The address comes first and may have spaces, the length comes last.
warcio is not used: it reads version 1 only, loses the record after a wrong length, and takes 20120199 for a date.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO, NamedTuple

from dateline.importing.line_stream import LineStream, salvaged

_DESCRIPTION = b"filedesc:"
_HEAD = re.compile(
    rb"(?P<url>[a-z][a-z0-9+.-]*:.*) (?P<ip>[\d.a-f:-]+) (?P<at>\d{14}) (?P<type>\S+)"
    rb"(?: (?:\d{3}|-) \S+ \S+ \d+ \S+)? (?P<length>\d+)\s*",
    re.IGNORECASE,
)


class Record(NamedTuple):
    """A record: ``at`` in UTC, None for an impossible date; ``block`` has at most MAX_BODY of ``length`` bytes."""

    url: str
    at: datetime | None
    ip_address: str
    media_type: str
    block: bytes
    length: int
    is_whole: bool


def begins(head: bytes) -> bool:
    """Whether a file that begins with these bytes, decompressed, is an ARC file."""
    return head.startswith(_DESCRIPTION)


def records(stream: BinaryIO) -> Iterator[Record]:
    """Yield the records from here on, without descriptions; OSError where the rest cannot be read.

    What is between two records, such as the rest of a block with a wrong length, is passed over, and so is a damaged
    gzip member.
    """
    return salvaged(stream, _HEAD, _records)


def _records(lines: LineStream) -> Iterator[Record]:
    while line := lines.read_line():
        if head := _HEAD.fullmatch(line):
            block, is_whole = lines.read_block(int(head["length"]))
            if not begins(line):
                yield _record(head, block, is_whole=is_whole)


def _record(head: re.Match[bytes], block: bytes, *, is_whole: bool) -> Record:
    return Record(
        url=head["url"].decode("utf-8", "replace"),
        at=_instant(head["at"].decode()),
        ip_address=head["ip"].decode(),
        media_type=head["type"].decode("utf-8", "replace"),
        block=block,
        length=int(head["length"]),
        is_whole=is_whole,
    )


def _instant(digits: str) -> datetime | None:
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
