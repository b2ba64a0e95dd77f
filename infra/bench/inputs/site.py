"""An outlet with next to no serving costs: ``python -m infra.bench.inputs.site`` prints its address, and runs on.

``/story/<n>`` is a page for any n, with gzip for clients that accept it. ``/feed/<from>/<to>`` is an RSS feed of such
stories. Bodies are compressed before the first request, so a bench measures the crawler only.
"""

import argparse
import asyncio
import gzip
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from infra.bench.inputs.pages import DISTINCT, pages

ROBOTS = b"User-agent: *\nDisallow: /private/\n"
_FIRST = datetime(2026, 10, 20, 6, 0, tzinfo=UTC)


class Site:
    """The complete replies, by accepted encoding."""

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._plain = [_answer(body, "text/html; charset=utf-8") for body in bodies]
        packed = [gzip.compress(body, 6, mtime=0) for body in bodies]
        self._packed = [_answer(body, "text/html; charset=utf-8", b"Content-Encoding: gzip\r\n") for body in packed]

    def answer(self, head: bytes) -> bytes:
        """The reply to a request with this head."""
        path = head.split(b" ", 2)[1].decode("ascii")
        match path.strip("/").split("/"):
            case ["story", number]:
                answers = self._packed if b"gzip" in head.lower() else self._plain
                return answers[int(number) % len(answers)]
            case ["feed", first, end]:
                return _answer(_feed(_host(head), range(int(first), int(end))), "application/rss+xml; charset=utf-8")
            case ["robots.txt"]:
                return _answer(ROBOTS, "text/plain")
        return _answer(b"", "text/plain", status=b"404 Not Found")


class _Connection(asyncio.Protocol):
    def __init__(self, site: Site) -> None:
        self._site, self._received = site, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server's is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        *heads, self._received = (self._received + data).split(b"\r\n\r\n")
        for head in heads:
            self._transport.write(self._site.answer(head))


async def serve(site: Site) -> None:
    """Serve on a free port of 127.0.0.1, and print its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(site), "127.0.0.1", 0, backlog=256)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m infra.bench.inputs.site")
    parser.add_argument("--pages", type=Path, metavar="FILE.jsonl.gz")
    options = parser.parse_args(arguments)
    asyncio.run(serve(Site([page.html for page in pages(DISTINCT, options.pages)])))
    return 0


def _answer(body: bytes, content_type: str, headers: bytes = b"", status: bytes = b"200 OK") -> bytes:
    lines = f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\nServer: nginx\r\n".encode()
    return b"HTTP/1.1 " + status + b"\r\n" + lines + headers + b"Vary: Accept-Encoding\r\n\r\n" + body


def _host(head: bytes) -> str:
    return head.partition(b"\r\nHost: ")[2].partition(b"\r\n")[0].decode("ascii")


def _feed(host: str, numbers: range) -> bytes:
    items = "".join(
        f"<item><title>A story of the bench, number {number}</title><link>http://{host}/story/{number}</link>"
        f"<pubDate>{format_datetime(_FIRST - timedelta(minutes=number))}</pubDate>"
        f"<description>What the story says in one sentence.</description></item>"
        for number in numbers
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Bench</title>{items}</channel></rss>'.encode()


if __name__ == "__main__":
    sys.exit(main())
