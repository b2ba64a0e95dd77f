"""Connections of a crawl: to public addresses only, verified, and used for one request at a time.

A certificate must be valid for its host and lead to an authority trusted by the system. The verified certificate is
recorded in the captures' metadata. An invalid one is a failure with a reason: bytes that anyone on the way may have
written are no evidence.
"""

import asyncio
import functools
import hashlib
import re
import ssl
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType, start_connection
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)

from dateline import instants
from spiders.download import addresses, certificate_chains
from spiders.download.http1 import READING_ERRORS, Incoming
from spiders.failures import Refusal, TlsFailed

CONNECT_TIMEOUT = 20.0  # seconds; leaves time to retry an unresponsive host within a URL's limit
ISSUER_TIMEOUT = 15.0  # seconds; an issuer's certificate has 2 kB
STAGGER = 0.25  # seconds until a host's next address is tried beside the one before it (RFC 8305)

_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_(?:ALERT_)?(\w+)")  # OpenSSL's names of alerts that were received
_UNREACHABLE = (
    ResponseDataLossError,
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadTimeoutError,
    TimeoutError,
    OSError,
)


class CertificateRefused(Refusal):
    """The host's certificate does not verify."""

    reason = "certificate"


class ChainIncomplete(CertificateRefused):
    """The server does not send its certificate's issuers, and they cannot be had now."""

    reason = "certificate-chain"


class Connection(asyncio.Protocol):
    """A connection. ``open`` is whether it is reusable, as far as known.

    ``ip_address`` is the host's, or the proxy's; ``tls`` is the verified certificate, in JSON types.
    """

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self.open = True
        self.ip_address: str | None = None
        self.tls: dict[str, Any] | None = None
        self.certificate = b""
        self._incoming: Incoming | None = None
        self._whole: asyncio.Future[None] | None = None

    @classmethod
    async def to(cls, url: str, allowed: Collection[str]) -> Self:
        """Connect to the host of a URL.

        Raises AddressRefused, CertificateRefused, or Scrapy's errors for hosts without an address or connection.
        """
        if not url.startswith("https:"):
            return await cls._open(url, await addresses.resolve(url, allowed))
        try:
            return await cls._secured(url, allowed, _trusting())
        except ChainIncomplete as incomplete:
            return await cls._completed(url, allowed, incomplete)

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
    async def _secured(cls, url: str, allowed: Collection[str], context: ssl.SSLContext) -> Self:
        connection = await cls._open(url, await addresses.resolve(url, allowed))
        with connection._closed_on_error():
            await connection._start_tls(url, context)
        return connection

    @classmethod
    async def _completed(cls, url: str, allowed: Collection[str], incomplete: "ChainIncomplete") -> Self:
        """Connect with the issuers that the server's certificate names and the server did not send."""
        unverified = await cls._secured(url, allowed, _unverifying())
        unverified.close()  # nothing but its certificate was wanted
        try:
            chain = await certificate_chains.complete(unverified.certificate, functools.partial(_fetch, allowed))
        except (Refusal, DownloadFailedError, *_UNREACHABLE, ValueError) as error:
            raise ChainIncomplete(f"{incomplete}, nor can it be had: {error}") from error
        if not chain.certificates:
            raise CertificateRefused(str(incomplete)) from incomplete
        try:
            connection = await cls._secured(url, allowed, certificate_chains.context(_new_context, chain))
        except ChainIncomplete as error:  # complete, and from no authority that is trusted
            raise CertificateRefused(str(error)) from error
        connection.tls = (connection.tls or {}) | {"chain_completed_from": list(chain.addresses)}
        return connection

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

    async def _start_tls(self, url: str, context: ssl.SSLContext | None = None) -> None:
        host, loop = urlsplit(url).hostname or "", asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context or _trusting(), server_hostname=host)
        except ssl.SSLCertVerificationError as error:
            kind = ChainIncomplete if error.verify_code in certificate_chains.INCOMPLETE else CertificateRefused
            raise kind(f"the certificate of {host} does not verify: {error.verify_message}") from error
        except OSError as error:  # includes the other errors of ssl
            raise TlsFailed(f"no TLS with {host}: {_alert(error)}") from error
        if transport is None:
            raise TlsFailed(f"no TLS with {host}: the connection ended")
        tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
        self._transport, self.certificate = transport, tls.getpeercert(binary_form=True) or b""
        self.tls = _verified(tls, host) if tls.context.verify_mode == ssl.CERT_REQUIRED else None


async def _fetch(allowed: Collection[str], url: str) -> bytes:
    """The body at an issuer's address; ValueError for any status but 200."""
    async with asyncio.timeout(ISSUER_TIMEOUT):
        connection = await Connection.to(url, allowed)
        parts, incoming = urlsplit(url), Incoming(certificate_chains.MAX_CERTIFICATE)
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        request = f"GET {target} HTTP/1.1\r\nHost: {addresses.authority(url)}\r\nConnection: close\r\n\r\n"
        try:
            await connection.ask(request.encode(), incoming)
        finally:
            connection.close()
    if incoming.status != 200:
        raise ValueError(f"{url} answered {incoming.status}")
    return incoming.body


def _alert(error: OSError) -> str:
    """The name of the alert that the server sent, or the error."""
    found = _ALERT.fullmatch(error.reason or "") if isinstance(error, ssl.SSLError) else None
    return f"the server sent the alert {found[1].replace('_', ' ').lower()}" if found else str(error)


@functools.cache
def _unverifying() -> ssl.SSLContext:
    """Return a context to see a certificate with; nothing is ever requested over its connections."""
    context = _new_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@functools.cache
def _trusting() -> ssl.SSLContext:
    return _new_context()


def _new_context() -> ssl.SSLContext:
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
    return instants.utc(datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC), "seconds")


def _name(parts: Any) -> str:
    """A distinguished name: ``C=US, O=Let's Encrypt, CN=R11``."""
    return ", ".join(f"{name}={value}" for part in parts for name, value in part)
