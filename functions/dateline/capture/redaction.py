"""Taking pages out of a capture object, so that everything else in it stays where it is.

Each record of the page becomes a ``withdrawn`` record of exactly the same length, which says when the page was captured
and of which story it was. WARC/1.1 (section 5.5) has readers pass over record types that they don't know. What is
missing to the length is in the comment of the gzip member's header (RFC 1952), which all readers pass over too.
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
    """The capture object ``key`` without the pages whose records begin at these offsets, which are of the story ``id``.

    Applying it twice changes nothing more.
    """
    parts, inside = [], False
    for record in records(io.BytesIO(data)):
        if record.is_page:
            inside = record.offset in offsets
        elif record.kind == WITHDRAWN:
            inside = False
        elif not record.kind:
            inside = inside or record.offset in offsets
        member = data[record.offset : record.offset + record.length]
        parts.append(_tombstone(record, key, id) if inside else member)
    return b"".join(parts)


def _tombstone(record: Record, key: str, id: str) -> bytes:
    if not record.kind:  # bytes that are no record any more
        return bytes(record.length)
    data = withdrawn_record(f"{key} {record.offset}", record.date, id)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(data) + packer.flush()
    end = b"\0" + packed + struct.pack("<II", zlib.crc32(data), len(data))
    padding = record.length - _HEADER.size - len(end)
    if padding < 0:
        raise ValueError(f"{key}: the record at {record.offset} is too short to say that it was withdrawn")
    return _HEADER.pack(b"\x1f\x8b", 8, _COMMENT, 0, 2, 255) + b" " * padding + end
