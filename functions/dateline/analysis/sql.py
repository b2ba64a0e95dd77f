"""SQL over the dataset, the same text here and on AWS: ``articles`` is the table, a row for each story.

On the local cloud DuckDB reads the files, kept in a folder and fetched again where they changed. It may read no other
file. On AWS Athena reads them in place; it charges by the bytes it reads.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from dateline.keys import object_keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Dialect = Literal["duckdb", "athena"]
Value = str | int | float | bool | None
_PAUSES = (0.3, 0.5, 1.0, 2.0)  # seconds between looks at a query of Athena; the last one again and again
_LONGEST = 1800  # seconds; Athena's own limit of a query
_NUMBERS: Mapping[str, Callable[[str], Value]] = {
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("real", "float", "double", "decimal"), float),
    "boolean": lambda text: text == "true",
}


class SqlError(ValueError):
    """A query that failed; the message is the engine's."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a query: names of columns, and rows. Dates, lists and structures are text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def dicts(self) -> Iterator[dict[str, Value]]:
        """Yield the rows by column."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


class Engine(Protocol):
    """Runs SQL over the dataset."""

    dialect: Dialect

    def run(self, sql: str) -> Rows:
        """Return the rows of a query. Raises SqlError."""


class DuckDb:
    """DuckDB over the dataset's files, which are kept in ``folder``."""

    dialect: Dialect = "duckdb"

    def __init__(self, s3: "S3Client", bucket: str, folder: Path) -> None:
        self._s3, self._bucket, self._folder = s3, bucket, folder

    @classmethod
    def of(cls, s3: "S3Client", outputs: Mapping[str, str]) -> Self:
        """Return the engine for a stack's dataset, with its files in the user's cache folder."""
        return cls(s3, outputs["ArchiveBucket"], cls.folder_of(outputs["ArchiveBucket"]))

    @staticmethod
    def folder_of(bucket: str) -> Path:
        """Return where a bucket's files are kept: in the user's cache folder (XDG Base Directory Specification)."""
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return caches / "dateline" / "dataset" / bucket

    def run(self, sql: str) -> Rows:
        """Return the rows of a query. Raises SqlError."""
        try:
            import duckdb  # noqa: PLC0415 - 60 MB, for those who ask
        except ImportError as error:
            raise SqlError("SQL here needs DuckDB: pip install 'dateline[export]'") from error
        if not self._fetch():
            raise SqlError("the dataset has no file yet; run dateline compact")
        try:
            with duckdb.connect() as connection:
                self._open(connection)
                found = connection.execute(sql)
                columns = tuple(column[0] for column in found.description or ())
                return Rows(columns, tuple(tuple(map(_plain, row)) for row in found.fetchall()))
        except duckdb.Error as error:
            raise SqlError(str(error)) from error

    def _open(self, connection: Any) -> None:
        """Make the table; from then on no other file is read."""
        connection.execute(f"SET allowed_directories = ['{_quoted(self._folder)}/']")
        connection.execute("SET enable_external_access = false")
        types = "{country: VARCHAR, month: VARCHAR}"
        files = f"{_quoted(self._folder)}/**/*.parquet"
        reading = f"read_parquet('{files}', hive_partitioning = true, hive_types = {types}, union_by_name = true)"
        connection.execute(f"CREATE VIEW articles AS SELECT * FROM {reading}")  # noqa: S608 - its own folder
        connection.execute("SET lock_configuration = true")

    def _fetch(self) -> bool:
        """Make the folder's files those of the bucket; False if there are none."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=object_keys.DATASET)
        found = (each for page in pages for each in page.get("Contents", ()))
        wanted = {self._path(each["Key"], each["ETag"]): each["Key"] for each in found}
        for path in set(self._folder.rglob("*.parquet")) - wanted.keys():
            path.unlink()
        for path, key in wanted.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                beside = path.with_suffix(".part")
                beside.write_bytes(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
                beside.rename(path)
        return bool(wanted)

    def _path(self, key: str, etag: str) -> Path:
        """The file of an object, named by its content too."""
        relative = Path(key.removeprefix(object_keys.DATASET))
        return self._folder / relative.parent / f"{relative.stem}.{etag.strip(chr(34))}.parquet"


class Athena:
    """Athena over the dataset in S3; ``client`` is boto3's of Athena."""

    dialect: Dialect = "athena"

    def __init__(
        self, client: Any, *, database: str, workgroup: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client, self._database, self._workgroup, self._pause = client, database, workgroup, pause

    @classmethod
    def of(cls, client: Any, outputs: Mapping[str, str]) -> Self:
        """Return the engine for a stack's dataset."""
        return cls(client, database=outputs["DatasetDatabase"], workgroup=outputs["DatasetWorkGroup"])

    def run(self, sql: str) -> Rows:
        """Return the rows of a query. Raises SqlError."""
        context = {"Database": self._database}
        started = self._client.start_query_execution(
            QueryString=sql, QueryExecutionContext=context, WorkGroup=self._workgroup
        )
        id = started["QueryExecutionId"]
        self._wait(id)
        return self._results(id)

    def _wait(self, id: str) -> None:
        waited, pauses = 0.0, iter(_PAUSES)
        while True:
            status = self._client.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in {"FAILED", "CANCELLED"} or waited > _LONGEST:
                raise SqlError(status.get("StateChangeReason", f"Athena's query {id} is {status['State'].lower()}"))
            pause = next(pauses, _PAUSES[-1])
            self._pause(pause)
            waited += pause

    def _results(self, id: str) -> Rows:
        columns: Sequence[Mapping[str, str]] = ()
        rows: list[tuple[Value, ...]] = []
        for page in self._client.get_paginator("get_query_results").paginate(QueryExecutionId=id):
            found = page["ResultSet"]
            first = not columns
            columns = columns or found["ResultSetMetadata"]["ColumnInfo"]
            for row in found["Rows"][1 if first else 0 :]:  # the first row of all has the names
                values = (cell.get("VarCharValue") for cell in row["Data"])
                rows.append(tuple(_typed(value, column["Type"]) for value, column in zip(values, columns, strict=True)))
        return Rows(tuple(column["Name"] for column in columns), tuple(rows))


def _typed(text: str | None, kind: str) -> Value:
    return None if text is None else _NUMBERS.get(kind, str)(text)


def _plain(value: object) -> Value:
    """A value of DuckDB as Athena writes it: lists as ``[ly, tn]``, structures as ``{id=1, name=Tripoli}``."""
    return value if value is None or isinstance(value, str | int | float | bool) else _written(value)


def _written(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}={_written(each)}' for name, each in value.items())}}}"
    return "null" if value is None else str(value)


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("'", "''")
