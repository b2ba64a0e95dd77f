"""A timestamp authority made with ``openssl ts`` and a throw-away root, which answers over HTTP on loopback."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

CONFIG = """
[tsa]
default_tsa = main
[main]
dir = {folder}
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""
EXTENSIONS = "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n"


class TimestampAuthority:
    """The authority's certificates and its answers; ``change`` is applied to each answer before it is sent."""

    def __init__(self, folder: Path, *, days: tuple[str, str] | None = None) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))
        (folder / "ext.cnf").write_text(EXTENSIONS)
        self.change: Callable[[bytes], bytes | None] = lambda answer: answer
        self.url = ""
        self._make(days)

    @property
    def certificates(self) -> bytes:
        """The root's and the signer's, as an operator keeps them."""
        return (self.folder / "ca.pem").read_bytes() + (self.folder / "tsa.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a request, DER."""
        (self.folder / "query.tsq").write_bytes(query)
        answer = self.folder / "answer.tsr"
        self._openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", answer.name)
        return answer.read_bytes()

    def _make(self, days: tuple[str, str] | None) -> None:
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
        root = ("-x509", "-days", "3650", "-subj", "/CN=Throw-away root", "-keyout", "ca.key", "-out", "ca.pem")
        self._openssl("req", *key, *root)
        self._openssl("req", *key, "-subj", "/CN=Throw-away authority", "-keyout", "tsa.key", "-out", "tsa.csr")
        issuer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "2")
        if days is None:
            span: tuple[str, ...] = ("-days", "3650")
            self._openssl("x509", "-req", "-in", "tsa.csr", *issuer, *span, "-extfile", "ext.cnf", "-out", "tsa.pem")
            return
        (self.folder / "index.txt").touch()
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca=a\n[a]\ndatabase={self.folder}/index.txt\nserial={self.folder}/serial\n"
            f"new_certs_dir={self.folder}\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n"
        )
        signed = (
            "-cert",
            "ca.pem",
            "-keyfile",
            "ca.key",
            "-extfile",
            "ext.cnf",
            "-startdate",
            days[0],
            "-enddate",
            days[1],
        )
        self._openssl("ca", "-batch", "-config", "ca.cnf", *signed, "-in", "tsa.csr", "-out", "tsa.pem", "-notext")

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def serving(authority: TimestampAuthority) -> Iterator[TimestampAuthority]:
    """The authority at an address on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            answer = authority.change(authority.answer(query))
            self.send_response(200 if answer is not None else 503)
            self.end_headers()
            self.wfile.write(answer or b"")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        authority.url = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield authority
        finally:
            server.shutdown()
