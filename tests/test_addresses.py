"""Addresses: what is refused before anything is connected to, whatever a name resolves to a moment later."""

from typing import Any

import pytest

from spiders import addresses
from spiders.addresses import AddressRefused
from tests.outlet import Outlet, Shelf, answer, crawl, item, rss

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


class Recorder:
    """A reactor that only records where it was asked to connect to."""

    def __init__(self) -> None:
        self.connected: list[str] = []

    def connectTCP(self, host: str, port: int, factory: Any) -> str:  # noqa: ARG002, N802
        self.connected.append(host)
        return "connector"


def test_a_name_that_changes_its_address_gains_nothing() -> None:
    reactor = Recorder()
    guarded = addresses.reactor_for("https://news.example/", reactor, allowed=())
    guarded.connectTCP("93.184.216.34", 443, None)
    with pytest.raises(AddressRefused, match=r"add news\.example:443 to DATELINE_ALLOW_HOSTS"):
        guarded.connectTCP("169.254.169.254", 443, None)
    assert reactor.connected == ["93.184.216.34"]


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
def test_a_host_is_allowed_by_name_and_port(url: str, allowed: bool) -> None:
    hosts = addresses.allowed_hosts("10.0.0.1:80, INTRANET.example:81,[::1]:82,")
    assert hosts == {"10.0.0.1:80", "intranet.example:81", "[::1]:82"}
    assert (addresses.host_port(url) in hosts) == allowed


def test_an_outlet_at_a_private_address_is_refused_with_the_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    with Outlet({"/feed": answer(rss(item("/good")))}) as outlet:
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", "127.0.0.1:1")
        report = crawl(outlet.source(), Shelf())
        monkeypatch.undo()
    assert outlet.connections == 0
    (visit,) = report.feeds
    assert (visit.error or "").startswith("address: ")
    assert f"add {outlet.host} to DATELINE_ALLOW_HOSTS" in (visit.error or "")
