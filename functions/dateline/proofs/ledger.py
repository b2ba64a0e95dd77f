"""Comparison of the records of a bucket with its daily trees, in a database on disk."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from dateline.keys import object_keys
from dateline.proofs.trees import Tree

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    hash BLOB PRIMARY KEY, file TEXT NOT NULL, modified TEXT NOT NULL, day TEXT
) WITHOUT ROWID
"""


class Finding(NamedTuple):
    """An object that fails the audit, and the reason."""

    key: str
    reason: str


class Ledger:
    """The records that were read, and the tree of each."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self._db.execute(_SCHEMA)

    def see(self, file: str, modified: date, hashes: Iterable[bytes]) -> None:
        """Note the leaf hashes of a WARC file, given by its key; ``modified`` is its date in S3."""
        rows = ((each, file, f"{modified}") for each in hashes)
        self._db.executemany("INSERT OR IGNORE INTO records (hash, file, modified) VALUES (?, ?, ?)", rows)

    def compare(self, tree: Tree, withdrawn: frozenset[bytes], *, whole: bool) -> Iterator[Finding]:
        """Yield what is wrong about a tree's leaves; records that it lacks are for ``unproven``.

        Without ``whole`` some WARC files were not read, and no record counts as missing.
        """
        again, missing = 0, set[bytes]()
        for leaf in tree:
            found = self._db.execute("SELECT day FROM records WHERE hash = ?", (leaf,)).fetchone()
            if found is None:
                missing.add(leaf)
            elif found[0] is not None:
                again += 1
            else:
                self._db.execute("UPDATE records SET day = ? WHERE hash = ?", (tree.day, leaf))
        if again:
            yield Finding(
                object_keys.proof(tree.day, "leaves.jsonl.gz"), f"{again} of its records are in an earlier tree too"
            )
        if whole and missing - withdrawn:
            yield from _missing(tree, missing - withdrawn)

    def unproven(self, newest: str) -> Iterator[Finding]:
        """Yield the WARC files with records in no tree, but those that came on the newest tree's day or later."""
        query = "SELECT file, count(*) FROM records WHERE day IS NULL AND modified < ? GROUP BY file"
        for file, count in self._db.execute(query, (newest,)):
            yield Finding(file, f"{count} of its records are in no tree")

    def forget(self) -> None:
        """Restart the comparison: records are read, and in no tree yet."""
        self._db.execute("UPDATE records SET day = NULL")


def _missing(tree: Tree, hashes: set[bytes]) -> Iterator[Finding]:
    """Findings by the WARC file that the records were in."""
    for file, places in tree.files.items():
        if count := sum(tree.hash_at(place) in hashes for place in places):
            yield Finding(file, f"{count} records of the tree of {tree.day} are missing or were changed")
