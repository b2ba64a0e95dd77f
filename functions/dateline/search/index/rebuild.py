"""Rebuild the search index from the table and the articles, and compare them.

Months are rebuilt one by one. Small parts written meanwhile stay if they are later than the reading; stories of earlier
ones are indexed once more, because the table's indexes may lag behind.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal, Self

from tantivy import Query as Matching

from dateline.aws import objects
from dateline.aws.deployment import Deployment
from dateline.aws.prefetch import ahead
from dateline.index.index import Index
from dateline.query.query import Query
from dateline.search.index import manifest, part_file
from dateline.search.index.cache import Cache
from dateline.search.index.indexing import Indexing, put
from dateline.search.index.manifest import Manifest
from dateline.search.index.schema import Entry, Version, version
from dateline.story import StoryItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 5  # at a month whose parts are merged meanwhile


@dataclass(frozen=True, slots=True)
class Difference:
    """A story with a search document unlike the table: missing, stale, or left over."""

    kind: Literal["missing", "stale", "extra"]
    id: str
    month: str


class SearchRebuild:
    """Rebuilds and compares. ``cache`` is for unpacked parts."""

    def __init__(self, *, s3: "S3Client", query: Query, indexing: Indexing, bucket: str, cache: Cache) -> None:
        self._s3, self._query, self._indexing = s3, query, indexing
        self._bucket, self._cache = bucket, cache
        self._stream = partial(objects.stream, s3, bucket)

    @classmethod
    def of(cls, s3: "S3Client", table: "Table", bucket: str) -> Self:
        """The one of a deployed archive, with the user's cache."""
        query = Query(Deployment(s3=s3, table=table, capture_bucket="", archive_bucket=bucket))
        indexing = Indexing(s3=s3, index=Index(table), bucket=bucket, read=query.article)
        return cls(s3=s3, query=query, indexing=indexing, bucket=bucket, cache=Cache.of_user(bucket))

    def run(self, progress: Callable[[str, int], None] = lambda *_: None) -> int:
        """Rebuild all months, the newest first, and return how many stories there are.

        ``progress`` is told each month and its stories. Safe to interrupt and to run again.
        """
        manifest.restart(self._s3, self._bucket)
        months = {month for country in self._query.countries() for month in self._query.months(country)}
        total = 0
        for month in sorted(months | {*manifest.read(self._s3, self._bucket).months}, reverse=True):
            stories = self._rebuild(month)
            progress(month, stories)
            total += stories
        return total

    def _rebuild(self, month: str) -> int:
        for _ in range(_ATTEMPTS):
            old = manifest.read(self._s3, self._bucket).months.get(month, ())
            decided = {id for part in old if not part.base for id in self._decides(part)}
            new = put(self._s3, self._bucket, month, part_file.base(month, self._entries(month)), base=True)
            there = manifest.update(self._s3, self._bucket, lambda there: there.merging(month, old, new))  # noqa: B023
            if new in there.parts:
                self._indexing.index({id: {month} for id in decided})
                return new.stories
        raise manifest.ContendedIndexError(f"the parts of {month} were replaced {_ATTEMPTS} times meanwhile")

    def check(self) -> Iterator[Difference]:
        """How the search index differs from the table; nothing if it does not."""
        there = manifest.read(self._s3, self._bucket)
        months = {month for country in self._query.countries() for month in self._query.months(country)}
        for month in sorted(months | {*there.months}):
            indexed = self._indexed(there, month)
            stored = {str(story["id"]): version(story) for story in self._stories(month)}
            for id in sorted(indexed.keys() | stored.keys()):
                if kind := _difference(indexed.get(id), stored.get(id)):
                    yield Difference(kind, id, month)

    def _entries(self, month: str) -> Iterator[Entry]:
        yield from ahead(lambda story: Entry.of(story, self._query.article(story)), self._stories(month))

    def _stories(self, month: str) -> Iterator[StoryItem]:
        first = date.fromisoformat(f"{month}-01")
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        yield from self._query.of_all(first, last)

    def _decides(self, part: manifest.Part) -> frozenset[str]:
        return self._cache.open(part, self._stream).decides

    def _indexed(self, there: Manifest, month: str) -> dict[str, Version]:
        """The versions of a month's stories as they are found, by their ids."""
        found = dict[str, Version]()
        for part in there.months.get(month, ()):
            opened = self._cache.open(part, self._stream)
            for id in opened.decides:
                found.pop(id, None)
            searcher = opened.searcher
            for _, address in searcher.search(Matching.all_query(), max(1, searcher.num_docs)).hits:
                story = json.loads(bytes(searcher.doc(address).to_dict()["story"][0]))
                found[story["id"]] = version(story)
        return found


def _difference(indexed: Version | None, stored: Version | None) -> Literal["missing", "stale", "extra"] | None:
    if indexed == stored:
        return None
    if indexed is None:
        return "missing"
    return "extra" if stored is None else "stale"
