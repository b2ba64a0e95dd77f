"""Parse one HTTP/1.1 response incrementally (RFC 9112), keeping every byte.

Evidence needs the bytes: the status line's words, header names in case and order, the chunks. HTTP libraries drop
these, and reject errors tolerated by browsers, such as invalid header lines. This parser finds the end of a response,
its status, headers and body, and alters nothing.
"""

import re
from enum import Enum, auto
from time import monotonic

from scrapy.exceptions import DownloadFailedError, ResponseDataLossError

from dateline.capture import http_message
from dateline.capture.decoding import undo
from spiders.failures import Refusal

MAX_EXCHANGE = 24 << 20  # bytes of a response; chunk framing and headers come on top of a body, and more is an attack
MAX_HEAD = 256 << 10  # bytes up to the body; browsers take as much, and no outlet's cookies and policies need it

_STATUS = re.compile(rb"HTTP/(\d)\.(\d)[ \t]+(\d{3})(?!\d)")
_BODILESS = (204, 304)
_DIGITS = 19  # of a length; with more it is too large anyway


class TooLarge(Refusal):
    """A response was cut off: headers, body or chunks exceed the limit."""

    reason = "too-large"


READING_ERRORS = (TooLarge, DownloadFailedError, ResponseDataLossError)


class _End(Enum):
    """How the end of a response is known."""

    HEAD = auto()  # not yet: its headers have not all arrived
    LENGTH = auto()  # by the length of its body
    CHUNKS = auto()  # by its last chunk
    TRAILER = auto()  # by the empty line after the last chunk
    CONNECTION = auto()  # by the end of the connection


class Incoming:
    """An incoming response; a ``bodiless`` one, to CONNECT, ends with its headers.

    A body longer than ``max_body`` bytes raises TooLarge; with ``cut`` it ends there and counts as complete.

    ``status`` is 0 until all headers are in; ``answered_at`` is that moment on the monotonic clock. ``received`` are
    its bytes, without preceding interim responses (1xx, RFC 9110 section 15.2). ``reusable`` is whether the connection
    may be used again afterwards.
    """

    def __init__(self, max_body: int, *, bodiless: bool = False, cut: bool = False) -> None:
        self.received = bytearray()
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.reusable = False
        self.answered_at = 0.0
        self._max_body, self._bodiless, self._cut = max_body, bodiless, cut
        self._interim = 0  # bytes of interim responses
        self._begins = 0  # start of the body
        self._at = 0  # end of the parsed bytes
        self._length = 0  # declared length of the body; length of arrived chunks
        self._chunks: list[bytes] = []
        self._end = _End.HEAD

    def add(self, data: bytes) -> bool:
        """Add received bytes; return True when the response is complete, dropping anything after it.

        Raises TooLarge; DownloadFailedError for anything but HTTP, ResponseDataLossError for an unreadable body.
        """
        self.received += data
        if self._is_whole():
            return True
        if self._cut and self.status and len(self.received) - self._begins > self._max_body:
            self.reusable = False
            return True
        self._check_size()
        return False

    def close(self, *, cleanly: bool) -> bool:
        """Handle the end of the connection: the end of some responses, a loss of data for others (the same errors)."""
        if not self.status:
            raise DownloadFailedError("the connection ended before there was an answer")
        if self._end is not _End.CONNECTION or not cleanly:
            raise ResponseDataLossError("the connection ended in the middle of the answer")
        return True

    @property
    def body(self) -> bytes:
        """Without its transfer encodings, with its content encodings."""
        others = [word.decode("latin-1") for word in self._named(b"transfer-encoding") if word != b"chunked"]
        return undo(self._framed(), others, self._max_body).body if others else self._framed()

    def _framed(self) -> bytes:
        is_chunked = self._end in (_End.CHUNKS, _End.TRAILER)
        if is_chunked and not self._cut:
            return b"".join(self._chunks)
        body = bytes(self.received[self._begins :])
        return http_message.dechunked(body).body if is_chunked else body

    def _is_whole(self) -> bool:
        """Whether all of the response is there."""
        match self._end:
            case _End.HEAD:
                return self._has_head()
            case _End.LENGTH:
                return self._ends(self._begins + self._length)
            case _End.CHUNKS:
                return self._has_chunks()
            case _End.TRAILER:
                return self._has_trailer()
            case _End.CONNECTION:
                return False

    def _check_size(self) -> None:
        if not self.status and len(self.received) + self._interim > MAX_HEAD:
            raise TooLarge(f"the headers are longer than {MAX_HEAD} bytes")
        if len(self.received) > MAX_EXCHANGE:
            raise TooLarge(f"the response is longer than {MAX_EXCHANGE} bytes")
        body = len(self.received) - self._begins if self._end is _End.CONNECTION else self._length
        if body > self._max_body and not self._cut:
            raise TooLarge(f"the body is longer than {self._max_body} bytes")

    def _has_head(self) -> bool:
        """Whether the headers are there and, if so, the rest."""
        while end := http_message.END_OF_HEAD.search(self.received, self._at):
            head = bytes(self.received[: end.start()])
            status = _STATUS.match(head)
            if not status:
                raise DownloadFailedError(f"the answer is no HTTP response: {head[:40]!r}")
            if not status[3].startswith(b"1"):
                self._take_head(head, status, end.end())
                return self._is_whole()
            del self.received[: end.end()]
            self._interim += end.end()
            self._at = 0
        self._at = max(0, len(self.received) - 2)
        return False

    def _take_head(self, head: bytes, status: re.Match[bytes], size: int) -> None:
        self.status, self._begins, self._at, self.answered_at = int(status[3]), size, size, monotonic()
        self.headers = http_message.headers(head)
        lasts = status[1] == b"1" and status[2] != b"0" and b"close" not in self._named(b"connection")
        self.reusable = lasts or self._bodiless
        if self._bodiless or self.status in _BODILESS:
            self._end = _End.LENGTH
        elif self._named(b"transfer-encoding")[-1:] == [b"chunked"]:
            self._end = _End.CHUNKS
        elif len(lengths := set(self._named(b"content-length"))) == 1 and (length := lengths.pop()).isdigit():
            self._length, self._end = int(length[:_DIGITS]), _End.LENGTH
        else:
            self.reusable, self._end = False, _End.CONNECTION

    def _named(self, name: bytes) -> list[bytes]:
        """Return the words of a name's headers, in lower case."""
        values = b",".join(value for found, value in self.headers if found.lower() == name)
        return [word.strip().lower() for word in values.split(b",") if word.strip()]

    def _has_chunks(self) -> bool:
        """Return whether all chunks have arrived; decode the arrived ones (section 7.1)."""
        while (line := self.received.find(b"\n", self._at)) >= 0:
            size = http_message.CHUNK_SIZE.match(self.received, self._at, line)
            if not size:
                raise ResponseDataLossError("the size of a chunk is no number")
            begins, length = line + 1, int(size[1], 16)
            if length == 0:
                self._end, self._at = _End.TRAILER, begins
                return self._has_trailer()
            after = self.received.find(b"\n", begins + length)
            if after < 0:
                return False
            if bytes(self.received[begins + length : after]) not in (b"", b"\r"):
                raise ResponseDataLossError("a chunk is longer than it says")
            self._chunks.append(bytes(self.received[begins : begins + length]))
            self._length += length
            self._at = after + 1
        return False

    def _has_trailer(self) -> bool:
        """Whether the lines after the last chunk are there, up to an empty one."""
        while (line := self.received.find(b"\n", self._at)) >= 0:
            if bytes(self.received[self._at : line]) in (b"", b"\r"):
                return self._ends(line + 1)
            self._at = line + 1
        return False

    def _ends(self, end: int) -> bool:
        if len(self.received) < end:
            return False
        if len(self.received) > end:  # no further response was asked for
            del self.received[end:]
            self.reusable = False
        return True
