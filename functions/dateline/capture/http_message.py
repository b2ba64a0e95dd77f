"""HTTP messages as they came over the wire: split, read and decoded here, for every reader and writer.

Lines end in CRLF or in a bare LF, also mixed in one head (RFC 9112 section 2.2): the client accepts both, so what it
captured must read back. A message whose head never ends has an empty body.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from dateline.capture.decoding import MAX_BODY, TOO_LONG, Decoded, undo

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;|\r?$)")  # of the line before a chunk's data
_LINE_END = re.compile(rb"\r?\n")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)")


class Message(NamedTuple):
    """A message in three parts: ``head`` without its last line end, ``end``, ``body``."""

    head: bytes
    end: bytes
    body: bytes

    @property
    def status(self) -> int:
        """Status of a response; 0 for a request or an unreadable status line."""
        found = _STATUS.match(self.head)
        return int(found[1]) if found else 0

    def header(self, name: str) -> str | None:
        """Return the first header of a name in any case, or None."""
        return next(self._named(name), None)

    def words(self, name: str) -> list[str]:
        """Return the comma-separated words of all headers of a name, in lower case and in order."""
        return [word for value in self._named(name) for each in value.split(",") if (word := each.strip().lower())]

    def decoded(self, limit: int = MAX_BODY) -> Decoded:
        """Undo the transfer and content encodings of the body, to at most ``limit`` bytes."""
        body, damage = self.body, None
        for coding in reversed(self.words("transfer-encoding")):
            if coding == "chunked":
                body, torn = dechunked(body)
            else:
                body, torn = undo(body, [coding], limit)
            damage = damage or torn
        body, torn = undo(body, self.words("content-encoding"), limit)
        damage = damage or torn
        return Decoded(body[:limit], damage or (TOO_LONG if len(body) > limit else None))

    def _named(self, name: str) -> Iterator[str]:
        wanted = name.lower().encode("latin-1", "replace")
        return (value.decode("latin-1") for found, value in headers(self.head) if found.lower() == wanted)


def split(message: bytes) -> Message:
    """Split a message at the first empty line, with any line ends."""
    end = END_OF_HEAD.search(message)
    if end is None:
        return Message(message, b"", b"")
    return Message(message[: end.start()], end[0], message[end.end() :])


def headers(head: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers of a head, without its first line: folded lines joined, lines without a colon skipped."""
    found: list[tuple[bytes, list[bytes]]] = []
    for line in _LINE_END.split(head)[1:]:
        name, colon, value = line.partition(b":")
        if line[:1] in (b" ", b"\t") and found:
            found[-1][1].append(line.strip())
        elif colon and name.strip():
            found.append((name.strip(), [value.strip()]))
    return [(name, b" ".join(parts)) for name, parts in found]


def dechunked(body: bytes) -> Decoded:
    """Undo the chunked transfer coding (RFC 9112 section 7.1) as far as the chunks are sound.

    Many crawlers store a body without its chunks and keep the header: a body without a leading chunk is returned
    unchanged.
    """
    chunks, at = list[bytes](), 0
    while (line := body.find(b"\n", at)) >= 0:
        size = CHUNK_SIZE.match(body, at, line)
        if not size:
            return _torn(body, chunks, "the size of a chunk is no number")
        begin, length = line + 1, int(size[1], 16)
        if length == 0:
            return Decoded(b"".join(chunks), None)
        after = body.find(b"\n", begin + length, begin + length + 2)
        if begin + length >= len(body):
            return Decoded(b"".join((*chunks, body[begin:])), "the last chunk ends early")
        if body[begin + length : after] not in (b"", b"\r") or after < 0:
            return _torn(body, chunks, "a chunk is longer than it says")
        chunks.append(body[begin : begin + length])
        at = after + 1
    return _torn(body, chunks, "the last chunk is missing")


def _torn(body: bytes, chunks: list[bytes], damage: str) -> Decoded:
    return Decoded(b"".join(chunks), damage) if chunks else Decoded(body, None)
