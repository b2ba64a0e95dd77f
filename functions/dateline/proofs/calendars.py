"""Timestamps of roots by OpenTimestamps calendars: a promise at once, and a Bitcoin block some hours later.

Needs the extra ``opentimestamps``. A calendar's address is its own, not a pool's: only there is a promise redeemed.
"""

import hashlib
import urllib.request
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError, URLError

from dateline.proofs.authorities import StampError

if TYPE_CHECKING:
    from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

_PATIENCE = 20  # seconds
_LARGEST = 10_000  # bytes of an answer; they have some hundreds
_MEDIA_TYPE = "application/vnd.opentimestamps.v1"
SCHEME = "ots+"  # before the address of a calendar in a setting


class Calendar(NamedTuple):
    """A calendar: a short name, and its address."""

    name: str
    url: str

    def submit(self, root: bytes) -> bytes:
        """Return the calendar's promise for a root: an .ots file. Raises StampError."""
        stamp = self._new(root)
        digest: bytes = stamp.timestamp.msg
        answer = self._ask("digest", digest)
        if answer is None:
            raise StampError(f"{self.name}: {self.url} takes no digests")
        stamp.timestamp.merge(self._read(answer, digest))
        if not any(self._pending(stamp.timestamp)):
            raise StampError(f"{self.name}: its answer promises nothing at {self.url}")
        return self._packed(stamp)

    def upgrade(self, kept: bytes, root: bytes) -> bytes | None:
        """Return the whole timestamp of a root, given its promise; None while its block is not there.

        Raises StampError.
        """
        stamp = self._unpacked(kept, root)
        for part in list(self._pending(stamp.timestamp)):
            answer = self._ask(f"timestamp/{part.msg.hex()}")
            if answer is not None:
                part.merge(self._read(answer, part.msg))
        return self._packed(stamp) if any(self._in_blocks(stamp.timestamp)) else None

    def _new(self, root: bytes) -> "DetachedTimestampFile":
        try:
            from opentimestamps.core.op import OpSHA256  # noqa: PLC0415 - of an extra
            from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise StampError(f"{self.name}: pip install 'dateline[opentimestamps]'") from error
        return DetachedTimestampFile(OpSHA256(), Timestamp(hashlib.sha256(root).digest()))

    def _unpacked(self, kept: bytes, root: bytes) -> "DetachedTimestampFile":
        new = self._new(root)
        from opentimestamps.core.serialize import BytesDeserializationContext, DeserializationError  # noqa: PLC0415

        try:
            stamp = type(new).deserialize(BytesDeserializationContext(kept))
        except (DeserializationError, ValueError) as error:
            raise StampError(f"{self.name}: its promise cannot be read: {error}") from error
        if (stamp.file_digest, stamp.file_hash_op) != (new.file_digest, new.file_hash_op):
            raise StampError(f"{self.name}: its promise is for another root")
        return stamp

    def _read(self, answer: bytes, digest: bytes) -> "Timestamp":
        """What an answer says of a digest."""
        from opentimestamps.core.op import MsgValueError  # noqa: PLC0415
        from opentimestamps.core.serialize import BytesDeserializationContext, DeserializationError  # noqa: PLC0415
        from opentimestamps.core.timestamp import Timestamp  # noqa: PLC0415

        try:
            context = BytesDeserializationContext(answer)
            found = Timestamp.deserialize(context, digest)
            context.assert_eof()
        except (DeserializationError, MsgValueError, ValueError) as error:
            raise StampError(f"{self.name}: its answer cannot be read: {error!r}") from error
        return found

    def _pending(self, stamp: "Timestamp") -> "Iterator[Timestamp]":
        """The parts of a timestamp that this calendar promises a block for."""
        from opentimestamps.core.notary import PendingAttestation  # noqa: PLC0415

        for each in stamp.attestations:
            if isinstance(each, PendingAttestation) and each.uri.rstrip("/") == self.url.rstrip("/"):
                yield stamp
        for part in stamp.ops.values():
            yield from self._pending(part)

    def _in_blocks(self, stamp: "Timestamp") -> Iterator[int]:
        """The heights of the blocks with a timestamp."""
        from opentimestamps.core.notary import BitcoinBlockHeaderAttestation  # noqa: PLC0415

        for message, each in stamp.all_attestations():
            if isinstance(each, BitcoinBlockHeaderAttestation) and len(message) == hashlib.sha256().digest_size:
                yield each.height

    @staticmethod
    def _packed(stamp: "DetachedTimestampFile") -> bytes:
        from opentimestamps.core.serialize import BytesSerializationContext  # noqa: PLC0415

        context = BytesSerializationContext()
        stamp.serialize(context)
        return bytes(context.getbytes())

    def _ask(self, path: str, body: bytes | None = None) -> bytes | None:
        """The answer to a request; None for 404."""
        if not self.url.startswith(("http://", "https://")):
            raise StampError(f"{self.name}: {self.url!r} is no HTTP address")
        url = f"{self.url.rstrip('/')}/{path}"
        request = urllib.request.Request(url, body, {"Accept": _MEDIA_TYPE, "User-Agent": "dateline"})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310
                found = bytes(answer.read(_LARGEST + 1))
        except HTTPError as error:
            if error.code == 404:
                return None
            raise StampError(f"{self.name}: {url} answered {error.code}") from error
        except (URLError, OSError) as error:
            raise StampError(f"{self.name}: no answer from {url}: {error}") from error
        if len(found) > _LARGEST:
            raise StampError(f"{self.name}: the answer of {url} is too large")
        return found
