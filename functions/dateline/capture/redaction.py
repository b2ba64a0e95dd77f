"""Redaction: remove pages from a WARC file and keep all other records at their offsets.

Each record of the page becomes a ``withdrawn`` record of the same length, with the capture time and the story's id.
Readers of WARC/1.1 (section 5.5) skip unknown record types. A comment in the gzip member's header (RFC 1952) fills up
the length; readers skip it as well.
"""

import io
import struct
import zlib
from collections.abc import Collection

from dateline.capture.fixity import WITHDRAWN, Record, records
from dateline.capture.writer import withdrawn_record

_HEADER = struct.Struct("<2sBBIBB")  # magic, method, flags, time, extra flags, system
_COMMENT = 16


def without(data: bytes, key: str, offsets: Collection[int], id: str) -> bytes:
    """Return the WARC file ``key`` without the pages with records at these offsets, pages of the story ``id``.

    Idempotent.
    """
    parts, inside = [], False
    for record in records(io.BytesIO(data)):
        if record.is_page:
            inside = record.offset in offsets
        elif record.kind in {WITHDRAWN, "warcinfo"}:  # a pack has one before each file
            inside = False
        elif not record.kind:
            inside = inside or record.offset in offsets
        member = data[record.offset : record.offset + record.length]
        parts.append(_tombstone(record, key, id) if inside else member)
    return b"".join(parts)


def _tombstone(record: Record, key: str, id: str) -> bytes:
    if not record.kind:  # damaged bytes
        return bytes(record.length)
    data = withdrawn_record(f"{key} {record.offset}", record.date, id)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    end = b"\0" + packed + struct.pack("<II", zlib.crc32(data), len(data))
    padding = record.length - _HEADER.size - len(end)
    if padding < 0:
        raise ValueError(f"{key}: the record at {record.offset} is too short to say that it was withdrawn")
    return _HEADER.pack(b"\x1f\x8b", 8, _COMMENT, 0, 2, 255) + b" " * padding + end
