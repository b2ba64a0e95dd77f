"""Rows: articles as typed columns of Parquet, with DuckDB.

A row is an article (``dateline.article``) with the location of its line (``article``) and, from the index, its present
``cluster`` and ``gone_at``, the time of its removal by the outlet. Timestamps are UTC without a zone, so every engine
reads the same day in any session zone. A story dated by the day has the first instant of the day, and
``published_precision`` = ``day``. ``published_iso`` and ``modified_iso`` keep the outlet's offset.
"""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import duckdb

from dateline.index.list_items import published_key

_AT = '"key" VARCHAR, "offset" BIGINT, length BIGINT'
_NAME = 'STRUCT(id VARCHAR, "name" VARCHAR, wikidata VARCHAR)'
COLUMNS = {
    "id": "VARCHAR",
    "url": "VARCHAR",
    "source": "VARCHAR",
    "outlet_country": "VARCHAR",
    "title": "VARCHAR",
    "standfirst": "VARCHAR",
    "text": "VARCHAR",
    "language": "VARCHAR",
    "declared_language": "VARCHAR",
    "authors": "VARCHAR[]",
    "section": "VARCHAR",
    "tags": "VARCHAR[]",
    "published_at": "TIMESTAMP",
    "published_iso": "VARCHAR",
    "published_precision": "VARCHAR",
    "modified_at": "TIMESTAMP",
    "modified_iso": "VARCHAR",
    "dateline": 'STRUCT("text" VARCHAR, place VARCHAR, country VARCHAR)',
    "agencies": "VARCHAR[]",
    "images": "STRUCT(url VARCHAR, caption VARCHAR, credit VARCHAR)[]",
    "links": "VARCHAR[]",
    "places": 'STRUCT(id BIGINT, "name" VARCHAR, country VARCHAR)[]',
    "about": "VARCHAR[]",
    "persons": f"{_NAME}[]",
    "organisations": f"{_NAME}[]",
    "paywalled": "BOOLEAN",
    "word_count": "INTEGER",
    "digest": "VARCHAR",
    "fingerprint": "VARCHAR",
    "cluster": "VARCHAR",
    "revision": "INTEGER",
    "captured_at": "TIMESTAMP",
    "first_seen_at": "TIMESTAMP",
    "indexed_at": "TIMESTAMP",
    "gone_at": "TIMESTAMP",
    "capture": f"STRUCT(bucket VARCHAR, {_AT}, payload_digest VARCHAR, status INTEGER)",
    "article": f"STRUCT({_AT})",
    "provenance": "MAP(VARCHAR, VARCHAR)",
    "extractor": 'STRUCT("name" VARCHAR, version VARCHAR, rules VARCHAR)',
    "schema": "INTEGER",
}
# Fields of a line with other column names.
_FIELDS = {"published_iso": "published_at", "modified_iso": "modified_at", "cluster": "cluster_now"}
_ROWS_IN_GROUP = 20480  # with their texts some 100 MB while they are written
_MEMORY = "1GB"  # DuckDB's memory; larger work spills to disk
_LONGEST = 64 << 20  # bytes of a line; a page has 20 MB at most


@dataclass(frozen=True, slots=True)
class Origin:
    """Location of a row's article, and the story's state in the index; a row with another origin is stale.

    ``day`` is the day of the month (UTC) of the story's partition.
    """

    key: str
    offset: int
    length: int
    gone_at: str | None
    cluster: str | None
    day: int = field(compare=False)

    @classmethod
    def of(cls, story: Mapping[str, Any]) -> Self:
        """Of an index item."""
        at, day = story["article"], int(published_key(story)[8:10])
        return cls(at["key"], int(at["offset"]), int(at["length"]), story.get("gone_at"), story.get("cluster"), day)


def line(article: bytes, origin: Origin) -> bytes:
    """Return the input of ``write`` for an article of an origin."""
    at = {"key": origin.key, "offset": origin.offset, "length": origin.length}
    more = {"article": at, "gone_at": origin.gone_at, "cluster_now": origin.cluster}
    return _sound(article).rstrip()[:-1] + b"," + json.dumps(more).encode()[1:] + b"\n"


def write(lines: Iterable[bytes], path: Path, *, known: Path | None = None, keep: Iterable[str] = ()) -> int:
    """Write lines, and the rows of a ``known`` file with the ids in ``keep``, as Parquet; return the number of rows.

    Rows are sorted by publication, source and id; the same rows give the same bytes. A temporary file lies beside
    ``path``.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        fresh = Path(folder, "rows.jsonl")
        with fresh.open("wb") as file:
            file.writelines(lines)
        rows = f"SELECT {_SELECTED} FROM {_read(fresh)}"
        if known:
            kept = f"SELECT * FROM read_parquet({_text(known)}) WHERE id IN (SELECT unnest($keep))"
            rows = f"{rows} UNION ALL BY NAME {kept}"
        order = "coalesce(published_at, first_seen_at), source, id"
        target = f"{_text(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROWS_IN_GROUP}, {_MARK})"
        with _connect(folder) as connection:
            copy = f"COPY (SELECT * FROM ({rows}) ORDER BY {order}) TO {target}"
            (count,) = connection.execute(copy, {"keep": list(keep)} if known else {}).fetchall()[0]
    return int(count)


def origins(path: Path) -> dict[str, Origin]:
    """Return the origin of each row of a file, by id; empty for other columns or a file in another format."""
    gone_at = "strftime(gone_at, '%Y-%m-%dT%H:%M:%S.%gZ')"  # as the index writes it
    columns = f"article.key, article.offset, article.length, {gone_at}, cluster"
    day = "day(coalesce(published_at, first_seen_at))"
    with _connect(path.parent) as connection:
        try:
            marks = connection.execute(f"SELECT decode(value) FROM parquet_kv_metadata({_text(path)})").fetchall()
        except duckdb.InvalidInputException:
            return {}
        if (_SHAPE,) not in marks:
            return {}
        found = connection.execute(f"SELECT id, {columns}, {day} FROM read_parquet({_text(path)})").fetchall()
    return {id: Origin(*origin) for id, *origin in found}


def _connect(folder: str | Path) -> duckdb.DuckDBPyConnection:
    """Open DuckDB with a spill folder and without extensions, since Lambda has none."""
    connection = duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(folder)})
    connection.execute("SET TimeZone = 'UTC'; SET autoload_known_extensions = false")
    return connection


def _read(path: Path) -> str:
    kinds = {name: "VARCHAR" if kind == "TIMESTAMP" else kind for name, kind in COLUMNS.items()}
    fields = {_FIELDS.get(name, name): kind for name, kind in kinds.items()}
    columns = ", ".join(f"{_name(name)}: {_text(kind)}" for name, kind in fields.items())
    lines = f"format = 'newline_delimited', maximum_object_size = {_LONGEST}"
    return f"read_json({_text(path)}, {lines}, columns = {{{columns}}})"


def _selected(name: str, kind: str) -> str:
    found = _name(_FIELDS.get(name, name))
    if kind == "TIMESTAMP":
        found = f"try_cast({found} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    return f"{found} AS {_name(name)}"


def _sound(line: bytes) -> bytes:
    """Return a line without lone surrogates: JSON may have them, Parquet texts may not."""
    if rb"\ud" not in line:
        return line
    return json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")


def _name(column: str) -> str:
    return f'"{column}"'


def _text(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"


_SELECTED = ", ".join(_selected(name, kind) for name, kind in COLUMNS.items())
_SHAPE = hashlib.sha256(_SELECTED.encode() + json.dumps(COLUMNS).encode()).hexdigest()
_MARK = f"KV_METADATA {{dateline_columns: '{_SHAPE}'}}"
