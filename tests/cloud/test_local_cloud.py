"""The local cloud: found again, on loopback only, and mended after a kill."""

import os
import signal
import socket
from pathlib import Path

import pytest

from infra.local import processes
from infra.local.cloud import Cloud, Status, connect, down, status, up
from infra.local.errors import LocalCloudError
from infra.local.ministack import free_port
from infra.local.record import locked
from tests.conftest import quiet


def running(folder: Path) -> list[int]:
    return [process.pid for role in ("ministack", "newsroom") for process in processes.ours(folder, role)]


def kept_object(cloud: Cloud) -> str:
    """An object in the archive bucket, out of the functions' way."""
    cloud.client("s3").put_object(Bucket=cloud.outputs["ArchiveBucket"], Key="reports/kept.txt", Body=b"kept")
    return "reports/kept.txt"


def read(cloud: Cloud, key: str) -> bytes:
    body: bytes = cloud.client("s3").get_object(Bucket=cloud.outputs["ArchiveBucket"], Key=key)["Body"].read()
    return body


def items(cloud: Cloud) -> int:
    return int(cloud.resource("dynamodb").Table(cloud.outputs["IndexTable"]).scan(Select="COUNT")["Count"])


def test_down_without_cloud(tmp_path: Path) -> None:
    """What is not up is told and stopped without fuss."""
    assert not status(tmp_path).healthy
    assert down(tmp_path / "absent", progress=quiet) is False
    assert down(tmp_path, progress=quiet) is False
    with pytest.raises(LocalCloudError, match="dateline up"):
        connect(tmp_path)


def test_two_ups_are_exclusive(tmp_path: Path) -> None:
    """Two at once do not meet."""
    with locked(tmp_path), pytest.raises(LocalCloudError, match="another dateline up"):
        up(tmp_path, progress=quiet)


def test_free_port_is_kept() -> None:
    """A port is kept while it is free."""
    kept = free_port()
    assert free_port(kept) == kept
    with socket.create_server(("127.0.0.1", kept)):
        assert free_port(kept) != kept


@pytest.mark.cloud
def test_a_second_up_changes_nothing(cloud: Cloud) -> None:
    before, said = running(cloud.folder), list[str]()
    again = up(cloud.folder, progress=said.append)
    assert again == cloud
    assert running(cloud.folder) == before
    assert said == [f"ready at {cloud.endpoint}"]
    assert status(cloud.folder).healthy


@pytest.mark.cloud
def test_it_listens_on_loopback_only(cloud: Cloud) -> None:
    found = [process for role in ("ministack", "newsroom") for process in processes.ours(cloud.folder, role)]
    listening = {c.laddr.ip for process in found for c in process.net_connections() if c.status == "LISTEN"}
    assert listening == {"127.0.0.1"}


@pytest.mark.cloud
def test_event_sources_match_template(cloud: Cloud) -> None:
    """Event sources are as the template says."""
    mappings = cloud.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in mappings} == {"Enabled"}
    queues = [mapping for mapping in mappings if ":sqs:" in mapping["EventSourceArn"]]
    assert {mapping["ScalingConfig"]["MaximumConcurrency"] for mapping in queues} == {2}
    assert all(mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for mapping in queues)


@pytest.mark.cloud
def test_clean_stop_keeps_tables(cloud: Cloud) -> None:
    """A clean stop keeps tables and leaves no process."""
    cloud.resource("dynamodb").Table(cloud.outputs["IndexTable"]).put_item(Item={"PK": "TEST#1", "SK": "KEPT"})
    before = items(cloud)
    assert down(cloud.folder, progress=quiet)
    assert running(cloud.folder) == []
    assert items(up(cloud.folder, progress=quiet)) == before


@pytest.mark.cloud
def test_stopped_message_is_redelivered(cloud: Cloud) -> None:
    """A message that was being handled at a stop is handed out again."""
    sqs = cloud.client("sqs")
    queue = sqs.create_queue(QueueName="kept", Attributes={"VisibilityTimeout": "1800"})["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="a crawl")
    assert sqs.receive_message(QueueUrl=queue)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
    down(cloud.folder, progress=quiet)
    (again,) = up(cloud.folder, progress=quiet).client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert again["Body"] == "a crawl"


@pytest.mark.cloud
@pytest.mark.parametrize("stopped", [False, True])
def test_killed_cloud_is_rebuilt(cloud: Cloud, stopped: bool) -> None:
    """After a kill the stack is there and the index is rebuilt."""
    key, said = kept_object(cloud), dict[str, Status]()
    leader = status(cloud.folder).ministack
    assert leader
    os.kill(leader, signal.SIGKILL)
    if stopped:  # which is too late to save anything
        down(cloud.folder, progress=quiet)
    again = up(cloud.folder, progress=lambda line: said.update({line: status(cloud.folder)}))
    assert read(again, key) == b"kept"
    (meanwhile,) = (found for line, found in said.items() if "rebuilding the index" in line)
    assert (meanwhile.stack, meanwhile.rebuilding, meanwhile.healthy) == (True, True, False)
    assert status(cloud.folder).healthy
    assert not any("deploying" in line for line in said)
    assert leader not in running(cloud.folder)


@pytest.mark.cloud
def test_taken_port_is_replaced(cloud: Cloud) -> None:
    """Where its port is taken it moves with its objects."""
    key = kept_object(cloud)
    down(cloud.folder, progress=quiet)
    with socket.create_server(("127.0.0.1", cloud.port)):
        moved = up(cloud.folder, progress=quiet)
    assert moved.port != cloud.port
    assert read(moved, key) == b"kept"
    assert f":{moved.port}/" in moved.outputs["CrawlQueue"]  # a queue's URL has the port, so the stack is made again
