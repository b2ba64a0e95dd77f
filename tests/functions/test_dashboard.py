"""The dashboard as CloudWatch renders it: every metric in it exists, and every queue and function is in it."""

import json
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from tests.functions.test_alarms import EMITTERS, OF_AWS, TYPES, emitted
from tests.functions.test_template import FUNCTIONS, QUEUES, RESOURCES, TEMPLATE

COLUMNS = 24  # of a dashboard
# Metrics of AWS on the dashboard and not in an alarm.
_SHOWN = {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits"}
_NAMED = re.compile(r"\$\{(?!AWS::)(\w+)(?:\.\w+)?\}")


def widgets() -> list[dict[str, Any]]:
    """The widgets, each resource's name in place of what CloudFormation puts there."""
    text = str(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    return list(json.loads(_NAMED.sub(r"\1", text).replace("${AWS::Region}", "us-east-1"))["widgets"])


def metrics(widget: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Namespace, name and dimensions of a widget's metrics: ``.`` repeats a value of the one above, ``...`` several."""
    above: list[str] = []
    for row in widget["properties"]["metrics"]:
        said = [each for each in row if isinstance(each, str)]
        if said[0] == "...":
            said = [*above[: len(above) - len(said) + 1], *said[1:]]
        above = [above[at] if each == "." else each for at, each in enumerate(said)]
        yield above[0], above[1], dict(zip(above[2::2], above[3::2], strict=True))


METRICS = [(widget["properties"]["title"], *metric) for widget in widgets() for metric in metrics(widget)]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, set[frozenset[str]]]:
    """Metrics that the functions emit, with their sets of dimensions."""
    service = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service)
    for emit in {*EMITTERS.values()}:
        emit(monkeypatch)
    return emitted(capsys.readouterr().out)


def test_own_metrics_exist(told: dict[str, set[frozenset[str]]]) -> None:
    """Metrics of ours have the names and the dimensions with which the functions' code emits them."""
    own = [(title, name, given) for title, namespace, name, given in METRICS if namespace == "Dateline"]
    assert len(own) > 10
    assert [(title, name) for title, name, given in own if {*given} not in told.get(f"Dateline {name}", ())] == []


def test_aws_metrics_exist() -> None:
    """Metrics of AWS have a known name, and name a resource of the type that reports them."""
    of_aws = [metric for metric in METRICS if metric[1] != "Dateline"]
    for _, namespace, name, given in of_aws:
        known, dimension = OF_AWS[namespace]
        assert name in known | _SHOWN
        assert given.keys() == {dimension}
        assert RESOURCES[given[dimension]]["Type"] == TYPES[dimension]


def test_queues_and_functions_are_shown() -> None:
    """Each queue's messages, dead letters and others, and each function's duration and errors."""
    shown = {(name, value) for _, _, name, given in METRICS for value in given.values()}
    dead = {name for name in QUEUES if name.endswith("DeadLetters")}
    assert {value for name, value in shown if name == "ApproximateNumberOfMessagesVisible"} == dead
    assert {value for name, value in shown if name == "ApproximateAgeOfOldestMessage"} == QUEUES.keys() - dead
    for metric in ("Duration", "Errors"):
        assert {value for name, value in shown if name == metric} == FUNCTIONS.keys()


def test_widgets_do_not_overlap() -> None:
    for one, other in combinations(widgets(), 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or below
    assert max(each["x"] + each["width"] for each in widgets()) == COLUMNS
