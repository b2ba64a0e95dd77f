"""The dataset's files that DuckDB reads: fetched once, and again where they changed."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from dateline.analysis.sql import DuckDb, SqlError
from tests.analysis.test_sql import published
from tests.conftest import Aws


def test_changed_files_are_fetched(aws: Aws, tmp_path: Path) -> None:
    """A file is fetched once, again after a change, and forgotten once it is gone."""
    newsroom, engine = published(aws), DuckDb(aws.s3, aws.archive, tmp_path / "kept")
    sql, gets = "SELECT count(*) FROM articles", itertools.count()

    def count(model: Any, **_: Any) -> None:
        if model.name == "GetObject":
            next(gets)

    newsroom.aws.on_call("before-call", count)
    assert engine.run(sql).rows == engine.run(sql).rows == ((3,),)
    assert next(gets) == 2
    for key in newsroom.objects():
        if "country=tn" in key:
            newsroom.aws.s3.delete_object(Bucket=newsroom.aws.archive, Key=key)
    assert engine.run(sql).rows == ((2,),)


def test_no_dataset_names_the_next_step(aws: Aws, tmp_path: Path) -> None:
    """Before the first compaction there is nothing to ask."""
    with pytest.raises(SqlError, match="dateline compact"):
        DuckDb(aws.s3, aws.archive, tmp_path).run("SELECT 1")
