"""Search: stories matching a query, from the shards in the archive bucket.

    search = Search(s3, bucket, Cache(folder))
    for hit in search.find("haftar -football since:2019-04-01").hits:
        print(hit.story["title"], hit.snippet.text)

Months are visited newest first. By publication, the visit ends with a full page; by relevance, and for facets, it
covers all months within the query's dates.
"""

import base64
import binascii
import gzip
import heapq
import json
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from botocore.exceptions import ClientError
from tantivy import DocAddress, FieldType, Occur, Order, Query

from dateline.article import Article
from dateline.aws import objects
from dateline.aws.prefetch import ahead
from dateline.search import manifest, matching
from dateline.search.cache import Cache, Opened
from dateline.search.facets import Counts, Facets
from dateline.search.manifest import Manifest
from dateline.search.matching import Compiler, Frequencies, Wanted
from dateline.search.query import Clause, Parsed, parse
from dateline.search.resolve import Names
from dateline.search.schema import schema
from dateline.search.snippets import Highlighted, Highlighter

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

By = Literal["relevance", "newest"]
MOST = 200  # stories of a page
_DEEPEST = 10_000  # stories before a page by relevance; further on, dates narrow a search
_ENOUGH = 0.6  # of a query's words, where no story has all of them
_RETRIES = 3  # of a search whose parts were merged meanwhile


class CursorError(ValueError):
    """A cursor from another search, or from none."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A matching story: its metadata, relevance and snippets."""

    story: dict[str, Any]
    score: float
    title: Highlighted
    snippet: Highlighted


@dataclass(frozen=True, slots=True)
class Results:
    """A page of stories.

    ``total`` is the number of matches, or None if some months were not visited. ``cursor`` leads to the next page, if
    any. ``relaxed`` means that no story has all words, and these have most of them.
    """

    hits: tuple[Hit, ...]
    total: int | None
    cursor: str | None
    facets: Facets | None = None
    relaxed: bool = False


class _Found(NamedTuple):
    score: float
    order: int
    part: Opened
    address: DocAddress


class _Place(NamedTuple):
    """A part of a month, and the ids that later parts decide on."""

    month: str
    part: Opened
    over: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A search as it is done: what is wanted, from where on, and how much."""

    wanted: Wanted
    filters: tuple[Query, ...]
    by: By
    limit: int
    skip: int = 0
    least: int | None = None


class Search:
    """Searches the archive bucket's index; ``names`` resolves the names in queries."""

    def __init__(
        self,
        s3: "S3Client",
        bucket: str,
        cache: Cache,
        names: Names | None = None,
    ) -> None:
        self._s3, self._bucket, self._cache = s3, bucket, cache
        self._names = names or Names()

    def find(
        self,
        query: str,
        *,
        sources: Collection[str] = (),
        countries: Collection[str] = (),
        languages: Collection[str] = (),
        since: date | None = None,
        until: date | None = None,
        by: By = "relevance",
        limit: int = 20,
        cursor: str | None = None,
        facets: bool = False,
    ) -> Results:
        """Return a page of matching stories. Raises QueryError or CursorError.

        ``since`` and ``until`` are days of publication in UTC, both included, in addition to the query's.
        """
        parsed = parse(query)
        parsed = replace(parsed, since=_latest(parsed.since, since), until=_earliest(parsed.until, until))
        wanted = matching.wanted(parsed.clauses, self._names)
        coded = {"source": sources, "country": countries, "language": languages}
        more = tuple(matching.codes(field, sorted(values)) for field, values in coded.items() if values)
        wanted = replace(wanted, filters=(*wanted.filters, *more))
        days = tuple(matching.dated(parsed.since, parsed.until))
        asked = _resumed(_Asked(wanted, days, by, max(1, min(limit, MOST))), cursor)
        for attempt in range(_RETRIES):
            there = manifest.read(self._s3, self._bucket)
            try:
                return self._page(there, parsed, asked, facets=facets)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey" or attempt == _RETRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _page(self, there: Manifest, parsed: Parsed, asked: _Asked, *, facets: bool) -> Results:
        months = there.newest_first(_month(parsed.since, ""), _month(parsed.until, "~"))
        if asked.by == "newest" and not facets:
            found, total = self._newest(there, months, asked), None
            relaxed = False
        else:
            visited = [place for month in months for place in self._places_of(there, month)]
            found, total, counts = _all(visited, asked, facets=facets)
            if relaxed := (not total and len(asked.wanted.scored) > 1):
                least = math.ceil(_ENOUGH * len(asked.wanted.scored))
                found, total, counts = _all(visited, replace(asked, least=least), facets=facets)
        page = found[asked.skip : asked.skip + asked.limit]
        more = len(found) > asked.skip + asked.limit
        return Results(
            hits=tuple(self._hits(page, parsed.clauses)),
            total=total,
            cursor=_cursor(asked, page) if more else None,
            facets=counts.facets() if total is not None and facets else None,
            relaxed=relaxed and bool(total),
        )

    def _newest(self, there: Manifest, months: Sequence[str], asked: _Asked) -> list[_Found]:
        """The newest stories: months are visited until there are enough."""
        found: list[_Found] = []
        for month in months:
            for place in self._places_of(there, month):
                compiler = Compiler(place.part.searcher, Frequencies([], ()), ())
                found += _search(place, compiler, asked)[0]
            if len(found) > asked.limit:
                break
        return sorted(found, key=lambda each: -each.order)[: asked.limit + 1]

    def _places_of(self, there: Manifest, month: str) -> Iterator[_Place]:
        opened = list(ahead(lambda part: self._cache.open(part, self._fetch), there.months[month], at_once=4))
        over = frozenset[str]()
        for part in reversed(opened):
            yield _Place(month, part, over)
            over |= part.decides

    def _fetch(self, key: str) -> bytes:
        return self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def _hits(self, page: Sequence[_Found], clauses: Sequence[Clause]) -> Iterator[Hit]:
        stories = [json.loads(bytes(found.part.searcher.doc(found.address).to_dict()["story"][0])) for found in page]
        highlighter = Highlighter(clauses)
        for found, story, article in zip(page, stories, ahead(self._article, stories), strict=True):
            language = story.get("language")
            text = "\n".join((article.standfirst or "", article.text)) if article else ""
            yield Hit(
                story=story,
                score=found.score,
                title=highlighter.whole(article.title if article else story["title"], language),
                snippet=highlighter.snippet(text, language),
            )

    def _article(self, story: dict[str, Any]) -> Article | None:
        """A story's article, one range GET; None where it is being replaced at this moment."""
        at = story["article"]
        where = {"key": at["key"], "offset": int(at["offset"]), "length": int(at["length"])}
        with suppress(ClientError, gzip.BadGzipFile, EOFError):
            line = gzip.decompress(objects.get_range(self._s3, bucket=self._bucket, **where))
            return Article.from_dict(json.loads(line))
        return None


def _all(places: Sequence[_Place], asked: _Asked, *, facets: bool) -> tuple[list[_Found], int, Counts]:
    """The first stories by relevance (or publication) of all parts, how many there are, and their facets."""
    leaves = [leaf for leaf in asked.wanted.leaves() if not leaf.fixed]
    everywhere = Frequencies([place.part.searcher for place in places], leaves)
    found: list[_Found] = []
    counts, total = Counts(), 0
    for place in places:
        compiler = Compiler(place.part.searcher, everywhere, leaves)
        some, matches, query = _search(place, compiler, asked)
        found += some
        total += matches
        if facets:
            counts.add(place.month, place.part.searcher, query, matches)
    wanted = asked.skip + asked.limit + 1
    key: Callable[[_Found], Any] = lambda each: (each.score if asked.by == "relevance" else 0, each.order)  # noqa: E731
    return heapq.nlargest(wanted, found, key=key), total, counts


def _search(place: _Place, compiler: Compiler, asked: _Asked) -> tuple[list[_Found], int, Query]:
    """The first stories of one part, how many there are, and the query."""
    searcher = place.part.searcher
    query = compiler.query(asked.wanted, asked.filters, asked.least)
    if place.over:
        stale = Query.term_set_query(schema(), "id", sorted(place.over))
        query = Query.boolean_query([(Occur.Must, query), (Occur.MustNot, stale)])
    wanted = asked.skip + asked.limit + 1
    if asked.by == "newest":
        result = searcher.search(query, wanted, order_by_field="order", order=Order.Desc)
        return [_Found(0, int(order), place.part, address) for order, address in result.hits], _count(result), query
    result = searcher.search(query, wanted)
    orders = searcher.fast_field_values("order", [address for _, address in result.hits])
    found = [
        _Found(score, int(order or 0), place.part, address)
        for (score, address), order in zip(result.hits, orders, strict=True)
    ]
    return found, _count(result), query


def _count(result: Any) -> int:
    return int(result.count)  # which tantivy's own annotations lack


def _month(day: date | None, otherwise: str) -> str:
    return day.isoformat()[:7] if day else otherwise


def _latest(*days: date | None) -> date | None:
    return max((day for day in days if day), default=None)


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day), default=None)


def _cursor(asked: _Asked, page: Sequence[_Found]) -> str:
    at = page[-1].order if asked.by == "newest" else asked.skip + asked.limit
    return base64.urlsafe_b64encode(json.dumps([asked.by, at]).encode()).decode().rstrip("=")


def _resumed(asked: _Asked, cursor: str | None) -> _Asked:
    """What is asked, from a cursor on."""
    if not cursor:
        return asked
    try:
        by, at = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise CursorError(f"{cursor!r} is no cursor of a search") from error
    if by != asked.by or type(at) is not int or (by == "relevance" and not 0 < at <= _DEEPEST) or abs(at) >= 1 << 62:
        raise CursorError(f"{cursor!r} is no cursor of a search by {asked.by}")
    if by == "relevance":
        return replace(asked, skip=at)
    older = Query.range_query(schema(), "order", FieldType.Integer, None, at, include_upper=False)
    return replace(asked, filters=(*asked.filters, older))
