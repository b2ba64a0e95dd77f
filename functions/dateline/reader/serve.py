"""Serve the reading room on this machine: HTTP on a loopback address, answered by the same function as on Lambda."""

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError

from dateline.reader.answers import body_of
from dateline.reader.app import Answer
from dateline.reader.formats import problems

_SECONDS = 30  # for a request to arrive: a browser opens connections in advance, and may leave them


class ReadingRoom(ThreadingHTTPServer):
    """Answers on 127.0.0.1 alone, for requests to that name alone: another site's pages cannot read through it."""

    daemon_threads = True

    def __init__(self, answer: Answer, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.answer, self.lock = answer, Lock()  # the resolver of Powertools takes one request at a time

    @property
    def address(self) -> str:
        """Its address, with the port that it got."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: ReadingRoom
    timeout = _SECONDS

    def do_GET(self) -> None:
        """Answer a request; the routes refuse other methods."""
        answered = self._answered()
        body = body_of(answered)
        self.send_response(answered["statusCode"])
        for name, value in answered["headers"].items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Any other method: http.server looks for ``do_POST`` and the like."""
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal quiet."""

    def _answered(self) -> dict[str, Any]:
        host = self.headers.get("Host", "")
        if host not in {f"{name}:{self.server.server_port}" for name in ("127.0.0.1", "localhost")}:
            return problems.answer(HTTPStatus.MISDIRECTED_REQUEST, f"this server answers at {self.server.address}")
        with self.server.lock:
            event = _event(self.command, self.path, dict(self.headers.items()), host)
            try:
                return self.server.answer(event, None)
            except BotoCoreError as error:
                return problems.answer(HTTPStatus.SERVICE_UNAVAILABLE, f"the archive does not answer: {error}")


def _event(method: str, target: str, headers: dict[str, str], host: str) -> dict[str, Any]:
    """A request as a function URL gives it (payload version 2.0)."""
    parts = urlsplit(target)
    http = {"method": method, "path": parts.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": ""}
    return {
        "version": "2.0",
        "rawPath": parts.path or "/",
        "rawQueryString": parts.query,
        "headers": {name.lower(): value for name, value in headers.items()} | {"x-forwarded-proto": "http"},
        "requestContext": {"domainName": host, "stage": "$default", "http": http},
        "isBase64Encoded": False,
    }
