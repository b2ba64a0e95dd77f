"""The bytes of an exchange are kept as they went over the wire, on every kind of connection."""

import gzip
from collections.abc import Sequence

import pytest

from spiders.download import http1
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

PAGE = "<h1>قصة</h1>".encode()
GZIPPED = gzip.compress(PAGE, mtime=0)


def chunked(*parts: bytes, trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"


RESPONSES = {
    "header case and order": b"HTTP/1.1 200 Fine by me\r\nx-TRACE: 1\r\nCONTENT-length: 2\r\nVary: x\r\n\r\nok",
    "a header twice": b"HTTP/1.1 200 OK\r\nVia: 1\r\nVary: x\r\nVia: 2\r\nContent-Length: 2\r\n\r\nok",
    "a folded header": b"HTTP/1.1 200 OK\r\nX-Long: one\r\n\ttwo\r\nContent-Length: 2\r\n\r\nok",
    "a header without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 2\r\n\r\nok",
    "latin-1 in a header": b"HTTP/1.1 200 OK\r\nX-Place: Bah\xefa\r\nContent-Length: 2\r\n\r\nok",
    "no reason phrase": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "an empty body": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(GZIPPED), GZIPPED),
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"<h1>", b"story", b"</h1>"),
    "chunks with a trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
    + chunked(b"x", trailer=b"A: b\r\n"),
    "gzip in chunks": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    + chunked(GZIPPED[:9], GZIPPED[9:]),
}


def capture_all(*responses: Answer) -> tuple[Shelf, Outlet]:
    """Crawl an outlet whose pages /0, /1, ... answer so."""
    routes = {f"/{number}": response for number, response in enumerate(responses)}
    with Outlet(routes | {"/feed": answer(rss(*(item(path) for path in routes)))}) as outlet:
        crawl(outlet.source(), shelf := Shelf())
    return shelf, outlet


@pytest.mark.parametrize("response", RESPONSES.values(), ids=RESPONSES)
def test_response_kept_byte_for_byte(response: bytes) -> None:
    """A response is kept byte for byte."""
    shelf, outlet = capture_all(Answer(response))
    assert [page.response for page in shelf.pages] == [response]
    assert [page.request for page in shelf.pages] == [outlet.requests[-1]]
    assert shelf.pages[0].ip_address == "127.0.0.1"


def test_body_ends_with_connection() -> None:
    """A body that ends with the connection is whole."""
    response = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<h1>to the end"
    shelf, _ = capture_all(Answer(response, then="close"))
    assert [page.response for page in shelf.pages] == [response]


def test_kept_connection_separates_bytes() -> None:
    """Each response on a kept connection has its own bytes."""
    shelf, outlet = capture_all(*(Answer(response) for response in RESPONSES.values()))
    assert [page.response for page in shelf.pages] == list(RESPONSES.values())
    assert outlet.connections < 4


def test_surplus_bytes_are_dropped() -> None:
    """Bytes after a response are not part of it."""
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    shelf, _ = capture_all(Answer(response + b"and more"))
    assert [page.response for page in shelf.pages] == [response]


@pytest.mark.parametrize(
    "interim",
    [
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
        [b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n", b"HTTP/1.1 103 Early Hints\nLink: </a>\n\n"],
    ],
)
def test_interim_responses_are_left_out(interim: Sequence[bytes]) -> None:
    final = b"HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n.."
    shelf, _ = capture_all(Answer(b"".join(interim) + final))
    assert [page.response for page in shelf.pages] == [final]


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nnot all",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nnot all",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
    ],
    ids=["length", "chunks", "headers", "nothing"],
)
def test_broken_response_fails(head: bytes, then: str) -> None:
    """A response that breaks off is a failure and no capture."""
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": Answer(head, then=then)}) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert not shelf.pages
    assert [failure.reason for failure in report.failures] == ["incomplete" if b"\r\n\r\n" in head else "connection"]
    # Tried again twice; and once more at once where a connection that was kept closes without a word.
    assert outlet.paths().count("/a") == (3 if head else 4)


FLOODS = {
    "headers": b"HTTP/1.1 200 OK\r\n" + b"X-Flood: water\r\n" * (1 << 15),
    "one header": b"HTTP/1.1 200 OK\r\nX-Flood: " + b"water" * (1 << 17),
    "a status line": b"HTTP/1.1 200 " + b"OK" * (1 << 18),
    "interim responses": b"HTTP/1.1 103 Early Hints\r\n\r\n" * (1 << 15),
    "chunk extensions": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + (b"1;%s\r\nx\r\n" % (b"x" * 999)) * 2000,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_endless_response_is_cut(monkeypatch: pytest.MonkeyPatch, flood: bytes) -> None:
    """A response without end is cut off."""
    monkeypatch.setattr(http1, "MAX_EXCHANGE", 1 << 20)
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": Answer(flood)}) as outlet:
        report = crawl(outlet.source(), shelf := Shelf())
    assert (shelf.pages, report.reasons()) == ([], {"too-large": 1})
    assert outlet.paths().count("/a") == 1, "it is not asked for again"
