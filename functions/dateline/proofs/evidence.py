"""Evidence of records: their places in the trees, the hashes that lead to the roots, and all that dates those."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dateline.aws import objects
from dateline.keys import object_keys
from dateline.proofs import merkle
from dateline.proofs.lookup import Lookup
from dateline.proofs.verify import canonical, certificate_of, leaf_hash, leaf_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NotStampedError(LookupError):
    """A record is in no daily tree yet, or its day's root lacks a signature or a timestamp."""


@dataclass(slots=True)
class Evidence:
    """Collects records, in any order; ``entries`` has one of each, as in a manifest."""

    s3: "S3Client"
    bucket: str
    entries: list[dict[str, Any]] = field(default_factory=list)
    _lookup: Lookup = field(init=False)
    _certificates: dict[str, dict[str, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lookup = Lookup(self.s3, self.bucket)

    @property
    def days(self) -> list[str]:
        """The days of the records' trees, in order."""
        return sorted({entry["day"] for entry in self.entries})

    def add(self, record: bytes, near: str, **where: object) -> None:
        """Add an uncompressed record; ``near`` is an instant at which the archive had it, ``where`` its place.

        Raises NotStampedError, with the next step, if it is in no tree; ValueError if it is no WARC record.
        """
        leaf = leaf_of(record)
        place = self._lookup.find(leaf_hash(canonical(leaf)), _day(leaf.get("date", "")), _day(near))
        if place is None:
            raise NotStampedError(
                f"{leaf.get('type')} of {leaf.get('uri', leaf.get('id'))} is in no daily tree yet; wait for tonight's, "
                "or run dateline proofs stamp --today"
            )
        self.entries.append({**where, "day": place.tree.day, "index": place.number, "leaf": leaf})

    def certificate(self, record: bytes) -> dict[str, bytes]:
        """Return the certificate that a metadata record names, if it was kept, by its name in a proof."""
        digest = certificate_of(record)
        if not digest:
            return {}
        if digest not in self._certificates:
            found = objects.get(self.s3, bucket=self.bucket, key=object_keys.certificate(digest))
            self._certificates[digest] = {object_keys.certificate(digest): found} if found else {}
        return self._certificates[digest]

    def paths(self) -> dict[str, list[str]]:
        """Return the hashes by which each day's records lead to its root."""
        indexes = defaultdict[str, list[int]](list)
        for entry in self.entries:
            indexes[entry["day"]].append(entry["index"])
        return {
            day: [each.hex() for each in merkle.multipath(self._lookup.tree(day).levels, found)]
            for day, found in sorted(indexes.items())
        }

    def files(self) -> dict[str, bytes]:
        """Return the chain from the first day of a record to the newest, and all that signs and stamps it.

        Raises NotStampedError for what is missing.
        """
        listed = list(objects.keys(self.s3, bucket=self.bucket, prefix=f"{object_keys.PROOFS}2"))
        newest = max(filter(None, map(object_keys.proof_day, listed)))
        files, authorities = {"key.pem": self._needed(object_keys.PROOF_KEY)}, set[str]()
        for day in _range(self.days[0], newest):
            files[f"roots/{day}.json"] = self._needed(object_keys.proof(day, "root.json"))
        for day in {*self.days, newest}:
            files[f"roots/{day}.sig"] = self._needed(object_keys.proof(day, "root.sig"))
            for name, key in _stamps(day, listed, needed=day in self.days):
                files[f"roots/{day}.{name}.tsr"] = self._needed(key)
                authorities.add(name)
            files |= {f"roots/{day}.{name}.ots": self._needed(key) for name, key in _named(day, listed, ".ots")}
        for name in authorities:
            files[f"authorities/{name}.pem"] = self._needed(object_keys.proof_authority(name))
        return files

    def _needed(self, key: str) -> bytes:
        found = objects.get(self.s3, bucket=self.bucket, key=key)
        if found is None:
            raise NotStampedError(f"the capture bucket has no {key}; run dateline proofs stamp")
        return found


def _stamps(day: str, listed: Iterable[str], *, needed: bool) -> Iterator[tuple[str, str]]:
    """The timestamps of a day: the authority's name, and the key."""
    found = list(_named(day, listed, ".tsr"))
    if needed and not found:
        raise NotStampedError(f"no authority has stamped the root of {day}; run dateline proofs stamp")
    yield from found


def _named(day: str, listed: Iterable[str], suffix: str) -> Iterator[tuple[str, str]]:
    """A day's objects with a suffix after a name: the name, and the key. A calendar's promise has another suffix."""
    folder = object_keys.proof(day, "")
    for key in listed:
        name = key.removeprefix(folder).removesuffix(suffix)
        if key == f"{folder}{name}{suffix}" and "." not in name:
            yield name, key


def _range(first: str, last: str) -> Iterator[str]:
    at = date.fromisoformat(first)
    while f"{at}" <= last:
        yield f"{at}"
        at += timedelta(days=1)


def _day(instant: str) -> date:
    """The day of an instant in UTC; an early one if it is none, such as a foreign record's date."""
    try:
        return datetime.fromisoformat(instant).astimezone(UTC).date()
    except (ValueError, OverflowError):
        return date(1970, 1, 2)
