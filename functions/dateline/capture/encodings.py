"""Undoing what servers do to a body on its way, within bounds."""

import zlib
from contextlib import suppress

MAX_BODY = 20 << 20  # bytes of a body once decoded; a longer one is cut here and says so
TOO_LONG = f"the body is longer than {MAX_BODY} bytes"


def inflate(data: bytes, limit: int = MAX_BODY) -> tuple[bytes, str | None]:
    """Undo the content encodings gzip and deflate (RFC 9110), and never to more than ``limit`` bytes.

    What can be decoded is returned with what is wrong with the rest. Data that is not compressed, though its header
    says so, comes back as it is.
    """
    compressed = data[:2] == b"\x1f\x8b" or data[:1] == b"\x78"
    window = zlib.MAX_WBITS | 32 if compressed else -zlib.MAX_WBITS
    decoder = zlib.decompressobj(window)
    try:
        body = decoder.decompress(data, limit + 1)
    except zlib.error as error:
        body = _sound_part(data, window, limit)
        return (body, f"the body cannot be decoded to its end: {error}") if compressed or body else (data[:limit], None)
    if len(body) > limit:
        return body[:limit], TOO_LONG
    return body, None if decoder.eof else "the compressed body ends early"


def _sound_part(data: bytes, window: int, limit: int) -> bytes:
    """What comes before the damage; in small steps, so that the damage costs only what follows it."""
    decoder, body = zlib.decompressobj(window), bytearray()
    with suppress(zlib.error):
        for start in range(0, len(data), 1 << 10):
            body += decoder.decompress(data[start : start + (1 << 10)], limit - len(body) or 1)
    return bytes(body[:limit])
