"""Audit of all days: the chain from the first root to the newest, and each record in exactly one tree."""

import hashlib
import io
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dateline.aws import objects
from dateline.aws.objects import Listed
from dateline.aws.prefetch import ahead
from dateline.capture.packs import Packs
from dateline.index.withdrawals import withdrawals
from dateline.keys import object_keys
from dateline.proofs import signing
from dateline.proofs.ledger import Finding, Ledger
from dateline.proofs.trees import DamagedTreeError, Trees, leaves_of, root_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_AT_ONCE = 8  # WARC files being read, one record of each in memory


def audit(s3: "S3Client", bucket: str) -> Iterator[Finding]:
    """Yield all findings: what is wrong about roots and trees, day by day, then records in no tree. Write nothing.

    Reads all captures, as ``verify`` does. Those of the newest tree's day or later may wait for the next one, and are
    no finding.
    """

    def read(found: Listed) -> tuple[Listed, list[bytes]]:
        return found, [leaf for _, leaf in leaves_of(io.BytesIO(packs.get(found.key) or b"")).leaves]

    packs = Packs(s3, bucket)
    with tempfile.NamedTemporaryFile(prefix="audit-") as file, closing(sqlite3.connect(file.name)) as database:
        ledger = Ledger(database)
        for found, hashes in ahead(read, packs.all_listed(), _AT_ONCE):
            ledger.see(found.key, found.modified.date(), hashes)
        yield from compared(s3, bucket, ledger)


def compared(s3: "S3Client", bucket: str, ledger: Ledger, *, whole: bool = True) -> Iterator[Finding]:
    """Yield all findings about the trees of a bucket, given the records that were read.

    Without ``whole`` some were not, and no record counts as missing.
    """
    trees, previous, expected = Trees(s3, bucket), None, None
    days, withdrawn = trees.days(), frozenset(_withdrawn(s3, bucket))
    for day in days:
        if expected and f"{expected}" != day:
            yield Finding(object_keys.proof(f"{expected}", "root.json"), f"there is no tree of {expected}")
        root = trees.root(day)
        try:
            tree = trees.tree(day)
        except DamagedTreeError as error:
            yield Finding(object_keys.proof(day, "leaves.jsonl.gz"), str(error))
        else:
            if root != (follows := root_of(tree, previous)):
                reason = f"the leaves and the day before give another root: {follows.decode()}"
                yield Finding(object_keys.proof(day, "root.json"), reason)
            yield from ledger.compare(tree, withdrawn, whole=whole)
        yield from _signature(s3, bucket, day, root)
        previous, expected = hashlib.sha256(root).hexdigest(), date.fromisoformat(day) + timedelta(days=1)
    if days:
        yield from ledger.unproven(days[-1])


def _withdrawn(s3: "S3Client", bucket: str) -> Iterator[bytes]:
    """The leaf hashes of all withdrawn records."""
    for withdrawal in withdrawals(s3, bucket):
        yield from map(bytes.fromhex, withdrawal.leaves)


def _signature(s3: "S3Client", bucket: str, day: str, root: bytes) -> Iterator[Finding]:
    """A root's signature, once there is a key; the stamp function adds a missing one, and its alarm tells."""
    key = objects.get(s3, bucket=bucket, key=object_keys.PROOF_KEY)
    where = object_keys.proof(day, "root.sig")
    signature = objects.get(s3, bucket=bucket, key=where) if key else None
    if key and signature and not signing.verifies(key, signature, root):
        yield Finding(where, "it does not verify with the archive's key")
