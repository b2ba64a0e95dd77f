"""The HTTP server: one for each outlet, on its own port of 127.0.0.1, with one access log for all."""

import json
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

from infra.newsroom.reply import Reply


class Site(Protocol):
    """A served outlet with any kind of pages. ``base`` is ``http://127.0.0.1:<port>``."""

    @property
    def id(self) -> str:
        """The source id."""

    def source(self, base: str) -> dict[str, Any]:
        """The keys of its source file."""

    def reply(self, target: str, base: str, edition: int) -> Reply:
        """The reply to a request for this path and query."""


class PortTakenError(OSError):
    """An outlet's port is in use by another process; the message names it and the next step."""


class AccessLog:
    """JSON lines: time (UTC), outlet, method, host, path, status, user_agent. Written before the reply is sent."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def write(self, **request: Any) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock, self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"time": time, **request}) + "\n")


class OutletServer(ThreadingHTTPServer):
    """Listens from the moment it is made; ``start`` has it answer, ``stop`` ends it and its connections.

    PortTakenError if the port is in use.
    """

    request_queue_size = 128  # a crawler's burst; the default of 5 drops connections and slows crawls
    daemon_threads = True

    def __init__(self, site: Site, port: int, edition: Callable[[], int], log: AccessLog) -> None:
        self.site, self.edition, self.log = site, edition, log
        self._open: set[socket.socket] = set()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            message = f"port {port} of {site.id} is taken; stop what listens there, or give the newsroom another port"
            raise PortTakenError(error.errno, message) from error
        self.base = f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        # Polled, so the interval bounds how long a stop takes.
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        for connection in self._open.copy():
            with suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that hang up; print the traceback of any other error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: OutletServer
    protocol_version = "HTTP/1.1"
    server_version = "newsroom"
    sys_version = ""
    wbufsize = -1  # headers and body in one packet
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        site, base = self.server.site, self._base()
        reply = site.reply(self.path, base, self.server.edition()).to(self.headers)
        self.server.log.write(
            outlet=site.id,
            method=self.command,
            host=self.headers.get("Host"),
            path=self.path,
            status=reply.status,
            user_agent=self.headers.get("User-Agent"),
        )
        self._send(reply)

    def _base(self) -> str:
        """The outlet's address as the client reached it: containers reach it at that of their network's bridge."""
        host, _, port = self.headers.get("Host", "").rpartition(":")
        is_address = port == f"{self.server.server_port}" and not host.strip("0123456789.")
        return f"http://{host}:{port}" if is_address and host else self.server.base

    do_HEAD = do_GET  # noqa: N815 (http.server's name)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.header_lines().items():
            self.send_header(name, value)
        if reply.stream:
            self.close_connection = True
            self.send_header("Connection", "close")
        elif reply.chunked and reply.status != 304:  # a client would wait for the chunks of a 304
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD" and reply.status != 304:
            self._send_body(reply)

    def _send_body(self, reply: Reply) -> None:
        if reply.stream:
            for piece in reply.stream():
                self.wfile.write(piece)
                self.wfile.flush()
        else:
            self.wfile.write(_chunks(reply.body) if reply.chunked else reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: the access log has it."""


def _chunks(body: bytes, size: int = 1000) -> bytes:
    """Return a body in HTTP/1.1 chunks (RFC 9112, 7.1), several per page."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
