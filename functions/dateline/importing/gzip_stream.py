"""The contents of a gzip file of any size, with a way on after a damaged member.

``capture.gzip_members`` has our own files' members in memory, each a record. Other tools also write whole files as one.
"""

import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

_MAGIC = b"\x1f\x8b\x08"  # RFC 1952: two bytes of magic, and deflate
_READ = 1 << 13  # bytes read at once: a page of a news site is a member of some 20 kB
_PIECE = 1 << 16  # bytes decompressed at once
_SEARCHED = 1 << 20  # bytes searched at once
_BEGINNING = 1 << 12  # bytes of a member looked at for its beginning


class GzipStream(io.RawIOBase):
    """The data of a file's members from its present position on, for an ``io.BufferedReader``.

    The end of a member's data is given when its checksum is right, or missing. Reading raises OSError at a damaged
    member.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._member, self._piece = stream, stream.tell(), b""
        self._pieces = self._decompressed()

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill a buffer with up to its length of bytes; 0 at the end."""
        while not self._piece:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._piece = piece
        count = min(len(buffer), len(self._piece))
        buffer[:count] = self._piece[:count]
        self._piece = self._piece[count:]
        return count

    def resume(self, begins: re.Pattern[bytes]) -> bool:
        """Go on with the next member that begins as the pattern says; False if there is none."""
        offset = self._member
        while (offset := self._found(offset + 1)) >= 0:
            if begins.match(self._beginning(offset)):
                self._member, self._piece, self._pieces = self._stream.seek(offset), b"", self._decompressed()
                return True
        return False

    def _decompressed(self) -> Iterator[bytes]:
        while given := self._stream.read(_READ):
            padding = len(given) - len(given.lstrip(b"\0"))
            self._member = self._stream.seek(padding - len(given), io.SEEK_CUR)
            if padding < len(given):
                yield from self._data()

    def _data(self) -> Iterator[bytes]:
        """Yield the data of a member, each piece after the next one, or the checksum, was found right."""
        decoder, held, is_full = zlib.decompressobj(zlib.MAX_WBITS | 16), b"", False
        while not decoder.eof:
            given = decoder.unconsumed_tail
            if not given and not is_full and not (given := self._stream.read(_READ)):
                yield held
                raise OSError("the file ends in the middle of a gzip member")
            try:
                piece = decoder.decompress(given, _PIECE)
            except zlib.error as error:
                raise OSError(f"no sound gzip member: {error}") from error
            is_full = len(piece) == _PIECE
            if piece:
                yield held
                held = piece
        self._stream.seek(-len(decoder.unused_data), io.SEEK_CUR)
        yield held

    def _found(self, start: int) -> int:
        """Return the offset of the next magic bytes; -1 for none."""
        self._stream.seek(start)
        while len(piece := self._stream.read(_SEARCHED)) >= len(_MAGIC):
            if (found := piece.find(_MAGIC)) >= 0:
                return self._stream.tell() - len(piece) + found
            if len(piece) < _SEARCHED:
                break
            self._stream.seek(1 - len(_MAGIC), io.SEEK_CUR)
        return -1

    def _beginning(self, offset: int) -> bytes:
        self._stream.seek(offset)
        try:
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(self._stream.read(_BEGINNING), _BEGINNING)
        except zlib.error:
            return b""


def is_damaged(stream: BinaryIO, offset: int) -> bool:
    """Whether a gzip member begins at an offset and has an error before its end, or a wrong checksum."""
    stream.seek(offset)
    decoder, given = zlib.decompressobj(zlib.MAX_WBITS | 16), stream.read(_READ)
    if not given.startswith(_MAGIC):
        return False
    try:
        while given and not decoder.eof:
            decoder.decompress(given)
            given = stream.read(_READ)
    except zlib.error:
        return True
    return not decoder.eof
