"""The counters' writes: each WARC file and crawl report is counted once, whoever repeats it.

Coverage looks at the last days by itself. A change to an earlier day therefore leaves a note, in the same transaction:
the item ``item_keys.late``, deleted by the next coverage run.
"""

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dateline import instants
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.messages import CrawlReport
from dateline.monitoring import counters
from dateline.monitoring.counters import Counted

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table


LATE_AFTER = timedelta(days=2)  # coverage looks one day further back, whatever the time of day of its run


class Counters:
    """Daily counters in the table; ``clock`` gives the aware instant of now.

    Without ``notes``, late changes leave none: a rebuild has coverage compare every day anyway.
    """

    def __init__(
        self, table: "Table", clock: Callable[[], datetime] = lambda: datetime.now(UTC), *, notes: bool = True
    ) -> None:
        self._table, self._clock, self._notes = table, clock, notes

    def add_crawl(self, report: CrawlReport) -> None:
        """Add a crawl's numbers to its day's counters."""
        day = instants.utc(crawl_names.crawl_time(report.crawl))[:10]
        key = object_keys.crawl_report(report.source, report.crawl)
        self.add(report.source, day, key, counters.of_crawl(report))

    def is_done(self, source: str, key: str) -> bool:
        """Return whether a WARC file or crawl report has been counted."""
        return self.added(source, key) is not None

    def add(self, source: str, day: str, key: str, counted: Counted, before: Counted | None = None) -> None:
        """Set the contribution of ``key`` to a day's counters, replacing that in ``before``.

        Idempotent. Without ``before``, existing contributions stay: they may be corrections.
        """
        marker, to = item_keys.done(source, key), item_keys.day(source, day)
        note = item_keys.late(day, source) if self._is_late(day) else None
        if before == counted:
            return
        for pause in (0.1, 0.3, 0.9, 2.7, 0):  # seconds; captures of one source and day all add to the same item
            writes = _counting(self._table.name, marker, to, before, counted)
            writes += [{"Put": {"TableName": self._table.name, "Item": note}}] if note else []
            try:
                self._table.meta.client.transact_write_items(TransactItems=writes)
            except ClientError as error:
                there = self.added(source, key)
                if there == counted or (before is None and there is not None):
                    return
                before = there
                if not pause or "TransactionCanceled" not in str(error):
                    raise
                time.sleep(pause * (1 + random.random()))  # noqa: S311 - jitter, not a secret
            else:
                return

    def _is_late(self, day: str) -> bool:
        """Whether coverage no longer looks at a day (``yyyy-mm-dd``, UTC) by itself."""
        return self._notes and day < f"{(self._clock().astimezone(UTC) - LATE_AFTER).date()}"

    def added(self, source: str, key: str) -> dict[str, int] | None:
        """Return the contribution of a WARC file or crawl report to the counters, or None."""
        found: Any = self._table.get_item(Key=item_keys.done(source, key), ConsistentRead=True).get("Item")
        return {name: int(count) for name, count in found["counted"].items()} if found else None


def _counting(
    table: str,
    marker: Mapping[str, str],
    day: Mapping[str, str],
    before: Counted | None,
    counted: Counted,
) -> list[Any]:
    """Return the writes of a transaction: ``marker`` gets ``counted``, the day's item the difference."""
    unchanged = (
        {"ConditionExpression": "attribute_not_exists(PK)"}
        if before is None
        else {
            "ConditionExpression": "counted = :before",
            "ExpressionAttributeValues": {":before": before},
        }
    )
    writes: list[Any] = [{"Put": {"TableName": table, "Item": {**marker, "counted": counted}, **unchanged}}]
    more = {name: count - (before or {}).get(name, 0) for name, count in counted.items()}
    if more:
        numbered = list(enumerate(more.items()))
        update = {
            "TableName": table,
            "Key": day,
            "UpdateExpression": "ADD " + ", ".join(f"#{number} :{number}" for number, _ in numbered),
            "ExpressionAttributeNames": {f"#{number}": name for number, (name, _) in numbered},
            "ExpressionAttributeValues": {f":{number}": count for number, (_, count) in numbered},
        }
        writes.append({"Update": update})
    return writes
