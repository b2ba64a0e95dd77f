"""Coverage: a row for each source and day, reports that are written when they have changed, and no others."""

import itertools
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import boto3
import pytest
from typer.testing import CliRunner

from dateline.cli.main import app
from dateline.cli.stack import Stack
from dateline.cost import model
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport, Expect, Failure, FeedVisit
from dateline.monitoring.counter_writes import Counters
from dateline.monitoring.counters import Day
from dateline.monitoring.coverage import Row, rows, sources
from dateline.monitoring.coverage_reports import CoverageReports, CoverageState, forget
from tests.conftest import Aws
from tests.support.samples import KilledError, killer_of_writes

NOW = datetime(2026, 10, 20, 3, 15, tzinfo=UTC)
FEED = "https://gazette.example/feed"


def crawl(aws: Aws, source: str, at: str, *, archived: int = 0, counted: datetime = NOW, **values: Any) -> None:
    """A crawl at ``20261019T060000Z``, and its stories; both are counted at an instant."""
    name = f"{at}-sample"
    captures = {Stem(source, name, 0).capture: archived} if archived else {}
    report = CrawlReport(source=source, crawl=name, started_at="", captures=captures, **values)
    aws.s3.put_object(Bucket=aws.captures, Key=object_keys.crawl_report(source, name), Body=report.to_json().encode())
    counters, day = Counters(aws.table, lambda: counted), f"{crawl_names.crawl_time(name):%Y-%m-%d}"
    counters.add_crawl(report)
    counters.add(source, day, Stem(source, name, 0).capture, {"archived": archived})


def reports(aws: Aws) -> CoverageReports:
    return CoverageReports(aws.deployment)


def update(aws: Aws, now: datetime = NOW) -> list[str]:
    return [day for day, _ in reports(aws).update(now)]


def report(aws: Aws, day: str) -> dict[str, dict[str, Any]]:
    body = aws.s3.get_object(Bucket=aws.archive, Key=object_keys.coverage_report(day))["Body"].read()
    return {row["source"]: row for row in json.loads(body)["sources"]}


def test_report_rows_per_source(aws: Aws) -> None:
    """A report has a row for each source of the last month."""
    crawl(aws, "gazette", "20261019T060000Z", archived=3, discovered=3, expect=Expect(2, 60))
    crawl(aws, "courrier", "20261001T060000Z", archived=1, discovered=1, expect=Expect(1, 9))
    crawl(aws, "long-gone", "20260901T060000Z", archived=1, discovered=1)
    assert update(aws)[:2] == ["2026-10-19", "2026-10-18"]
    found = report(aws, "2026-10-19")
    assert sorted(found) == ["courrier", "gazette"]
    assert (found["gazette"]["archived"], found["gazette"]["flags"]) == (3, [])
    assert (found["courrier"]["crawls"], found["courrier"]["silent_days"]) == (0, 18)
    assert found["courrier"]["flags"] == ["low", "silent"]
    assert found["courrier"]["expect"] == {"min": 1, "max": 9}
    assert sorted(report(aws, "2026-10-01")) == ["courrier", "long-gone"]


def test_report_states_use(aws: Aws) -> None:
    """The counts of all sources together, and what they cost."""
    crawl(aws, "gazette", "20261019T060000Z", archived=3, discovered=3)
    crawl(aws, "courrier", "20261019T060000Z", archived=1, discovered=1)
    update(aws)
    body = aws.s3.get_object(Bucket=aws.archive, Key=object_keys.coverage_report("2026-10-19"))["Body"].read()
    use = json.loads(body)["use"]
    dollars = sum(model.of_counts(stories=4, looks=0, crawls=2).values())
    assert use == {"crawls": 2, "captured": 4, "revisited": 0, "archived": 4, "looks": 0, "dollars": round(dollars, 4)}


def test_unchanged_report_not_rewritten(aws: Aws) -> None:
    """Only what has changed is written again."""
    crawl(aws, "gazette", "20261010T060000Z", archived=3)
    assert len(update(aws)) == 10
    assert update(aws) == []
    assert update(aws, datetime(2026, 10, 21, 3, 15, tzinfo=UTC)) == ["2026-10-20"]
    crawl(aws, "gazette", "20261018T060000Z", archived=1)
    assert update(aws) == ["2026-10-19", "2026-10-18"], "the day after it knows of the story too"
    crawl(aws, "gazette", "20261020T030000Z", archived=1)
    assert update(aws) == [], "a day is reported on when it is over"


def test_late_change_has_note(aws: Aws) -> None:
    """Whatever the day, the rows that depend on it are written again: its own, and its source's of the month after."""
    crawl(aws, "gazette", "20260801T060000Z", archived=3)
    crawl(aws, "courrier", "20260802T060000Z", archived=3)
    update(aws)
    late = NOW + timedelta(hours=1)
    crawl(aws, "gazette", "20260803T060000Z", archived=1, counted=late)
    crawl(aws, "gazette", "19950307T060000Z", archived=1, counted=late)
    crawl(aws, "gazette", "20261019T070000Z", archived=1, counted=late)
    notes = [str(item["SK"]) for item in aws.table.scan()["Items"] if item["PK"] == "LATE"]
    assert sorted(notes) == ["1995-03-07#gazette", "2026-08-03#gazette"], "yesterday is looked at anyway"
    written = update(aws, NOW + timedelta(days=1))
    assert {"1995-03-07", "2026-08-03", "2026-08-04", "2026-09-02"} < set(written)
    assert "2026-08-02" not in written
    assert [item for item in aws.table.scan()["Items"] if item["PK"] == "LATE"] == []
    assert report(aws, "2026-08-04")["courrier"]["silent_days"] == 2, "other sources' rows stay"
    assert update(aws, NOW + timedelta(days=1)) == []


def test_incremental_equals_full(aws: Aws) -> None:
    """Reports written day by day, with late changes, are byte for byte those that a new archive gets at once."""
    first = datetime(2026, 8, 1, 3, 15, tzinfo=UTC)
    for day in range(24):
        now = first + timedelta(days=day)
        crawl(aws, "gazette", f"{now - timedelta(days=1):%Y%m%d}T060000Z", archived=day % 3, counted=now)
        if day % 7 == 5:
            crawl(aws, "courrier", f"{now - timedelta(days=day % 20):%Y%m%d}T070000Z", archived=1, counted=now)
        if day % 11 != 3:  # some runs fail
            update(aws, now)
    written = {
        key: body(aws, key)
        for key in listed(aws)
        if key not in {object_keys.COVERAGE_INDEX, object_keys.COVERAGE_STATE}
    }
    for key in listed(aws):
        aws.s3.delete_object(Bucket=aws.archive, Key=key)
    update(aws, now)
    assert {key: body(aws, key) for key in written} == written
    assert len(written) > 20


def test_stopped_anywhere_it_goes_on(aws: Aws) -> None:
    """Out of time after each month, and killed at each call, a run is continued by the next ones."""
    crawl(aws, "gazette", "20260710T060000Z", archived=3)
    crawl(aws, "gazette", "20260801T060000Z", archived=3)
    crawl(aws, "gazette", "20261019T060000Z", archived=3)
    found = CoverageReports(aws.deployment)
    first = [day for day, _ in found.update(NOW, lambda: False)]
    assert (first, found.state.left) == (["2026-10-19"], 1)
    written = list(first)
    while found.state.left:
        going = iter((True, False))
        written += [day for day, _ in found.update(NOW, lambda steps=going: next(steps))]  # type: ignore[misc]
    assert len(written) == len(set(written)) == len(json.loads(body(aws, object_keys.COVERAGE_INDEX)))
    assert written == sorted(written, reverse=True)
    assert update(aws) == []


def test_killed_coverage_continues(aws: Aws) -> None:
    """Killed at each write it goes on."""
    later = NOW + timedelta(days=1)
    crawl(aws, "gazette", "20261012T060000Z", archived=3)
    update(aws)
    reported = {key: body(aws, key) for key in listed(aws)}
    crawl(aws, "gazette", "20261011T060000Z", archived=1, counted=later)
    items = [item for item in aws.table.scan()["Items"] if item["PK"] == item_keys.LATE]
    update(aws, later)
    wanted = {key: body(aws, key) for key in listed(aws)}
    for call in itertools.count(1):
        for key in listed(aws):
            aws.s3.delete_object(Bucket=aws.archive, Key=key)
        for key, before in reported.items():
            aws.s3.put_object(Bucket=aws.archive, Key=key, Body=before)
        for item in items:
            aws.table.put_item(Item=item)
        kill = killer_of_writes(call)
        aws.on_call("before-call", kill)
        try:
            update(aws, later)
            break
        except KilledError:
            pass
        finally:
            aws.off_call("before-call", kill)
        update(aws, later)
        assert {key: body(aws, key) for key in listed(aws)} == wanted, f"killed at call {call}"
    assert call > 5


def test_forgotten_it_compares_every_day(aws: Aws) -> None:
    crawl(aws, "gazette", "20260710T060000Z", archived=3)
    update(aws)
    aws.s3.delete_object(Bucket=aws.archive, Key=object_keys.coverage_report("2026-07-11"))
    aws.s3.put_object(Bucket=aws.archive, Key=object_keys.COVERAGE_INDEX, Body=b"{}")
    assert update(aws) == []
    forget(aws.s3, aws.archive)
    assert len(update(aws)) == 31
    assert CoverageState.load(aws.s3, aws.archive).left == 0


def listed(aws: Aws) -> list[str]:
    found = aws.s3.list_objects_v2(Bucket=aws.archive, Prefix="reports/coverage/").get("Contents", [])
    return [each["Key"] for each in found]


def body(aws: Aws, key: str) -> bytes:
    return aws.s3.get_object(Bucket=aws.archive, Key=key)["Body"].read()


def test_recovered_feed_is_fine(aws: Aws) -> None:
    """A feed that works again by the evening does not fail."""
    broken = FeedVisit(url=FEED, status=503, error="the answer is 503")
    other = FeedVisit(url=f"{FEED}/ar", error="timeout: it took too long")
    crawl(aws, "gazette", "20261019T060000Z", feeds=[broken, other])
    crawl(aws, "gazette", "20261019T070000Z", feeds=[FeedVisit(url=FEED, status=200, items=3)])
    update(aws)
    row = report(aws, "2026-10-19")["gazette"]
    assert row["failing"] == [{"url": other.url, "error": other.error}]
    assert (row["feeds_failed"], row["flags"]) == (2, ["feeds"])


def test_imports_raise_no_alarm(aws: Aws) -> None:
    """Imports are of their day and call for nothing."""
    stem = Stem("gazette", crawl_names.imports(datetime(1995, 3, 7, 12, tzinfo=UTC)), 0)
    aws.s3.put_object(Bucket=aws.captures, Key=stem.capture)
    Counters(aws.table).add("gazette", stem.day, stem.capture, {"imported_archived": 2})
    assert update(aws) == ["1995-03-07"]
    assert report(aws, "1995-03-07")["gazette"]["imported"] == {"archived": 2}
    assert report(aws, "1995-03-07")["gazette"]["flags"] == []


def test_rows_equal_for_options(aws: Aws) -> None:
    """A row is the same whatever it is asked with."""
    for number in (1, 2, 20):
        crawl(aws, "gazette", f"202608{number:02}T060000Z", archived=number % 2, expect=Expect(1, number))
    assert sources(aws.s3, aws.captures) == ["gazette"]
    until = date(2026, 9, 25)
    every = list(rows(aws.table, "gazette", None, until))
    assert [row.day.date for row in every[:3]] == ["2026-08-01", "2026-08-02", "2026-08-03"]
    assert every[-1].day.date == "2026-09-19", "a month after the last crawl"
    for row in every:
        at = date.fromisoformat(row.day.date)
        assert list(rows(aws.table, "gazette", at, at)) == [row]
    assert list(rows(aws.table, "courrier", None, until)) == []


@pytest.mark.parametrize(
    ("counts", "silent_days", "flags"),
    [
        ({"archived": 1, "captured": 1}, 0, ["low"]),
        ({"archived": 9, "captured": 9}, 0, ["high"]),
        ({"archived": 3, "captured": 4}, 0, ["unread"]),
        ({}, 7, ["low", "silent"]),
    ],
)
def test_row_says_problem(counts: dict[str, int], silent_days: int, flags: list[str]) -> None:
    """A row says what to look at."""
    day = Day(source="gazette", date="2026-10-19", counts=Counter(counts), expect=Expect(2, 8))
    assert Row(day=day, silent_days=silent_days).flags == flags


@pytest.mark.parametrize(
    ("days", "silent_from"),
    [
        (range(1, 11), 12),  # each day, then two without
        ((1, 2, 3, 4, 7, 8, 9, 10), 16),  # with a weekend of three days
        ((1, 3, 5, 7, 9), 13),  # every other day
        ((1, 8), 15),  # too few stories to tell a habit
    ],
)
def test_silence_is_by_habit(aws: Aws, days: Sequence[int], silent_from: int) -> None:
    """A source is silent after twice its longest pause, and after a week where it has no habit yet."""
    for day in range(1, 25):
        crawl(aws, "gazette", f"202609{day:02}T060000Z", archived=int(day in days))
    every = list(rows(aws.table, "gazette", date(2026, 9, max(days)), date(2026, 9, 24)))
    assert next(row.day.date for row in every if "silent" in row.flags) == f"2026-09-{silent_from:02}"


@pytest.fixture
def command(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``dateline status`` on a stack of moto's, with two sources crawled up to now."""
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive}
    stack = Stack(s3=aws.s3, sqs=boto3.client("sqs"), table=aws.table, outputs=outputs)
    monkeypatch.setattr(Stack, "find", lambda _: stack)
    for back in range(3):
        at = datetime.now(UTC) - timedelta(days=back)
        name = f"{at:%Y%m%dT%H%M%SZ}"
        failures = [Failure(url=FEED, reason="timeout")]
        crawl(aws, "gazette", name, archived=back, discovered=back + 1, failures=failures, expect=Expect(2, 60))
        crawl(aws, "courrier", name, archived=3, discovered=3)
    return lambda *arguments: CliRunner().invoke(app, ["status", *arguments])


def test_coverage_command_prints_rows(command: Callable[..., Any]) -> None:
    """The command prints a row for each source and day."""
    lines = [json.loads(line) for line in command("--coverage", "--source", "gazette", "--json").stdout.splitlines()]
    assert [(row["archived"], row["failures"], row["flags"]) for row in lines] == [
        (2, {"timeout": 1}, []),
        (1, {"timeout": 1}, ["low"]),
        (0, {"timeout": 1}, []),  # today is not over
    ]
    since = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    (row,) = command(
        "--coverage", "--source", "gazette", "--since", since, "--until", since, "--json"
    ).stdout.splitlines()
    assert json.loads(row) == lines[1]
    table = command("--coverage")
    assert table.stdout.count("courrier") == table.stdout.count("gazette") == 3
    assert "low, timeout 1" in table.stdout


@pytest.mark.parametrize(("robots", "opt_outs", "timeouts"), [(2, 0, 0), (2, 0, 1), (0, 0, 3), (1, 2, 1), (0, 1, 0)])
def test_refused_pages_are_no_failures(
    aws: Aws, command: Callable[..., Any], robots: int, opt_outs: int, timeouts: int
) -> None:
    """Pages that robots.txt or their own opt-out keeps from a crawl are told beside those that failed."""
    reasons = ["robots"] * robots + ["opt-out"] * opt_outs + ["timeout"] * timeouts
    failures = [Failure(url=FEED, reason=reason) for reason in reasons]
    crawl(aws, "difaf", f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", discovered=len(reasons), failures=failures)
    lines = command("--coverage", "--source", "difaf").stdout.splitlines()
    (head, row) = (line.split("\t") for line in lines)
    shown = dict(zip(head, row, strict=True))
    assert shown["failed"] == str(timeouts)
    words = {"skipped by a page's noarchive": opt_outs, "skipped by robots.txt": robots, "timeout": timeouts}
    assert sorted(shown["flags"].split(", ")) == [f"{name} {number}" for name, number in words.items() if number]


def test_coverage_command_draws_map(command: Callable[..., Any], tmp_path: Path) -> None:
    """The command draws a heat map."""
    path = tmp_path / "coverage.svg"
    assert command("--coverage", "--svg", str(path)).exit_code == 0
    drawing = ElementTree.parse(path).getroot()
    titles = [str(each.text) for each in drawing.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 6
    assert f"gazette, {datetime.now(UTC):%Y-%m-%d}: 0 archived (2 to 60 expected); 1 failed" in titles
    assert [each for each in titles if each.endswith("1 failed; low")]
    style = drawing.find("{http://www.w3.org/2000/svg}style")
    assert style is not None
    assert "prefers-color-scheme: dark" in str(style.text)


@pytest.mark.parametrize(
    ("arguments", "status"), [(["--since", "2026-10-01"], 2), (["--coverage", "--source", "nowhere"], 1)]
)
def test_coverage_command_errors(command: Callable[..., Any], arguments: list[str], status: int) -> None:
    """The command says what is wrong."""
    result = command(*arguments)
    assert (result.exit_code, result.stdout) == (status, "")
