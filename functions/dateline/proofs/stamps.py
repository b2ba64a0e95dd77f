"""Additions to a written root: its signature, its timestamps, and the list of roots to publish."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from dateline import instants
from dateline.aws import objects
from dateline.keys import object_keys
from dateline.proofs.authorities import Authority, StampError
from dateline.proofs.calendars import SCHEME, Calendar
from dateline.proofs.signing import Signer
from dateline.proofs.trees import Trees

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RETRIED = 30  # days back that stamps are asked for again; later ones prove little of the day


class KeyChangedError(RuntimeError):
    """The signing key is not the one that the archive's roots were signed with."""


@dataclass(slots=True)
class Stamped:
    """Result of a run: new signatures, timestamps and promises of calendars, and reasons of failures by day."""

    signed: int = 0
    stamped: int = 0
    promised: int = 0
    failures: dict[str, list[str]] = field(default_factory=dict)


class Stamps:
    """Signs and stamps the roots of a capture bucket, each once."""

    def __init__(
        self, s3: "S3Client", bucket: str, *, signer: Signer, authorities: Sequence[Authority | Calendar] = ()
    ) -> None:
        self._s3, self._bucket, self._signer = s3, bucket, signer
        self._authorities = [each for each in authorities if isinstance(each, Authority)]
        self._calendars = [each for each in authorities if isinstance(each, Calendar)]

    def add(self, now: datetime) -> Stamped:
        """Add missing signatures and stamps, newest first; a failing authority costs its own stamp only.

        Raises KeyChangedError if another key signed the roots before.
        """
        done, trees = Stamped(), Trees(self._s3, self._bucket)
        there = set(objects.keys(self._s3, bucket=self._bucket, prefix=f"{object_keys.PROOFS}2"))
        days = trees.days()
        self._publish_key()
        for day in reversed(days):
            root = trees.root(day) if self._lacks(day, there) else b""
            if object_keys.proof(day, "root.sig") not in there:
                done.signed += self._put(object_keys.proof(day, "root.sig"), self._signer.sign(root))
            if day in days[-_RETRIED:]:
                self._stamp(day, root, there, done)
                self._promise(day, root, there, done)
        self._put_feed({day: trees.root(day) for day in days[-_RETRIED:]}, now)
        return done

    def _lacks(self, day: str, there: set[str]) -> bool:
        wanted = {"root.sig", *(f"{authority.name}.tsr" for authority in self._authorities)}
        wanted.update(f"{calendar.name}.ots" for calendar in self._calendars)
        return not {object_keys.proof(day, name) for name in wanted} <= there

    def _stamp(self, day: str, root: bytes, there: set[str], done: Stamped) -> None:
        for authority in self._authorities:
            key = object_keys.proof(day, f"{authority.name}.tsr")
            if key in there:
                continue
            try:
                done.stamped += self._put(key, authority.stamp(root))
            except StampError as error:
                done.failures.setdefault(day, []).append(str(error))

    def _promise(self, day: str, root: bytes, there: set[str], done: Stamped) -> None:
        """Submit a root to calendars, or ask for the blocks of earlier promises."""
        for calendar in self._calendars:
            whole, promise = (object_keys.proof(day, f"{calendar.name}{end}") for end in (".ots", ".pending.ots"))
            if whole in there:
                continue
            try:
                if promise not in there:
                    done.promised += self._put(promise, calendar.submit(root))
                elif found := calendar.upgrade(self._get(promise), root):
                    done.stamped += self._put(whole, found)
            except StampError as error:
                done.failures.setdefault(day, []).append(str(error))

    def _get(self, key: str) -> bytes:
        return objects.get(self._s3, bucket=self._bucket, key=key) or b""

    def _publish_key(self) -> None:
        key = self._signer.public_key()
        if not self._put(object_keys.PROOF_KEY, key):
            raise KeyChangedError(f"{object_keys.PROOF_KEY} holds another key; sign with that one, or verify breaks")

    def _put(self, key: str, body: bytes) -> bool:
        return objects.put_once(self._s3, bucket=self._bucket, key=key, body=body)

    def _put_feed(self, roots: Mapping[str, bytes], now: datetime) -> None:
        feed = json.dumps(feed_of(roots.items(), now), indent=1).encode()
        objects.put_changed(self._s3, bucket=self._bucket, key=object_keys.PROOF_FEED, body=feed)


def feed_of(roots: Iterable[tuple[str, bytes]], now: datetime) -> dict[str, object]:
    """Return the roots as a JSON Feed (version 1.1), newest first; whoever keeps a copy notices a changed past."""
    items = [
        {"id": day, "date_published": f"{day}T23:59:59Z", "content_text": root.decode()}
        for day, root in sorted(roots, reverse=True)
    ]
    return {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Roots of the archive's daily trees",
        "description": f"Each item is a root as it was signed. Newest at {instants.utc(now, 'seconds')[:10]}.",
        "items": items,
    }


def trusted(s3: "S3Client", bucket: str, addresses: Mapping[str, str]) -> list[Authority | Calendar]:
    """Return the authorities of these addresses, with the certificates that the bucket has for them, and calendars.

    LookupError names an authority without certificates.
    """
    found = list[Authority | Calendar]()
    for name, url in addresses.items():
        if url.startswith(SCHEME):
            found.append(Calendar(name, url.removeprefix(SCHEME)))
            continue
        certificates = objects.get(s3, bucket=bucket, key=object_keys.proof_authority(name))
        if certificates is None:
            raise LookupError(f"there are no certificates of {name}; add them with dateline proofs trust {name} FILE")
        found.append(Authority(name, url, certificates))
    return found
