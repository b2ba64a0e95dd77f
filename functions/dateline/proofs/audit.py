"""Audit of all days: the chain from the first root to the newest, and each record in exactly one tree."""

import hashlib
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from dateline import keys
from dateline.aws import objects
from dateline.capture.gzip_members import members
from dateline.proofs import merkle
from dateline.proofs.trees import VERSION, Leaf, Tree, Trees
from dateline.proofs.verify import canonical, leaf_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_WITHDRAWN = "withdrawn"  # the WARC-Type of what stands in a withdrawn record's place


class Finding(NamedTuple):
    """An object that fails the audit, and the reason."""

    key: str
    reason: str


def audit(s3: "S3Client", bucket: str) -> Iterator[Finding]:
    """Yield all findings, day by day, then WARC files without a tree. Write nothing.

    Reads all captures, as ``verify`` does, with one day's leaves in memory at a time. WARC files newer than the newest
    tree wait for the next one and are no finding.
    """
    trees, seen = Trees(s3, bucket), set[int]()
    previous, expected = None, None
    for day in trees.days():
        if expected and f"{expected}" != day:
            yield Finding(keys.proof(day, "root.json"), f"there is no tree of {expected}")
        tree, root = trees.tree(day), trees.root(day)
        yield from _root(tree, root, previous)
        yield from _records(s3, bucket, tree, seen)
        previous, expected = hashlib.sha256(root).hexdigest(), date.fromisoformat(day) + timedelta(days=1)
    yield from _unseen(s3, bucket, trees, seen)


def _root(tree: Tree, root: bytes, previous: str | None) -> Iterator[Finding]:
    """Check that a root follows from its leaves and names the day before."""
    found = {"date": tree.day, "previous": previous, "root": merkle.root(tree.levels).hex(), "size": len(tree.leaves)}
    expected = canonical({**found, "version": VERSION})
    if root != expected:
        key = keys.proof(tree.day, "root.json")
        yield Finding(key, f"the leaves and the day before give another root: {expected.decode()}")


def _records(s3: "S3Client", bucket: str, tree: Tree, seen: set[int]) -> Iterator[Finding]:
    """Check the WARC files of a day against its leaves; ``seen`` are the hashes of the keys of those before."""
    for key, leaves in _by_file(tree).items():
        if hash(key) in seen:
            yield Finding(key, f"its records are in the tree of {tree.day} and in an earlier one")
        seen.add(hash(key))
        there = _hashes(s3, bucket, key)
        hashes = [leaf.hash for leaf in leaves]
        if len(set(hashes)) < len(hashes):
            yield Finding(key, f"a record is twice in the tree of {tree.day}")
        if there - set(hashes):
            yield Finding(key, f"{len(there - set(hashes))} of its records are not in the tree of {tree.day}")
        if gone := sum(leaf.data is not None and leaf.hash not in there for leaf in leaves):
            yield Finding(key, f"{gone} records of the tree of {tree.day} are missing or were changed")


def _by_file(tree: Tree) -> dict[str, list[Leaf]]:
    found: dict[str, list[Leaf]] = {}
    for leaf in tree.leaves:
        found.setdefault(leaf.file, []).append(leaf)
    return found


def _hashes(s3: "S3Client", bucket: str, key: str) -> set[bytes]:
    """The leaf hashes of a WARC file's sound records; those in a withdrawn record's place have none."""
    body = objects.get(s3, bucket=bucket, key=key) or b""
    sound = (member.data for member in members(io.BytesIO(body), begins=b"WARC/") if not member.flaw)
    found = map(leaf_of, sound)
    return {Leaf.of(data, key).hash for data in found if data.get("type") != _WITHDRAWN}


def _unseen(s3: "S3Client", bucket: str, trees: Trees, seen: set[int]) -> Iterator[Finding]:
    """WARC files with a pointer to a tree without their records."""
    for key in objects.keys(s3, bucket=bucket, prefix=keys.CAPTURES):
        if hash(key) not in seen and (day := trees.day_of(key)) and _hashes(s3, bucket, key):
            yield Finding(key, f"it is said to be in the tree of {day}, which has none of its records")
