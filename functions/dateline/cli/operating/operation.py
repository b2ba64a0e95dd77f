"""How a stack is: runs and errors of its functions, queues, dead letters, alarms, and what compaction has left.

The same calls answer for a stack on AWS and for the local cloud.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from dateline.aws.prefetch import ahead
from dateline.aws.queues import count_messages
from dateline.cli.operating.functions import names
from dateline.cli.stack import Stack
from dateline.cli.terminal.output import count

HOURS = 24  # of errors; compaction runs each hour
_COUNTED = 100  # errors of a function; an operator reads the log of one with so many
_ERRORS = (
    "ERROR",
    "Traceback (most recent call last)",
    "Task timed out",
    "Runtime.ExitError",
)  # in a function's own lines, and in the runtime's
_ALARMS = 100  # in alarm at once; the template has some thirty


@dataclass(frozen=True, slots=True)
class Runs:
    """A function's last log line (UTC, ISO 8601; None if it never ran), and its errors in the last day."""

    last: str | None
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """State of a stack at work.

    ``functions``, ``queues`` and ``dead_letters`` are by the short names of commands; messages in progress count.
    ``alarms`` are the descriptions of those in alarm, by name. ``dataset_left`` are the partitions left by the last
    compaction, None without one.
    """

    functions: Mapping[str, Runs]
    queues: Mapping[str, int]
    dead_letters: Mapping[str, int]
    alarms: Mapping[str, str]
    dataset_left: int | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def fields(self) -> Iterator[tuple[str, str]]:
        """Yield names and values for people."""
        for name, runs in self.functions.items():
            last = f"last run {runs.last[:19].replace('T', ' ')}" if runs.last else "never ran"
            errors = f"{_COUNTED} errors or more" if runs.errors >= _COUNTED else count(runs.errors, "error")
            yield f"function {name}", f"{last}, {errors} in a day"
        for name, messages in self.queues.items():
            yield f"queue {name}", count(messages, "message")
        for name, messages in self.dead_letters.items():
            yield f"dead letters {name}", f"{messages}{'; see dateline redrive' if messages else ''}"
        yield from self.alarms.items() or [("alarms", "none")]
        yield "dataset", "no compaction in a day" if self.dataset_left is None else f"{self.dataset_left} left"


def look(stack: Stack) -> Operation:
    """Ask the stack; some seventy calls, those about functions side by side."""
    logs, functions = stack.client("logs"), stack.client("lambda")
    groups = {name: _group(functions, function) for name, function in sorted(names(stack).items())}
    queues = {name: count_messages(stack.sqs, url) for name, url in _urls(stack, "Queue")}
    runs = ahead(lambda group: Runs(_last(logs, group), _errors(logs, group)), groups.values())
    return Operation(
        functions=dict(zip(groups, runs, strict=True)),
        queues=queues,
        dead_letters={name: count_messages(stack.sqs, url) for name, url in _urls(stack, "DeadLetters")},
        alarms=dict(_alarms(stack)),
        dataset_left=_left(logs, groups["compact"]) if "compact" in groups else None,
    )


def _group(functions: Any, name: str) -> str:
    found = functions.get_function_configuration(FunctionName=name)
    return str(found.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}"))


def _last(logs: Any, group: str) -> str | None:
    try:
        found = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=1)
    except logs.exceptions.ResourceNotFoundException:
        return None
    times = [stream["lastEventTimestamp"] for stream in found["logStreams"] if "lastEventTimestamp" in stream]
    return datetime.fromtimestamp(times[0] / 1000, UTC).isoformat(timespec="seconds") if times else None


def _errors(logs: Any, group: str) -> int:
    """Count a day's lines with one of the phrases, each asked for by itself: the local cloud knows no alternatives."""
    lines: set[tuple[int, str]] = set()
    for phrase in _ERRORS:
        found = ((event["timestamp"], event["message"]) for event in _events(logs, group, phrase))
        lines.update(islice((line for line in found if phrase in line[1]), _COUNTED))
    return len(lines)


def _left(logs: Any, group: str) -> int | None:
    """Return what the last compaction of the day said that it left."""
    left = None
    for event in _events(logs, group, "compacted"):
        if event["message"].lstrip().startswith("{"):
            left = json.loads(event["message"]).get("left", left)
    return left


def _events(logs: Any, group: str, phrase: str) -> Iterator[dict[str, Any]]:
    """Yield a day's log events with a phrase, oldest first."""
    since = datetime.now(UTC) - timedelta(hours=HOURS)
    request = {"logGroupName": group, "filterPattern": f'"{phrase}"', "startTime": int(since.timestamp() * 1000)}
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**request):
            yield from page["events"]
    except logs.exceptions.ResourceNotFoundException:
        return  # it was never invoked


def _urls(stack: Stack, kind: str) -> Iterator[tuple[str, str]]:
    for name, value in sorted(stack.outputs.items()):
        if name.endswith(kind):
            yield name.removesuffix(kind).lower(), value


def _alarms(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the stack's alarms in alarm: their names in the template, and their descriptions."""
    prefix = f"{stack.outputs['DispatchFunction'].partition('-DispatchFunction')[0]}-"
    found = stack.client("cloudwatch").describe_alarms(
        AlarmNamePrefix=prefix, StateValue="ALARM", MaxRecords=_ALARMS, AlarmTypes=["MetricAlarm"]
    )
    for alarm in found["MetricAlarms"]:
        if alarm["StateValue"] == "ALARM":  # some emulators ignore the filter
            name = alarm["AlarmName"].removeprefix(prefix).partition("-")[0]
            yield name, alarm.get("AlarmDescription", "")
