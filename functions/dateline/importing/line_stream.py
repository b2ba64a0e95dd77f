"""A plain or gzip file read by lines and by counted blocks, with one line of look-ahead."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TypeVar

from dateline.capture import MAX_BODY
from dateline.importing.gzip_stream import GzipStream

T = TypeVar("T")

_LONGEST = 1 << 16  # bytes of a line that is looked at at once
_PIECE = 1 << 20  # bytes passed over at once


class LineStream:
    """A file from its present position on. Methods raise OSError where it cannot be read."""

    def __init__(self, stream: BinaryIO) -> None:
        start = stream.tell()
        is_gzip = stream.read(2) == b"\x1f\x8b"
        stream.seek(start)
        self._members = GzipStream(stream) if is_gzip else None
        self._stream: Any = io.BufferedReader(self._members) if self._members else stream
        self._ahead: bytes | None = None

    def read_line(self) -> bytes:
        """Return the next line with its end, or 64 KB of a longer one; empty at the end of the file."""
        line, self._ahead = self._ahead, None
        return self._stream.readline(_LONGEST) if line is None else line

    def put_back(self, line: bytes) -> None:
        """Have a line be the next one."""
        self._ahead = line

    def read_block(self, length: int) -> tuple[bytes, bool]:
        """Return the next ``length`` bytes, at most MAX_BODY of them, and whether the file has them all."""
        block, left = self._stream.read(min(length, MAX_BODY)), max(length - MAX_BODY, 0)
        while left and (piece := self._stream.read(min(left, _PIECE))):
            left -= len(piece)
        return block, not left and len(block) == min(length, MAX_BODY)

    def resume(self, begins: re.Pattern[bytes]) -> bool:
        """After an OSError, go on with the next gzip member that begins as the pattern says; False if there is none."""
        self._ahead = None
        if not self._members:
            return False
        self._stream.detach()  # with what it has buffered
        self._stream = io.BufferedReader(self._members)
        return self._members.resume(begins)


def salvaged(stream: BinaryIO, begins: re.Pattern[bytes], read: Callable[[LineStream], Iterator[T]]) -> Iterator[T]:
    """Yield the records of a file; a damaged gzip member costs its own, and the first OSError is raised at the end."""
    lines = LineStream(stream)
    damage: OSError | None = None
    while True:
        try:
            yield from read(lines)
        except OSError as error:
            damage = damage or error
            if lines.resume(begins):
                continue
        if damage:
            raise damage
        return
