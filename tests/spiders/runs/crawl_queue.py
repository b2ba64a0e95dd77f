"""The crawl queue in moto, for the tests of dispatch."""

from dataclasses import asdict
from typing import Any

import boto3
from mypy_boto3_sqs import SQSClient

from dateline.messages import CrawlMessage, RoundMessage


class Queue:
    """The crawl queue, in moto."""

    def __init__(self) -> None:
        self.sqs: SQSClient = boto3.client("sqs")
        self.url = self.sqs.create_queue(QueueName="crawl.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def waiting(self) -> int:
        """How many messages wait."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(attributes["Attributes"]["ApproximateNumberOfMessages"])

    def take(self) -> list[dict[str, Any]]:
        """Every crawl of the messages that wait, with its group; the messages are deleted."""
        crawls = []
        while got := self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["All"]
        ).get("Messages"):
            for message in got:
                crawls += [
                    asdict(crawl) | {"group": message["Attributes"]["MessageGroupId"]} for crawl in crawls_of(message)
                ]
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return crawls


def crawls_of(message: Any) -> tuple[CrawlMessage, ...]:
    return RoundMessage.from_json(message["Body"]).crawls
