"""``dateline status --stack``: how a stack is, from its logs, queues and alarms."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from typer.testing import CliRunner

from dateline.cli import commands
from dateline.cli.main import app
from dateline.cli.operating.operation import Operation, Runs
from dateline.cli.stack import Stack
from tests.conftest import Aws

NOW = datetime.now(UTC)
LEFT = {"level": "INFO", "message": "compacted", "partitions": 4, "written": 3, "left": 1}
ERROR = {"level": "ERROR", "message": "Échec : لا يوجد مصدر"}


class Functions:
    """Lambda's answer on a function: its log group."""

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return {"LoggingConfig": {"LogGroup": f"/aws/lambda/{FunctionName}"}}


class Emulated(Stack):
    """A stack in moto."""

    def client(self, service: str, *, timeout: float = 60) -> Any:  # noqa: ARG002
        session: Any = boto3.Session()  # typed for literal names of services alone
        return Functions() if service == "lambda" else session.client(service)


@pytest.fixture
def stack(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Stack:
    sqs = boto3.client("sqs")
    queues = ("CrawlQueue", "CrawlDeadLetters", "ExtractQueue", "EventsDeadLetters")
    urls = {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in queues}
    functions = {f"{name}Function": f"news-{name}Function-1A2B" for name in ("Dispatch", "Crawl", "Compact")}
    outputs = {"CaptureBucket": aws.captures, "ArchiveBucket": aws.archive, "IndexTable": aws.table.name}
    found = Emulated(s3=aws.s3, sqs=sqs, table=aws.table, outputs=outputs | urls | functions)
    monkeypatch.setattr(Stack, "find", lambda _: found)
    return found


def log(function: str, *lines: str, hours: float = 1, apart: int = 1) -> None:
    logs, group = boto3.client("logs"), f"/aws/lambda/news-{function}Function-1A2B"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    at = int((NOW - timedelta(hours=hours)).timestamp() * 1000)
    events: Any = [{"timestamp": at + apart * number, "message": line} for number, line in enumerate(lines)]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)


TOLD = "Crawls failed five times. Runbook: docs/operate.md#dead-letters"


def alarm(name: str, state: Any) -> None:
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=TOLD,
        Namespace="AWS/SQS",
        MetricName="m",
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="sample")


def logs(*options: str) -> list[str]:
    done = CliRunner().invoke(app, ["logs", "--stack", "news", *options])
    assert done.exit_code == 0, done.output
    return [line.partition(" ")[2] for line in done.stdout.splitlines()]


def status(*options: str) -> str:
    done = CliRunner().invoke(app, ["status", "--stack", "news", *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_quiet_stack(stack: Stack) -> None:  # noqa: ARG001
    """Just deployed: nothing ran, nothing waits, no alarm."""
    found = json.loads(status("--json"))
    assert found["functions"]["crawl"] == {"last": None, "errors": 0}
    assert found["queues"] == {"crawl": 0, "extract": 0}
    assert found["dead_letters"] == {"crawl": 0, "events": 0}
    assert (found["alarms"], found["dataset_left"]) == ({}, None)
    assert found["outputs"]["IndexTable"] == "index"


def test_a_stack_in_trouble(stack: Stack) -> None:
    """Errors of a day, dead letters, alarms of this stack alone, and partitions left."""
    log("Crawl", "START RequestId", json.dumps(ERROR), json.dumps({"level": "INFO", "message": "crawled"}))
    log("Compact", json.dumps(LEFT | {"left": 7}), json.dumps(LEFT))
    for _ in range(2):
        stack.sqs.send_message(QueueUrl=stack.outputs["CrawlDeadLetters"], MessageBody="{}")
    stack.sqs.send_message(QueueUrl=stack.outputs["ExtractQueue"], MessageBody="{}")
    stack.sqs.receive_message(QueueUrl=stack.outputs["ExtractQueue"])
    alarm("news-CrawlAlarm-XYZ", "ALARM")
    alarm("news-SilenceAlarm-XYZ", "OK")
    alarm("news2-ExtractAlarm-XYZ", "ALARM")
    found = json.loads(status("--json"))
    assert found["functions"]["crawl"]["errors"] == 1
    assert found["functions"]["crawl"]["last"] == f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%S}+00:00"
    assert (found["dead_letters"]["crawl"], found["queues"]["extract"]) == (2, 1)
    assert (found["alarms"], found["dataset_left"]) == ({"CrawlAlarm": TOLD}, 1)
    printed = status()
    assert "dead letters crawl\t2; see dateline redrive\n" in printed
    assert f"function crawl\tlast run {NOW - timedelta(hours=1):%Y-%m-%d %H:%M:%S}, 1 error in a day\n" in printed
    assert f"CrawlAlarm\t{TOLD}\n" in printed
    assert "dataset\t1 left\n" in printed


def test_many_errors_are_capped() -> None:
    """Many errors are not counted to the end."""
    runs = {"crawl": Runs("2026-11-29T23:05:12+00:00", 100)}
    quiet = Operation(functions=runs, queues={}, dead_letters={}, alarms={}, dataset_left=0)
    assert dict(quiet.fields())["function crawl"].endswith("100 errors or more in a day")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"rebuilding": True}, "the local cloud is not running; run dateline up"),
        ({"ministack": 4711}, "the local cloud is unhealthy; run dateline up"),
        (
            {"ministack": 4711, "rebuilding": True},
            "the local cloud was killed and its index is not rebuilt yet; wait for dateline up, or run it again",
        ),
        ({"ministack": 4711, "full": True}, "no space is left for /a/.dateline; free some, then run dateline up"),
    ],
    ids=["stopped", "unhealthy", "rebuilding", "full disk"],
)
def test_stopped_cloud_names_next_step(values: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a healthy local cloud, `status` fails and says how to get one."""
    known = {"healthy": False, "ministack": None, "rebuilding": False, "full": False, "folder": "/a/.dateline"}
    monkeypatch.setattr(commands, "part", lambda _: lambda _: (known | values, {}))
    done = CliRunner().invoke(app, ["status"])
    assert (done.exit_code, " ".join(done.stderr.split())) == (1, said)


def test_tracebacks_are_whole(stack: Stack) -> None:  # noqa: ARG001
    """The local cloud logs each line apart; the reason is the last, and the error counts once."""
    text = ["Traceback (most recent call last):", '  File "maintain.py", line 53, in handler', "KeyError: 'source'"]
    log("Crawl", *text, apart=0)
    assert logs("crawl", "--errors", "--hours", "3")[-1] == "'source'"  # after the first word
    assert json.loads(status("--json"))["functions"]["crawl"]["errors"] == 1


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-30T06:05:00.000Z 1f2e Task timed out after 300.10 seconds",
        "[ERROR] KeyError: 'ROUNDS'\nTraceback (most recent call last):",
        "RequestId: 1f2e Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
        json.dumps(ERROR),
    ],
)
def test_failures_are_errors(stack: Stack, line: str) -> None:  # noqa: ARG001
    """Exceptions that no handler caught, timeouts and kills come in lines of the runtime, without a level."""
    log("Crawl", "START RequestId: 1f2e Version: $LATEST", line, json.dumps({"level": "INFO", "message": "crawled"}))
    [found] = [each for each in logs("crawl", "--errors", "--hours", "3") if each.startswith("crawl ")]
    assert found.startswith("crawl ERROR ")
