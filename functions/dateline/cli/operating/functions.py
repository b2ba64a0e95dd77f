"""``dateline logs`` and ``dateline compact``: a stack's functions."""

import json as jsonlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from dateline.cli.stack import Stack, StackName
from dateline.cli.terminal.output import CommandError, Json, note, print_json, write

_PATIENCE = 900  # seconds that a function may run
_SUFFIX = "Function"
# Failures in lines that are no JSON: those of the runtime, and of exceptions that no handler caught.
_TRACEBACK = "Traceback (most recent call last)"
_FAILED = re.compile(rf"\[ERROR\]|Task timed out|Runtime\.\w+|{re.escape(_TRACEBACK)}")
_PLATFORM = re.compile(r"(?:INIT_START|START|END|REPORT) ")  # lines of the runtime, none of the function's

Hours = Annotated[float, typer.Option(min=0.01, help="How many hours to look back.")]


def logs(
    function: Annotated[
        str | None, typer.Argument(help="dispatch, crawl, extract, ...; without it, all.", show_default=False)
    ] = None,
    hours: Hours = 1,
    errors: Annotated[bool, typer.Option("--errors", help="Warnings and errors alone.")] = False,
    stack: StackName = None,
    json: Json = False,
) -> None:
    """Print what a stack's functions logged in the last hour, oldest first."""
    found = Stack.find(stack)
    since = datetime.now(UTC) - timedelta(hours=hours)
    events = sorted(
        (event for name in _named(found, function) for event in _joined(_events(found, name, since))),
        key=lambda event: event["at"],
    )
    shown = [event for event in events if not errors or event["level"] not in ("INFO", "DEBUG", "")]
    for event in shown:
        if json:
            print_json(event)
        else:
            write(f"{event['at'][11:19]} {event['function']} {event['level'] or '-'} {event['message']}")
    if not shown:
        note(f"nothing logged in the last {hours:g} h; --hours looks back further")


def compact(stack: StackName = None, json: Json = False) -> None:
    """Write the dataset's Parquet files now, as the schedule does each hour."""
    found = Stack.find(stack)
    name = found.outputs[f"Compact{_SUFFIX}"]
    answer = found.client("lambda", timeout=_PATIENCE).invoke(FunctionName=name, Payload=b"{}")
    counts = jsonlib.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError") or not isinstance(counts, dict) or "written" not in counts:
        raise CommandError(f"compaction failed: {counts}; dateline logs compact says why")
    if json:
        print_json(counts)
    else:
        write(f"{counts['partitions']} partitions changed, {counts['written']} files written, {counts['left']} left")
    if counts["left"]:
        note("run it again for the rest")


def names(stack: Stack) -> dict[str, str]:
    """Return the deployed functions' names by the short ones that commands take."""
    outputs = stack.outputs.items()
    return {key.removesuffix(_SUFFIX).lower(): value for key, value in outputs if key.endswith(_SUFFIX)}


def _named(stack: Stack, function: str | None) -> list[str]:
    known = names(stack)
    if function and function not in known:
        raise CommandError(f"there is no function {function!r}; there are {', '.join(sorted(known))}")
    return [function] if function else sorted(known)


def _events(stack: Stack, function: str, since: datetime) -> Iterator[dict[str, Any]]:
    """The function's own log lines: instant (UTC), level and message, and what else a line says."""
    name = names(stack)[function]
    described = stack.client("lambda").get_function_configuration(FunctionName=name)
    group = described.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{name}")
    client = stack.client("logs")
    try:
        pages = client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=int(since.timestamp() * 1000)
        )
        for event in (event for page in pages for event in page["events"]):
            if not _PLATFORM.match(event["message"]) and '"_aws"' not in event["message"]:
                yield _read(function, event)
    except client.exceptions.ResourceNotFoundException:
        return  # it was never invoked


def _joined(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Join a traceback with the line of its exception: the local cloud logs each line of a text apart."""
    last: dict[str, Any] | None = None
    for event in events:
        if last and last["message"].startswith(_TRACEBACK) and not event["level"] and event["at"] == last["at"]:
            last["message"] += f"\n{event['message']}"
            continue
        if last:
            yield last
        last = event
    if last:
        yield last


def _read(function: str, event: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).isoformat(timespec="milliseconds")
    text = event["message"].strip()
    try:
        said = jsonlib.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return {"at": at, "function": function, "level": "ERROR" if _FAILED.search(text) else "", "message": text}
    level, message = str(said.get("level", "")), said.get("message")
    dull = ("level", "message", "timestamp", "service", "location", "cold_start", "xray_trace_id")
    rest = {key: value for key, value in said.items() if key not in dull and not key.startswith("function_")}
    return {"at": at, "function": function, "level": level, "message": f"{message} {_told(rest)}".strip(), **rest}


def _told(values: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items() if name != "exception")
