"""SQL and plots over the dataset: DuckDB on its files, Athena by its answers."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest

from dateline.analysis import plots
from dateline.analysis.sql import Athena, DuckDb, SqlError
from dateline.dataset.compaction import Compaction
from dateline.dataset.parts import Parts
from tests.conftest import Aws, emulated
from tests.support.samples import NOON, Newsroom

FIRST, LAST = date(2019, 4, 15), date(2019, 4, 18)


def compacted(newsroom: Newsroom) -> None:
    """Write the dataset of all that a newsroom has archived."""
    aws, query = newsroom.aws, newsroom.query()
    parts = Parts(s3=aws.s3, query=query, index=newsroom.index, bucket=aws.archive)
    Compaction(s3=aws.s3, query=query, parts=parts, bucket=aws.archive, clock=lambda: NOON + timedelta(days=9)).run()


def published(aws: Aws) -> Newsroom:
    """Two dated stories of a Libyan outlet, one of which is edited, and one of a Tunisian outlet."""
    found = Newsroom(aws, source="gazette")
    found.archive().add(
        found.capture(
            ("a", "Rain dated in Sabha|In Tripoli."),
            ("b", "مطر dated|في سبها."),
        )
    )
    edited = found.archive(clock=lambda: NOON + timedelta(hours=5))
    edited.add(found.capture(("a", "Rain dated in Sabha|In Tripoli and Derna.")))
    other = Newsroom(aws, source="courrier", country="tn", host="courrier.example")
    other.archive().add(other.capture(("c", "Pluie dated à Sfax|A Sabha.")))
    compacted(found)
    return found


@pytest.fixture(scope="module")
def engine(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDb]:
    """One dataset for all tests that only read."""
    with emulated(template) as aws:
        yield DuckDb(published(aws).aws.s3, aws.archive, tmp_path_factory.mktemp("kept"))


def test_sql_reads_the_dataset(engine: DuckDb) -> None:
    """Rows have their columns; months and countries of the folders are text; dates and lists are text."""
    found = engine.run("SELECT country, month, count(*) AS stories FROM articles GROUP BY ALL ORDER BY ALL")
    assert list(found.dicts()) == [
        {"country": "ly", "month": "2019-04", "stories": 2},
        {"country": "tn", "month": "2019-04", "stories": 1},
    ]
    found = engine.run("SELECT date(published_at), about, places[1] FROM articles WHERE source = 'courrier'")
    assert found.rows == (("2019-04-16", "[tn, ly]", "{id=2467454, name=Sfax, country=tn}"),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELEC 1",
        "SELECT nothing FROM articles",
        "SELECT * FROM read_csv('/etc/passwd')",
        "COPY articles TO '/tmp/x.csv'",
    ],
)
def test_refused_sql_is_an_error(engine: DuckDb, sql: str) -> None:
    """Wrong SQL, and files other than the dataset's."""
    with pytest.raises(SqlError):
        engine.run(sql)


class FakeAthena:
    """Answers as Athena does: states, then pages of text."""

    def __init__(self, states: list[str]) -> None:
        self.states, self.started = iter(states), dict[str, Any]()

    def start_query_execution(self, **request: Any) -> dict[str, str]:
        self.started = request
        return {"QueryExecutionId": "1"}

    def get_query_execution(self, **_: Any) -> dict[str, Any]:
        return {"QueryExecution": {"Status": {"State": next(self.states), "StateChangeReason": "line 1:8: no column"}}}

    def get_paginator(self, _: str) -> "FakeAthena":
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        columns = [{"Name": "day", "Type": "varchar"}, {"Name": "n", "Type": "bigint"}, {"Name": "x", "Type": "double"}]
        pages: list[list[list[str | None]]] = [
            [["day", "n", "x"], ["2019-04-16", "3", None]],
            [["2019-04-17", "4", "0.5"]],
        ]
        for rows in pages:
            data = [{"Data": [{"VarCharValue": cell} if cell else {} for cell in row]} for row in rows]
            yield {"ResultSet": {"ResultSetMetadata": {"ColumnInfo": columns}, "Rows": data}}


def test_athena_answers_are_typed() -> None:
    """Pages are joined without the row of names; numbers are numbers; the wait ends with the query."""
    client, pauses = FakeAthena(["QUEUED", "RUNNING", "SUCCEEDED"]), list[float]()
    found = Athena(client, database="d", workgroup="w", pause=pauses.append).run("SELECT 1")
    assert found.rows == (("2019-04-16", 3, None), ("2019-04-17", 4, 0.5))
    assert (client.started["WorkGroup"], client.started["QueryExecutionContext"]) == ("w", {"Database": "d"})
    assert len(pauses) == 2


def test_athena_failures_are_errors() -> None:
    """Athena's reason is the message."""
    with pytest.raises(SqlError, match="no column"):
        Athena(FakeAthena(["FAILED"]), database="d", workgroup="w").run("SELECT 1")


def test_stories_are_counted_by_day(engine: DuckDb) -> None:
    """Each day has its number, empty days too; a country's outlets alone on request."""
    found = plots.plot(engine, "stories", FIRST, LAST)
    assert isinstance(found, plots.Series)
    assert [count for _, count in found.days] == [0, 3, 0, 0]
    only = plots.plot(engine, "stories", FIRST, LAST, "tn")
    assert isinstance(only, plots.Series)
    assert sum(count for _, count in only.days) == 1


def test_edits_are_counted_by_capture(engine: DuckDb) -> None:
    """An edit is of the day of its capture."""
    found = plots.plot(engine, "edits", FIRST, LAST)
    assert isinstance(found, plots.Series)
    assert [count for _, count in found.days] == [0, 0, 1, 0]


def test_outlets_by_place(engine: DuckDb) -> None:
    """Outlets and places with the most stories come first."""
    found = plots.plot(engine, "outlets", FIRST, LAST)
    assert isinstance(found, plots.Grid)
    assert found.rows == ("gazette", "courrier")
    assert found.columns[0] == "Sabha"
    assert [row[0] for row in found.cells] == [2, 1]


@pytest.mark.parametrize("kind", ["stories", "outlets", "edits"])
def test_plots_are_drawn(engine: DuckDb, kind: plots.Kind) -> None:
    """A plot is a whole SVG, and lines for a terminal; markup in names is text."""
    found = plots.plot(engine, kind, FIRST, LAST)
    root = ElementTree.fromstring(plots.svg(found))
    assert root.tag.endswith("svg")
    assert next(iter(plots.text(found))) == found.title
    hostile = plots.Grid("t", ("<b>",), ("</svg>&",), ((1,),))
    assert "".join(ElementTree.fromstring(plots.svg(hostile)).itertext()).endswith("t</svg>&<b>1")


@pytest.mark.parametrize("country", ["l", "ly'", "' OR 1=1 --", "lyb"])
def test_countries_are_checked(engine: DuckDb, country: str) -> None:
    """A country is part of the SQL's text."""
    with pytest.raises(ValueError, match="country"):
        plots.plot(engine, "stories", FIRST, LAST, country)
