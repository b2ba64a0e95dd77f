"""Addresses: what is refused before anything is connected to, whatever a name resolves to a moment later."""

import asyncio
import socket

import pytest

from spiders.download import addresses
from spiders.download.addresses import AddressRefused
from tests.support.outlet import Outlet, Shelf, answer, crawl, item, rss

REFUSED = [
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "168.63.129.16"),
    *("169.254.169.254", "172.31.0.1", "192.0.0.192", "192.0.2.1", "192.168.1.1", "198.18.0.1", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::7f00:1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::127.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::"),
    *("3fff::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::", "2606:4700::1111"]


@pytest.mark.parametrize(("address", "public"), [*((a, False) for a in REFUSED), *((a, True) for a in PUBLIC)])
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert addresses.public(address) == public


def resolve(monkeypatch: pytest.MonkeyPatch, *found: str) -> list[str]:
    """The addresses to connect to of a name that has these."""
    infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in found]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: infos)
    return [str(info[4][0]) for info in asyncio.run(addresses.resolve("https://news.example/", allowed=()))]


def test_only_public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name leads to its public addresses alone."""
    assert resolve(monkeypatch, "169.254.169.254", "93.184.216.34") == ["93.184.216.34"]
    with pytest.raises(AddressRefused, match=r"add news\.example:443 to DATELINE_ALLOW_HOSTS"):
        resolve(monkeypatch, "169.254.169.254")


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("http://news.example:80/", "news.example"),
        ("https://news.example:80/", "news.example:80"),
        ("https://[2606:4700::1111]/", "[2606:4700::1111]"),
        ("http://user:secret@News.Example:8080/", "news.example:8080"),
    ],
)
def test_authority_with_other_port(url: str, authority: str) -> None:
    """An authority has its port where that is not its schemes."""
    assert addresses.authority(url) == authority


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://10.0.0.1/", True),
        ("http://10.0.0.1:80/a", True),
        ("http://10.0.0.1:8080/", False),
        ("https://10.0.0.1/", False),
        ("http://Intranet.Example:81/", True),
        ("http://other.example:81/", False),
        ("http://[::1]:82/", True),
        ("http://[::1]/", False),
    ],
)
def test_host_allowed_by_name(url: str, allowed: bool) -> None:
    """A host is allowed by name and port."""
    hosts = addresses.allowed_hosts("10.0.0.1:80, INTRANET.example:81,[::1]:82,")
    assert hosts == {"10.0.0.1:80", "intranet.example:81", "[::1]:82"}
    assert (addresses.host_port(url) in hosts) == allowed


def test_private_outlet_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An outlet at a private address is refused with the mend."""
    with Outlet({"/feed": answer(rss(item("/good")))}) as outlet:
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", "127.0.0.1:1")
        report = crawl(outlet.source(), Shelf())
        monkeypatch.undo()
    assert outlet.connections == 0
    (visit,) = report.feeds
    assert (visit.error or "").startswith("address: ")
    assert f"add {outlet.host} to DATELINE_ALLOW_HOSTS" in (visit.error or "")
