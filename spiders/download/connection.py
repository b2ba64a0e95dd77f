"""Connections of a crawl: to public addresses only, verified, and used for one request at a time.

A certificate must be valid for its host and lead to an authority trusted by the system. The verified certificate is
recorded in the captures' metadata. An invalid one is a failure with a reason: bytes that anyone on the way may have
written are no evidence.
"""

import asyncio
import functools
import hashlib
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType, start_connection
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadFailedError, DownloadTimeoutError

from dateline import keys
from spiders.download import addresses
from spiders.download.http1 import READING_ERRORS, Incoming
from spiders.failures import Refusal

CONNECT_TIMEOUT = 20.0  # seconds; leaves time to retry an unresponsive host within a URL's limit
STAGGER = 0.25  # seconds until a host's next address is tried beside the one before it (RFC 8305)


class CertificateRefused(Refusal):
    """The host's certificate does not verify."""

    reason = "certificate"


class Connection(asyncio.Protocol):
    """A connection. ``open`` is whether it is reusable, as far as known.

    ``ip_address`` is the host's, or the proxy's; ``tls`` is the verified certificate, in JSON types.
    """

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self.open = True
        self.ip_address: str | None = None
        self.tls: dict[str, Any] | None = None
        self._incoming: Incoming | None = None
        self._whole: asyncio.Future[None] | None = None

    @classmethod
    async def to(cls, url: str, allowed: Collection[str]) -> Self:
        """Connect to the host of a URL.

        Raises AddressRefused, CertificateRefused, or Scrapy's errors for hosts without an address or connection.
        """
        connection = await cls._open(url, await addresses.resolve(url, allowed))
        if url.startswith("https:"):
            with connection._closed_on_error():
                await connection._start_tls(url)
        return connection

    @classmethod
    async def through(cls, proxy: str, url: str, authorization: bytes = b"") -> Self:
        """Connect to a proxy and, for https, through it to the host of a URL (CONNECT, RFC 9110 section 9.3.6).

        ``authorization`` is the value of the proxy's authorization header.
        """
        connection = await cls._open(proxy, await addresses.look_up(proxy))
        if url.startswith("https:"):
            host, answer = addresses.host_port(url).encode(), Incoming(0, bodiless=True)
            header = b"Proxy-Authorization: %s\r\n" % authorization if authorization else b""
            with connection._closed_on_error():
                await connection.ask(b"CONNECT %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (host, host, header), answer)
                if answer.status != 200:
                    raise DownloadFailedError(f"the proxy answered {answer.status}")
                await connection._start_tls(url)
        return connection

    async def ask(self, request: bytes, incoming: Incoming) -> None:
        """Send a request and wait for its whole response; the errors of ``Incoming``."""
        self._incoming, self._whole = incoming, asyncio.get_running_loop().create_future()
        self._transport.write(request)
        with self._closed_on_error():
            await self._whole
        self._incoming = self._whole = None
        if not incoming.reusable:
            self.close()

    async def is_quiet(self) -> bool:
        """Return whether the connection may be used again: late bytes of the last response would open the next."""
        for _ in range(2):  # the second time, the loop has read what has come
            await asyncio.sleep(0)
        return self.open

    def close(self) -> None:
        self.open = False
        self._transport.abort()

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        """Close the connection after an error or a cancellation."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP's is
        self._transport = transport
        peer = transport.get_extra_info("peername")  # None after a disconnect
        self.ip_address = peer[0] if peer else None

    def data_received(self, data: bytes) -> None:
        self._read(lambda incoming: incoming.add(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._read(lambda incoming: incoming.close(cleanly=exc is None))

    def _read(self, read: Callable[[Incoming], bool]) -> None:
        """Continue reading an expected response; unexpected bytes end the connection."""
        if self._incoming is None or self._whole is None or self._whole.done():
            self.close()
            return
        try:
            if read(self._incoming):
                self._whole.set_result(None)
        except READING_ERRORS as error:
            self._whole.set_exception(error)

    @classmethod
    async def _open(cls, url: str, found: list[AddrInfoType]) -> Self:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                sock = await start_connection(found, happy_eyeballs_delay=STAGGER, interleave=1)
            return (await asyncio.get_running_loop().create_connection(cls, sock=sock))[1]
        except TimeoutError as error:
            raise DownloadTimeoutError(f"no connection to {url} in {CONNECT_TIMEOUT:g} seconds") from error
        except OSError as error:
            raise DownloadConnectionRefusedError(str(error)) from error

    async def _start_tls(self, url: str) -> None:
        host, loop = urlsplit(url).hostname or "", asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, _trusting(), server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            raise CertificateRefused(f"the certificate of {host} does not verify: {error.verify_message}") from error
        except OSError as error:  # includes the other errors of ssl
            raise DownloadFailedError(f"no TLS with {host}: {error}") from error
        if transport is None:
            raise DownloadFailedError(f"no TLS with {host}: the connection ended")
        self._transport, self.tls = transport, _verified(transport.get_extra_info("ssl_object"), host)


@functools.cache
def _trusting() -> ssl.SSLContext:
    """Return a verifying context: TLS 1.2 or newer, the system's authorities, OpenSSL's default ciphers.

    Python's own list is narrower than curl's and fails at servers without forward secrecy or authenticated encryption.
    """
    context = ssl.create_default_context()
    context.set_ciphers("DEFAULT:@SECLEVEL=2")  # level 2 refuses keys of 1024 bits
    return context


def _verified(tls: ssl.SSLObject, host: str) -> dict[str, Any]:
    """Return the verified certificate, for the metadata of captures."""
    certificate: dict[str, Any] = tls.getpeercert() or {}
    return {
        "verified": True,
        "by": f"{ssl.OPENSSL_VERSION}, host name and chain, by the system's authorities",
        "host": host,
        "version": tls.version(),
        "certificate": f"sha256:{hashlib.sha256(tls.getpeercert(binary_form=True) or b'').hexdigest()}",
        "issuer": _name(certificate.get("issuer", ())),
        "not_before": _instant(certificate["notBefore"]),
        "not_after": _instant(certificate["notAfter"]),
    }


def _instant(text: str) -> str:
    return keys.utc(datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC), "seconds")


def _name(parts: Any) -> str:
    """A distinguished name: ``C=US, O=Let's Encrypt, CN=R11``."""
    return ", ".join(f"{name}={value}" for part in parts for name, value in part)
