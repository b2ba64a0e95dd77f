"""Connections: verified ones and such as do not verify, and those that lead through a proxy."""

import hashlib
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from spiders.download import connection
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

AGO = datetime.now(UTC) - timedelta(days=400)
ROUTES = {"/feed": answer(rss(item("/a"))), "/a": answer("<h1>A story")}


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The one authority that the system trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    monkeypatch.setattr(connection, "_trusting", connection._trusting.__wrapped__)
    return authority


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def test_tls_is_in_metadata(trusted: trustme.CA) -> None:
    """What was verified is in the metadata."""
    with Outlet(ROUTES, tls=serving(trusted.issue_cert("127.0.0.1"))) as outlet:
        crawl(outlet.source(), shelf := Shelf())
    (page,) = shelf.pages
    assert page.url == f"{outlet.url}/a"
    tls = page.metadata["tls"]
    assert (tls["verified"], tls["host"]) == (True, "127.0.0.1")
    assert "trustme" in tls["issuer"]
    assert datetime.fromisoformat(tls["not_before"]) < datetime.now(UTC) < datetime.fromisoformat(tls["not_after"])
    assert tls["certificate"] == f"sha256:{hashlib.sha256(page.certificate).hexdigest()}"
    assert b"127.0.0.1" in page.certificate or bytes([127, 0, 0, 1]) in page.certificate
    assert outlet.connections == 1, "it is kept"


@pytest.mark.parametrize("cipher", ["ECDHE-RSA-AES128-SHA", "AES128-GCM-SHA256", "AES256-SHA256"])
def test_older_ciphers_are_accepted(trusted: trustme.CA, cipher: str) -> None:
    """A server limited to one cipher of OpenSSL's DEFAULT list is captured, still verified."""
    server = serving(trusted.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA))
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    server.set_ciphers(cipher)
    with Outlet(ROUTES, tls=server) as outlet:
        crawl(outlet.source(), shelf := Shelf())
    assert [page.metadata["tls"]["verified"] for page in shelf.pages] == [True]


def test_no_tls_no_metadata() -> None:
    """A page without TLS says nothing of it."""
    with Outlet(ROUTES) as outlet:
        crawl(outlet.source(), shelf := Shelf())
    assert "tls" not in shelf.pages[0].metadata
    assert not shelf.pages[0].certificate


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        (lambda ca: ca.issue_cert("news.example"), "IP address mismatch"),
        (
            lambda ca: ca.issue_cert("127.0.0.1", not_before=AGO, not_after=AGO + timedelta(days=90)),
            "certificate has expired",
        ),
        (lambda _: trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer certificate"),
    ],
)
def test_unverified_certificate_fails(trusted: trustme.CA, certificate: object, why: str) -> None:
    """A certificate that does not verify is a failure."""
    with Outlet(ROUTES, tls=serving(certificate(trusted))) as outlet:  # type: ignore[operator]
        report = crawl(outlet.source(), shelf := Shelf())
    (visit,) = report.feeds
    assert (visit.error or "").startswith("certificate: ")
    assert f"the certificate of 127.0.0.1 does not verify: {why}" in (visit.error or "")
    assert (shelf.pages, outlet.requests) == ([], [])


def test_invalid_tls_fails() -> None:
    """What is no TLS is a failure."""
    without_certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with Outlet(ROUTES, tls=without_certificate) as outlet:
        report = crawl(outlet.source())
    assert "no TLS with 127.0.0.1: " in (report.feeds[0].error or "")


def test_proxy_gets_whole_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is told whole URLs and who asks."""
    site = "http://news.example"
    with Outlet({f"{site}/feed": answer(rss(item("/a"))), f"{site}/a": answer("<h1>A story")}) as proxy:
        monkeypatch.setenv("http_proxy", f"http://desk:secret@{proxy.host}")
        monkeypatch.setenv("no_proxy", "")
        crawl(proxy.source(home=f"{site}/", feeds=(f"{site}/feed",)), shelf := Shelf())
    (page,) = shelf.pages
    told = b"Proxy-Authorization: Basic ZGVzazpzZWNyZXQ=\r\n"
    assert told in proxy.requests[-1]
    assert page.request == proxy.requests[-1].replace(told, b""), "the archive is not"
    assert b"\r\nHost: news.example\r\n" in page.request


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_a_proxy_leads_to_https(trusted: trustme.CA, monkeypatch: pytest.MonkeyPatch, version: bytes) -> None:
    site, tls = "https://news.example", serving(trusted.issue_cert("news.example"))
    beyond = Answer(b"HTTP/%s 200 Connection established\r\n\r\n" % version, then=tls)
    with Outlet({**ROUTES, "news.example:443": beyond}) as proxy:
        monkeypatch.setenv("https_proxy", f"http://desk:secret@{proxy.host}")
        monkeypatch.setenv("no_proxy", "")
        crawl(proxy.source(home=f"{site}/", feeds=(f"{site}/feed",)), shelf := Shelf())
    (page,) = shelf.pages
    assert page.metadata["tls"]["host"] == "news.example"
    assert b"Proxy-Authorization" in proxy.requests[0]
    assert b"Proxy-Authorization" not in page.request, "the outlet is not told"


def test_refusing_proxy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses is a failure."""
    with Outlet({"news.example:443": answer(status=407)}) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        report = crawl(proxy.source(home="https://news.example/", feeds=("https://news.example/feed",)))
    assert "the proxy answered 407" in (report.feeds[0].error or "")
