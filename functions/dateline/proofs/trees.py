"""Daily Merkle trees over the records of all WARC files, kept under ``proofs/`` of the capture bucket.

A day's tree has the records of all WARC files uploaded by the end of that day (UTC, S3's LastModified), except those
of earlier trees and those in a withdrawn record's place. A leaf commits to a record's id, URL, date, type, block and
payload digest and to the whole record, not to its place: files can be packed and moved. Leaves are ordered by date,
then record id, then hash; a record that is in two files has one leaf. Each root names the SHA-256 of the root before
it, so each day has a tree, with or without records.

Of a leaf its hash is kept, by WARC file, in ``leaves.jsonl.gz``; all else follows from the record. A withdrawn record
therefore leaves the hash of its leaf and nothing else.

A tree is written once: the leaves, then the root (the commit). The next run completes a killed one.
"""

import gzip
import hashlib
import io
import json
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Self

from dateline.aws import objects
from dateline.aws.prefetch import ahead
from dateline.capture.fixity import WITHDRAWN
from dateline.capture.gzip_members import members
from dateline.capture.reader import Readable
from dateline.capture.reduction import leaf_in
from dateline.keys import object_keys
from dateline.proofs import merkle
from dateline.proofs.sorting import Sorter
from dateline.proofs.verify import HASH, VERSION, canonical, leaf_hash, leaf_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 16  # requests to S3
_DAY = timedelta(days=1)
_RECENT = 3  # trees whose files a listing is compared with; a file is older only by S3's own clock


class DamagedTreeError(ValueError):
    """The leaves of a day cannot be read."""


@dataclass(frozen=True)
class Tree:
    """A day's tree: the hashes of its leaves in order, and the places of each WARC file's records among them."""

    day: str
    hashes: bytes
    files: Mapping[str, Sequence[int]]

    @property
    def size(self) -> int:
        return len(self.hashes) // HASH

    @cached_property
    def levels(self) -> list[merkle.Level]:
        return merkle.levels(self.hashes)

    def hash_at(self, place: int) -> bytes:
        return self.hashes[place * HASH : (place + 1) * HASH]

    def place_of(self, leaf: bytes) -> int | None:
        """The place of the leaf with this hash."""
        at = self.hashes.find(leaf)
        while at >= 0 and at % HASH:
            at = self.hashes.find(leaf, at + 1)
        return at // HASH if at >= 0 else None

    def __iter__(self) -> Iterator[bytes]:
        return map(self.hash_at, range(self.size))

    def packed(self) -> bytes:
        """Return the stored form: a JSON line for each WARC file, compressed."""
        body = io.BytesIO()
        with gzip.GzipFile(fileobj=body, mode="wb", mtime=0) as lines:
            for file, places in sorted(self.files.items()):
                hashes = b"".join(map(self.hash_at, places)).hex()
                lines.write(canonical({"at": list(places), "file": file, "hashes": hashes}) + b"\n")
        return body.getvalue()

    @classmethod
    def unpacked(cls, day: str, body: bytes) -> Self:
        """Return a tree by its stored form. Raises DamagedTreeError."""
        try:
            return cls._unpacked(day, body)
        except (OSError, EOFError, LookupError, TypeError, ValueError, zlib.error) as error:
            raise DamagedTreeError(f"the leaves of {day} cannot be read: {error}") from error

    @classmethod
    def _unpacked(cls, day: str, body: bytes) -> Self:
        hashes, files = bytearray(), dict[str, Sequence[int]]()
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as lines:
            for line in map(json.loads, lines):
                places, found = array("I", line["at"]), bytes.fromhex(line["hashes"])
                files[line["file"]] = places
                hashes.extend(bytes(max(0, HASH * (max(places, default=-1) + 1) - len(hashes))))
                for number, place in enumerate(places):
                    hashes[place * HASH : (place + 1) * HASH] = found[number * HASH : (number + 1) * HASH]
        return cls(day, bytes(hashes), files)


@dataclass(slots=True)
class Written:
    """Result of a run: committed days, their records, and unreadable gzip members."""

    days: list[str] = field(default_factory=list)
    records: int = 0
    damaged: int = 0


class Leaves(NamedTuple):
    """The leaves of a WARC file's sound records, each with its place in an order and its hash; and the damaged ones."""

    leaves: list[tuple[bytes, bytes]]
    damaged: int


class _Waiting(NamedTuple):
    key: str
    modified: date


class Trees:
    """The trees of a capture bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def days(self) -> list[str]:
        """The days that have a root, in order."""
        found = objects.keys(self._s3, bucket=self._bucket, prefix=f"{object_keys.PROOFS}2")
        return [day for day in map(object_keys.proof_day, found) if day]

    def root(self, day: str) -> bytes:
        """Return the root of a day, byte for byte. LookupError if there is none."""
        key = object_keys.proof(day, "root.json")
        found = objects.get(self._s3, bucket=self._bucket, key=key)
        if found is None:
            raise LookupError(f"the capture bucket has no {key}")
        return found

    def tree(self, day: str) -> Tree:
        """The tree of a day; empty if there is none."""
        return self._kept(day) or Tree(day, b"", {})

    def write(self, through: date, progress: Callable[[str, int], None] = lambda *_: None) -> Written:
        """Write the missing trees of all days up to and including ``through``.

        ``progress`` gets each day and its number of records. An early tree of today is final too: later captures are
        in tomorrow's.
        """
        written, days = Written(), self.days()
        waiting = list(self._waiting(days))
        first = date.fromisoformat(days[-1]) + _DAY if days else min((each.modified for each in waiting), default=None)
        previous = hashlib.sha256(self.root(days[-1])).hexdigest() if days else None
        while first and first <= through:
            files = [each.key for each in waiting if each.modified <= first]
            tree = self._kept(f"{first}")  # of a run that was killed before its root
            if tree is None:
                tree = self._made(f"{first}", files, days, written)
                self._put(object_keys.proof(tree.day, "leaves.jsonl.gz"), tree.packed())
            root = root_of(tree, previous)
            self._put(object_keys.proof(tree.day, "root.json"), root)
            waiting = [each for each in waiting if each.key not in tree.files]
            days.append(tree.day)
            written.days.append(tree.day)
            written.records += tree.size
            progress(tree.day, tree.size)
            previous, first = hashlib.sha256(root).hexdigest(), first + _DAY
        return written

    def _waiting(self, days: Sequence[str]) -> Iterator[_Waiting]:
        """The WARC files that came, or were written again, since the third last tree and are in none since."""
        recent = days[-_RECENT:]
        known = {file for day in recent for file in self.tree(day).files}
        since = date.fromisoformat(recent[0]) if recent else date.min
        for found in objects.listed(self._s3, bucket=self._bucket, prefix=object_keys.CAPTURES):
            if found.modified.date() >= since and found.key not in known:
                yield _Waiting(found.key, found.modified.date())

    def _made(self, day: str, files: Sequence[str], days: Sequence[str], written: Written) -> Tree:
        """The tree of the records of these files that are in no earlier one."""
        late, earliest = set[bytes](), "9999"  # only files of captures from before can have records in earlier trees
        with Sorter.temporary() as sorter:
            for number, found in enumerate(ahead(self._leaves, files, _AT_ONCE)):
                sorter.add(number, found.leaves)
                written.damaged += found.damaged
                captured = _captured(files[number])
                if days and captured <= days[-1]:
                    late.update(leaf for _, leaf in found.leaves)
                    earliest = min(earliest, captured)
            for known in self._known(late, [day for day in days if day >= earliest]):
                sorter.drop(known)
            return _in_order(day, files, sorter)

    def _known(self, late: set[bytes], days: Iterable[str]) -> Iterator[set[bytes]]:
        """Those of some hashes that each of these days' trees has."""
        for tree in ahead(self.tree, days, 2):  # each has some megabytes
            found = late.intersection(tree)
            late -= found
            yield found
            if not late:
                return

    def _leaves(self, key: str) -> Leaves:
        return leaves_of(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"])

    def _kept(self, day: str) -> Tree | None:
        body = objects.get(self._s3, bucket=self._bucket, key=object_keys.proof(day, "leaves.jsonl.gz"))
        return None if body is None else Tree.unpacked(day, body)

    def _put(self, key: str, body: bytes) -> None:
        """Write an object once. RuntimeError if another one is there: a tree never changes."""
        if not objects.put_once(self._s3, bucket=self._bucket, key=key, body=body):
            raise RuntimeError(f"{key} is there already, and differs; run dateline proofs audit")


def root_of(tree: Tree, previous: str | None) -> bytes:
    """Return the root of a tree as it is stored; ``previous`` is the SHA-256 of the day before's."""
    found = {"date": tree.day, "previous": previous, "root": merkle.root(tree.levels).hex(), "size": tree.size}
    return canonical({**found, "version": VERSION})


def leaves_of(body: Readable) -> Leaves:
    """Return the leaves of a WARC file, without those in a withdrawn record's place."""
    found, damaged = list[tuple[bytes, bytes]](), 0
    for member in members(body, begins=b"WARC/"):
        leaf = None if member.flaw else hash_of(member.data)
        if leaf:
            found.append(leaf)
        damaged += leaf is None
    return Leaves([leaf for leaf in found if leaf[1]], damaged)


def hash_of(record: bytes) -> tuple[bytes, bytes] | None:
    """Return the place of a record's leaf in an order, and its hash; an empty hash if it was withdrawn.

    None if it is no WARC record.
    """
    try:
        leaf = stored_leaf(record)
    except ValueError:
        return None
    place = f"{leaf.get('date', '')}\0{leaf.get('id', '')}".encode()
    return place, b"" if leaf.get("type") == WITHDRAWN else leaf_hash(canonical(leaf))


def stored_leaf(record: bytes) -> dict[str, str]:
    """Return the leaf of a stored record; a revisit without its body states that of the response that it was.

    ValueError if it is no WARC record.
    """
    return leaf_in(record) or leaf_of(record)


def _in_order(day: str, files: Sequence[str], leaves: Iterable[tuple[bytes, int]]) -> Tree:
    """The tree of sorted leaves; ``files`` may have none."""
    hashes, places = bytearray(), [array("I") for _ in files]
    for leaf, file in leaves:
        if hashes[-HASH:] != leaf:
            hashes += leaf
        place = len(hashes) // HASH - 1
        if places[file][-1:] != array("I", [place]):
            places[file].append(place)
    return Tree(day, bytes(hashes), dict(zip(files, places, strict=True)))


def _captured(key: str) -> str:
    """The day of capture of a WARC file, by its key; an early one if it has another form."""
    try:
        return object_keys.parse(key).day
    except ValueError:
        return ""
