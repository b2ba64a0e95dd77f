"""Servers that send no intermediates: completed from the issuer's address, and only up to a trusted authority."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from spiders.download import certificate_chains, connection
from spiders.state import backoff
from tests.support.curl import CURL, curl, needs_curl
from tests.support.outlet import Answer, Outlet, Shelf, answer, crawl, item, rss

ROUTES = {"/feed": answer(rss(item("/a"))), "/a": answer("<h1>A story")}


class Issued(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(subject: str, by: Issued | None = None, *, at: str = "", ca: bool = True, issuer: str = "") -> Issued:
    """A certificate of ``by``, else one signed by itself, that names ``at`` as its issuer's address."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name(subject)).public_key(key.public_key())
    builder = builder.issuer_name(by.certificate.subject if by else name(issuer or subject))
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if not ca:
        own = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        builder = builder.add_extension(own, critical=False)
    if at:
        described = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(at))
        builder = builder.add_extension(x509.AuthorityInformationAccess([described]), critical=False)
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def der(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.DER)


def pem(issued: Issued) -> bytes:
    return issued.certificate.public_bytes(Encoding.PEM)


def packed(issued: Issued) -> bytes:
    return pkcs7.serialize_certificates([issued.certificate], Encoding.DER)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Issued:
    """The one authority that the system trusts; no issuer is known from before."""
    authority = issue("Sample Root")
    (tmp_path / "trusted.pem").write_bytes(pem(authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    monkeypatch.setattr(certificate_chains, "_kept", {})
    certificate_chains.context.cache_clear()
    connection._trusting.cache_clear()
    return authority


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    connection._trusting.cache_clear()
    certificate_chains.context.cache_clear()


def serving(leaf: Issued, folder: Path) -> ssl.SSLContext:
    """A server with a certificate and nothing of its chain."""
    key = leaf.key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "leaf.pem").write_bytes(pem(leaf) + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.pem")
    return context


@pytest.mark.parametrize("form", [der, pem, packed])
def test_missing_issuer_is_fetched_once(root: Issued, tmp_path: Path, form: Callable[[Issued], bytes]) -> None:
    """A chain without its intermediate is completed, verified, and known from then on."""
    with Outlet({}) as issuers:
        middle = issue("Sample Intermediate", root)
        issuers.routes["/ca?id=1"] = answer(form(middle))
        leaf = issue("outlet", middle, at=f"{issuers.url}/ca?id=1", ca=False)
        for _ in range(2):
            with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
                crawl(outlet.source(), shelf := Shelf())
            (page,) = shelf.pages
            assert page.metadata["tls"]["verified"]
            assert page.metadata["tls"]["chain_completed_from"] == [f"{issuers.url}/ca?id=1"]
    assert issuers.paths() == ["/ca?id=1"]


def test_two_missing_issuers_are_fetched(root: Issued, tmp_path: Path) -> None:
    """An intermediate whose own issuer is missing too is completed in its turn."""
    with Outlet({}) as issuers:
        upper = issue("Sample Upper", root)
        lower = issue("Sample Lower", upper, at=f"{issuers.url}/upper")
        issuers.routes |= {"/upper": answer(der(upper)), "/lower": answer(der(lower))}
        leaf = issue("outlet", lower, at=f"{issuers.url}/lower", ca=False)
        with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
            assert crawl(outlet.source()).captured == 1


@pytest.mark.parametrize(
    ("route", "why"),
    [
        (answer(status=404), "answered 404"),
        (answer(b"<html>no certificate"), "nor can it be had"),
        (Answer(b"", then="close"), "nor can it be had"),
        (answer(b"x" * (certificate_chains.MAX_CERTIFICATE + 1)), "nor can it be had"),
    ],
)
def test_missing_issuer_has_its_reason(root: Issued, tmp_path: Path, route: Answer, why: str) -> None:
    """A chain that cannot be completed now is a temporary failure of its own."""
    with Outlet({"/ca": route}) as issuers:
        leaf = issue("outlet", issue("Sample Intermediate", root), at=f"{issuers.url}/ca", ca=False)
        with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
            (visit,) = crawl(outlet.source()).feeds
    assert (visit.error or "").startswith("certificate-chain: ")
    assert why in (visit.error or "")
    assert (outlet.requests, backoff.kind_of_visit(visit)) == ([], "temporary")


def test_issuer_address_is_public(root: Issued, tmp_path: Path) -> None:
    """An issuer's address leads no crawl into the network that it runs in."""
    with Outlet({}) as private:
        pass
    leaf = issue("outlet", issue("Sample Intermediate", root), at=f"{private.url}/ca", ca=False)
    with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
        (visit,) = crawl(outlet.source()).feeds
    assert "certificate-chain" in (visit.error or "")
    assert "is not a public address" in (visit.error or "")
    assert private.connections == 0


@pytest.mark.parametrize("issuer", ["", "FAKE  root"])
def test_fetched_root_is_never_trusted(root: Issued, tmp_path: Path, issuer: str) -> None:
    """What an issuer's address offers as a root, under whatever spelling of its name, makes nothing trusted."""
    assert root.certificate.subject != name("Fake Root")
    with Outlet({}) as issuers:
        fake = issue("Fake Root", issuer=issuer)
        issuers.routes["/ca"] = answer(der(fake))
        leaf = issue("outlet", fake, at=f"{issuers.url}/ca", ca=False)
        with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
            (visit,) = crawl(outlet.source()).feeds
    assert (visit.error or "").startswith("certificate: ")
    assert outlet.requests == []


def test_fetched_intermediate_is_no_root(root: Issued, tmp_path: Path) -> None:
    """An intermediate below an authority that nobody trusts makes nothing trusted either."""
    assert root.certificate.subject != name("Fake Root")
    with Outlet({}) as issuers:
        middle = issue("Fake Intermediate", issue("Fake Root"))
        issuers.routes["/ca"] = answer(der(middle))
        leaf = issue("outlet", middle, at=f"{issuers.url}/ca", ca=False)
        with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
            (visit,) = crawl(outlet.source()).feeds
    assert (visit.error or "").startswith("certificate: ")
    assert outlet.requests == []


@pytest.mark.parametrize("at", ["", "https://ca.example/ca", "ldap://ca.example/ca"])
def test_no_issuer_address_is_hard(root: Issued, tmp_path: Path, at: str) -> None:
    """A certificate of an unknown authority that names no http address is refused as before."""
    leaf = issue("outlet", issue("Sample Intermediate", root), at=at, ca=False)
    with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
        (visit,) = crawl(outlet.source()).feeds
    assert (visit.error or "").startswith("certificate: ")
    assert backoff.kind_of_visit(visit) == "hard"


@needs_curl
def test_curl_refuses_incomplete_chain(root: Issued, tmp_path: Path) -> None:
    """curl completes no chains (exit 60), which is why outlets' servers with incomplete ones are noticed late."""
    leaf = issue("outlet", issue("Sample Intermediate", root), at="http://ca.example/ca", ca=False)
    with Outlet(ROUTES, tls=serving(leaf, tmp_path)) as outlet:
        assert curl(f"{outlet.url}/a", "--cacert", str(tmp_path / "trusted.pem")).exit == 60


ALERTS = {40: "handshake failure", 70: "protocol version", 80: "internal error", 112: "unrecognized name"}


@pytest.mark.parametrize(("number", "words"), ALERTS.items())
def test_alert_is_named(number: int, words: str) -> None:
    """A server that ends the handshake with an alert is a temporary failure ``tls`` with the alert's name."""

    class Alerting(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(bytes((0x15, 3, 3, 0, 2, 2, number)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Alerting) as server, Outlet({}) as outlet:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        host = f"127.0.0.1:{server.server_address[1]}"
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("DATELINE_ALLOW_HOSTS", host)
            report = crawl(outlet.source(home=f"https://{host}/", feeds=(f"https://{host}/feed",)))
        fetched = curl(f"https://{host}/") if CURL else None
        server.shutdown()
    (visit,) = report.feeds
    assert f"tls: no TLS with 127.0.0.1: the server sent the alert {words}" in (visit.error or "")
    assert fetched is None or fetched.exit == 35
