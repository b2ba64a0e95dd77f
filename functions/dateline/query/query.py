"""Query the index for stories; read their words from S3 on demand.

    stories = Query(deployment)
    for story in stories.of_source("libya-herald", since=date(2019, 4, 1), until=date(2019, 4, 30)):
        print(story["published_at"], story["title"], stories.article(story).text)

Ranges are publication dates in UTC, both ends included, open for None; a story without a date counts by its first
capture. A range may also end with a story's ``published_key``, where a page of a list ended. Stories are index items
(``items.summary``), oldest first unless ``newest_first``.
"""

import gzip
import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, cast

from boto3.dynamodb.conditions import ConditionBase, Key

from dateline import capture, keys
from dateline.article import Article
from dateline.aws import dynamodb, objects
from dateline.aws.deployment import Deployment
from dateline.capture import Capture, PageRecords
from dateline.capture.packs import Packs
from dateline.index import clusters
from dateline.story import ItemPointer, StoryItem
from dateline.urls import identity

_Published = Literal["BySource", "ByCountry"]
_PARTITION: dict[_Published, tuple[Literal["SOURCE", "COUNTRY"], str]] = {
    "BySource": ("SOURCE", "source_month"),
    "ByCountry": ("COUNTRY", "country_month"),
}
_FIRST, _LAST = "0", "~"  # before and after every sort key


_Register = Literal["SOURCE", "COUNTRY", "PLACE"]


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
        yield from self._published("BySource", source, since, until, newest_first=newest_first)

    def of_country(
        self, country: str, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """The stories of the outlets of a country (ISO 3166 alpha-2, lower case); ``zz`` for a country not known."""
        yield from self._published("ByCountry", country, since, until, newest_first=newest_first)

    def of_all(
        self, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Every source's stories."""
        by_source = (self.of_source(source, since, until, newest_first=newest_first) for source in self.sources())
        yield from heapq.merge(*by_source, key=lambda story: story["published_key"], reverse=newest_first)

    def of_place(
        self, place: int, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Yield stories about a place, by its GeoNames id."""
        yield from self._mentioning(str(place), since, until, newest_first=newest_first)

    def about(
        self, country: str, since: date | None = None, until: date | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Yield stories about a country (ISO 3166 alpha-2, lower case)."""
        yield from self._mentioning(country, since, until, newest_first=newest_first)

    def sources(self) -> list[str]:
        """Return the ids of archived sources."""
        return self._registered("SOURCE")

    def countries(self) -> list[str]:
        """Return the countries of archived outlets."""
        return self._registered("COUNTRY")

    def months(self, country: str) -> list[str]:
        """Return the months (``yyyy-mm``) with stories of a country's outlets."""
        return list(self._months("COUNTRY", country, *_between(None, None)))

    def indexed_since(self, cursor: str) -> Iterator[StoryItem]:
        """Yield stories indexed after a cursor: an ``indexed_key``, or an instant or day in ISO 8601.

        An interrupted capture is indexed late but keeps the instant of its first attempt. To miss nothing, restart
        three hours before the cursor (five deliveries, half an hour apart), or before the messages redriven from a
        dead-letter queue, and skip known stories.
        """
        first, last = keys.register("INDEXED", cursor[:10]), keys.register("INDEXED", _LAST)
        days = Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
        for item in self._items(days):
            day = Key("indexed_day").eq(item["SK"].partition("#")[2])
            yield from self._stories(day & Key("indexed_key").gt(cursor), "ByIndexed")

    def latest_indexed(self, before: str | None = None) -> Iterator[StoryItem]:
        """Yield stories from the last indexed one backwards, or from before an ``indexed_key``."""
        end = before or _LAST
        first, last = keys.register("INDEXED", _FIRST), keys.register("INDEXED", end[:10])
        days = Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"])
        for item in self._items(days, newest_first=True):
            day = Key("indexed_day").eq(item["SK"].partition("#")[2])
            yield from self._stories(day & Key("indexed_key").lt(end), "ByIndexed", newest_first=True)

    def story(self, id_or_url: str) -> StoryItem | None:
        """The newest revision of one story, by its id or its URL."""
        if ":" not in id_or_url:
            return self._by_id(id_or_url)
        url = identity(id_or_url)
        return self._by_id(keys.article_id(url)) or self._by_id(keys.former_article_id(url))

    def _by_id(self, id: str) -> StoryItem | None:
        alias = self._table.get_item(Key=keys.alias(id)).get("Item", {"id": id})
        item = self._table.get_item(Key=keys.article(str(alias["id"]))).get("Item")
        return cast("StoryItem | None", item)

    def revisions(self, id: str) -> list[StoryItem]:
        """All of a story's revisions, in the order of capture."""
        first = keys.revision(id, "")
        return list(self._stories(Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"])))

    def cluster(self, id: str) -> list[StoryItem]:
        """Return the copies of a story, itself included, in order of appearance.

        Costs three reads of the table, and one more for each hundred copies.
        """
        story = self.story(id)
        if story is None:
            return []
        appeared = clusters.members(clusters.read(self._table, story["cluster"])) or {story["id"]: ""}
        found = dynamodb.get(self._table.meta.client, self._table.name, map(keys.article, appeared))
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

    def _published(
        self,
        index: _Published,
        name: str,
        since: date | None,
        until: date | None,
        *,
        newest_first: bool,
    ) -> Iterator[StoryItem]:
        days, (kind, attribute) = _between(since, until), _PARTITION[index]
        for month in self._months(kind, name, *days, newest_first=newest_first):
            partition = Key(attribute).eq(f"{name}#{month}")
            condition = partition & Key("published_key").between(*days)
            yield from self._stories(condition, index, newest_first=newest_first)

    def _mentioning(
        self, place: str, since: date | None, until: date | None, *, newest_first: bool
    ) -> Iterator[StoryItem]:
        days = _between(since, until)
        for month in self._months("PLACE", place, *days, newest_first=newest_first):
            partition = Key("PK").eq(keys.mention(place, month)["PK"])
            mentions = self._items(partition & Key("SK").between(*days), newest_first=newest_first)
            for ids in dynamodb.chunks(str(mention["id"]) for mention in mentions):
                yield from self.current(ids)

    def current(self, ids: Sequence[str]) -> Iterator[StoryItem]:
        """The newest revisions of stories, in the order of their ids here."""
        found = dynamodb.get(self._table.meta.client, self._table.name, map(keys.article, ids))
        current = {story["id"]: story for story in cast("Iterator[StoryItem]", found)}
        yield from (current[id] for id in ids if id in current)

    def _registered(self, kind: Literal["SOURCE", "COUNTRY"]) -> list[str]:
        """Return the names of the archive's sources or countries."""
        first = keys.register(kind)
        found = self._items(Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"]))
        return [item["SK"].partition("#")[2] for item in found]

    def _months(
        self, kind: _Register, name: str, first: str, last: str, *, newest_first: bool = False
    ) -> Iterator[str]:
        """Yield the months with stories from ``first`` to ``last``."""
        since, until = keys.month(kind, name, first[:7]), keys.month(kind, name, last[:7])
        months = Key("PK").eq(since["PK"]) & Key("SK").between(since["SK"], until["SK"])
        yield from (str(item["SK"]).partition("#")[2] for item in self._items(months, newest_first=newest_first))

    def _stories(
        self, condition: ConditionBase, index: str | None = None, *, newest_first: bool = False
    ) -> Iterator[StoryItem]:
        """Yield a query's items as stories."""
        return cast("Iterator[StoryItem]", self._items(condition, index, newest_first=newest_first))

    def _items(
        self, condition: ConditionBase, index: str | None = None, *, newest_first: bool = False
    ) -> Iterator[Mapping[str, Any]]:
        """A query's items, page after page, by sort key."""
        of = {"IndexName": index} if index else {}
        order = {"ScanIndexForward": False} if newest_first else {}
        yield from dynamodb.query(self._table, KeyConditionExpression=condition, **of, **order)


def _between(since: date | None, until: date | None) -> tuple[str, str]:
    """The first and the last sort key of a range of days, or of days until a story's own key."""
    return since.isoformat() if since else _FIRST, f"{until.isoformat()}{_LAST}" if until else _LAST
