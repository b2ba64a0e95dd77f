"""Stories gone from the web: their pages answered 404 or 410, and have not returned since.

An item per story holds the last presence and the last absence of its page; its CURRENT item has ``gone_at`` if the
absence is later. The order of archiving, removals archived before captures, and concurrent archiving do not matter.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dateline import keys
from dateline.aws import dynamodb
from dateline.aws.dynamodb import unless_newer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_TIMES = ("seen_at", "gone_at")
Noted = Mapping[str, Mapping[str, Any]]  # records of presence by the ids of stories
_AT_ONCE = 8  # writes; one after the other they would take half as long again as all the rest of indexing


class Presence:
    """When pages were there and when they were gone, by the ids of stories; instants are of captures, in UTC."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def note(self, seen: Iterable[tuple[str, str]], gone: Iterable[tuple[str, str]]) -> Noted:
        """Record presences and absences of pages at instants; earlier ones change nothing.

        Returns the records, as far as these were the last.
        """
        last = {(id, name): at for name, looks in zip(_TIMES, (seen, gone), strict=True) for id, at in sorted(looks)}
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            records = threads.map(lambda look: self._note(look[0], look[1], last[look]), last)
            found = {id: record for (id, _), record in zip(last, records, strict=True)}
        several = Counter(id for id, _ in last)  # of two at once, either may have been first
        return {id: record for id, record in found.items() if record and several[id] == 1}

    def _note(self, id: str, name: str, at: str) -> Mapping[str, Any]:
        answer: Any = {}
        with unless_newer():
            answer = self._table.meta.client.update_item(
                ReturnValues="ALL_NEW",
                TableName=self._table.name,
                Key=keys.presence(id),
                UpdateExpression="SET id = :id, #name = :at",
                ConditionExpression="attribute_not_exists(#name) OR #name < :at",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":id": id, ":at": at},
            )
        record: Mapping[str, Any] = answer.get("Attributes", {})
        return record

    def forget(self, ids: Iterable[str]) -> None:
        """Delete the records of ids without any page."""
        requests = ({"DeleteRequest": {"Key": keys.presence(id)}} for id in ids)
        dynamodb.write(self._table.meta.client, self._table.name, requests)

    def mark(self, ids: Iterable[str], noted: Noted) -> None:
        """Update ``gone_at`` in the CURRENT items of stories from the records; ``noted`` are those just written.

        A page with one of these ids that belongs to another story counts for that story as well. A page that was never
        gone needs no mark.
        """
        ids = dict.fromkeys(ids)
        stories = {str(alias["PK"]).partition("#")[2]: str(alias["id"]) for alias in self._get(map(keys.alias, ids))}
        rest = list(self._get(keys.presence(id) for id in ids if id not in noted))
        for record in (*(noted[id] for id in ids if id in noted), *rest):
            id = str(record["id"])
            if id in stories:
                for name, at in _times(record).items():
                    self._note(stories[id], name, at)
                self._mark(stories[id])
            if "gone_at" in record:
                self._mark(id)

    def check(self, ids: Iterable[str]) -> None:
        """Update ``gone_at`` in the CURRENT items of these stories, also where no record says that they were gone."""
        for id in ids:
            self._mark(id)

    def _mark(self, id: str) -> None:
        """Write, then look again, so that the last of several concurrent writers uses all records."""
        while True:
            found = {str(item["SK"]): item for item in self._get([keys.presence(id), keys.article(id)])}
            story = found.get(keys.article(id)["SK"])
            if story is None or "withdrawn_at" in story:
                return
            times = _times(found.get(keys.presence(id)["SK"], {}))
            seen_at = max(str(story["captured_at"]), times.get("seen_at", ""))
            gone_at = times["gone_at"] if times.get("gone_at", "") > seen_at else None
            if story.get("gone_at") == gone_at:
                return
            self._set(story, gone_at)

    def _set(self, story: Mapping[str, Any], gone_at: str | None) -> None:
        values = {":captured_at": story["captured_at"]} | ({":gone_at": gone_at} if gone_at else {})
        with unless_newer():
            self._table.update_item(
                Key=keys.article(story["id"]),
                UpdateExpression="SET gone_at = :gone_at" if gone_at else "REMOVE gone_at",
                ConditionExpression="captured_at = :captured_at",
                ExpressionAttributeValues=values,
            )

    def _get(self, wanted: Iterable[Mapping[str, str]]) -> Iterable[Mapping[str, Any]]:
        return dynamodb.get(self._table.meta.client, self._table.name, wanted, consistent=True)


def _times(item: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(item[name]) for name in _TIMES if name in item}
