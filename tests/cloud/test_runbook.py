"""The runbook typed as it is written, section by section, on a local cloud in the trouble that it is about."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from infra import emulator
from infra.local import docker
from tests.support.checkout import SAMPLES, Checkout
from tests.support.runbook import Section, sections

pytestmark = pytest.mark.cloud

SECONDS = 240  # for a command on a busy machine
EVENT: Any = json.loads((docker.EVENTS / "extract.json").read_text("utf-8"))


def typed(checkout: Checkout, arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command in the checkout, with the local cloud as AWS; questions are answered with yes."""
    command = [sys.executable, "-m", "dateline", *arguments]
    environment = {**os.environ, **checkout.cloud.environment}
    streams: dict[str, Any] = {"capture_output": True, "text": True, "input": "y\n"}
    return subprocess.run(command, cwd=checkout.folder, env=environment, timeout=SECONDS, check=False, **streams)


def alarms(checkout: Checkout) -> dict[str, str]:
    """The names of the stack's alarms on the local cloud, by those of the template."""
    found = checkout.cloud.client("cloudwatch").get_paginator("describe_alarms").paginate()
    names = [alarm["AlarmName"] for page in found for alarm in page["MetricAlarms"]]
    return {name.split("-")[1]: name for name in names if name.startswith("dateline-")}


@pytest.fixture
def troubled(emptied: Checkout) -> Checkout:
    """Something of everything: dead letters, a failed function, a capture, stories that the dataset lacks."""
    outputs = emptied.cloud.outputs
    emulator.put_captures(emptied.s3, outputs["CaptureBucket"], EVENT, docker.EVENTS / "extract.html")
    message = {"MessageGroupId": "0/2", "MessageDeduplicationId": "dead"}
    body = json.dumps({"source": SAMPLES[0], "crawl": "20261129T060000Z-dead"})
    emptied.sqs.send_message(QueueUrl=outputs["CrawlDeadLetters"], MessageBody=body, **message)
    emptied.cloud.client("lambda").invoke(FunctionName=outputs["MaintainFunction"], Payload=b'{"job": "none"}')
    return emptied


@pytest.mark.timeout(3000)
def test_runbook_works_as_written(troubled: Checkout) -> None:
    """Each alarm rises, `status` names it with its section, and the section's commands succeed."""
    cloudwatch, names = troubled.cloud.client("cloudwatch"), alarms(troubled)
    for section in sections():
        raised = [names[name] for name in section.alarms if name in names]  # some have a schedule's condition
        for name in raised:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
        assert [*_failures(troubled, section)] == []
        said = typed(troubled, ["status"]).stdout
        assert said.count(f"#{section.anchor}\n") == len(raised)
        for name in raised:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")


def test_failures_are_in_the_log(troubled: Checkout) -> None:
    """The look at a failed function shows the reason."""
    said = typed(troubled, ["logs", "--errors", "--hours", "24"]).stdout
    assert "maintain ERROR" in said


def _failures(checkout: Checkout, section: Section) -> Any:
    for arguments in section.of("dateline"):
        done = typed(checkout, arguments)
        if done.returncode:
            yield " ".join(arguments), done.stdout[-500:], done.stderr[-500:]
