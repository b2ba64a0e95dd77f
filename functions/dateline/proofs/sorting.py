"""The leaves of a day, sorted in a temporary database on disk: memory stays the same for any number of records."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

_CACHE = 8 << 10  # kB of pages in memory
_SCHEMA = f"""
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -{_CACHE};
CREATE TABLE leaves (place BLOB NOT NULL, hash BLOB NOT NULL, file INTEGER NOT NULL);
"""


class Sorted(NamedTuple):
    """A leaf in order: its hash, and the number of its WARC file."""

    hash: bytes
    file: int


class Sorter:
    """Takes leaves in any order, and gives them in the order of the tree: by date, record id and hash."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript(_SCHEMA)

    @classmethod
    @contextmanager
    def temporary(cls) -> Iterator[Self]:
        """A sorter whose file is gone at the end."""
        with tempfile.NamedTemporaryFile(prefix="leaves-") as file:
            found = cls(file.name)
            try:
                yield found
            finally:
                found._db.close()

    def add(self, file: int, leaves: Iterable[tuple[bytes, bytes]]) -> None:
        """Add the leaves of a WARC file, each with its place and its hash."""
        self._db.executemany("INSERT INTO leaves VALUES (?, ?, ?)", ((*leaf, file) for leaf in leaves))

    def drop(self, hashes: Iterable[bytes]) -> None:
        """Remove the leaves with these hashes."""
        self._db.execute("CREATE INDEX IF NOT EXISTS by_hash ON leaves (hash)")
        self._db.executemany("DELETE FROM leaves WHERE hash = ?", ((each,) for each in hashes))

    def __iter__(self) -> Iterator[Sorted]:
        return map(Sorted._make, self._db.execute("SELECT hash, file FROM leaves ORDER BY place, hash, file"))
