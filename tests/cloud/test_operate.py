"""Operation on the deployed template: two stacks side by side, and dead letters of every queue returned."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import emulator
from infra.deploy.check import Check, Finding
from infra.local import docker, stack
from infra.local.cloud import Cloud, _parameters
from infra.local.errors import LocalCloudError
from tests.support.checkout import SAMPLES, Checkout, until

pytestmark = pytest.mark.cloud

SECOND = "news-second"
EVENT = json.loads((docker.EVENTS / "extract.json").read_text("utf-8"))
CRAWL = "20261129T060000Z-dead"
POSITION = {
    "shardId": "shardId-00000000000000000000-00000000",
    "startSequenceNumber": "100000000000000000001",
    "endSequenceNumber": "100000000000000000002",
    "approximateArrivalOfFirstRecord": "2026-11-01T00:00:00Z",
    "approximateArrivalOfLastRecord": "2099-01-01T00:00:00Z",
    "batchSize": 2,
}


def deploy(cloud: Cloud) -> None:
    stack.deploy(cloud.folder, cloud.client("s3"), cloud.environment, _parameters(cloud.folder, None), name=SECOND)


@contextmanager
def deployed(cloud: Cloud) -> Iterator[Cloud]:
    """A second stack of the same template, beside the first; removed with its buckets and its table."""
    s3, cloudformation = cloud.client("s3"), cloud.client("cloudformation")
    deploy(cloud)
    outputs = stack.outputs(cloudformation, SECOND)
    assert outputs is not None
    stack.adjust(cloud.client("lambda"))
    try:
        yield Cloud(cloud.folder, cloud.port, outputs)
    finally:
        cloudformation.delete_stack(StackName=SECOND)
        until(lambda: stack.outputs(cloudformation, SECOND) is None)
        for name in (outputs["CaptureBucket"], outputs["ArchiveBucket"]):
            cloud.resource("s3").Bucket(name).object_versions.delete()
            s3.delete_bucket(Bucket=name)
        tables = cloud.client("dynamodb")
        tables.update_table(TableName=outputs["IndexTable"], DeletionProtectionEnabled=False)
        tables.delete_table(TableName=outputs["IndexTable"])


@pytest.fixture
def second(cloud: Cloud) -> Iterator[Cloud]:
    with deployed(cloud) as found:
        yield found


def names_of_buckets(cloud: Cloud) -> set[str]:
    return {each["Name"] for each in cloud.client("s3").list_buckets()["Buckets"]}


def checked(cloud: Cloud, name: str) -> dict[str, Finding]:
    return {each.what: each for each in Check(name, {}, region="us-east-1", client=cloud.client).run()}


def stories(cloud: Cloud) -> list[Any]:
    table = cloud.resource("dynamodb").Table(cloud.outputs["IndexTable"])
    return [item["url"] for item in table.scan()["Items"] if item["SK"] == "CURRENT"]


def test_two_stacks_run_side_by_side(cloud: Cloud, second: Cloud, emptied: Checkout) -> None:  # noqa: ARG001
    """No name is shared: a capture in one stack's bucket is archived there, and the other one hears nothing of it."""
    apart = {name for name, value in cloud.outputs.items() if second.outputs[name] == value}
    assert apart == {"CrawlShards", "DatasetTable"}  # a number, and a table in a database of its own
    emulator.put_captures(cloud.client("s3"), second.outputs["CaptureBucket"], EVENT, docker.EVENTS / "extract.html")
    until(lambda: stories(second) == ["https://sample-event.example/extract"])
    assert stories(cloud) == []


def test_failed_deploy_can_be_repeated(cloud: Cloud) -> None:
    """A first deploy that fails half-way leaves no stack and no bucket; the same command then succeeds."""
    events = cloud.client("events")
    events.create_event_bus(Name=SECOND)
    before = names_of_buckets(cloud)
    with pytest.raises(LocalCloudError, match=f"Failed to create/update the stack: {SECOND}"):
        deploy(cloud)
    with pytest.raises(ClientError, match="does not exist"):
        cloud.client("cloudformation").describe_stacks(StackName=SECOND)
    assert names_of_buckets(cloud) == before
    events.delete_event_bus(Name=SECOND)
    with deployed(cloud) as found:
        emulator.put_captures(cloud.client("s3"), found.outputs["CaptureBucket"], EVENT, docker.EVENTS / "extract.html")
        until(lambda: stories(found) == ["https://sample-event.example/extract"])


def test_deploy_check_knows_the_stack(cloud: Cloud) -> None:
    """On the running cloud: an update of the one, nothing in the way of another, and what could not be asked."""
    assert checked(cloud, stack.NAME)["stack"].text.startswith("dateline exists (")
    assert checked(cloud, "news-third")["stack"].level == "ok"
    assert checked(cloud, "News")["name"].level == "problem"


def test_dead_letters_of_every_queue_are_returned(emptied: Checkout, tmp_path: Any, monkeypatch: Any) -> None:
    """Crawls that failed are crawled, positions that the stream has dropped are told; the archive is complete."""
    monkeypatch.setenv("XDG_CACHE_HOME", f"{tmp_path}")
    checkout, outputs = emptied, emptied.cloud.outputs
    for source in SAMPLES:
        message = {"MessageGroupId": source, "MessageDeduplicationId": f"{source}-{CRAWL}"}
        body = json.dumps({"source": source, "crawl": CRAWL})
        checkout.sqs.send_message(QueueUrl=outputs["CrawlDeadLetters"], MessageBody=body, **message)
    assert [each["queue"] for each in checkout.dateline("redrive")] == ["crawl"] * 3
    checkout.dateline("redrive", "--return", "--yes")
    until(lambda: len(checkout.dateline("query")) == 30)
    arn = checkout.table.latest_stream_arn
    lost = json.dumps({"DDBStreamBatchInfo": POSITION | {"streamArn": arn.replace("/stream/", "/stream/1999-")}})
    for name in ("EventsDeadLetters", "SearchDeadLetters"):
        checkout.sqs.send_message(QueueUrl=outputs[name], MessageBody=lost)
    body = json.dumps({"reextract": {"run": "dead", "key": checkout.keys("CaptureBucket", "captures/")[0]}})
    checkout.sqs.send_message(QueueUrl=outputs["ExtractDeadLetters"], MessageBody=body)
    done = checkout.dateline("redrive", "--return", "--yes")
    assert sorted(each["queue"] for each in done) == ["events", "extract", "search"]
    until(lambda: all(checkout.is_idle(queue) for queue in ("CrawlQueue", "ExtractQueue")))
    assert checkout.dateline("redrive") == []
    found = {story["url"] for story in checkout.dateline("query")}
    assert len(found) == 30
    assert found <= set(checkout.expected())
    assert checkout.dateline("verify", "--search") == []
