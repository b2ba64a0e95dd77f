"""Which addresses a crawl may connect to: public ones, so that no outlet can send it into the network that it runs in.

The address is looked at where a connection is made to it, which is after DNS and for each redirect anew. What a name
resolved to a moment before doesn't matter, so a name that changes its address in between gains nothing.
``DATELINE_ALLOW_HOSTS`` names the exceptions, as ``host:port`` in the URLs of a source: the sample newsroom's on the
local cloud. A proxy (``http_proxy``) resolves names itself, and what it refuses is its operator's matter.
"""

import ipaddress
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from twisted.internet.interfaces import IReactorPluggableNameResolver
from zope.interface import implementer

from spiders.failures import Refusal

if TYPE_CHECKING:
    from twisted.internet.interfaces import IConnector

# Beside what Python's ipaddress knows to be local (it reads the IANA registries; older releases know less of them).
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # Azure's metadata, at a public address
            "192.0.0.0/24",  # IETF protocol assignments; Oracle's metadata
            "64:ff9b:1::/48",  # NAT64 of the local network (RFC 8215)
            "3fff::/20",  # documentation (RFC 9637)
            "fec0::/10",  # site-local (RFC 3879)
        ),
    )
)
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052
_DEFAULT_PORTS = {"http": 80, "https": 443}


class AddressRefused(Refusal):
    """A URL led to an address that is not public; nothing was connected to."""

    reason = "address"


@implementer(IReactorPluggableNameResolver)
class PublicReactor:
    """A reactor that connects to public addresses only; AddressRefused from ``connectTCP`` for all others."""

    def __init__(self, reactor: Any, netloc: str) -> None:
        self._reactor, self._netloc = reactor, netloc

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def connectTCP(self, host: str, *args: Any, **kwargs: Any) -> "IConnector":  # noqa: N802 (Twisted's name)
        check(host, self._netloc)
        connector: IConnector = self._reactor.connectTCP(host, *args, **kwargs)
        return connector


def reactor_for(url: str, reactor: Any, allowed: Collection[str]) -> Any:
    """The reactor to fetch a URL with: the given one for a host that is ``allowed``, else one that refuses."""
    netloc = host_port(url)
    if netloc in allowed:
        return reactor
    literal = _literal(urlsplit(url).hostname or "")
    if literal:  # refused here, whichever addresses the resolver can read
        check(literal, netloc)
    return PublicReactor(reactor, netloc)


def check(address: str, netloc: str) -> None:
    """AddressRefused where ``netloc`` led to an address that is not public."""
    if not public(address):
        raise AddressRefused(
            f"{netloc} is at {address}, which is not a public address; if it is yours to crawl, "
            f"add {netloc} to DATELINE_ALLOW_HOSTS"
        )


def public(address: str) -> bool:
    """Whether anyone on the internet can be meant by an address; False for local, reserved and multicast ones."""
    ip = ipaddress.ip_address(address)
    inner = _embedded(ip) if isinstance(ip, IPv6Address) else None
    if inner:
        return public(str(inner))
    local = ip.is_multicast or ip.is_reserved or any(ip in network for network in _NOT_PUBLIC)
    return ip.is_global and not local


def host_port(url: str) -> str:
    """``host:port`` of an http or https URL, the port always there; ValueError where it has an impossible one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)}"


def allowed_hosts(setting: str) -> frozenset[str]:
    """The hosts of a ``DATELINE_ALLOW_HOSTS``: ``host:port``, separated by commas."""
    return frozenset(host.strip().lower() for host in setting.split(",") if host.strip())


def _literal(host: str) -> str | None:
    """A host that is an address already; None for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a gateway would pass a connection on to (mapped, 6to4, NAT64)."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
