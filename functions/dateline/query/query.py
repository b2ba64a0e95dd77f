"""Query the index for stories; read their words from S3 on demand.

    stories = Query(deployment)
    for story in stories.of_source("libya-herald", since=date(2019, 4, 1), until=date(2019, 4, 30)):
        print(story["published_at"], story["title"], stories.article(story).text)

Ranges are publication dates in UTC, both ends included, open for None; a story without a date counts by its first
capture. Stories are index items (``items.summary``), oldest first unless ``newest_first``.

A list is a query for each of its months or days, and a BatchGetItem for each hundred stories. Stories archived before
December 2026 are in indexes of the table until it is rebuilt, and are merged with the others of their month.
"""

import gzip
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, Literal, NamedTuple, cast

from boto3.dynamodb.conditions import ConditionBase, Key

from dateline import capture
from dateline.article import Article
from dateline.aws import dynamodb, objects
from dateline.aws.deployment import Deployment
from dateline.capture import Capture, PageRecords
from dateline.capture.packs import Packs
from dateline.index import clusters, list_items
from dateline.index.list_items import indexed_key, published_key
from dateline.keys import identifiers, item_keys
from dateline.story import ItemPointer, StoryItem
from dateline.urls import identity


class _Index(NamedTuple):
    """An index of the table, for stories that were archived before December 2026."""

    name: str
    partition: str
    sort: str


class _Part(NamedTuple):
    """A month or a day of a list: its partition, and whether stories are in the table or in an index."""

    partition: str
    in_table: bool
    in_index: bool


_BY = {
    "SOURCE": _Index("BySource", "source_month", "published_key"),
    "COUNTRY": _Index("ByCountry", "country_month", "published_key"),
}
_INDEXED = _Index("ByIndexed", "indexed_day", "indexed_key")
_FIRST, _LAST = "0", "~"  # before and after every sort key
_ITEMS = 200  # list items of a page, 25 kB: a page of 50 stories with a condition finds enough in one or two


class Query:
    """Reads the index and the two buckets; writes nothing."""

    def __init__(self, deployment: Deployment) -> None:
        self._table, self._s3 = deployment.table, deployment.s3
        self._archive = deployment.archive_bucket
        self._packs = Packs(deployment.s3, deployment.capture_bucket)

    def of_source(
        self, source: str, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """A source's stories."""
        yield from self._listed("SOURCE", source, since, until, newest_first=newest_first)

    def of_country(
        self, country: str, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """The stories of the outlets of a country (ISO 3166 alpha-2, lower case); ``zz`` for a country not known."""
        yield from self._listed("COUNTRY", country, since, until, newest_first=newest_first)

    def of_all(
        self, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Every outlet's stories."""
        # By country, not by source: each list read costs a chunk of stories before the first one is known.
        lists = (self.of_country(country, since, until, newest_first=newest_first) for country in self.countries())
        yield from heapq.merge(*lists, key=published_key, reverse=newest_first)

    def of_place(
        self, place: int, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Yield stories about a place, by its GeoNames id."""
        yield from self._listed("PLACE", str(place), since, until, newest_first=newest_first)

    def about(
        self, country: str, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Yield stories about a country (ISO 3166 alpha-2, lower case)."""
        yield from self._listed("PLACE", country, since, until, newest_first=newest_first)

    def sources(self) -> list[str]:
        """Return the ids of archived sources."""
        return self._registered("SOURCE")

    def countries(self) -> list[str]:
        """Return the countries of archived outlets."""
        return self._registered("COUNTRY")

    def months(self, country: str) -> list[str]:
        """Return the months (``yyyy-mm``) with stories of a country's outlets."""
        return [part.partition[-len("yyyy-mm") :] for part in self._months("COUNTRY", country, *_between(None, None))]

    def indexed_since(self, cursor: str) -> Iterator[StoryItem]:
        """Yield stories indexed after a cursor: an ``indexed_key``, or an instant or day in ISO 8601.

        An interrupted capture is indexed late but keeps the instant of its first attempt. To miss nothing, restart
        three hours before the cursor (five deliveries, half an hour apart), or before the messages redriven from a
        dead-letter queue, and skip known stories.
        """
        for day in self._days(cursor, _LAST, newest_first=False):
            stories = self._of_list(day, _INDEXED, cursor, _LAST, newest_first=False)
            yield from (story for story in stories if indexed_key(story) != cursor)

    def latest_indexed(self, before: str | None = None) -> Iterator[StoryItem]:
        """Yield stories from the last indexed one backwards, or from before an ``indexed_key``."""
        for day in self._days(_FIRST, before or _LAST, newest_first=True):
            stories = self._of_list(day, _INDEXED, _FIRST, before or _LAST, newest_first=True)
            yield from (story for story in stories if indexed_key(story) != before)

    def story(self, id_or_url: str) -> StoryItem | None:
        """The newest revision of one story, by its id or its URL."""
        if ":" not in id_or_url:
            return self._by_id(id_or_url)
        url = identity(id_or_url)
        return self._by_id(identifiers.article_id(url)) or self._by_id(identifiers.former_article_id(url))

    def _by_id(self, id: str) -> StoryItem | None:
        alias = self._table.get_item(Key=item_keys.alias(id)).get("Item", {"id": id})
        item = self._table.get_item(Key=item_keys.article(str(alias["id"]))).get("Item")
        return cast("StoryItem | None", item)

    def revisions(self, id: str) -> list[StoryItem]:
        """All of a story's revisions, in the order of capture."""
        first = item_keys.revision(id, "")
        return list(self._stories(Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"])))

    def cluster(self, id: str) -> list[StoryItem]:
        """Return the copies of a story, itself included, in order of appearance.

        Costs three reads of the table, and one more for each hundred copies.
        """
        story = self.story(id)
        if story is None:
            return []
        appeared = clusters.members(clusters.read(self._table, story["cluster"])) or {story["id"]: ""}
        found = dynamodb.get(self._table.meta.client, self._table.name, map(item_keys.article, appeared))
        return sorted(cast("Iterator[StoryItem]", found), key=lambda each: (appeared[each["id"]], each["id"]))

    def article(self, story: StoryItem) -> Article:
        """The whole article of a story or revision: one range GET."""
        return Article.from_dict(json.loads(self.line(story)))

    def line(self, story: StoryItem) -> bytes:
        """The same as it is stored: JSON on one line, with its line end."""
        return gzip.decompress(self._record(story["article"]))

    def raw(self, story: StoryItem) -> Capture:
        """Return the response for a story or revision: one range GET of its WARC record."""
        at = story["capture"]
        return capture.read_one(self._packs.read(at["key"], int(at["offset"]), int(at["length"])))

    def records(self, story: StoryItem) -> PageRecords:
        """Return all WARC records of a story's or revision's capture, as stored: one GET.

        Raises DamagedCaptureError for an unreadable capture.
        """
        at = story["capture"]
        return capture.page_records(self._packs.open(at["key"], int(at["offset"])))

    def _record(self, pointer: ItemPointer) -> bytes:
        offset, length = int(pointer["offset"]), int(pointer["length"])
        return objects.get_range(self._s3, bucket=self._archive, key=pointer["key"], offset=offset, length=length)

    def _listed(
        self, kind: item_keys.ListKind, name: str, since: date | None, until: date | None, *, newest_first: bool
    ) -> Iterator[StoryItem]:
        if since and until and until < since:
            return
        days = _between(since, until)
        for month in self._months(kind, name, *days, newest_first=newest_first):
            yield from self._of_list(month, _BY.get(kind), *days, newest_first=newest_first)

    def _of_list(
        self, part: _Part, index: _Index | None, first: str, last: str, *, newest_first: bool
    ) -> Iterator[StoryItem]:
        """Yield the stories of a month or a day with sort keys from ``first`` to ``last``, both included."""
        found = []
        if part.in_table:
            items = Key("PK").eq(part.partition) & Key("SK").between(first, last)
            found.append(self._pointed(self._items(items, newest_first=newest_first, Limit=_ITEMS)))
        if part.in_index and index:
            entries = Key(index.partition).eq(part.partition.partition("#")[2]) & Key(index.sort).between(first, last)
            found.append(self._stories(entries, index.name, newest_first=newest_first))
        sort = indexed_key if index is _INDEXED else published_key
        yield from heapq.merge(*found, key=sort, reverse=newest_first) if len(found) > 1 else found[0]

    def _pointed(self, items: Iterator[Mapping[str, Any]]) -> Iterator[StoryItem]:
        """Yield the stories of list items, as far as these agree with the CURRENT items."""
        for chunk in dynamodb.chunks(items):
            stories = self._current(item_keys.id_of(str(item["SK"])) for item in chunk)
            for item in chunk:
                story = stories.get(item_keys.id_of(str(item["SK"])))
                if story and list_items.has(story, item):
                    yield story

    def current(self, ids: Sequence[str]) -> Iterator[StoryItem]:
        """The newest revisions of stories, in the order of their ids here."""
        current = self._current(ids)
        yield from (current[id] for id in ids if id in current)

    def _current(self, ids: Iterable[str]) -> dict[str, StoryItem]:
        found = dynamodb.get(self._table.meta.client, self._table.name, map(item_keys.article, dict.fromkeys(ids)))
        return {story["id"]: story for story in cast("Iterator[StoryItem]", found)}

    def _registered(self, kind: Literal["SOURCE", "COUNTRY"]) -> list[str]:
        """Return the names of the archive's sources or countries."""
        first = item_keys.register(kind)
        found = self._items(Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"]))
        return [item["SK"].partition("#")[2] for item in found]

    def _months(
        self, kind: item_keys.ListKind, name: str, first: str, last: str, *, newest_first: bool = False
    ) -> Iterator[_Part]:
        """Yield the months with stories from ``first`` to ``last``."""
        since, until = item_keys.month(kind, name, first[:7]), item_keys.month(kind, name, last[:7])
        registers = Key("PK").eq(since["PK"]) & Key("SK").between(
            since["SK"].removesuffix(item_keys.LISTED), until["SK"]
        )
        yield from _parts(f"{kind}#{name}#", self._items(registers, newest_first=newest_first))

    def _days(self, first: str, last: str, *, newest_first: bool) -> Iterator[_Part]:
        """Yield the days with stories indexed from ``first`` to ``last``."""
        since, until = item_keys.indexed_day(first[:10]), item_keys.indexed_day(last[:10])
        registers = Key("PK").eq(since["PK"]) & Key("SK").between(
            since["SK"].removesuffix(item_keys.LISTED), until["SK"]
        )
        yield from _parts(item_keys.INDEXED, self._items(registers, newest_first=newest_first))

    def _stories(
        self, condition: ConditionBase, index: str | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Yield a query's items as stories."""
        of = {"IndexName": index} if index else {}
        return cast("Iterator[StoryItem]", self._items(condition, newest_first=newest_first, **of))

    def _items(
        self, condition: ConditionBase, *, newest_first: bool = False, **more: Any
    ) -> Iterator[Mapping[str, Any]]:
        """A query's items, page after page, by sort key."""
        order = {"ScanIndexForward": False} if newest_first else {}
        yield from dynamodb.query(self._table, KeyConditionExpression=condition, **more, **order)


def _parts(prefix: str, registers: Iterator[Mapping[str, Any]]) -> Iterator[_Part]:
    """Yield the months or days of registers."""
    for name, found in groupby(map(item_keys.registered, registers), key=itemgetter(0)):
        listed = {is_listed for _, is_listed in found}
        yield _Part(f"{prefix}{name}", True in listed, False in listed)


def _between(since: date | None, until: date | None) -> tuple[str, str]:
    """The first and the last sort key of a range of days, or of days until a story's own key."""
    return since.isoformat() if since else _FIRST, f"{until.isoformat()}{_LAST}" if until else _LAST
