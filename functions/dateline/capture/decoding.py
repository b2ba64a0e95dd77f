"""Content encodings (RFC 9110 section 8.4), undone within bounds.

Servers declare encodings wrongly, twice or not at all, so the bytes decide where they can: gzip and zstd begin with
numbers of their own, and markup is no compressed data whatever its header says.
"""

import re
import zlib
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

MAX_BODY = 20 << 20  # bytes of a body once decoded; a longer one is cut here and says so
UNREAD = "the body has an unsupported content encoding:"
TOO_LONG = f"the body is longer than {MAX_BODY} bytes"

_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_LAYERS = 3  # of gzip in gzip; some proxies compress again
_MEMBERS = 10_000  # of one body; setting up the decoder for each costs more than an empty member's 20 bytes
_PIECE = 1 << 16  # bytes to decode at once
_DEFLATE = ("gzip", "x-gzip", "deflate")
_PLAIN = ("identity", "none", "binary", "7bit", "8bit", "chunked")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[!?a-zA-Z]")


class Decoded(NamedTuple):
    """A body, and the problem of the undecodable rest, if any."""

    body: bytes
    damage: str | None


def undo(data: bytes, encodings: Iterable[str], limit: int = MAX_BODY) -> Decoded:
    """Undo encodings, named in the order of application, to at most ``limit`` bytes each.

    Data without the declared encoding is returned unchanged; undeclared gzip is undone too.
    """
    damage = None
    for name in reversed([*encodings]):
        data, torn = _undo_one(data, name, limit)
        damage = damage or torn
    for _ in range(_LAYERS):
        if not data.startswith(_GZIP):
            break
        data, torn = inflate(data, limit)
        damage = damage or torn
    return Decoded(data, damage)


def _undo_one(data: bytes, name: str, limit: int) -> Decoded:
    if not data or _MARKUP.match(data) or name in _PLAIN:
        return Decoded(data, None)
    if data.startswith(_ZSTD):
        return _unzstd(data, limit)
    if name in _DEFLATE:
        return inflate(data, limit)
    if name == "br":
        return _unbrotli(data, limit)
    if name in ("zstd", "x-zstd") or _is_text(data):  # no magic number, or a charset as encoding
        return Decoded(data, None)
    return Decoded(data, f"{UNREAD} {name}")


def inflate(data: bytes, limit: int = MAX_BODY) -> Decoded:
    """Undo gzip or deflate, all members of a gzip file, to at most ``limit`` bytes.

    Return the decoded bytes, and the problem of the rest. Data in neither format is returned unchanged. Bytes after the
    last member are dropped, as by gzip(1) and browsers.
    """
    gzipped = data.startswith(b"\x1f\x8b")
    known = gzipped or data[:1] == b"\x78"
    window = zlib.MAX_WBITS | 32 if known else -zlib.MAX_WBITS
    body, at, damage = bytearray(), 0, None
    for _ in range(_MEMBERS):
        at, damage = _inflate_one(data, at, window, body, limit)
        if damage or not (gzipped and data.startswith(_GZIP, at)) or len(body) > limit:
            break
    else:
        damage = f"the body has more than {_MEMBERS} gzip members"
    if damage and not known and not body:
        return Decoded(data[:limit], None)
    return Decoded(bytes(body[:limit]), TOO_LONG if len(body) > limit else damage)


def _inflate_one(data: bytes, at: int, window: int, body: bytearray, limit: int) -> tuple[int, str | None]:
    """Append the stream at ``at`` to ``body``; return its end and its problem, if any.

    Decoding proceeds in pieces, so damage costs only the rest; small ones first, because members may be small.
    """
    decoder, size = zlib.decompressobj(window), 1 << 10
    while at < len(data):
        piece, good = data[at : at + size], decoder.copy()
        try:
            body += decoder.decompress(piece, limit + 1 - len(body))
        except zlib.error as error:
            _add_sound_part(good, piece, body, limit)
            return at, f"the body cannot be decoded to its end: {error}"
        at += len(piece) - len(decoder.unused_data)
        if decoder.eof or len(body) > limit:
            return at, None
        size = min(size * 2, _PIECE)
    return at, "the compressed body ends early"


def _add_sound_part(decoder: "zlib._Decompress", piece: bytes, body: bytearray, limit: int) -> None:
    """Append the sound beginning of a damaged piece."""
    with suppress(zlib.error):
        for start in range(0, len(piece), 64):
            body += decoder.decompress(piece[start : start + 64], limit + 1 - len(body))


def _unbrotli(data: bytes, limit: int) -> Decoded:
    """Undo brotli (RFC 7932). It has no magic number, so other text is returned unchanged."""
    import brotli  # noqa: PLC0415 - outlets rarely send it

    decoder, body = brotli.Decompressor(), bytearray()
    try:
        for start in range(0, len(data), 1 << 12):
            body += decoder.process(data[start : start + (1 << 12)], output_buffer_limit=limit + 1 - len(body))
            while len(body) <= limit and not decoder.can_accept_more_data():
                body += decoder.process(b"", output_buffer_limit=limit + 1 - len(body))
            if len(body) > limit:
                return Decoded(bytes(body[:limit]), TOO_LONG)
            if decoder.is_finished():
                return Decoded(bytes(body), None)
    except brotli.error as error:
        plain = _is_text(data)
        return Decoded(data, None) if plain else Decoded(bytes(body), f"the body is no sound brotli: {error}")
    return Decoded(data, None) if _is_text(data) else Decoded(bytes(body), "the compressed body ends early")


def _unzstd(data: bytes, limit: int) -> Decoded:
    """Undo zstd (RFC 8878), all frames."""
    from backports import zstd  # noqa: PLC0415 - outlets rarely send it

    body, at = bytearray(), 0
    for _ in range(_MEMBERS):
        decoder = zstd.ZstdDecompressor()
        try:
            while not decoder.eof and len(body) <= limit:
                if decoder.needs_input and at >= len(data):
                    return Decoded(bytes(body), "the compressed body ends early")
                piece = data[at : at + _PIECE] if decoder.needs_input else b""
                at += len(piece)
                body += decoder.decompress(piece, limit + 1 - len(body))
        except zstd.ZstdError as error:
            return Decoded(bytes(body), f"the body is no sound zstd: {error}")
        if len(body) > limit:
            return Decoded(bytes(body[:limit]), TOO_LONG)
        at -= len(decoder.unused_data)
        if not data.startswith(_ZSTD, at):
            return Decoded(bytes(body), None)
    return Decoded(bytes(body), f"the body has more than {_MEMBERS} zstd frames")


def _is_text(data: bytes) -> bool:
    """Whether the beginning is text rather than compressed data: no control bytes but white space."""
    return not _CONTROL.search(data, 0, 1 << 10)
