"""A plain or gzip file read by lines and by counted blocks, with one line of look-ahead."""

import gzip
import zlib
from typing import BinaryIO

from dateline.capture import MAX_BODY

_LONGEST = 1 << 16  # bytes of a line that is looked at at once
_PIECE = 1 << 20  # bytes passed over at once
_DAMAGE = (EOFError, zlib.error)


class LineStream:
    """A file from its present position on. Methods raise OSError where it cannot be read."""

    def __init__(self, stream: BinaryIO) -> None:
        start = stream.tell()
        is_gzip = stream.read(2) == b"\x1f\x8b"
        stream.seek(start)
        self._stream = gzip.GzipFile(fileobj=stream) if is_gzip else stream
        self._ahead: bytes | None = None

    def read_line(self) -> bytes:
        """Return the next line with its end, or 64 KB of a longer one; empty at the end of the file."""
        line, self._ahead = self._ahead, None
        try:
            return self._stream.readline(_LONGEST) if line is None else line
        except _DAMAGE as error:
            raise OSError(str(error)) from error

    def put_back(self, line: bytes) -> None:
        """Have a line be the next one."""
        self._ahead = line

    def read_block(self, length: int) -> tuple[bytes, bool]:
        """Return the next ``length`` bytes, at most MAX_BODY of them, and whether the file has them all."""
        try:
            block, left = self._stream.read(min(length, MAX_BODY)), max(length - MAX_BODY, 0)
            while left and (piece := self._stream.read(min(left, _PIECE))):
                left -= len(piece)
        except _DAMAGE as error:
            raise OSError(str(error)) from error
        return block, not left and len(block) == min(length, MAX_BODY)
