"""A subscriber of the event bus, on the deployed template: told of each story once, and again by a rebuild."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local.cloud import Cloud, down, up
from infra.newsroom import set_edition
from tests.conftest import quiet
from tests.support.checkout import SAMPLES, Checkout, until

pytestmark = pytest.mark.cloud


class Subscriber:
    """A queue behind a rule on the bus; ``events`` are those that came, in the order in which they came."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.events: list[dict[str, Any]] = []
        sqs, bus = cloud.client("sqs"), {"EventBusName": cloud.outputs["EventBus"]}
        queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        cloud.client("events").put_rule(Name="stories", EventPattern='{"source": ["dateline"]}', **bus)
        cloud.client("events").put_targets(Rule="stories", Targets=[{"Id": "queue", "Arn": arn}], **bus)

    def told(self, count: int) -> Counter[tuple[str, bool]]:
        """The kinds of the next events, and whether they are told again; when there are so many, and no more."""
        begun = len(self.events)
        until(lambda: len(self._take()) >= begun + count)
        self._take(wait=2)
        return Counter((each["detail-type"], each["detail"]["replay"]) for each in self.events[begun:])

    def _take(self, wait: int = 0) -> list[dict[str, Any]]:
        """All events, with those that are there by now."""
        self.events.extend(self._received(wait))
        return self.events

    def _received(self, wait: int) -> Iterator[dict[str, Any]]:
        sqs = self._cloud.client("sqs")
        queue = sqs.get_queue_url(QueueName="subscriber")["QueueUrl"]
        options = {"MaxNumberOfMessages": 10, "WaitTimeSeconds": wait}
        while messages := sqs.receive_message(QueueUrl=queue, **options).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])


def test_subscriber_told_once(emptied: Checkout) -> None:
    """A subscriber is told of each story once and of a rebuild."""
    folder = emptied.cloud.folder
    down(folder, progress=quiet)  # the stream of what was there before ends with it
    checkout = Checkout(up(folder, progress=quiet))
    subscriber = Subscriber(checkout.cloud)
    checkout.dateline("crawl", *SAMPLES)
    assert subscriber.told(30) == {("article.archived", False): 30}
    assert {each["detail"]["story"]["url"] for each in subscriber.events} <= checkout.expected().keys()
    down(folder, progress=quiet)
    up(folder, progress=quiet)
    set_edition(folder / "newsroom", 2)
    checkout.dateline("crawl", *SAMPLES)
    assert subscriber.told(3) == {("article.revised", False): 2, ("article.gone", False): 1}
    first = {each["detail"]["id"] for each in subscriber.events}
    checkout.dateline("rebuild", "--empty", "--yes")
    again = {("article.archived", True): 30, ("article.revised", True): 2, ("article.gone", True): 1}
    assert subscriber.told(33) == again
    assert {each["detail"]["id"] for each in subscriber.events} == first
