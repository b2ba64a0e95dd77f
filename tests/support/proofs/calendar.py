"""An OpenTimestamps calendar on loopback, made with the library's own parts; its Bitcoin has one block."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation, TimeAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp

HEIGHT = 900_000


class BlockCalendar:
    """``mined`` is whether the block is there; ``change`` is applied to each answer before it is sent."""

    def __init__(self) -> None:
        self.url, self.promised_at = "", ""
        self.mined = False
        self.change: Callable[[bytes], bytes | None] = lambda answer: answer

    def promise(self, digest: bytes) -> bytes:
        stamp = Timestamp(digest)
        part = stamp.ops.add(OpAppend(b"nonce")).ops.add(OpSHA256())
        part.attestations.add(PendingAttestation(self.promised_at or self.url))
        return packed(stamp)

    def redeem(self, commitment: bytes) -> bytes | None:
        """The way from a promise to the block's Merkle root, if the block is there."""
        return packed(in_block(commitment)) if self.mined else None


def in_block(commitment: bytes, attestation: TimeAttestation | None = None) -> Timestamp:
    stamp = Timestamp(commitment)
    part = stamp.ops.add(OpPrepend(b"sibling")).ops.add(OpSHA256()).ops.add(OpAppend(b"s")).ops.add(OpSHA256())
    part.attestations.add(attestation or BitcoinBlockHeaderAttestation(HEIGHT))
    return stamp


def merkle_root(root: bytes) -> str:
    """The block's Merkle root that a root leads to, as explorers print it."""
    commitment = sha256(sha256(root) + b"nonce")
    return sha256(sha256(b"sibling" + commitment) + b"s")[::-1].hex()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def packed(stamp: Timestamp) -> bytes:
    context = BytesSerializationContext()
    stamp.serialize(context)
    return bytes(context.getbytes())


@contextmanager
def serving(calendar: BlockCalendar) -> Iterator[BlockCalendar]:
    """The calendar at an address on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer(calendar.promise(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self._answer(calendar.redeem(bytes.fromhex(self.path.rpartition("/")[2])))

        def _answer(self, body: bytes | None) -> None:
            answer = calendar.change(body) if body is not None else None
            self.send_response(200 if answer is not None else 404 if body is None else 503)
            self.end_headers()
            self.wfile.write(answer or b"")

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        calendar.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield calendar
        finally:
            server.shutdown()
