"""The daily jobs over archives of one and of five years: their work is to stay the same.

Coverage has 500 sources, crawled each day, and one late change a day; the dataset has 27 countries. S3 and DynamoDB are
a model (``model_cloud``), because such an archive has a million counters and 91 million stories.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from dateline import instants
from dateline.dataset import rows
from dateline.dataset.compaction import Compaction
from dateline.dataset.parts import Parts
from dateline.dataset.rows import Origin
from dateline.index.index import Index
from dateline.index.list_items import published_key
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.monitoring.coverage_reports import CoverageReports
from dateline.query.query import Query
from infra.bench.models.model_cloud import ModelCloud
from infra.bench.result import BenchError, Result, Row, Target

METHOD = (
    "One run each of coverage and of compaction's daily look, on the day after an archive of one and of five years. "
    "CPU time includes the making of the model's answers; calls are those to S3 and DynamoDB. A dataset's partition "
    "has 40 stories."
)
NOW = datetime(2026, 10, 20, 3, 15, tzinfo=UTC)
_YEARS = (1, 5)
_COUNTRIES = 27
_FLAT = 1.25  # times the calls, or the CPU time, of the archive of one year
_STORIES = 40  # in a partition
_DAY = timedelta(days=1)

Job = Callable[[int, int], tuple[ModelCloud, Callable[[], int]]]  # by years and sources: the model, and one run


def run(*, count: int, rounds: int, pages: Path | None) -> Result:  # noqa: ARG001 (it makes up its archive)
    """Run both jobs for ``count`` sources, each archive once more before the rounds."""
    found = {(job, years): _measured(do, years, count, rounds) for job, do in _JOBS.items() for years in _YEARS}
    result = Result(bench="jobs", method=METHOD)
    for (job, years), figures in found.items():
        result.rows.append(Row(f"{job}, {years} years" if years > 1 else f"{job}, 1 year", figures))
    for job in _JOBS:
        young, old = (found[job, years] for years in _YEARS)
        for name in ("calls", "cpu_s"):
            what = f"{job}'s {name.removesuffix('_s')} for an archive of one year"
            result.targets.append(Target(what=what, ratio=old[name] / young[name], at_most=_FLAT))
    return result


def _measured(job: Job, years: int, sources: int, rounds: int) -> dict[str, float]:
    """The least CPU time of the rounds, the calls of one, and what was looked at."""
    seconds = list[float]()
    for _ in range(rounds + 1):
        cloud, do = job(years, sources)
        began = time.process_time()
        looked = do()
        seconds.append(time.process_time() - began)
    if not looked:
        raise BenchError("nothing was looked at")
    return {"cpu_s": round(min(seconds), 3), "calls": cloud.calls.total(), "looked_at": looked}


def _coverage(years: int, sources: int) -> tuple[ModelCloud, Callable[[], int]]:
    first, last = (NOW - timedelta(days=365 * years)).date(), NOW.date() - _DAY
    late = f"{first + 40 * _DAY}"
    names = [f"outlet-{number:03}" for number in range(sources)]

    def ask(partition: str, since: str, until: str, index: str) -> list[dict[str, Any]]:  # noqa: ARG001
        if partition == item_keys.LATE:
            return [item_keys.late(late, names[0])]
        source = partition.partition("#")[2]
        return list(
            _days(
                source,
                max(since, item_keys.day(source, f"{first}")["SK"]),
                min(until, item_keys.day(source, f"{last}")["SK"]),
            )
        )

    days = [f"{first + number * _DAY}" for number in range((last - first).days)]
    state = {"through": f"{last - _DAY}", "before": "", "late": {}}
    objects = {object_keys.COVERAGE_STATE: state, object_keys.COVERAGE_INDEX: dict.fromkeys(days, "0123456789abcdef")}
    written = {key: json.dumps(value).encode() for key, value in objects.items()}
    cloud = ModelCloud(ask, written, {object_keys.CRAWLS: names, object_keys.CAPTURES: names})
    return cloud, lambda: sum(len(of) for _, of in CoverageReports(cloud.deployment).update(NOW))


def _days(source: str, since: str, until: str) -> Iterator[dict[str, Any]]:
    at, last = (date.fromisoformat(each.removeprefix(item_keys.DAY)) for each in (since, until))
    while at <= last:
        counts = {"crawls": 48, "discovered": 140, "known": 40, "captured": 100, "archived": 90, "unchanged": 10}
        yield item_keys.day(source, f"{at}") | counts | {"expected_20-200": 48}
        at += _DAY


def _compaction(years: int, sources: int) -> tuple[ModelCloud, Callable[[], int]]:
    countries = [f"{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(min(_COUNTRIES, sources))]
    months = [f"{2026 - back // 12}-{12 - back % 12:02}" for back in range(2, 2 + 12 * years)][::-1]

    def ask(partition: str, since: str, until: str, index: str) -> list[dict[str, Any]]:
        kind, _, name = partition.partition("#")
        if kind == "ARTICLE" or index:
            return [_story(name)] if kind == "ARTICLE" else []
        if kind == "COUNTRY" and "#" in name:
            stories = _stories(*name.split("#"))
            return [item_keys.listed("COUNTRY", story["outlet_country"], published_key(story)) for story in stories]
        if kind == item_keys.register("SOURCE")["PK"] and since.startswith(item_keys.register("COUNTRY")["SK"]):
            return [item_keys.register("COUNTRY", country) for country in countries]
        found = (item_keys.month("COUNTRY", name, month) for month in months) if name else ()
        return [item for item in found if since <= item["SK"] <= until]

    part = _part()
    objects = {object_keys.part(country, month, 1): part for country in countries for month in months}
    state = {"cursor": instants.utc(NOW), "looked": f"{NOW.date() - _DAY}", "turn": f"{countries[3]}/{months[5]}"}
    cloud = ModelCloud(ask, objects | {object_keys.DATASET_STATE: json.dumps(state).encode()}, {})
    query, s3, bucket = Query(cloud.deployment), cloud.deployment.s3, cloud.deployment.archive_bucket
    parts = Parts(s3=s3, query=query, index=Index(cloud.deployment.table), bucket=bucket)
    return cloud, lambda: Compaction(s3=s3, query=query, parts=parts, bucket=bucket, clock=lambda: NOW).run().partitions


def _stories(country: str = "aa", month: str = "2026-10") -> list[dict[str, Any]]:
    """A partition's stories, alike in all but their ids: of the first day of a month."""
    return [_story(f"{country}-{month}-{number:015}") for number in range(_STORIES)]


def _story(id: str) -> dict[str, Any]:
    """The index item of a story, by its id."""
    country, month, number = id[:2], id[3:10], int(id[11:])
    stem, at = Stem("outlet-000", "20261001T060000Z-schedule", 0), f"{month}-01T06:00:00Z"
    article = {"key": stem.articles, "length": 900, "offset": 900 * number}
    times = {"published_at": at, "first_seen_at": at, "indexed_at": at}
    return {"id": id, "source": "outlet-000", "outlet_country": country, "article": article} | times


def _part() -> bytes:
    """The Parquet file of such a partition."""
    lines = list[bytes]()
    for story in _stories():
        article = {"id": story["id"], "source": "outlet-000", "published_at": story["published_at"]}
        lines.append(rows.line(json.dumps(article).encode(), Origin.of(story)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.parquet")
        rows.write(lines, path)
        return path.read_bytes()


_JOBS = {"coverage": _coverage, "compaction": _compaction}
