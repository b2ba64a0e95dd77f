"""The dataset with the example query of docs/query.md: stories about Libya by day and language, in April 2019.

Stories are synthetic, in files as the compact function writes them, one per country and month.
"""

import gzip
import json
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from dateline.dataset import rows
from dateline.dataset.rows import Origin
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from infra.bench.inputs.stories import MONTHS, OUTLETS, stories
from infra.bench.result import BenchError, Result, Row, Target, median_ratio

METHOD = (
    "Median of the rounds, in which the subjects take turns: one query, by the clock, with a connection of its own and "
    "two threads, and the files in the page cache. There are JSON lines of one story in fifty; what they take is "
    "multiplied by as much for the ratio."
)
_MONTH, _COUNTRY = "2019-04", "ly"  # of the example
_SECONDS = 2  # limit for a million stories
_SAMPLE = 50
_VIEWS = {
    "dataset": f"SELECT * FROM read_parquet('{{folder}}/{object_keys.DATASET}**/*.parquet', hive_partitioning = true)",
    "json_lines": "SELECT *, strftime(published_at, '%Y-%m') AS month FROM read_json('{folder}/articles.jsonl.gz', "
    "columns = {{published_at: 'TIMESTAMPTZ', language: 'VARCHAR', about: 'VARCHAR[]'}})",
}

Answer = list[tuple[str, str, int]]


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001 (it makes up its stories)
    """Ask a dataset of ``count`` stories in each of the rounds, and once before the first."""
    seconds = {subject: list[float]() for subject in _VIEWS}
    with tempfile.TemporaryDirectory() as name:
        folder, sql = Path(name), _sql()
        expected = _write(folder, count)
        for _ in range(rounds + 1):
            for subject, view in _VIEWS.items():
                took, answer = _ask(view.format(folder=folder), sql)
                if subject == "dataset" and answer != expected:
                    raise BenchError(f"the dataset's answer begins with {answer[:2]}, not with {expected[:2]}")
                seconds[subject].append(took)
        files = {"dataset": list(folder.rglob("*.parquet")), "json_lines": list(folder.rglob("*.jsonl.gz"))}
        found = [Row(subject, _figures(seconds[subject][1:], files[subject])) for subject in _VIEWS]
    ours, theirs = (each[1:] for each in seconds.values())
    return Result(bench="dataset", method=METHOD, rows=found, targets=_targets(ours, theirs))


def _figures(seconds: list[float], files: list[Path]) -> dict[str, float]:
    megabytes = sum(file.stat().st_size for file in files) / 1e6
    return {"query_ms": round(1000 * median(seconds), 2), "files": len(files), "mb": round(megabytes, 3)}


def _targets(ours: list[float], theirs: list[float]) -> list[Target]:
    ratio = median_ratio(ours, [_SAMPLE * each for each in theirs])
    return [
        Target(what=f"{_SECONDS} s that the answer may take", ratio=median(ours) / _SECONDS, at_most=1),
        Target(what="time that JSON lines take", ratio=ratio, at_most=0.02),
    ]


def _sql() -> str:
    page = (Path(__file__).parents[3] / "docs" / "query.md").read_text("utf-8")
    (sql,) = re.findall(r"^```sql\n(SELECT date.*?)^```", page, re.DOTALL | re.MULTILINE)
    return str(sql)


def _ask(view: str, sql: str) -> tuple[float, Answer]:
    """How many seconds the query takes, and its answer."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute(f"SET TimeZone = 'UTC'; CREATE VIEW articles AS {view}")
        began = time.perf_counter()
        answer = connection.execute(sql).fetchall()
        return time.perf_counter() - began, [(f"{day}", language, stories) for day, language, stories in answer]


def _write(folder: Path, count: int) -> Answer:
    """Write the stories in both formats; return the expected answer."""
    partitions, asked = list(product(OUTLETS, MONTHS)), Counter[tuple[str, str]]()
    with gzip.open(folder / "articles.jsonl.gz", "wt", compresslevel=6, encoding="utf-8") as sample:
        for place, (country, month) in enumerate(partitions):
            here = list(stories(country, month, len(range(place, count, len(partitions)))))
            sample.writelines(json.dumps(story, ensure_ascii=False) + "\n" for story in here[::_SAMPLE])
            path = folder / object_keys.part(country, month, 1)
            path.parent.mkdir(parents=True)
            rows.write(_lines(here), path)
            if month == _MONTH:
                asked.update((_day(story), story["language"]) for story in here if _COUNTRY in story["about"])
    return [(*day_and_language, stories) for day_and_language, stories in sorted(asked.items())]


def _lines(articles: list[dict[str, Any]]) -> Iterator[bytes]:
    for number, article in enumerate(articles):
        origin = Origin(Stem("sample", "20191231T230000Z-sample", 0).articles, number, 1200, None, None, 1)
        yield rows.line(json.dumps(article, ensure_ascii=False).encode(), origin)


def _day(story: dict[str, Any]) -> str:
    """The day in UTC: no story is published in the first two hours of a day of its own."""
    return str(story["published_at"][:10])
