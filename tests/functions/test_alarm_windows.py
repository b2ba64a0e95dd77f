"""Alarms look back far enough: each one rises and rests with runs as rare as the template's schedules allow."""

import re
from typing import Any

import pytest

from tests.functions.alarms import state_at
from tests.functions.test_alarms import ALARMS, DAY, EMITTERS, HOUR, OF_AWS, properties
from tests.functions.test_template import FUNCTIONS, TEMPLATE, name_of

MINUTE = 60.0
DAYS = 6  # of runs; alarms are evaluated on the last three
LONGEST = {"DispatchEvery": ("rate(1 hour)", HOUR), "CompactEvery": ("rate(1 day)", DAY)}
DAILY = re.compile(r"cron\(\d+ \d+ \* \* \? \*\)")
RETRIES = (MINUTE, 3 * MINUTE)  # of asynchronous invocations, after the first attempt
EMITTED_BY = {  # a run of the schedule emits it; other alarms on metrics of ours are for pages and crawls
    "DatasetLeftAlarm": "CompactFunction",
    "SearchIdleAlarm": "SearchFunction",
    "SilenceAlarm": "CoverageFunction",
    "UnstampedAlarm": "StampFunction",
}


def schedules() -> dict[str, float]:
    """The longest interval between two runs of each scheduled function, in seconds."""
    found = {}
    for name, function in FUNCTIONS.items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "ScheduleV2":
                expression = event["Properties"]["ScheduleExpression"]
                found[name] = LONGEST[expression["Ref"]][1] if "Ref" in expression else DAY
                assert "Ref" in expression or DAILY.fullmatch(expression)
    return found


def watched(alarm: str) -> str:
    """The scheduled function that an alarm is about; empty for other alarms."""
    found = properties(alarm)
    names = [name_of(each["Value"]) for each in found.get("Dimensions", []) if each["Name"] == "FunctionName"]
    name = names[0] if found["Namespace"] == "AWS/Lambda" and names else EMITTED_BY.get(alarm, "")
    return name if name in SCHEDULES else ""


SCHEDULES = schedules()
WATCHES = {alarm: watched(alarm) for alarm in ALARMS if watched(alarm)}
IDLE = [alarm for alarm in WATCHES if alarm.endswith("IdleAlarm")]


def runs(function: str) -> list[float]:
    """Instants of a function's runs, jittered as schedules are: by less than a minute."""
    interval = SCHEDULES[function]
    return [10 * MINUTE + number * interval + number % 3 * 15 for number in range(int(DAYS * DAY / interval))]


def samples(alarm: str, value: float) -> list[tuple[float, float]]:
    """A metric of each run; of errors, one for each attempt."""
    function = WATCHES[alarm]
    retries = FUNCTIONS[function].get("EventInvokeConfig", {}).get("MaximumRetryAttempts", 2)
    after = (0, *RETRIES[:retries]) if properties(alarm)["MetricName"] == "Errors" else (0,)
    return [(run + later, value) for run in runs(function) for later in after]


def states(alarm: str, found: list[tuple[float, float]]) -> list[str]:
    """States as CloudWatch evaluates long periods, every hour, and short ones every five minutes."""
    step = min(HOUR, float(properties(alarm)["Period"]))
    begin, end = 3 * DAY, DAYS * DAY
    return [state_at(properties(alarm), found, begin + step * n) for n in range(1 + int((end - begin) / step))]


def test_scheduled_functions_have_idle_alarms() -> None:
    assert {WATCHES[alarm] for alarm in IDLE} == SCHEDULES.keys()


def test_own_metrics_name_functions() -> None:
    """A new alarm on a metric of ours is added above, or is about pages and crawls."""
    own = {name for name in ALARMS if properties(name)["Namespace"] not in OF_AWS}
    assert own - EMITTED_BY.keys() == {"ParkedAlarm", "QuarantineAlarm"}
    assert own == EMITTERS.keys()


@pytest.mark.parametrize("alarm", [alarm for alarm in WATCHES if alarm not in IDLE])
def test_rare_runs_raise_alarm(alarm: str) -> None:
    """Where each run has the trouble, the alarm rises; where none has, it rests."""
    threshold = float(properties(alarm)["Threshold"])
    trouble = threshold if properties(alarm)["MetricName"] == "Duration" else 1.0
    assert "ALARM" in states(alarm, samples(alarm, trouble))
    assert set(states(alarm, samples(alarm, 0))) == {"OK"}


@pytest.mark.parametrize("alarm", IDLE)
def test_rare_runs_are_not_idle(alarm: str) -> None:
    """Runs at the longest interval are no idleness; the alarm rises within two intervals and two hours of the last."""
    running = samples(alarm, 1)
    assert set(states(alarm, running)) == {"OK"}
    stopped = [(at, value) for at, value in running if at < 4 * DAY]
    risen = [
        4 * DAY + HOUR * n for n in range(49) if state_at(properties(alarm), stopped, 4 * DAY + HOUR * n) == "ALARM"
    ]
    assert risen[0] <= 4 * DAY + 2 * SCHEDULES[WATCHES[alarm]] + 2 * HOUR


@pytest.mark.parametrize("parameter", LONGEST)
def test_longest_schedule_is_allowed(parameter: str) -> None:
    described: dict[str, Any] = TEMPLATE["Parameters"][parameter]
    for expression in (LONGEST[parameter][0], described["Default"], "rate(1 minute)", "rate(30 minutes)"):
        assert re.fullmatch(described["AllowedPattern"], expression)


@pytest.mark.parametrize(
    ("parameter", "expression"),
    [
        ("DispatchEvery", "rate(61 minutes)"),
        ("DispatchEvery", "rate(2 hours)"),
        ("DispatchEvery", "rate(1 day)"),
        ("DispatchEvery", "cron(0 6 * * ? *)"),
        ("DispatchEvery", "cron(0/20 * ? * MON-FRI *)"),
        ("CompactEvery", "rate(1441 minutes)"),
        ("CompactEvery", "rate(25 hours)"),
        ("CompactEvery", "rate(2 days)"),
        ("CompactEvery", "cron(0 3 ? * MON *)"),
        ("CompactEvery", "cron(0 3 1 * ? *)"),
        ("CompactEvery", "at(2026-11-30T00:00:00)"),
    ],
)
def test_longer_schedules_are_refused(parameter: str, expression: str) -> None:
    assert not re.fullmatch(TEMPLATE["Parameters"][parameter]["AllowedPattern"], expression)


@pytest.mark.parametrize(
    "expression", ["cron(0 3 * * ? *)", "cron(15 0/6 ? * * *)", "rate(24 hours)", "rate(999 minutes)"]
)
def test_daily_compaction_is_allowed(expression: str) -> None:
    assert re.fullmatch(TEMPLATE["Parameters"]["CompactEvery"]["AllowedPattern"], expression)
