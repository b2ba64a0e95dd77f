"""Mails of watches: one message a watch and run, which groups the copies of a story.

A run mails the hits after those of the run before. Killed between a message and the record of it, it sends the message
again.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from boto3.dynamodb.conditions import Key

from dateline import instants
from dateline.aws import dynamodb
from dateline.aws.deployment import Deployment
from dateline.index.index import Index
from dateline.keys import item_keys
from dateline.search.watching import watches
from dateline.search.watching.watches import Hit, Watch

_SETTLED = timedelta(minutes=6)  # longer than a delivery takes; before that, an earlier hit may still come
_MOST = 200  # stories of a message; SNS takes 256 kB
_TITLE = 300  # characters


class Publisher(Protocol):
    """A client of SNS."""

    def publish(self, **message: str) -> object:
        """Send a message to a topic."""


class Mails:
    """Sends the hits of all watches to an SNS topic."""

    def __init__(
        self,
        deployment: Deployment,
        sns: Publisher,
        topic: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table, self._sns, self._topic, self._clock = deployment.table, sns, topic, clock
        self._s3, self._bucket = deployment.s3, deployment.archive_bucket

    def send(self) -> int:
        """Send a message for each watch with new hits; return the number of messages."""
        return sum(self._send(watch) for watch in watches.read(self._s3, self._bucket))

    def _send(self, watch: Watch) -> bool:
        key = item_keys.mailed(watch.name)
        last = self._table.get_item(Key=key, ConsistentRead=True).get("Item", {}).get("last", item_keys.HIT)
        found = self._new(watch, str(last))
        if not found:
            return False
        current = Index(self._table).current(hit.id for hit in found)
        if text := message(watch, found, current):
            subject = f"Dateline: {watch.name}"
            self._sns.publish(TopicArn=self._topic, Subject=subject, Message=text)
        self._table.put_item(Item=key | {"last": found[-1].key})
        return bool(text)

    def _new(self, watch: Watch, last: str) -> list[Hit]:
        until = f"{item_keys.HIT}{instants.utc(self._clock() - _SETTLED)}"
        if until <= last:
            return []
        condition = Key("PK").eq(item_keys.watch(watch.name)) & Key("SK").between(last, until)
        found = dynamodb.query(self._table, KeyConditionExpression=condition, ConsistentRead=True, Limit=_MOST)
        hits = (Hit.from_item(item) for item in found if item["SK"] != last)
        return [hit for _, hit in zip(range(_MOST), hits, strict=False)]


def message(watch: Watch, found: Sequence[Hit], current: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a mail's text: the stories of hits, copies of one together; empty if all were withdrawn since."""
    groups = defaultdict[str, dict[str, Hit]](dict)
    for hit in found:
        item = current.get(hit.id, {})
        if "title" in item:
            groups[item.get("cluster", hit.id)][hit.id] = hit
    if not groups:
        return ""
    head = f"{len(groups)} {'story' if len(groups) == 1 else 'stories'} for {watch.query}"
    return "\n\n".join([head, *(_group(hits.values(), current) for hits in groups.values())])


def _group(found: Collection[Hit], current: Mapping[str, Mapping[str, Any]]) -> str:
    """A story with its copies, a line each."""
    lines = []
    for hit in found:
        item = current[hit.id]
        note = "" if not hit.edited else " (changed)" if hit.matches else " (changed; the words are gone)"
        lines.append(f"{item.get('source', '')}{note}: {item['url']}")
    title = " ".join(str(current[next(iter(found)).id]["title"]).split())[:_TITLE]
    return "\n".join([title, *lines])
