"""Every alarm is provoked once, by metrics as they come; and the code emits every metric that one watches."""

import importlib
import json
from types import SimpleNamespace
from typing import Any

import pytest

from dateline.article import Outcome
from dateline.dataset.compaction import Compacted
from dateline.messages import CrawlReport, Expect, Failure, FeedVisit
from dateline.monitoring.counters import Day
from dateline.monitoring.coverage import Row
from tests.functions.alarms import Period, state
from tests.functions.test_template import RESOURCES, TEMPLATE, name_of, of_type

ALARMS = of_type("AWS::CloudWatch::Alarm")
HOUR, DAY = 3600.0, 86400.0
NONE: Period = ()

# By alarm: periods that raise it, and periods that must not, the latest one last. Samples are those of the metric's
# own unit: errors and messages in numbers, ages in seconds (of queues) or milliseconds (of streams), as AWS reports.
PROVOKED: dict[str, tuple[list[Period], list[Period]]] = {
    "DispatchAlarm": ([[0, 1, 0]], [[0, 0, 0]]),
    "CoverageAlarm": ([[1]], [NONE]),
    "CompactAlarm": ([[1]], [[0]]),
    "SearchAlarm": ([[1, 1, 1]], [[1, 0, 1]]),
    "MaintainAlarm": ([[1, 1, 1]], [[1, 0, 1]]),
    "ReadAlarm": ([[40]], [[0] * 200]),
    "StampAlarm": ([[1]], [NONE]),
    "CrawlErrorsAlarm": ([[1], [2, 1], [0], [1]], [[1], NONE, [0], [1]]),
    "ExtractErrorsAlarm": ([[3], [0], [1], [1]], [[9], [0], [0], [0]]),
    "EventsErrorsAlarm": ([[1], [1], NONE, [1]], [NONE, NONE, NONE, [1]]),
    "CrawlAlarm": ([[0, 1]], [[0, 0]]),
    "ExtractAlarm": ([[2]], [[0]]),
    "EventsAlarm": ([[1]], [[0]]),
    "SearchLostAlarm": ([[1]], [NONE]),
    "CrawlLateAlarm": ([[6.1 * HOUR], [6.2 * HOUR], [6.3 * HOUR]], [[7 * HOUR], [2 * HOUR], [7 * HOUR]]),
    "ExtractLateAlarm": ([[1.1 * HOUR]], [[0.9 * HOUR]]),
    "EventsLateAlarm": ([[16 * 60_000]], [[3_000, 14 * 60_000]]),
    "DispatchIdleAlarm": ([NONE, NONE], [NONE, [12]]),
    "CompactIdleAlarm": ([NONE] * 26, [*([NONE] * 25), [1]]),
    "CoverageIdleAlarm": ([NONE] * 26, [[1], *([NONE] * 25)]),
    "StampIdleAlarm": ([NONE] * 26, [[1], *([NONE] * 25)]),
    "MaintainIdleAlarm": ([NONE] * 26, [[12], *([NONE] * 25)]),
    "SearchIdleAlarm": ([NONE] * 26, [[0], *([NONE] * 25)]),
    "ExtractSlowAlarm": ([[9_000, 271_000]], [[9_000, 240_000]]),
    "CompactSlowAlarm": ([[850_000]], [[720_000]]),
    "CoverageSlowAlarm": ([[280_000]], [[21_000]]),
    "ThrottlesAlarm": ([[5], [1], [2]], [[50], [0], [3]]),
    "TableReadThrottlesAlarm": ([[9], [9], [9]], [[9], NONE, [9]]),
    "TableWriteThrottlesAlarm": ([[120], [3], [1]], [[120], [3], NONE]),
    "DatasetLeftAlarm": ([[3] * 24], [[3] * 12 + [0] + [3] * 11]),
    "QuarantineAlarm": ([[0, 1, 0]], [NONE]),
    "SilenceAlarm": ([[2]], [[0]]),
    "ParkedAlarm": ([[0, 1, 0]], [[0, 0]]),
    "UnstampedAlarm": ([[1], [1]], [[1], [0]]),
}
# Metrics of AWS services with their dimensions, as their user guides list them, and what a dimension's value names.
OF_AWS = {
    "AWS/Lambda": ({"Errors", "Invocations", "Duration", "Throttles", "IteratorAge"}, "FunctionName"),
    "AWS/SQS": ({"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}, "QueueName"),
    "AWS/DynamoDB": ({"ReadThrottleEvents", "WriteThrottleEvents"}, "TableName"),
}
TYPES = {
    "FunctionName": "AWS::Serverless::Function",
    "QueueName": "AWS::SQS::Queue",
    "TableName": "AWS::DynamoDB::Table",
}


def properties(alarm: str) -> dict[str, Any]:
    return dict(RESOURCES[alarm]["Properties"])


def test_every_alarm_is_provoked_below() -> None:
    assert PROVOKED.keys() == ALARMS.keys()


@pytest.mark.parametrize("alarm", PROVOKED)
def test_alarm_raises_and_rests(alarm: str) -> None:
    """It rises for what it is for, rests at what is usual, and goes when that has lasted as long as it looks back."""
    raising, usual = PROVOKED[alarm]
    found = properties(alarm)
    assert state(found, raising) == "ALARM"
    assert state(found, usual) == "OK"
    well: Period = [1.0] if "LessThan" in found["ComparisonOperator"] else [0.0]
    assert state(found, [*raising, *([well] * int(found["EvaluationPeriods"]))]) == "OK"


@pytest.mark.parametrize("alarm", PROVOKED)
def test_silence_raises_alarm(alarm: str) -> None:
    """Without any data: alarms for functions that did not run rise, all others rest."""
    assert state(properties(alarm), []) == ("ALARM" if alarm.endswith("IdleAlarm") else "OK")


@pytest.mark.parametrize("alarm", [name for name in ALARMS if properties(name)["Namespace"] in OF_AWS])
def test_aws_metrics_have_resources(alarm: str) -> None:
    """A misspelt metric, or another dimension, would be a metric that nobody reports: an alarm that never rises."""
    found = properties(alarm)
    metrics, dimension = OF_AWS[found["Namespace"]]
    assert found["MetricName"] in metrics
    for each in found.get("Dimensions", []):
        assert each["Name"] == dimension
        assert RESOURCES[name_of(each["Value"])]["Type"] == TYPES[dimension]
    assert found.get("Dimensions") or found["MetricName"] == "Throttles"  # which is of all functions of an account


class Context:
    """Of the coverage function, in which a dimension is."""

    function_name, memory_limit_in_mb, invoked_function_arn, aws_request_id = "deployed", 1024, "arn", "id"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


def emitted(printed: str) -> dict[str, set[frozenset[str]]]:
    """Sets of dimensions of each metric in the embedded metric format, by namespace and name."""
    found: dict[str, set[frozenset[str]]] = {}
    for line in (json.loads(line) for line in printed.splitlines() if '"_aws"' in line):
        for metrics in line["_aws"]["CloudWatchMetrics"]:
            for metric in metrics["Metrics"]:
                name = f"{metrics['Namespace']} {metric['Name']}"
                found.setdefault(name, set()).update(frozenset(each) for each in metrics["Dimensions"])
    return found


def _compact(patch: pytest.MonkeyPatch) -> None:
    function = importlib.import_module("compact")
    patch.setattr(function, "compaction", lambda: SimpleNamespace(run=lambda _: Compacted(left=3)))
    function.handler({}, Context())


def _stamp(patch: pytest.MonkeyPatch) -> None:
    function = importlib.import_module("stamp")
    for name, value in {"CAPTURE_BUCKET": "captures", "TIMESTAMP_AUTHORITIES": "", "SIGNING_KEY": "key"}.items():
        patch.setenv(f"DATELINE_{name}", value)
    function.settings.cache_clear()
    refused = SimpleNamespace(signed=1, stamped=0, promised=0, failures={"2026-11-28": {"sample": "refused"}})
    written = SimpleNamespace(days=["2026-11-28"], records=4, damaged=0)
    patch.setattr(function, "s3", lambda: None)
    patch.setattr(function, "signer", lambda _: None)
    patch.setattr(function, "trusted", lambda *_: [])
    patch.setattr(function, "Trees", lambda *_: SimpleNamespace(write=lambda _: written))
    patch.setattr(function, "Stamps", lambda *_, **__: SimpleNamespace(add=lambda _: refused))
    function.handler({"time": "2026-11-29T04:00:00Z"}, Context())
    function.settings.cache_clear()


def _search(patch: pytest.MonkeyPatch) -> None:
    function = importlib.import_module("search")
    done = SimpleNamespace(merged=0, deleted=0)
    patch.setattr(function, "compaction", lambda: SimpleNamespace(run=lambda **_: done))
    patch.setattr(function, "mails", lambda: None)
    function.handler({}, Context())


def _extract(patch: pytest.MonkeyPatch) -> None:
    function = importlib.import_module("extract")
    pages = [SimpleNamespace(id="a", outcome=outcome, rules_missed=()) for outcome in Outcome]
    patch.setattr(function, "archive", lambda: SimpleNamespace(add=lambda _, **__: pages))
    function.metrics.log_metrics(lambda *_: function._archive("captures/sample/x.warc.gz", again=False))({}, Context())


def _coverage(patch: pytest.MonkeyPatch) -> None:
    patch.delenv("DATELINE_ALARM_TOPIC", raising=False)
    failing = (FeedVisit(url="http://gazette.example/feed", error="timeout"),)
    day = Day(source="sample", date="2026-11-28", expect=Expect(1, 9))
    rows = [Row(day=day, silent_days=7, failing=failing)]
    importlib.import_module("coverage")._tell(rows, "deployed")


def _crawl(patch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    function = importlib.import_module("crawl")
    parked = CrawlReport(source="sample", crawl="20261129T060000Z-test", started_at="2026-11-29T06:00:00Z")
    parked.failures = [Failure(url="http://gazette.example/", reason="parked")]
    function.metrics.log_metrics(lambda *_: function._count(parked))({}, Context())


EMITTERS = {
    "ParkedAlarm": _crawl,
    "DatasetLeftAlarm": _compact,
    "UnstampedAlarm": _stamp,
    "QuarantineAlarm": _extract,
    "SilenceAlarm": _coverage,
    "SearchIdleAlarm": _search,
}


def test_own_metrics_are_emitted() -> None:
    """Every metric of our own is emitted below."""
    own = {name for name in ALARMS if properties(name)["Namespace"] not in OF_AWS}
    assert own == EMITTERS.keys()
    assert {properties(name)["Namespace"] for name in own} == {"Dateline"}


@pytest.mark.parametrize("alarm", EMITTERS)
def test_emitted_metrics_are_watched(
    alarm: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The functions' own code prints the metric, with the dimensions that the alarm has and no others."""
    service = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service)
    EMITTERS[alarm](monkeypatch)
    found = properties(alarm)
    metrics = emitted(capsys.readouterr().out)
    watched = frozenset(each["Name"] for each in found["Dimensions"])
    assert watched in metrics[f"{found['Namespace']} {found['MetricName']}"]
