"""Responses that come in pieces: each is whole when its last byte is there, however it was cut."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiders.download.http1 import READING_ERRORS, Incoming, TooLarge
from tests.spiders.download.test_handler import GZIPPED, RESPONSES

BODIES = {"gzip": GZIPPED, "gzip in chunks": GZIPPED, "chunked": b"<h1>story</h1>", "an empty body": b""}
BODIES |= {"chunks with a trailer": b"x"}


@pytest.mark.parametrize("name", RESPONSES)
def test_response_ends_with_byte(name: str) -> None:
    """A response is whole with its last byte."""
    response, incoming = RESPONSES[name], Incoming(1 << 20)
    whole = [incoming.add(response[at : at + 1]) for at in range(len(response))]
    assert whole == [False] * (len(response) - 1) + [True]
    assert (bytes(incoming.received), incoming.body) == (response, BODIES.get(name, b"ok"))
    assert (incoming.status, incoming.reusable) == (200, True)


@pytest.mark.parametrize(
    ("response", "reusable"),
    [
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", True),
        (b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nok", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n002;x=y\r\nok\r\n0\r\n\r\n", True),
    ],
)
def test_connection_reuse(response: bytes, reusable: bool) -> None:
    """A connection may be used again or not."""
    incoming = Incoming(1 << 20)
    assert incoming.add(response)
    assert (bytes(incoming.received), incoming.reusable) == (response, reusable)


@pytest.mark.parametrize("length", [b"", b"Content-Length: two\r\n", b"Content-Length: 2\r\nContent-Length: 3\r\n"])
def test_unknown_length_until_close(length: bytes) -> None:
    """A body of no known length ends with the connection."""
    incoming = Incoming(1 << 20)
    assert not incoming.add(b"HTTP/1.1 200 OK\r\n%s\r\nok" % length)
    assert incoming.close(cleanly=True)
    assert (incoming.body, incoming.reusable) == (b"ok", False)
    with pytest.raises(READING_ERRORS):
        incoming.close(cleanly=False)


@pytest.mark.parametrize("length", [b"101", b"9" * 5000])
def test_large_body_is_refused(length: bytes) -> None:
    """A body that will be too large is not waited for."""
    with pytest.raises(TooLarge):
        Incoming(100).add(b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n" % length)


@pytest.mark.parametrize(
    "response",
    [
        b"<html>\n\n",
        b"SSH-2.0\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nmore\r\n",
    ],
)
def test_invalid_response_is_error(response: bytes) -> None:
    """What is no response is an error."""
    with pytest.raises(READING_ERRORS):
        Incoming(1 << 20).add(response)


pieces = st.lists(st.binary(max_size=20) | st.sampled_from(sorted({*RESPONSES.values()})), max_size=6)


@given(pieces)
def test_any_bytes_are_handled(received: list[bytes]) -> None:
    """Whatever comes is read or refused."""
    incoming, came = Incoming(1 << 20), b""
    for piece in received:
        came += piece
        try:
            whole = incoming.add(piece)
        except READING_ERRORS:
            return
        assert bytes(incoming.received) in came
        if whole:
            return


@pytest.mark.parametrize("line", [b"A: b\r\n", b"A: b\n", b"x-trailer: \xd9\x82\r\n"])
def test_long_trailers_take_linear_time(line: bytes) -> None:
    """Trailers of a megabyte in segments of 1,460 bytes end the response in a second, not in half a minute."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
    response = head + line * (1_000_000 // len(line)) + b"\r\n"
    incoming, began = Incoming(10_000), time.process_time()
    ends = [incoming.add(response[at : at + 1460]) for at in range(0, len(response), 1460)]
    assert ends[-1]
    assert incoming.body == b"abc"
    assert time.process_time() - began < 5
