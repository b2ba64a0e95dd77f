"""When a source's URLs are due for a revisit: one object of the archive bucket for each source.

It has a line of 48 bytes for each URL, sorted: the instant (UTC, to the second), a space, and the hash of the canonical
URL, as in the key of its ``STATE``. A source with a hundred stories a day has 36,000 such lines, 1.7 MB. A crawl reads
the object once and replaces it once, if its entity tag is still the same; else it reads again and merges again.

Until December 2026 each URL had a ``DUE`` item in the table. They are read where a source has no object yet.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from itertools import islice, takewhile
from typing import TYPE_CHECKING, NamedTuple

from boto3.dynamodb.conditions import ConditionBase, Key

from dateline.aws import dynamodb, objects
from dateline.keys import item_keys, object_keys

if TYPE_CHECKING:
    from dateline.aws.deployment import Deployment

_HASH = 27  # characters at the end of a line: a space and a hash
_ATTEMPTS = 8  # at a replacement; two deliveries of one message collide once or twice


class ConflictError(RuntimeError):
    """Other writers replaced a source's due times however often it was tried."""


class Due(NamedTuple):
    """The instant (UTC, ISO 8601) at which the URL with a hash is due."""

    at: str
    url_hash: str


class DueTimes:
    """The due times in a deployment's archive bucket; methods block, ``pause`` sleeps for seconds."""

    def __init__(self, deployment: "Deployment", *, pause: Callable[[float], None] = time.sleep) -> None:
        self._s3, self._bucket, self._table = deployment.s3, deployment.archive_bucket, deployment.table
        self._pause = pause
        self._alone = threading.Lock()  # a round of two hundred sources takes the memory of one

    def until(self, source: str, at: str, limit: int) -> list[Due]:
        """Return the first ``limit`` URLs of a source that are due at an instant."""
        with self._alone:
            lines, _ = self._load(source)
        dues = (Due(line[:-_HASH], line[1 - _HASH :]) for line in lines)
        return list(islice(takewhile(lambda due: due.at <= at, dues), limit))

    def first(self, source: str) -> str | None:
        """Return when the first URL of a source is due."""
        return next((due.at for due in self.until(source, "~", 1)), None)

    def change(self, source: str, changes: Mapping[str, str | None]) -> str | None:
        """Set the instants of URLs by their hashes; None for those that are not due any more.

        Returns when the first URL is due now. Raises ConflictError.
        """
        for attempt in range(_ATTEMPTS):
            with self._alone:
                lines = self._merge(source, changes)
            if lines is not None:
                return lines[0][:-_HASH] if lines else None
            self._pause(0.05 * 2**attempt * random.random())  # noqa: S311 - jitter, not a secret
        raise ConflictError(f"{object_keys.due_times(source)} is replaced by others all the time")

    def take_over(self, source: str) -> None:
        """Write the object if there is none yet, then delete the items of earlier versions."""
        self.change(source, {})
        found = dynamodb.query(self._table, KeyConditionExpression=_items(source), ProjectionExpression="PK, SK")
        requests = ({"DeleteRequest": {"Key": item}} for item in found)
        dynamodb.write(self._table.meta.client, self._table.name, requests, pause=self._pause)

    def _merge(self, source: str, changes: Mapping[str, str | None]) -> list[str] | None:
        """Replace the object once; return its lines, or None if another writer was faster."""
        key, (before, etag) = object_keys.due_times(source), self._load(source)
        kept = [line for line in before if line[1 - _HASH :] not in changes]
        after = sorted([*kept, *(f"{at} {url_hash}" for url_hash, at in changes.items() if at)])
        if after == before and (etag is not None or not after):
            return after
        body = "".join(f"{line}\n" for line in after).encode()
        if etag is None:
            written = objects.put_once(self._s3, bucket=self._bucket, key=key, body=body)
        else:
            written = objects.put_over(self._s3, bucket=self._bucket, key=key, body=body, etag=etag)
        return after if written else None

    def _load(self, source: str) -> tuple[list[str], str | None]:
        """Return the lines of the object and its entity tag, or those of earlier versions' items and None."""
        body, etag = objects.get_tagged(self._s3, bucket=self._bucket, key=object_keys.due_times(source))
        if body is not None:
            return body.decode().splitlines(), etag
        earlier = dynamodb.query(self._table, KeyConditionExpression=_items(source), ConsistentRead=True)
        return [str(item["SK"]).partition("#")[2].replace("#", " ") for item in earlier], None


def _items(source: str) -> ConditionBase:
    first, last = item_keys.due(source, ""), item_keys.due(source, "9")
    return Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
