"""State of a verification in a SQLite file, for constant memory and resumption.

It holds the position, the findings, the WARC files seen, the leaves of their records, and the expected form of each
index item.
"""

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from boto3.dynamodb.types import Binary

from dateline.keys import item_keys
from dateline.proofs.ledger import Ledger
from dateline.verify.findings import Finding, Kind

_BYTES: Any = bytes | Binary
_TABLES = """
    CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS findings (number INTEGER PRIMARY KEY, finding TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, pages INTEGER, sound INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS items (
        pk TEXT, sk TEXT, item TEXT NOT NULL, origin TEXT NOT NULL, found INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (pk, sk)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS looks (
        id TEXT PRIMARY KEY, seen_at TEXT NOT NULL, seen_in TEXT NOT NULL, gone_at TEXT NOT NULL, gone_in TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS homes (id TEXT PRIMARY KEY, cluster TEXT NOT NULL, appeared TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS members (
        cluster TEXT, id TEXT, appeared TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (cluster, id)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS counts (pk TEXT, sk TEXT, name TEXT, number INTEGER, PRIMARY KEY (pk, sk, name))
        WITHOUT ROWID;
"""

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}

# A cluster of several has an item per member, and each story names it; the first's item has their number. A single
# story names itself, without an item.
_DISAGREEING = """
    SELECT cluster FROM members LEFT JOIN homes USING (id, cluster, appeared)
        GROUP BY cluster HAVING count(homes.id) < count(*) OR count(*) < 2
        OR max(CASE WHEN id = cluster THEN number ELSE 0 END) != count(*)
    UNION SELECT homes.cluster FROM homes LEFT JOIN members USING (id, cluster)
        WHERE members.id IS NULL AND (homes.id != homes.cluster OR homes.cluster IN (SELECT cluster FROM members))
    ORDER BY 1
"""
_OF_CLUSTER = "SELECT id FROM members WHERE cluster = ? UNION SELECT id FROM homes WHERE cluster = ? ORDER BY 1"

Item = Mapping[str, Any]


class Seen(NamedTuple):
    """A WARC file or crawl report already read: its number of pages, if known, and its soundness."""

    pages: int | None
    sound: bool


class Expected(NamedTuple):
    """Expected form of an item, with the keys of its source objects, separated by spaces."""

    item: dict[str, Any]
    origin: str


class Looks(NamedTuple):
    """When a story's page was last present and last gone, with the keys of those captures; empty for never."""

    seen_at: str = ""
    seen_in: str = ""
    gone_at: str = ""
    gone_in: str = ""


class Spool:
    """Commits after each WARC file with its results: a killed process loses the current one only."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._db = path, sqlite3.connect(path, isolation_level=None)
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")
        self.ledger = Ledger(self._db)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do everything inside completely or, if interrupted, not at all. Raises OSError on a full disk."""
        self._db.execute("BEGIN")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            if self._db.in_transaction:  # SQLite ends it by itself on a full disk
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode in _FULL:
                raise OSError(errno.ENOSPC, "the disk is full", str(self._path)) from error
            raise

    def note(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def noted(self, name: str) -> str:
        """Return the note of a name, or an empty text."""
        found = self._db.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def find(self, findings: Iterable[Finding]) -> None:
        rows = ((json.dumps(asdict(finding)),) for finding in findings)
        self._db.executemany("INSERT INTO findings (finding) VALUES (?)", rows)

    def findings(self) -> Iterator[Finding]:
        """Yield the findings in order."""
        for (row,) in self._db.execute("SELECT finding FROM findings ORDER BY number"):
            values: dict[str, Any] = json.loads(row)
            yield Finding(**{**values, "kind": Kind(values["kind"]), "captures": tuple(values["captures"])})

    def forget_table(self) -> None:
        """Restart the comparison with the table: drop its findings and marks."""
        kinds = ", ".join(f"'{kind}'" for kind in Kind if kind.of_table)
        self._db.execute(f"DELETE FROM findings WHERE json_extract(finding, '$.kind') IN ({kinds})")  # noqa: S608
        self._db.executescript(
            "DELETE FROM counts; DELETE FROM homes; DELETE FROM members; UPDATE items SET found = 0 WHERE found"
        )
        self.ledger.forget()

    def absorb(self, path: Path) -> None:
        """Add what another run has seen of other objects."""
        other = Spool(path)
        try:
            with self.transaction():
                for table in ("seen", "items", "records"):
                    rows = other._db.execute(f"SELECT * FROM {table}")  # noqa: S608 - one of these
                    columns = ", ".join("?" * len(rows.description))
                    self._db.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({columns})", rows)  # noqa: S608
                self.find(other.findings())
                for id, looks in other.all_looks():
                    self.look(id, looks)
                self.note("objects", str(int(self.noted("objects") or 0) + int(other.noted("objects") or 0)))
                self.note("unread", other.noted("unread") or self.noted("unread"))
        finally:
            other.close()

    def see(self, key: str, pages: int | None, *, sound: bool) -> None:
        """Record a WARC file or crawl report as read, with its number of ``pages`` if known."""
        self._db.execute("INSERT OR REPLACE INTO seen VALUES (?, ?, ?)", (key, pages, sound))

    def seen(self, key: str) -> Seen | None:
        """Return the record of a WARC file or report, or None if not read yet."""
        found = self._db.execute("SELECT pages, sound FROM seen WHERE key = ?", (key,)).fetchone()
        return Seen(found[0], bool(found[1])) if found else None

    def expect(self, items: Iterable[Item], origin: str) -> None:
        """Record expected index items with their source objects; for equal keys the last one counts."""
        rows = ((item["PK"], item["SK"], text(item), origin) for item in items)
        self._db.executemany("INSERT OR REPLACE INTO items (pk, sk, item, origin) VALUES (?, ?, ?, ?)", rows)

    def look(self, id: str, looks: Looks) -> None:
        """A story's page was there, or was gone; the last time of each counts."""
        known = self.looks(id)
        seen, gone = max(known[:2], looks[:2]), max(known[2:], looks[2:])
        self._db.execute("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?, ?)", (id, *seen, *gone))

    def looks(self, id: str) -> Looks:
        found = self._db.execute("SELECT * FROM looks WHERE id = ?", (id,)).fetchone()
        return Looks(*found[1:]) if found else Looks()

    def all_looks(self) -> Iterator[tuple[str, Looks]]:
        """By the ids of stories."""
        for id, *looks in self._db.execute("SELECT * FROM looks ORDER BY id"):
            yield id, Looks(*looks)

    def expected(self, sk: str) -> Iterator[Expected]:
        """Yield the expected items with a sort key."""
        yield from map(_expected, self._db.execute("SELECT item, origin FROM items WHERE sk = ? ORDER BY pk", (sk,)))

    def newest(self) -> Iterator[Expected]:
        """The newest revision of each story; items may be added meanwhile."""
        last, some = "", 1000
        while True:
            rows = self._db.execute(
                "SELECT pk, max(sk), item, origin FROM items WHERE sk GLOB ? AND pk > ?"
                " GROUP BY pk ORDER BY pk LIMIT ?",
                (f"{item_keys.REVISION}*", last, some),
            ).fetchall()
            yield from (_expected(row[2:]) for row in rows)
            if len(rows) < some:
                return
            last = rows[-1][0]

    def take(self, pk: str, sk: str) -> Expected | None:
        """Return the expected item with a key and mark it as found."""
        found = self._db.execute("SELECT item, origin FROM items WHERE pk = ? AND sk = ?", (pk, sk)).fetchone()
        if found:
            self._db.execute("UPDATE items SET found = 1 WHERE pk = ? AND sk = ?", (pk, sk))
        return _expected(found) if found else None

    def missing(self) -> Iterator[Expected]:
        """Yield expected items not found."""
        found = self._db.execute("SELECT item, origin FROM items WHERE NOT found ORDER BY pk, sk")
        yield from map(_expected, found)

    def origins(self, id: str) -> str:
        """The keys of the captures of a story's revisions, with spaces between."""
        query = "SELECT DISTINCT origin FROM items WHERE pk = ? AND sk GLOB ? ORDER BY origin"
        found = self._db.execute(query, (item_keys.article(id)["PK"], f"{item_keys.REVISION}*"))
        return " ".join(origin for (origin,) in found)

    def home(self, id: str, cluster: str, appeared: str) -> None:
        """Record the cluster named by a story."""
        self._db.execute("INSERT OR REPLACE INTO homes VALUES (?, ?, ?)", (id, cluster, appeared))

    def member(self, cluster: str, id: str, appeared: str, number: int) -> None:
        """Record a story named by a cluster; for the first member with the total (``many``), 0 for others."""
        self._db.execute("INSERT OR REPLACE INTO members VALUES (?, ?, ?, ?)", (cluster, id, appeared, number))

    def disagreeing(self) -> Iterator[tuple[str, list[str]]]:
        """Yield clusters in contradiction with their stories, with the stories' ids."""
        rows = self._db.execute(_DISAGREEING).fetchall()
        for (cluster,) in rows:
            ids = self._db.execute(_OF_CLUSTER, (cluster, cluster)).fetchall()
            yield cluster, [id for (id,) in ids]

    def count(self, pk: str, sk: str, numbers: Mapping[str, int]) -> None:
        """Add to the counters with these keys."""
        rows = [(pk, sk, name, number) for name, number in numbers.items()]
        self._db.executemany(
            "INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT (pk, sk, name)"
            " DO UPDATE SET number = number + excluded.number",
            rows,
        )

    def unbalanced(self) -> list[tuple[str, str]]:
        """Yield the keys of counters with a sum other than zero."""
        return self._db.execute("SELECT DISTINCT pk, sk FROM counts WHERE number ORDER BY pk, sk").fetchall()


def text(item: Item) -> str:
    """An item as text: two are equal if their texts are."""
    return json.dumps(item, ensure_ascii=False, sort_keys=True, default=_in_json)


def _expected(row: Sequence[Any]) -> Expected:
    return Expected(json.loads(row[0]), row[1])


def _in_json(value: Any) -> int | float | str:
    if isinstance(value, _BYTES):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{value!r} is in no item of the archive")
