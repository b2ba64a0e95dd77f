"""Addresses open to a crawl: public ones only, so that no outlet can lead it into our own network.

The address is checked at connection time, after DNS and for each redirect, so a name with changing addresses gains
nothing. ``DATELINE_ALLOW_HOSTS`` names the exceptions, as ``host:port``: the sample newsroom's on the local cloud. A
proxy (``http_proxy``) resolves names itself, under its operator's rules.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, ip_network
from urllib.parse import urlsplit

from aiohappyeyeballs import AddrInfoType
from scrapy.exceptions import CannotResolveHostError

from spiders.failures import Refusal

# In addition to local addresses known to Python's ipaddress (older releases know fewer of the IANA registries).
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
    """The address is not public; no connection was made."""

    reason = "address"


async def resolve(url: str, allowed: Collection[str]) -> list[AddrInfoType]:
    """Return the addresses for a connection to a URL's host: all of an ``allowed`` one, else the public ones.

    Raises AddressRefused for private ones only, CannotResolveHostError for none.
    """
    netloc = host_port(url)
    if netloc in allowed:
        return await look_up(url)
    literal = _literal(urlsplit(url).hostname or "")
    if literal:  # refused here, whichever addresses the resolver can read
        check(literal, netloc)
    found = await look_up(url)
    if not any(public(address) for address in map(_address, found)):
        check(_address(found[0]), netloc)
    return [info for info in found if public(_address(info))]


async def look_up(url: str) -> list[AddrInfoType]:
    """Return the addresses of a URL's host. Raises CannotResolveHostError for none."""
    host, port = urlsplit(url).hostname or "", int(host_port(url).rpartition(":")[2])
    try:
        return [*await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise CannotResolveHostError(f"{host} has no address: {error}") from error


def check(address: str, netloc: str) -> None:
    """Raise AddressRefused if the address of ``netloc`` is not public."""
    if not public(address):
        raise AddressRefused(
            f"{netloc} is at {address}, which is not a public address; if it is yours to crawl, "
            f"add {netloc} to DATELINE_ALLOW_HOSTS (for the local cloud, before dateline up)"
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
    """Return ``host:port`` of an http or https URL, always with a port. Raises ValueError for an impossible one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)}"


def authority(url: str) -> str:
    """Return the host of an http or https URL, with its port unless that is the scheme's default."""
    host, port = host_port(url).rsplit(":", 1)
    return host if int(port) == _DEFAULT_PORTS.get(urlsplit(url).scheme) else f"{host}:{port}"


def allowed_hosts(setting: str) -> frozenset[str]:
    """The hosts of a ``DATELINE_ALLOW_HOSTS``: ``host:port``, separated by commas."""
    return frozenset(host.strip().lower() for host in setting.split(",") if host.strip())


def _literal(host: str) -> str | None:
    """Return the address of a literal host; None for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _address(info: AddrInfoType) -> str:
    return str(info[4][0])


def _embedded(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address behind a gateway's (mapped, 6to4, NAT64)."""
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour
