"""Daily Merkle trees over the records of all WARC files, kept under ``proofs/`` of the capture bucket.

A day's tree has the records of all WARC files uploaded by the end of that day (UTC, S3's LastModified), except those
of earlier trees. A leaf commits to a record's id, URL, date, type, block and payload digest and to the whole record,
not to its place: files can be packed and moved. Leaves are ordered by date, then record id. Each root names the SHA-256
of the root before it, so each day has a tree, with or without records.

A tree is written once: the leaves, then the root (the commit), then a pointer for each WARC file. The next run
completes a killed one.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from dateline import keys
from dateline.aws import objects
from dateline.capture.gzip_members import members
from dateline.proofs import merkle
from dateline.proofs.verify import canonical, leaf_hash, leaf_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 16  # requests to S3
_DAY = timedelta(days=1)
VERSION = 1


class Leaf(NamedTuple):
    """A leaf: its hash, what it commits to, and the WARC file of the record.

    ``data`` is None after the withdrawal of the record: only its hash remains.
    """

    hash: bytes
    data: dict[str, str] | None
    file: str

    @classmethod
    def of(cls, data: dict[str, str], file: str) -> "Leaf":
        return cls(leaf_hash(canonical(data)), data, file)

    def to_line(self) -> bytes:
        return canonical({"file": self.file, **({"leaf": self.data} if self.data else {"hash": self.hash.hex()})})

    @classmethod
    def from_line(cls, line: bytes) -> "Leaf":
        found = json.loads(line)
        if "leaf" in found:
            return cls.of(found["leaf"], found["file"])
        return cls(bytes.fromhex(found["hash"]), None, found["file"])


class Tree(NamedTuple):
    """A day's tree: its leaves in order, and the levels of their hashes."""

    day: str
    leaves: list[Leaf]
    levels: list[list[bytes]]

    @classmethod
    def of(cls, day: str, leaves: Iterable[Leaf]) -> "Tree":
        found = list(leaves)
        return cls(day, found, merkle.levels([leaf.hash for leaf in found]))

    def place_of(self, record: str) -> int | None:
        """The place of the leaf of a record, by its WARC-Record-ID."""
        return next((at for at, leaf in enumerate(self.leaves) if leaf.data and leaf.data.get("id") == record), None)


@dataclass(slots=True)
class Written:
    """Result of a run: committed days, their records, and unreadable gzip members."""

    days: list[str] = field(default_factory=list)
    records: int = 0
    damaged: int = 0


class _Waiting(NamedTuple):
    key: str
    modified: date


class Trees:
    """The trees of a capture bucket."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3, self._bucket = s3, bucket

    def days(self) -> list[str]:
        """The days that have a root, in order."""
        found = objects.keys(self._s3, bucket=self._bucket, prefix=f"{keys.PROOFS}2")
        return [day for day in map(keys.proof_day, found) if day]

    def root(self, day: str) -> bytes:
        """Return the root of a day, byte for byte. LookupError if there is none."""
        return self._get(keys.proof(day, "root.json"))

    def tree(self, day: str) -> Tree:
        """The tree of a day. LookupError if there is none."""
        return Tree.of(day, self._leaves(day) or ())

    def day_of(self, capture: str) -> str | None:
        """Return the day of the tree with a WARC file's records, by its key; None before its first tree."""
        found = objects.get(self._s3, bucket=self._bucket, key=keys.proof_file(capture))
        return str(json.loads(found)["day"]) if found else None

    def write(self, through: date, progress: Callable[[str, int], None] = lambda *_: None) -> Written:
        """Write the missing trees of all days up to and including ``through``.

        ``progress`` gets each day and its number of records. An early tree of today is final too: later captures are
        in tomorrow's.
        """
        written, days = Written(), self.days()
        if days:
            self._point(days[-1])  # of a run that was killed after its root
        waiting = list(self._waiting())
        first = date.fromisoformat(days[-1]) + _DAY if days else min((each.modified for each in waiting), default=None)
        previous = hashlib.sha256(self.root(days[-1])).hexdigest() if days else None
        while first and first <= through:
            files = [each for each in waiting if each.modified <= first]
            leaves = self._leaves(f"{first}")
            if leaves is not None:  # of a run that was killed before its root; what came since is for the next day
                files = []
            else:
                leaves = sorted(self._read(files, written), key=_order)
                self._put(keys.proof(f"{first}", "leaves.jsonl.gz"), _packed(leaves))
            tree = Tree.of(f"{first}", leaves)
            root = self._commit(tree, previous)
            self._point(tree.day, tree, files)
            done = {leaf.file for leaf in leaves} | {each.key for each in files}
            waiting = [each for each in waiting if each.key not in done]
            written.days.append(tree.day)
            written.records += len(leaves)
            progress(tree.day, len(leaves))
            previous, first = hashlib.sha256(root).hexdigest(), first + _DAY
        return written

    def forget(self, capture: str) -> None:
        """Reduce the leaves of records withdrawn from a WARC file, given by its key, to their hashes."""
        day = self.day_of(capture)
        if day is None:
            return
        there = {leaf.hash for leaf in self._of_file(capture)[0]}
        key = keys.proof(day, "leaves.jsonl.gz")
        body, etag = objects.get_tagged(self._s3, bucket=self._bucket, key=key)
        leaves = [*map(Leaf.from_line, gzip.decompress(body or b"").splitlines())]
        kept = [
            leaf._replace(data=None) if leaf.file == capture and leaf.hash not in there else leaf for leaf in leaves
        ]
        if kept != leaves:
            objects.put_over(self._s3, bucket=self._bucket, key=key, body=_packed(kept), etag=etag)

    def _commit(self, tree: Tree, previous: str | None) -> bytes:
        root = canonical(
            {
                "date": tree.day,
                "previous": previous,
                "root": merkle.root(tree.levels).hex(),
                "size": len(tree.leaves),
                "version": VERSION,
            }
        )
        self._put(keys.proof(tree.day, "root.json"), root)
        return root

    def _point(self, day: str, tree: Tree | None = None, files: Iterable[_Waiting] = ()) -> None:
        """Write the pointers of a day's WARC files; those that hold no sound record have one too."""
        leaves = tree.leaves if tree else self._leaves(day) or ()
        wanted = {leaf.file for leaf in leaves} | {each.key for each in files}
        body = canonical({"day": day})
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(lambda key: self._put(keys.proof_file(key), body), sorted(wanted)))

    def _waiting(self) -> Iterator[_Waiting]:
        """The WARC files that are in no tree: those in ``captures/`` without a pointer, by two listings at once."""
        pointers = objects.keys(self._s3, bucket=self._bucket, prefix=keys.PROOF_FILES)
        known = next(pointers, None)
        for found in objects.listed(self._s3, bucket=self._bucket, prefix=keys.CAPTURES):
            pointer = keys.proof_file(found.key)
            while known is not None and known < pointer:
                known = next(pointers, None)
            if known != pointer:
                yield _Waiting(found.key, found.modified.date())

    def _read(self, files: list[_Waiting], written: Written) -> Iterator[Leaf]:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for leaves, damaged in threads.map(self._of_file, [each.key for each in files]):
                written.damaged += damaged
                yield from leaves

    def _of_file(self, key: str) -> tuple[list[Leaf], int]:
        """The leaves of a WARC file's sound records, and the number of the others."""
        found, damaged = list[Leaf](), 0
        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"]
        for member in members(body, begins=b"WARC/"):
            try:
                if member.flaw:
                    raise ValueError(member.flaw)
                found.append(Leaf.of(leaf_of(member.data), key))
            except ValueError:
                damaged += 1
        return found, damaged

    def _leaves(self, day: str) -> list[Leaf] | None:
        body = objects.get(self._s3, bucket=self._bucket, key=keys.proof(day, "leaves.jsonl.gz"))
        return None if body is None else [*map(Leaf.from_line, gzip.decompress(body).splitlines())]

    def _get(self, key: str) -> bytes:
        found = objects.get(self._s3, bucket=self._bucket, key=key)
        if found is None:
            raise LookupError(f"the capture bucket has no {key}")
        return found

    def _put(self, key: str, body: bytes) -> None:
        """Write an object once. RuntimeError if another one is there: a tree never changes."""
        if not objects.put_once(self._s3, bucket=self._bucket, key=key, body=body):
            raise RuntimeError(f"{key} is there already, and differs; run dateline proofs audit")


def _order(leaf: Leaf) -> tuple[str, str, str]:
    data = leaf.data or {}
    return data.get("date", ""), data.get("id", ""), data.get("record", "")


def _packed(leaves: Iterable[Leaf]) -> bytes:
    return gzip.compress(b"".join(leaf.to_line() + b"\n" for leaf in leaves), mtime=0)
