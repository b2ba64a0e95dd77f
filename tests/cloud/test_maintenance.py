"""Maintenance by the deployed state machine: the same as in one process, also when it is stopped in the middle."""

from datetime import UTC, datetime, timedelta

import pytest

from dateline import capture
from dateline.capture import Exchange
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.keys.object_keys import Stem
from tests.support.checkout import Checkout, until

pytestmark = pytest.mark.cloud

SOURCE, MONTHS = "sample-gazette", 12
WORDS = "The ferry between the two ports sails again after nine years, the harbour office said on Tuesday. "


def months(checkout: Checkout) -> None:
    """Capture a story in each of twelve months, and have the stack archive it."""
    for month in range(MONTHS):
        at = datetime(2018, 5, 3, 6, tzinfo=UTC) + month * timedelta(days=30.5)
        stem = Stem(SOURCE, crawl_names.crawl_name(at, "test"), 0)
        page = f"<html><body><article><h1>Ferry number {month}</h1><p>{WORDS * (6 + month)}</p></article></body></html>"
        exchange = Exchange(
            url=f"http://gazette.example/2018/story-{month}",
            captured_at=at,
            request=b"GET / HTTP/1.1\r\n\r\n",
            response=f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{page}".encode(),
            metadata={"source": SOURCE, "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"},
        )
        body = capture.serialise([exchange], stem.capture)
        checkout.s3.put_object(Bucket=checkout.cloud.outputs["CaptureBucket"], Key=stem.capture, Body=body)
    until(lambda: len(checkout.keys("ArchiveBucket", object_keys.OUTCOMES)) == MONTHS)
    until(lambda: checkout.is_idle("ExtractQueue"))


def test_maintenance_in_the_stack(emptied: Checkout) -> None:
    months(emptied)
    emptied.dateline("rebuild", "--empty", "--yes")
    wanted = emptied.items()
    assert sum(item["SK"] == item_keys.CURRENT for item in wanted) == MONTHS

    (done,) = emptied.dateline("rebuild", "--empty", "--yes", "--in-stack")
    assert (done["captures"], done["stories"]) == (MONTHS, MONTHS)
    assert emptied.items() == wanted

    machine, before = emptied.cloud.client("stepfunctions"), emptied.keys("ArchiveBucket", object_keys.MAINTENANCE)
    running = emptied.start("rebuild", "--empty", "--yes", "--in-stack", "--json")
    until(lambda: any(key.endswith(("-05.json", "-06.json")) for key in new(emptied, before)))
    arn = emptied.cloud.outputs["MaintainMachine"]
    for execution in machine.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        machine.stop_execution(executionArn=execution["executionArn"])
    running.communicate(timeout=240)
    (run,) = {key.split("/")[2] for key in new(emptied, before)}
    (done,) = emptied.dateline("rebuild", "--yes", "--run", run)
    assert (done["captures"], done["stories"]) == (MONTHS, MONTHS)
    assert emptied.items() == wanted

    (one,) = emptied.dateline("verify", "--yes")
    (other,) = emptied.dateline("verify", "--yes", "--in-stack")
    assert (other["found"], other["objects"], other["items"]) == (0, one["objects"], one["items"])


def new(checkout: Checkout, before: list[str]) -> list[str]:
    return [key for key in checkout.keys("ArchiveBucket", object_keys.MAINTENANCE) if key not in before]
