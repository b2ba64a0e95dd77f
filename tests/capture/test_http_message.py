"""HTTP messages: split at any line ends, every coding undone, and damage stated."""

import gzip
import time
import zlib

import brotli
import pytest
from backports import zstd

from dateline.capture import http_message

HTML = b"<!doctype html><p>The ferry to Kerkennah runs again.</p>" * 40


def chunked(body: bytes, end: bytes = b"\r\n", trailer: bytes = b"") -> bytes:
    half = len(body) // 2
    parts = (body[:half], body[half:], b"")
    return b"".join(b"%x%s%s%s" % (len(part), end, part, end if part else trailer + end) for part in parts)


@pytest.mark.parametrize("ends", ["\r\n", "\n", "mixed"])
def test_any_line_ends_split(ends: str) -> None:
    """A head splits from its body whichever line ends a server writes."""
    head = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\nETag: "a"\r\n\n'
    message = http_message.split(
        (head if ends == "mixed" else head.replace("\r\n", "\n").replace("\n", ends)).encode() + HTML
    )
    assert (message.status, message.header("Content-Type"), message.body) == (200, "text/html", HTML)
    assert message.header("etag") == '"a"'
    assert (
        b"".join(message)
        == (head if ends == "mixed" else head.replace("\r\n", "\n").replace("\n", ends)).encode() + HTML
    )


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Encoding: gzip", gzip.compress(HTML[:300]) + gzip.compress(HTML[300:])),
        ("Content-Encoding: gzip", gzip.compress(b"") + gzip.compress(HTML)),
        ("Content-Encoding: gzip", gzip.compress(HTML) + b"\0" * 30),
        ("Content-Encoding: gzip", gzip.compress(gzip.compress(HTML))),
        ("Content-Encoding: gzip, gzip", gzip.compress(gzip.compress(HTML))),
        ("Content-Encoding: gzip\r\nContent-Encoding: gzip", gzip.compress(HTML)),
        ("X-Nothing: declared", gzip.compress(HTML)),
        ("Content-Encoding: br", brotli.compress(HTML)),
        ("Content-Encoding: br", HTML),
        ("Content-Encoding: zstd", zstd.compress(HTML[:500]) + zstd.compress(HTML[500:])),
        ("Content-Encoding: zstd", HTML),
        ("Content-Encoding: gzip, br", brotli.compress(gzip.compress(HTML))),
        ("Content-Encoding: deflate", zlib.compress(HTML)),
        ("Content-Encoding: utf-8", HTML),
        ("Content-Encoding: ", HTML),
        ("Transfer-Encoding: chunked", chunked(HTML)),
        ("Transfer-Encoding: chunked", chunked(HTML, b"\n")),
        ("Transfer-Encoding: chunked", chunked(HTML, trailer=b"X-Checksum: 1\r\nX-More: 2\r\n")),
        ("Transfer-Encoding: chunked", HTML),
        ("Transfer-Encoding: gzip, chunked", chunked(gzip.compress(HTML))),
        ("Transfer-Encoding: gzip\nTransfer-Encoding: chunked", chunked(gzip.compress(HTML), b"\n")),
        ("Transfer-Encoding: chunked\nContent-Encoding: br", chunked(brotli.compress(HTML))),
        ("Transfer-Encoding:\r\n chunked", chunked(HTML)),
    ],
)  # fmt: skip
def test_every_coding_is_undone(headers: str, body: bytes) -> None:
    """Whatever codings a server applied, the body is the page and has no damage."""
    message = http_message.split(f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode() + body)
    assert message.decoded() == (HTML, None)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Encoding: gzip", gzip.compress(HTML) + gzip.compress(HTML)[:-20]),
        ("Content-Encoding: br", brotli.compress(HTML * 9)[:-9]),
        ("Content-Encoding: zstd", zstd.compress(HTML)[:-9]),
        ("Content-Encoding: compress", b"\x1f\x9d\x90\x01\x02"),
        ("Transfer-Encoding: chunked", chunked(HTML)[:-200]),
        ("Transfer-Encoding: chunked", chunked(HTML)[:-5]),
        ("Transfer-Encoding: chunked", chunked(HTML).replace(b"\r\n0\r\n", b"\r\nzz\r\n")),
        ("Transfer-Encoding: gzip, chunked", chunked(gzip.compress(HTML)[:-12])),
    ],
)
def test_lost_ends_are_damage(headers: str, body: bytes) -> None:
    """A body that lacks its end says so, and keeps what can be read."""
    decoded = http_message.split(f"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n".encode() + body).decoded()
    assert decoded.damage


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_bombs_stop_early(coding: str) -> None:
    """No encoding, once or three times, makes more of a body than its limit."""
    compress = {"gzip": gzip.compress, "br": lambda data: brotli.compress(data, quality=1), "zstd": zstd.compress}[
        coding
    ]
    body = compress(compress(bytes(30 << 20)))  # type: ignore[no-untyped-call]
    message = http_message.split(f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}, {coding}\r\n\r\n".encode() + body)
    decoded = message.decoded(1 << 20)
    assert len(decoded.body) == 1 << 20
    assert decoded.damage


def test_many_members_are_bounded() -> None:
    """A body of a million empty gzip members costs no more than its first thousands."""
    decoded = http_message.split(b"HTTP/1.1 200 OK\n\n" + gzip.compress(b"") * 20_000).decoded()
    assert decoded.damage


def test_folded_header_takes_linear_time() -> None:
    """A header folded over 200,000 lines is read in a second, not in minutes."""
    began = time.process_time()
    ((name, value),) = http_message.headers(b"HTTP/1.1 200 OK\r\nA: b" + b"\r\n c" * 200_000)
    assert (name, value) == (b"A", b"b" + b" c" * 200_000)
    assert time.process_time() - began < 5
