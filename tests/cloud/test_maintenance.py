"""Maintenance by the deployed state machine: the same as in one process, also when it is stopped in the middle."""

import gzip
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
    """Capture a story and a new version of the timetable in each of twelve months, and have the stack archive them."""
    for month in range(MONTHS):
        at = datetime(2018, 5, 3, 6, tzinfo=UTC) + month * timedelta(days=30.5)
        stem = Stem(SOURCE, crawl_names.crawl_name(at, "test"), 0)
        exchanges = [exchange(at, path, month) for path in (f"story-{month}", "timetable")]
        body = capture.serialise(exchanges, stem.capture)
        checkout.s3.put_object(Bucket=checkout.cloud.outputs["CaptureBucket"], Key=stem.capture, Body=body)
    until(lambda: len(checkout.keys("ArchiveBucket", object_keys.OUTCOMES)) == MONTHS)
    until(lambda: checkout.is_idle("ExtractQueue"))


def exchange(at: datetime, path: str, month: int) -> Exchange:
    words = f"<h1>Of {path}, month {month}</h1><p>{WORDS * (6 + month)} It is the {path}.</p>"
    page = f"<html><body><article>{words}</article></body></html>"
    return Exchange(
        url=f"http://gazette.example/2018/{path}",
        captured_at=at,
        request=b"GET / HTTP/1.1\r\n\r\n",
        response=f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{page}".encode(),
        metadata={"source": SOURCE, "country": "ly", "languages": ["en"], "timezone": "Africa/Tripoli"},
    )


def test_maintenance_in_the_stack(emptied: Checkout) -> None:
    months(emptied)
    emptied.dateline("rebuild", "--empty", "--yes")
    wanted = emptied.items()
    assert sum(item["SK"] == item_keys.CURRENT for item in wanted) == MONTHS + 1

    (done,) = emptied.dateline("rebuild", "--empty", "--yes", "--in-stack")
    assert (done["captures"], done["stories"]) == (MONTHS, 2 * MONTHS)
    assert emptied.items() == wanted

    run = stopped(emptied, "index", "rebuild", "--empty", "--yes", "--in-stack")
    (done,) = emptied.dateline("rebuild", "--yes", "--run", run)
    assert (done["captures"], done["stories"]) == (MONTHS, 2 * MONTHS)
    assert emptied.items() == wanted

    (one,) = emptied.dateline("verify", "--yes")
    (other,) = emptied.dateline("verify", "--yes", "--in-stack")
    assert (other["found"], other["objects"], other["items"]) == (0, one["objects"], one["items"])

    id = next(item["id"] for item in wanted if str(item.get("url")).endswith("/timetable"))
    run = stopped(emptied, "withdraw", "withdraw", id, "--reason", "an order", "--yes", "--in-stack")
    (done,) = emptied.dateline("withdraw", id, "--yes", "--run", run)
    assert (done["captures"], len(done["withdrawal"]["pages"]), done["locked"]) == (MONTHS, MONTHS, [])
    assert len(emptied.dateline("query", "--source", SOURCE)) == MONTHS
    for data in emptied.objects("CaptureBucket", object_keys.CAPTURES).values():
        assert b"It is the timetable" not in gzip.decompress(data)
    (after,) = emptied.dateline("verify", "--yes", "--in-stack")
    assert after["found"] == 0


def stopped(checkout: Checkout, job: str, *arguments: str) -> str:
    """Run a command, stop its execution in the middle of a job, and return the run's name."""
    machine, before = checkout.cloud.client("stepfunctions"), checkout.keys("ArchiveBucket", object_keys.MAINTENANCE)
    running = checkout.start(*arguments, "--json")
    middle = (f"/{job}/{SOURCE}/2018-10.json", f"/{job}/{SOURCE}/2018-11.json")
    until(lambda: any(key.endswith(middle) for key in new(checkout, before)))
    arn = checkout.cloud.outputs["MaintainMachine"]
    for execution in machine.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        machine.stop_execution(executionArn=execution["executionArn"])
    running.communicate(timeout=240)
    (run,) = {key.split("/")[2] for key in new(checkout, before)}
    return run


def new(checkout: Checkout, before: list[str]) -> list[str]:
    return [key for key in checkout.keys("ArchiveBucket", object_keys.MAINTENANCE) if key not in before]
