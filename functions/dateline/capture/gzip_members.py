"""Gzip members of an object in sequence, and the bytes between them in a damaged one."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from dateline.capture.reader import Readable

_BEGIN = b"\x1f\x8b\x08"  # RFC 1952: two bytes of magic, and deflate
_PIECE = 1 << 16  # bytes to read at once


class Member(NamedTuple):
    """A gzip member's location and contents; or damaged bytes and their problem."""

    offset: int
    length: int
    data: bytes
    flaw: str | None = None


def members(stream: Readable, begins: bytes) -> Iterator[Member]:
    """All bytes of a stream, as members; ``begins`` is how the data of each does.

    After damage it goes on with the next sound member. One member is in memory at a time.
    """
    reader, offset = _Reader(stream), 0
    while reader.more(1):
        member = _sound(reader, offset)
        if member.flaw is None and member.data and not member.data.startswith(begins):
            member = member._replace(flaw=f"what is in it does not begin with {begins.decode()}")
        if member.flaw is not None:
            member = member._replace(length=_damaged(reader, begins), data=b"")
        yield member
        reader.drop(member.length)
        offset += member.length


class _Reader:
    """A stream with a look-ahead."""

    def __init__(self, stream: Readable) -> None:
        self._stream, self.buffer = stream, bytearray()

    def more(self, count: int) -> bool:
        """Whether there are so many bytes."""
        while len(self.buffer) < count and (piece := self._stream.read(_PIECE)):
            self.buffer += piece
        return len(self.buffer) >= count

    def drop(self, count: int) -> None:
        del self.buffer[:count]


def _sound(reader: _Reader, offset: int, start: int = 0) -> Member:
    """Return the member at ``start`` of the next bytes."""
    decoder, data, used = zlib.decompressobj(zlib.MAX_WBITS | 16), list[bytes](), start
    try:
        while not decoder.eof:
            if not reader.more(used + 1):
                return Member(offset, 0, b"", "the object ends in the middle of a gzip member")
            piece = bytes(reader.buffer[used : used + _PIECE])
            data.append(decoder.decompress(piece))
            used += len(piece)
    except zlib.error as error:
        return Member(offset, 0, b"", f"no sound gzip member: {error}")
    return Member(offset, used - start - len(decoder.unused_data), b"".join(data))


def _damaged(reader: _Reader, begins: bytes) -> int:
    """How many bytes there are before the next sound member, or the end."""
    start = 1
    while True:
        found = reader.buffer.find(_BEGIN, start)
        if found < 0:
            start = max(len(reader.buffer) - len(_BEGIN) + 1, start)
            if not reader.more(len(reader.buffer) + 1):
                return len(reader.buffer)
            continue
        candidate = _sound(reader, 0, found)
        if candidate.flaw is None and candidate.data.startswith(begins):
            return found
        start = found + 1
