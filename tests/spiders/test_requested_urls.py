"""Addresses as they are asked for and captured: as browsers send them, without what is nobody's business."""

import asyncio
from typing import Any

import pytest

from dateline import capture
from spiders.download.connection import Connection
from spiders.download.http1 import Incoming
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

STORY = answer("<h1>The theatre reopens</h1>")


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("{base}/a#comments", "/a"),
        ("{base}/x/../a", "/a"),
        ("{base}/../a", "/a"),
        ("http://reader:secret@{host}/a", "/a"),
        ("{base}/a?utm_source=rss#top", "/a?utm_source=rss"),
        ("{base}/#!/a", "/"),
    ],
)
def test_link_is_asked_for_bare(link: str, path: str) -> None:
    """Fragments, user, password and dots of a feed's link are in no request and in no capture's URL."""
    with Outlet({path: STORY}) as outlet:
        outlet.routes["/feed"] = answer(rss(item(link.format(base=outlet.url, host=outlet.host))))
        crawl(outlet.source(), shelf := Shelf())
    (page,) = shelf.pages
    assert outlet.paths() == ["/feed", path]
    assert page.url == outlet.url + path + ("#!/a" if "#!" in link else "")
    assert not any(b"secret" in head or b"Authorization" in head for head in outlet.requests)


@pytest.mark.parametrize("location", ["/b#top", "/x/../b", "http://reader:secret@{host}/b#!"])
def test_redirect_is_followed_bare(location: str) -> None:
    """What a redirect adds of that is left out too."""
    with Outlet({"/feed": answer(rss(item("/a#here"))), "/b": STORY}) as outlet:
        outlet.routes["/a"] = answer(status=302, Location=location.format(host=outlet.host))
        crawl(outlet.source(), shelf := Shelf())
    assert [page.url for page in shelf.pages] == [f"{outlet.url}/b"]


@pytest.mark.parametrize(
    ("charset", "query"),
    [("windows-1256", "q=%CE%C8%D1"), ("utf-8", "q=%D8%AE%D8%A8%D8%B1"), ("iso-8859-6", "q=%CE%C8%D1")],
)
def test_listing_asks_in_its_charset(charset: str, query: str) -> None:
    """A query of a section page's link arrives in the charset of the page, its path in UTF-8."""
    path = f"/%D9%82%D8%B5%D8%A9/48213?{query}"
    html = '<p><a href="/قصة/48213?q=خبر">خبر طويل عن البئر القديمة في المدينة</a>'.encode(charset)
    section = answer(html, Content_Type=f"text/html; charset={charset}")
    with Outlet({"/section": section, path: STORY}) as outlet:
        crawl(outlet.source(feeds=(), listings=(f"{outlet.url}/section",)), shelf := Shelf())
    assert [page.url for page in shelf.pages] == [outlet.url + path]


def test_path_session_no_identity() -> None:
    """A story behind session paths that change is one story, asked for with its session."""
    with Outlet({"/(S(one))/a": STORY, "/(S(two))/a": STORY}) as outlet:
        outlet.routes["/feed"] = answer(rss(item("/(S(one))/a")))
        crawl(outlet.source(), shelf := Shelf())
        outlet.routes["/feed"] = answer(rss(item("/(S(two))/a"), title="again"))
        report = crawl(outlet.source(), shelf)
    assert (report.captured, report.known) == (0, 1)


SURPLUS = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfalse"


def test_late_bytes_end_connection() -> None:
    """Bytes that come after a response are never the next page: their connection is not used again."""

    async def exchange() -> tuple[bytes, bool, bool]:
        writers: list[Any] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue")
            writers.append(writer)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connection = await Connection.to(f"http://{host}/", {host})
        await connection.ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", incoming := Incoming(1 << 20))
        before = connection.open
        writers[0].write(SURPLUS)
        quiet = await connection.is_quiet()
        connection.close()
        server.close()
        return bytes(incoming.received), before, quiet

    received, before, quiet = asyncio.run(exchange())
    assert (capture.split(received).body, before, quiet) == (b"true", True, False)


def test_surplus_at_sign_skipped() -> None:
    """Bytes that come with a response are not part of it, nor of the next."""
    response = answer("<h1>One").data
    routes = {"/feed": answer(rss(item("/1"), item("/2"))), "/1": Answer(response + SURPLUS), "/2": STORY}
    with Outlet(routes) as outlet:
        crawl(outlet.source(), shelf := Shelf())
    assert [page.response for page in shelf.pages] == [response, STORY.data]
