"""``dateline sql`` and ``plot`` on a stack: the local one by DuckDB, another by Athena."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dateline.analysis.sql import Athena, DuckDb
from dateline.cli.main import app
from dateline.cli.reading import analyse
from dateline.cli.stack import Stack
from tests.analysis.test_sql import FakeAthena, published
from tests.conftest import Aws

RUN = CliRunner()


@pytest.fixture
def local(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A local cloud with a dataset, as commands find it."""
    published(aws)
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive}
    stack = Stack(s3=aws.s3, sqs=None, table=aws.table, outputs=outputs, endpoint="http://127.0.0.1:1")  # type: ignore[arg-type]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    return stack


def test_commands_answer(local: Stack, tmp_path: Path) -> None:  # noqa: ARG001
    """SQL as a table and as JSON lines, its errors; plots as lines and as a file."""
    counted = RUN.invoke(app, ["sql", "SELECT source, count(*) AS n FROM articles GROUP BY 1 ORDER BY 1", "--json"])
    assert [json.loads(line) for line in counted.stdout.splitlines()] == [
        {"source": "courrier", "n": 1},
        {"source": "gazette", "n": 2},
    ]
    assert (
        "gazette\t2" in RUN.invoke(app, ["sql", "-"], input="SELECT source, count(*) FROM articles GROUP BY 1").stdout
    )
    days = ["--since", "2019-04-15", "--until", "2019-04-17"]
    assert "2019-04-16" in RUN.invoke(app, ["plot", "stories", *days]).stdout
    path = tmp_path / "plot.svg"
    assert RUN.invoke(app, ["plot", "outlets", *days, "--svg", str(path)]).exit_code == 0
    assert path.read_text("utf-8").startswith("<svg")


def test_athena_is_for_aws(local: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without an endpoint is on AWS: Athena with its database and workgroup."""
    assert isinstance(analyse._engine(None), DuckDb)
    outputs = local.outputs | {"DatasetDatabase": "d", "DatasetWorkGroup": "w"}
    there = Stack(s3=local.s3, sqs=local.sqs, table=local.table, outputs=outputs)
    client: Any = FakeAthena(["SUCCEEDED"])
    monkeypatch.setattr(Stack, "client", lambda *_, **__: client)
    monkeypatch.setattr(Stack, "find", lambda _: there)
    engine = analyse._engine("news")
    assert isinstance(engine, Athena)
    assert engine.run("SELECT 1").rows[0] == ("2019-04-16", 3, None)
