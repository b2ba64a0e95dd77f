"""The client and the readers of captures accept the same messages and read the same bodies."""

import gzip
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.exceptions import ResponseDataLossError
from scrapy.http import Headers, Response

from dateline.capture import split
from spiders.download.decoding import decoded
from spiders.download.http1 import READING_ERRORS, Incoming
from spiders.middlewares import optouts

HTML = b"<!doctype html><meta name=robots content=noai><p>The ferry to Djerba runs again.</p>" * 30
PACKED = gzip.compress(HTML, mtime=0)
MEMBERS = gzip.compress(HTML[:90], mtime=0) + gzip.compress(HTML[90:], mtime=0)


def chunked(body: bytes, end: bytes, trailer: bytes = b"") -> bytes:
    pieces = [body[at : at + 50] for at in range(0, len(body), 50)]
    return b"".join(b"%x%s%s%s" % (len(piece), end, piece, end) for piece in pieces) + b"0" + end + trailer + end


BODIES = {
    "plain": ("X: y", HTML),
    "gzip": ("Content-Encoding: gzip", PACKED),
    "gzip that is not declared": ("X: y", PACKED),
    "two members": ("Content-Encoding: gzip", MEMBERS),
    "twice": ("Content-Encoding: gzip, gzip", gzip.compress(PACKED, mtime=0)),
    "twice and declared once": ("Content-Encoding: gzip", gzip.compress(PACKED, mtime=0)),
    "deflate": ("Content-Encoding: deflate", zlib.compress(HTML)),
    "brotli": ("Content-Encoding: br", brotli.compress(HTML)),
    "declared and not done": ("Content-Encoding: gzip", HTML),
}
FRAMES = ("length", "chunks", "gzip, chunked", "close")


def message(frame: str, end: bytes, headers: str, body: bytes) -> bytes:
    lines = [b"HTTP/1.1 200 OK", headers.encode()]
    if frame == "length":
        lines.append(b"Content-Length: %d" % len(body))
    if frame == "chunks":
        lines, body = [*lines, b"Transfer-Encoding: chunked"], chunked(body, end, b"X-Sum: 1" + end)
    if frame == "gzip, chunked":
        lines, body = [*lines, b"Transfer-Encoding: gzip, chunked"], chunked(gzip.compress(body, mtime=0), end)
    return end.join([*lines, b"", b""]) + body


def received(data: bytes) -> Response:
    """What the client makes of a message that comes byte by byte."""
    incoming = Incoming(1 << 20)
    whole = [incoming.add(data[at : at + 1]) for at in range(len(data))]
    assert whole[-1] or incoming.close(cleanly=True)
    assert bytes(incoming.received) == data
    headers = Headers()
    for name, value in incoming.headers:
        headers.appendlist(name, value)
    return Response("https://news.example/a", incoming.status, headers, incoming.body)


@pytest.mark.parametrize("end", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("headers", "body"), BODIES.values(), ids=BODIES)
def test_client_reads_as_readers(headers: str, body: bytes, frame: str, end: bytes) -> None:
    """However a page is framed and packed, client, readers and the look for opt-outs see the same page."""
    data = message(frame, end, headers, body)
    response = received(data)
    assert decoded(response, 1 << 20) == split(data).decoded() == (HTML, None)
    assert optouts.check(response) == ["noai"]


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"5", b"hello", b"0", b";x=y", b" ", b"a: b", b"z"]), max_size=12))
def test_chunks_mean_the_same(pieces: list[bytes]) -> None:
    """Chunks that the client takes for whole are read by the readers without damage, and alike."""
    data = b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n" + b"".join(pieces)
    incoming = Incoming(1 << 20)
    try:
        whole = incoming.add(data)
    except (ResponseDataLossError, *READING_ERRORS):
        return
    if whole:
        assert split(bytes(incoming.received)).decoded() == (incoming.body, None)
