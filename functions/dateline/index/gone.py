"""Stories gone from the web: their pages answered 404 or 410, and have not returned since.

An item per story that was ever gone holds its page's last absence, and its last presence if that is not earlier; its
CURRENT item has ``gone_at`` while the absence is the last. A page that was never gone costs no write of its own: each
WARC file has one item with all pages that were there (``seen``), for absences archived later, and expires in a month.

A file's presences are written before absences are read, and an absence before presences are read: of two files
archived at once, one sees the other. The order of archiving does not matter therefore, within a source. A page that two
sources visit is present again at the next look, if its absence in one was archived after its presence in the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline.aws import dynamodb
from dateline.aws.dynamodb import unless_newer
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome, looks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Times = Mapping[str, str]  # instants of captures in UTC, by the ids of pages or stories
_KEPT = timedelta(days=30)  # a message waits two weeks in a dead-letter queue
_LONGEST = timedelta(days=1)  # of a crawl: its name has its beginning
_AT_ONCE = 8  # writes; one after the other they would take half as long again as all the rest of indexing


def seen(stem: Stem, outcomes: Iterable[PageOutcome]) -> Iterator[dict[str, Any]]:
    """Yield the item of a WARC file's pages that were there, if any."""
    if times := _last(outcomes, gone=False):
        expires = int((datetime.fromisoformat(max(times.values())) + _KEPT).timestamp())
        yield item_keys.seen(stem.source, stem.capture) | {"looks": times, "expires": expires}


def _last(outcomes: Iterable[PageOutcome], *, gone: bool) -> dict[str, str]:
    """Return the last presence, or absence, of each page."""
    return {id: at for id, at, is_gone in sorted(looks(outcomes)) if is_gone is gone}


class Presence:
    """When pages were gone, and there again, by the ids of stories."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def settle(
        self, source: str, outcomes: Iterable[PageOutcome], aliases: Mapping[str, str], others: Iterable[str] = ()
    ) -> None:
        """Record a WARC file's absences, and its presences of pages that were gone; mark their stories.

        The file's ``seen`` item is in the table. ``aliases`` are those of the file: a page with one of these ids, or of
        an alias in the table, counts for its story as well. ``others`` are stories that the file had before.
        """
        pages = list(outcomes)
        there, gone = _last(pages, gone=False), _last(pages, gone=True)
        ids = list(dict.fromkeys([*(page.id for page in pages), *aliases, *others]))
        stories = {**self._aliases(ids), **aliases}
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(self._note_gone, gone, gone.values()))
        records = self._records([*ids, *stories.values()])
        told = {(story, at) for id, story in stories.items() if (at := records.get(id, {}).get("gone_at"))}
        for story, at in told:
            self._note_gone(story, at)
        records |= self._records(story for story, _ in told)
        fresh = {*gone, *(stories[id] for id in aliases), *(story for story, _ in told)} & records.keys()
        back = _by_story(there, stories)
        for id, at in (*self._back(source, {id: records[id]["gone_at"] for id in fresh}), *_returns(records, stories)):
            back[id] = max(at, back[id])
        for id, record in records.items():
            if back[id] >= record["gone_at"]:
                self._note_seen(id, back[id])
            self._mark(id)

    def forget(self, ids: Iterable[str]) -> None:
        """Delete the records of ids without any page."""
        requests = ({"DeleteRequest": {"Key": item_keys.presence(id)}} for id in ids)
        dynamodb.write(self._table.meta.client, self._table.name, requests)

    def check(self, ids: Iterable[str]) -> None:
        """Update ``gone_at`` in the CURRENT items of these stories, also where no record says that they were gone."""
        for id in ids:
            self._mark(id)

    def _note_gone(self, id: str, at: str) -> None:
        """Record an absence; an earlier one changes nothing. Presences before it are forgotten."""
        later, update = "(attribute_not_exists(gone_at) OR gone_at < :at)", "SET id = :id, gone_at = :at"
        self._update(
            id, at, f"{update} REMOVE seen_at", f"{later} AND (attribute_not_exists(seen_at) OR seen_at < :at)"
        )
        self._update(id, at, update, f"{later} AND seen_at >= :at")

    def _note_seen(self, id: str, at: str) -> None:
        """Record the presence of a page that was gone; one before its absence, or an earlier one, changes nothing."""
        later = "gone_at <= :at AND (attribute_not_exists(seen_at) OR seen_at < :at)"
        self._update(id, at, "SET id = :id, seen_at = :at", later)

    def _update(self, id: str, at: str, update: str, condition: str) -> None:
        with unless_newer():
            self._table.meta.client.update_item(
                TableName=self._table.name,
                Key=item_keys.presence(id),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues={":id": id, ":at": at},
            )

    def _back(self, source: str, gone: Times) -> Iterable[tuple[str, str]]:
        """Return the ids of stories, and their last presences in a source since the first of these absences."""
        if not gone:
            return ()
        since, found = min(gone.values()), dict[str, str]()
        day = f"{datetime.fromisoformat(since) - _LONGEST:%Y-%m-%d}"
        first, last = item_keys.seen(source, object_keys.captures_of_day(source, day)), item_keys.seen(source, "~")
        items = Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
        for item in dynamodb.query(self._table, KeyConditionExpression=items, ConsistentRead=True):
            for id, at in item["looks"].items():
                if at >= since:
                    found[id] = max(at, found.get(id, ""))
        return _by_story(found, self._aliases(found)).items()

    def _aliases(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the stories of pages that belong to another story, as far as the table has them for a second.

        Whoever adds an alias looks for its page's presences and absences afterwards.
        """
        found = self._get(map(item_keys.alias, ids), consistent=False)
        return {str(alias["PK"]).partition("#")[2]: str(alias["id"]) for alias in found}

    def _records(self, ids: Iterable[str]) -> dict[str, Mapping[str, str]]:
        """Return the records of pages that were ever gone."""
        found = self._get(map(item_keys.presence, dict.fromkeys(ids)))
        return {str(record["id"]): record for record in found if "gone_at" in record}

    def _mark(self, id: str) -> None:
        """Write, then look again, so that the last of several concurrent writers uses all records."""
        while True:
            found = {str(item["SK"]): item for item in self._get([item_keys.presence(id), item_keys.article(id)])}
            story = found.get(item_keys.article(id)["SK"])
            if story is None or "withdrawn_at" in story:
                return
            record = found.get(item_keys.presence(id)["SK"], {})
            seen_at = max(str(story["captured_at"]), str(record.get("seen_at", "")))
            gone_at = str(record["gone_at"]) if str(record.get("gone_at", "")) > seen_at else None
            if story.get("gone_at") == gone_at:
                return
            self._set(story, gone_at)

    def _set(self, story: Mapping[str, Any], gone_at: str | None) -> None:
        values = {":captured_at": story["captured_at"]} | ({":gone_at": gone_at} if gone_at else {})
        with unless_newer():
            self._table.update_item(
                Key=item_keys.article(story["id"]),
                UpdateExpression="SET gone_at = :gone_at" if gone_at else "REMOVE gone_at",
                ConditionExpression="captured_at = :captured_at",
                ExpressionAttributeValues=values,
            )

    def _get(self, wanted: Iterable[Mapping[str, str]], *, consistent: bool = True) -> Iterable[Mapping[str, Any]]:
        return dynamodb.get(self._table.meta.client, self._table.name, wanted, consistent=consistent)


def _returns(records: Mapping[str, Mapping[str, str]], stories: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the stories of pages that were gone and are back, and since when."""
    for id, story in stories.items():
        if "seen_at" in records.get(id, {}):
            yield story, records[id]["seen_at"]


def _by_story(times: Times, stories: Mapping[str, str]) -> defaultdict[str, str]:
    """Return the last times by the ids of pages, and of the stories that they belong to."""
    found = defaultdict[str, str](str)
    for id, at in times.items():
        for each in {id, stories.get(id, id)}:
            found[each] = max(at, found[each])
    return found
