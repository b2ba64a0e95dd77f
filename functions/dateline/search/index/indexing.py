"""Update the search index: write small parts for changed stories.

The CURRENT item of a story is indexed after any change of it, so changes may come twice, late or out of order. A part
is written first and then added to the manifest; afterwards each story is compared once more, so the last of several
concurrent writers indexes the final CURRENT. A killed delivery is repeated.
"""

import secrets
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from botocore.exceptions import ClientError

from dateline.article import Article
from dateline.aws.prefetch import ahead
from dateline.index.index import Index
from dateline.index.list_items import published_key
from dateline.keys import item_keys, object_keys
from dateline.search.index import manifest, part_file
from dateline.search.index.manifest import Part
from dateline.search.index.part_file import Packed
from dateline.search.index.schema import Entry, Version, version

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Changes = Mapping[str, Collection[str]]  # by the story's id, the months (yyyy-mm) whose shards may have it
_ROUNDS = 10  # of looking again at stories that change meanwhile
_SEARCHED = ("article", "captured_at", "withdrawn_at", "places", "about", "persons", "organisations")


class RestlessError(RuntimeError):
    """Stories changed at every look; the delivery has to be repeated."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """Result of a call: added or replaced stories, written parts, and hits of watches."""

    stories: int
    parts: int
    hits: int = 0


def changes(records: Iterable[DynamoDBRecord]) -> Changes:
    """Return stories with changes of searched attributes in stream records, and their months before and after."""
    found = defaultdict[str, set[str]](set)
    for record in records:
        change = record.dynamodb
        images = [image for image in (change.old_image, change.new_image) if image] if change else []
        if not images or images[0]["SK"] != item_keys.CURRENT or (len(images) == 2 and _alike(*images)):
            continue
        id = images[0]["PK"].partition("#")[2]
        found[id] |= {published_key(image)[:7] for image in images if "first_seen_at" in image}
    return found


def _alike(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    return all(before.get(name) == now.get(name) for name in _SEARCHED)


class Indexing:
    """Writes small parts. ``read`` gives the article of a CURRENT item; ``fire`` fires the watches of a batch."""

    def __init__(
        self,
        *,
        s3: "S3Client",
        index: Index,
        bucket: str,
        read: Callable[[Any], Article],
        fire: Callable[[Sequence[Entry]], int] = lambda _: 0,
    ) -> None:
        self._s3, self._bucket = s3, bucket
        self._index, self._read, self._fire = index, read, fire

    def index(self, changed: Changes) -> Indexed:
        """Make the shards agree with the table about stories. Raises RestlessError if they keep changing."""
        waiting = {id: set(months) for id, months in changed.items()}
        stories = parts = hits = 0
        for _ in range(_ROUNDS):
            if not waiting:
                return Indexed(stories, parts, hits)
            current = self._current(waiting, consistent=False)  # what is older than the change differs afterwards
            entries = self._entries(current.values())
            parts += self._write(waiting, entries)
            hits += self._fire(entries)
            stories += len(entries)
            indexed = {entry.id: entry.version for entry in entries}
            waiting = self._changed(waiting, indexed, entries)
        raise RestlessError(f"{len(waiting)} stories changed {_ROUNDS} times while they were indexed")

    def _current(self, ids: Iterable[str], *, consistent: bool = True) -> dict[str, Mapping[str, Any]]:
        """The CURRENT items of stories that were not withdrawn."""
        found = self._index.current(ids, consistent=consistent)
        return {id: item for id, item in found.items() if "withdrawn_at" not in item}

    def _entries(self, items: Iterable[Mapping[str, Any]]) -> list[Entry]:
        """The entries of CURRENT items; of those whose article was replaced meanwhile there is none."""
        return [entry for entry in ahead(self._entry, items) if entry]

    def _entry(self, item: Mapping[str, Any]) -> Entry | None:
        try:
            return Entry.of(item, self._read(item))
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None

    def _write(self, waiting: Changes, entries: Sequence[Entry]) -> int:
        """Write a part of each month that these stories are or were in."""
        months = defaultdict[str, tuple[list[Entry], set[str]]](lambda: ([], set()))
        for id, before in waiting.items():
            for month in before:
                months[month][1].add(id)
        for entry in entries:
            months[entry.month][0].append(entry)
        parts = {month: self._put(month, found, removed) for month, (found, removed) in months.items()}
        manifest.update(self._s3, self._bucket, lambda there: there.adding(parts))
        return len(parts)

    def _put(self, month: str, entries: Sequence[Entry], removed: Iterable[str]) -> Part:
        return put(self._s3, self._bucket, month, part_file.delta(month, entries, removed))

    def _changed(
        self, waiting: Changes, indexed: Mapping[str, Version], entries: Sequence[Entry]
    ) -> dict[str, set[str]]:
        """The stories that are not what was just indexed, with the months that may have them by now."""
        current = {id: version(item) for id, item in self._current(waiting).items()}
        months = {entry.id: entry.month for entry in entries}
        return {
            id: {*before, *([months[id]] if id in months else [])}
            for id, before in waiting.items()
            if current.get(id) != indexed.get(id)
        }


def put(s3: "S3Client", bucket: str, month: str, packed: Packed, *, base: bool = False) -> Part:
    """Write a part under a name of its own; it counts once the manifest names it."""
    key = object_keys.search_part(month, secrets.token_hex(8))
    s3.put_object(Bucket=bucket, Key=key, Body=packed.body)
    return Part(key, len(packed.body), packed.stories, base)
