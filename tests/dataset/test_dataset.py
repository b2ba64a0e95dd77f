"""The dataset: rows as articles say them, and one SQL text for DuckDB and Athena."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dateline.article import Article, Dateline, Extractor, Image, Place, content_digest
from dateline.dataset import rows
from dateline.dataset.rows import Origin
from infra.local.cloud import Cloud
from tests.support.checkout import SAMPLES, Checkout, until
from tests.support.readme import blocks

ORIGIN = Origin("articles/a.jsonl.gz", 10, 20, "2019-05-01T08:00:00.000Z", "b" * 26, 16)


def article(**changes: Any) -> Article:
    values: dict[str, Any] = {
        "id": "a" * 26,
        "url": "http://news.example.org/a",
        "title": "Harbour opens",
        "text": "Words.\n\nمرحبا",
        "digest": content_digest("Harbour opens", "Words."),
        "source": "sample",
        "first_seen_at": "2019-04-17T12:00:00.000Z",
    }
    return Article(**values | changes)


def written(tmp_path: Path, *articles: Article, origin: Origin = ORIGIN) -> list[dict[str, Any]]:
    """The rows of a file of these articles."""
    path = tmp_path / "rows.parquet"
    lines = [rows.line(f"{each.to_json()}\n".encode("utf-8", "backslashreplace"), origin) for each in articles]
    assert rows.write(lines, path) == len(articles)
    found = duckdb.execute("SELECT * FROM read_parquet($1)", [str(path)])
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_row_is_typed_article(tmp_path: Path) -> None:
    """A row is the article typed."""
    said = article(
        published_at="2019-04-16T09:30:00+02:00",
        published_precision="second",
        modified_at="2019-04-16T23:10:00-03:00",
        dateline=Dateline("TUNIS", "Tunis", "tn"),
        authors=("Huda Salem", "Ali"),
        images=(Image("http://news.example.org/1.jpg", "The mole", "AFP"),),
        about=("ly", "tn"),
        places=(Place(2210247, "Tripoli", "ly"),),
        provenance={"title": "meta"},
        extractor=Extractor("dateline", "1", "2"),
    )
    (row,) = written(tmp_path, said)
    assert list(row) == list(rows.COLUMNS)
    asis = {
        name: value
        for name, value in json.loads(said.to_json()).items()
        if name in rows.COLUMNS and rows.COLUMNS[name] != "TIMESTAMP" and name != "cluster"
    }
    assert {name: row[name] for name in asis} == asis
    assert (f"{row['published_at']}", row["published_iso"]) == ("2019-04-16 07:30:00", said.published_at)
    assert (f"{row['modified_at']}", row["modified_iso"]) == ("2019-04-17 02:10:00", said.modified_at)
    assert f"{row['first_seen_at']}" == "2019-04-17 12:00:00"
    assert row["article"] == {"key": ORIGIN.key, "offset": ORIGIN.offset, "length": ORIGIN.length}
    assert (f"{row['gone_at']}", row["cluster"]) == ("2019-05-01 08:00:00", "b" * 26)


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2019-04-16", "2019-04-16 00:00:00"),
        ("2019-04-16T00:30:00+02:00", "2019-04-15 22:30:00"),
        ("0001-01-01T00:00:00+00:00", "0001-01-01 00:00:00"),
        ("2019-04-31", "None"),
        (None, "None"),
    ],
)
def test_row_dates_in_utc(tmp_path: Path, said: str | None, read: str) -> None:
    """A date is an instant in UTC and what it was."""
    (row,) = written(tmp_path, article(published_at=said))
    assert (f"{row['published_at']}", row["published_iso"]) == (read, said)


def test_lone_surrogate_is_written(tmp_path: Path) -> None:
    """Half a surrogate pair stops no file."""
    (row,) = written(tmp_path, article(title="torn \udcff", text="whole \U0001f600"))
    assert (row["title"], row["text"]) == ("torn ?", "whole \U0001f600")


def test_file_bytes_are_deterministic(tmp_path: Path) -> None:
    """A files rows are sorted and the same rows are the same bytes."""
    some = [
        article(id=f"{n:026}", published_at=f"2019-04-{1 + n % 5:02}", source=f"s{n % 3}", text="Words. " * n)
        for n in range(60)
    ]
    one, other, merged = (tmp_path / name for name in ("one", "other", "merged"))
    lines = [rows.line(each.to_json().encode(), ORIGIN) for each in some]
    rows.write(lines, one)
    rows.write(reversed(lines), other)
    rows.write(lines[:20], merged, known=one, keep=[each.id for each in some[20:]])
    assert one.read_bytes() == other.read_bytes() == merged.read_bytes()
    found = duckdb.execute("SELECT published_iso, source, id FROM read_parquet($1)", [str(one)]).fetchall()
    assert found == sorted(found)


def test_file_names_its_origins(tmp_path: Path) -> None:
    """A file knows the origins of its rows."""
    path, some = tmp_path / "part.parquet", article(published_at="2019-04-16T23:30:00-02:00")
    rows.write([rows.line(some.to_json().encode(), ORIGIN)], path)
    assert rows.origins(path) == {some.id: ORIGIN}
    assert rows.origins(path)[some.id].day == 17
    duckdb.execute(f"COPY (SELECT 1 AS id) TO '{path}' (FORMAT parquet)")
    assert rows.origins(path) == {}
    path.write_bytes(b"torn")
    assert rows.origins(path) == {}


def athena(cloud: Cloud, sql: str) -> list[list[str | None]]:
    """Athena's answer, as it writes values, without the names of the columns."""
    client, outputs = cloud.client("athena"), cloud.outputs
    context = {"Database": outputs["DatasetDatabase"]}
    id = client.start_query_execution(
        QueryString=sql, WorkGroup=outputs["DatasetWorkGroup"], QueryExecutionContext=context
    )["QueryExecutionId"]

    def state() -> str:
        return str(client.get_query_execution(QueryExecutionId=id)["QueryExecution"]["Status"]["State"])

    until(lambda: state() not in {"QUEUED", "RUNNING"})
    assert state() == "SUCCEEDED"
    _, *found = client.get_query_results(QueryExecutionId=id)["ResultSet"]["Rows"]
    return [[value.get("VarCharValue") for value in row["Data"]] for row in found]


@pytest.mark.cloud
def test_readme_sql_in_both(cloud: Cloud, tmp_path: Path) -> None:
    """The sql ofREADME is DuckDB's and Athena's."""
    checkout = Checkout(cloud)
    checkout.dateline("crawl", *SAMPLES)
    compacted = cloud.client("lambda").invoke(FunctionName=cloud.outputs["CompactFunction"])
    assert json.loads(compacted["Payload"].read())["left"] == 0
    for key, body in checkout.objects("ArchiveBucket", "dataset/articles/").items():
        path = tmp_path / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    (view,), (sql,) = blocks("sql", "CREATE VIEW"), blocks("sql", "published_at IS NOT NULL")
    with duckdb.connect() as connection:
        connection.execute(view.replace("dataset/articles", f"{tmp_path}/dataset/articles"))
        rows = [[str(value) for value in row] for row in connection.execute(sql).fetchall()]
    assert athena(cloud, sql) == rows
    assert len(rows) > 3
