"""Failed messages come back soon, and later each time."""

import json
from itertools import pairwise
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.batch import process_partial_response

from dateline.aws import redelivery
from dateline.aws.redelivery import RetryingFifoProcessor, RetryingProcessor


def test_delay_grows_to_the_timeout() -> None:
    delays = [redelivery.delay(deliveries) for deliveries in range(1, 6)]
    assert delays[0] == 60
    assert all(earlier <= later for earlier, later in pairwise(delays))
    assert delays[-1] == 1800


class Queue:
    """A queue on moto, and the Lambda events of the messages in it."""

    def __init__(self, name: str) -> None:
        self.sqs = boto3.client("sqs")
        fifo = name.endswith(".fifo")
        attributes: Any = {"VisibilityTimeout": "1800"} | ({"FifoQueue": "true"} if fifo else {})
        self.url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self._group: Any = {"MessageGroupId": "host", "MessageDeduplicationId": "1"} if fifo else {}

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **self._group)

    def event(self) -> dict[str, Any]:
        answer = self.sqs.receive_message(QueueUrl=self.url, AttributeNames=["All"], MaxNumberOfMessages=10)
        return {
            "Records": [
                {
                    "messageId": each["MessageId"],
                    "receiptHandle": each["ReceiptHandle"],
                    "body": each["Body"],
                    "attributes": each["Attributes"],
                    "eventSource": "aws:sqs",
                }
                for each in answer["Messages"]
            ]
        }


def fails(record: Any) -> None:
    json.loads(record.body)


def _answer(event: dict[str, Any], processor: RetryingProcessor | RetryingFifoProcessor) -> Any:
    processor.raise_on_entire_batch_failure = False
    return process_partial_response(event, fails, processor, None)


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize(("name", "kind"), [("plain", RetryingProcessor), ("queue.fifo", RetryingFifoProcessor)])
def test_failed_message_comes_back(
    name: str, kind: type[RetryingProcessor] | type[RetryingFifoProcessor], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(name)
    queue.send("no JSON")
    event = queue.event()
    monkeypatch.setattr(redelivery, "delay", lambda deliveries: deliveries - 1)  # at once
    answer = _answer(event, kind(lambda: queue.sqs, queue.url))
    assert [each["itemIdentifier"] for each in answer["batchItemFailures"]] == [event["Records"][0]["messageId"]]
    (again,) = queue.event()["Records"]
    assert again["attributes"]["ApproximateReceiveCount"] == "2"


@pytest.mark.usefixtures("aws")
def test_gone_message_is_fine() -> None:
    """SQS refuses to return a message that was deleted meanwhile; the failure is still reported."""
    queue = Queue("plain")
    queue.send("no JSON")
    event = queue.event()
    queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=event["Records"][0]["receiptHandle"])
    answer = _answer(event, RetryingProcessor(lambda: queue.sqs, queue.url))
    assert len(answer["batchItemFailures"]) == 1


@pytest.mark.usefixtures("aws")
def test_sound_message_needs_no_client() -> None:
    queue = Queue("plain")
    queue.send("{}")

    def refused() -> Any:
        pytest.fail("a client was made")

    assert _answer(queue.event(), RetryingProcessor(refused, queue.url)) == {"batchItemFailures": []}
