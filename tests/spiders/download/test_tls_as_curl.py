"""TLS servers as outlets have them: what is captured, what fails by which reason, and what curl does beside."""

import ipaddress
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from spiders.download import connection
from spiders.state import backoff
from tests.support.curl import curl, needs_curl
from tests.support.outlet import Outlet, Shelf, answer, crawl, item, rss

NOW = datetime.now(UTC)
ROUTES = {"/feed": answer(rss(item("/a"))), "/a": answer("<h1>A story")}


class Site(NamedTuple):
    """The authority that is trusted, and a folder for keys."""

    authority: trustme.CA
    folder: Path

    def context(self, certificate: trustme.LeafCert | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (certificate or self.authority.issue_cert("127.0.0.1")).configure_cert(context)
        return context

    def dated(self, since: int, until: int) -> ssl.SSLContext:
        """A certificate of some days from now to others."""
        days = NOW + timedelta(days=since), NOW + timedelta(days=until)
        return self.context(self.authority.issue_cert("127.0.0.1", not_before=days[0], not_after=days[1]))

    def limited(self, *versions: ssl.TLSVersion, ciphers: str = "DEFAULT") -> ssl.SSLContext:
        """A server of some versions of TLS, and of some ciphers in the older ones."""
        context = self.context(self.authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA))
        context.set_ciphers(ciphers)
        context.minimum_version, context.maximum_version = min(versions), max(versions)
        return context

    def self_signed(self, key: "ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey") -> ssl.SSLContext:
        """A certificate by its own key, as a router makes it."""
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=30))
        host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([host]), critical=False)
        made = builder.sign(key, hashes.SHA256())
        data = made.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "own.pem").write_bytes(data)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.load_cert_chain(self.folder / "own.pem")
        return context

    def asking(self) -> ssl.SSLContext:
        """A server for clients with certificates."""
        context = self.limited(ssl.TLSVersion.TLSv1_2)
        context.verify_mode = ssl.CERT_REQUIRED
        self.authority.configure_trust(context)
        return context


class Case(NamedTuple):
    """A server; our reason, empty for a capture; whether it is asked again soon; curl's exit code."""

    server: Callable[[Site], ssl.SSLContext]
    reason: str
    exit: int
    soon: bool = False


NO_TLS = "robots-unreachable"  # robots.txt is asked for first; the detail says why
V12, V13, V11 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_1
CASES = {
    "any version": Case(lambda site: site.context(), "", 0),
    "TLS 1.3 only": Case(lambda site: site.limited(V13), "", 0),
    "TLS 1.2 only": Case(lambda site: site.limited(V12), "", 0),
    "TLS 1.1 only": Case(lambda site: site.limited(V11, ciphers="DEFAULT:@SECLEVEL=0"), NO_TLS, 35, soon=True),
    "no forward secrecy": Case(lambda site: site.limited(V12, ciphers="AES128-GCM-SHA256"), "", 0),
    "CBC with SHA-1": Case(lambda site: site.limited(V12, ciphers="ECDHE-RSA-AES128-SHA"), "", 0),
    "both": Case(lambda site: site.limited(V12, ciphers="AES256-SHA"), "", 0),
    "no encryption": Case(lambda site: site.limited(V12, ciphers="NULL-SHA256:@SECLEVEL=0"), NO_TLS, 35, soon=True),
    "certificate of a day left": Case(lambda site: site.dated(-89, 1), "", 0),
    "certificate expired": Case(lambda site: site.dated(-90, -1), "certificate", 60),
    "certificate of tomorrow": Case(lambda site: site.dated(1, 90), "certificate", 60),
    "another address": Case(lambda site: site.context(site.authority.issue_cert("127.0.0.2")), "certificate", 60),
    "a name for an address": Case(
        lambda site: site.context(site.authority.issue_cert("news.example")), "certificate", 60
    ),
    "several names": Case(
        lambda site: site.context(site.authority.issue_cert("news.example", "*.news.example", "127.0.0.1")), "", 0
    ),
    "the name in the subject alone": Case(
        lambda site: site.context(site.authority.issue_cert("news.example", common_name="127.0.0.1")),
        "certificate",
        60,
    ),
    "an authority unknown": Case(lambda site: site.context(trustme.CA().issue_cert("127.0.0.1")), "certificate", 60),
    "an authority in between": Case(
        lambda site: site.context(site.authority.create_child_ca().issue_cert("127.0.0.1")), "", 0
    ),
    "self-signed": Case(lambda site: site.self_signed(ec.generate_private_key(ec.SECP256R1())), "certificate", 60),
    "a key of 1024 bits": Case(lambda site: site.self_signed(rsa.generate_private_key(65537, 1024)), "certificate", 60),
    "no certificate": Case(lambda _: ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), NO_TLS, 35, soon=True),
    "certificates of clients wanted": Case(lambda site: site.asking(), NO_TLS, 35, soon=True),
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """With the one authority that the system trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    monkeypatch.setattr(connection, "_trusting", connection._trusting.__wrapped__)
    return Site(authority, tmp_path)


def https(outlet: Outlet) -> str:
    return f"https://{outlet.host}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_server_has_one_outcome(site: Site, case: Case) -> None:
    """A page is captured with a verified certificate, or not at all and with the reason."""
    with Outlet(ROUTES, tls=case.server(site)) as outlet:
        feed = f"{https(outlet)}/feed"
        report = crawl(outlet.source(home=f"{https(outlet)}/", feeds=(feed,)), shelf := Shelf())
    (visit,) = report.feeds
    assert (visit.error or "").partition(":")[0] == case.reason
    assert [page.metadata["tls"]["verified"] for page in shelf.pages] == ([] if case.reason else [True])
    assert all(page.certificate for page in shelf.pages)
    if case.reason == NO_TLS:
        assert "no TLS with 127.0.0.1" in (visit.error or "")
    if case.reason:
        assert backoff.kind_of_visit(visit) == ("temporary" if case.soon else "hard")
        assert not [head for head in outlet.requests if head.startswith(b"GET")]


@needs_curl
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_curl_ends_alike(site: Site, case: Case) -> None:
    """curl fetches from the same servers, and refuses the same ones."""
    with Outlet(ROUTES, tls=case.server(site)) as outlet:
        fetched = curl(f"{https(outlet)}/a", "--cacert", str(site.folder / "trusted.pem"))
    assert (fetched.exit, fetched.status) == (case.exit, 0 if case.exit else 200)
    assert bool(case.reason) == bool(case.exit)


@contextmanager
def saying(data: bytes) -> Iterator[str]:
    """A server that says something to all who come, and hangs up; its address."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            self.request.sendall(data)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@needs_curl
@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_no_tls(site: Site, data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that hangs up, or says something else than TLS, is asked again soon; curl has no TLS either."""
    with saying(data) as host, Outlet({}) as outlet:
        monkeypatch.setenv("DATELINE_ALLOW_HOSTS", host)
        report = crawl(outlet.source(home=f"https://{host}/", feeds=(f"https://{host}/feed",)))
        assert curl(f"https://{host}/a", "--cacert", str(site.folder / "trusted.pem")).exit == 35
    (visit,) = report.feeds
    assert (visit.error or "").partition(":")[0] == NO_TLS
    assert backoff.kind_of_visit(visit) == "temporary"
