"""Search: stories matching a query, from the shards in the archive bucket.

    search = Search(s3, bucket, Cache(folder))
    for hit in search.find("haftar -football since:2019-04-01").hits:
        print(hit.story["title"], hit.snippet.text)

By publication, months are visited in its order, and the visit ends with a full page; by relevance, and for facets, it
covers all months within the query's dates. ``page`` gives ids alone, for lists.
"""

import base64
import binascii
import gzip
import heapq
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

from botocore.exceptions import ClientError
from tantivy import DocAddress, FieldType, Occur, Order, Query

from dateline.article import Article
from dateline.aws import objects
from dateline.aws.prefetch import ahead
from dateline.search.index import manifest
from dateline.search.index.cache import Cache, Opened
from dateline.search.index.manifest import Manifest
from dateline.search.index.schema import least_order, month_of, schema
from dateline.search.query import matching
from dateline.search.query.facets import Counts, Facets
from dateline.search.query.language import Clause, parse
from dateline.search.query.matching import Compiler, Frequencies, Node, Wanted
from dateline.search.query.resolve import Names
from dateline.search.query.snippets import Highlighted, Highlighter

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Dated = Literal["newest", "oldest"]
By = Literal["relevance", Dated]
_T = TypeVar("_T")
MOST = 200  # stories of a page
_DEEPEST = 10_000  # stories before a page by relevance; further on, dates narrow a search
_ORDERS = least_order(datetime(1, 1, 1, tzinfo=UTC)), least_order(datetime(9999, 12, 31, tzinfo=UTC))
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


@dataclass(frozen=True, slots=True)
class Page:
    """Ids of a page of stories by publication. ``cursor`` leads to the next page, if any."""

    ids: tuple[str, ...]
    cursor: str | None


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
    months: tuple[str, str] = ("", "~")  # first and last, both included
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
        self._stream = partial(objects.stream, s3, bucket)
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

        An empty query matches all stories, one of signs without a word none. ``since`` and ``until`` are days of
        publication in UTC, both included, in addition to the query's.
        """
        parsed = parse(query)
        first, last = _latest(parsed.since, since), _earliest(parsed.until, until)
        wanted = matching.wanted(parsed.clauses, self._names)
        if query.strip() and not (wanted.scored or wanted.excluded or wanted.filters or parsed.since or parsed.until):
            return Results((), 0, None)
        wanted = replace(
            wanted, filters=(*wanted.filters, *_coded(source=sources, country=countries, language=languages))
        )
        asked = _resumed(_asked(wanted, first, last, by, limit), cursor)
        return self._steadily(lambda there: self._results(there, parsed.clauses, asked, facets=facets))

    def page(
        self,
        codes: Mapping[str, Collection[str]],
        *,
        since: date | None = None,
        until: date | None = None,
        by: Dated = "newest",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Return a page of all stories with these codes, by publication. Raises CursorError.

        ``codes`` are alternatives by field: ``source``, ``country``, ``language``, ``about``, ``places`` or ``people``
        (``schema``). A page reads its months' shards, and neither articles nor the table.
        """
        asked = _resumed(_asked(Wanted(filters=_coded(**codes)), since, until, by, limit), cursor)
        found = self._steadily(lambda there: self._dated(there, asked))
        page = found[: asked.limit]
        onward = _cursor(asked, page) if len(found) > asked.limit else None
        return Page(tuple(_story(each)["id"] for each in page), onward)

    def _steadily(self, search: Callable[[Manifest], _T]) -> _T:
        """The result of a search, which is repeated if parts are merged meanwhile."""
        for attempt in range(_RETRIES):
            try:
                return search(manifest.read(self._s3, self._bucket))
            except ClientError as error:
                if error.response["Error"]["Code"] != "NoSuchKey" or attempt == _RETRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _results(self, there: Manifest, clauses: Sequence[Clause], asked: _Asked, *, facets: bool) -> Results:
        if asked.by != "relevance" and not facets:
            found, total = self._dated(there, asked), None
            relaxed = False
        else:
            visited = [place for month in there.newest_first(*asked.months) for place in self._places_of(there, month)]
            found, total, counts = _all(visited, asked, facets=facets)
            if relaxed := (not total and len(asked.wanted.scored) > 1):
                least = math.ceil(_ENOUGH * len(asked.wanted.scored))
                found, total, counts = _all(visited, replace(asked, least=least), facets=facets)
        page = found[asked.skip : asked.skip + asked.limit]
        more = len(found) > asked.skip + asked.limit
        return Results(
            hits=tuple(self._hits(page, clauses)),
            total=total,
            cursor=_cursor(asked, page) if more else None,
            facets=counts.facets() if total is not None and facets else None,
            relaxed=relaxed and bool(total),
        )

    def _dated(self, there: Manifest, asked: _Asked) -> list[_Found]:
        """The first stories by publication: months are visited until there are enough."""
        found: list[_Found] = []
        newest_first = there.newest_first(*asked.months)
        for month in newest_first if asked.by == "newest" else reversed(newest_first):
            for place in self._places_of(there, month):
                compiler = Compiler(place.part.searcher, Frequencies([], ()), ())
                found += _search(place, compiler, asked)[0]
            if len(found) > asked.limit:
                break
        return sorted(found, key=lambda each: each.order, reverse=asked.by == "newest")[: asked.limit + 1]

    def _places_of(self, there: Manifest, month: str) -> Iterator[_Place]:
        opened = list(ahead(lambda part: self._cache.open(part, self._stream), there.months[month], at_once=4))
        over = frozenset[str]()
        for part in reversed(opened):
            yield _Place(month, part, over)
            over |= part.decides

    def _hits(self, page: Sequence[_Found], clauses: Sequence[Clause]) -> Iterator[Hit]:
        stories = [_story(found) for found in page]
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


def _story(found: _Found) -> dict[str, Any]:
    """What lists show of a story, as its part has it."""
    return dict(json.loads(bytes(found.part.searcher.doc(found.address).to_dict()["story"][0])))


def _coded(**codes: Collection[str]) -> tuple[Node, ...]:
    """Conditions by fields of codes, each with alternatives."""
    return tuple(matching.codes(field, sorted(values)) for field, values in codes.items() if values)


def _asked(wanted: Wanted, since: date | None, until: date | None, by: By, limit: int) -> _Asked:
    """The search for stories published on these days, from its beginning."""
    days = tuple(matching.dated(since, until))
    return _Asked(wanted, days, by, max(1, min(limit, MOST)), (_month(since, ""), _month(until, "~")))


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
    if asked.by == "oldest":
        return heapq.nsmallest(wanted, found, key=lambda each: each.order), total, counts
    return heapq.nlargest(wanted, found, key=lambda each: (each.score, each.order)), total, counts


def _search(place: _Place, compiler: Compiler, asked: _Asked) -> tuple[list[_Found], int, Query]:
    """The first stories of one part, how many there are, and the query."""
    searcher = place.part.searcher
    query = compiler.query(asked.wanted, asked.filters, asked.least)
    if place.over:
        stale = Query.term_set_query(schema(), "id", sorted(place.over))
        query = Query.boolean_query([(Occur.Must, query), (Occur.MustNot, stale)])
    wanted = asked.skip + asked.limit + 1
    if asked.by != "relevance":
        order = Order.Desc if asked.by == "newest" else Order.Asc
        result = searcher.search(query, wanted, order_by_field="order", order=order)
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
    at = asked.skip + asked.limit if asked.by == "relevance" else page[-1].order
    return base64.urlsafe_b64encode(json.dumps([asked.by, at]).encode()).decode().rstrip("=")


def _resumed(asked: _Asked, cursor: str | None) -> _Asked:
    """What is asked, from a cursor on."""
    if not cursor:
        return asked
    at, (first, last) = _position(cursor, asked.by), asked.months
    if asked.by == "relevance":
        return replace(asked, skip=at)
    if asked.by == "newest":
        return replace(asked, filters=(*asked.filters, _between(None, at - 1)), months=(first, min(last, month_of(at))))
    return replace(asked, filters=(*asked.filters, _between(at + 1, None)), months=(max(first, month_of(at)), last))


def _position(cursor: str, by: By) -> int:
    """Where a page begins: a number of stories, or an ``order``. Raises CursorError."""
    try:
        known, at = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise CursorError(f"{cursor!r} is no cursor of a search") from error
    least, most = (1, _DEEPEST) if by == "relevance" else _ORDERS
    if known != by or type(at) is not int or not least <= at <= most:
        raise CursorError(f"{cursor!r} is no cursor of a search by {by}")
    return at


def _between(least: int | None, most: int | None) -> Query:
    """Stories between two numbers of their order, both included."""
    return Query.range_query(schema(), "order", FieldType.Integer, least, most)
