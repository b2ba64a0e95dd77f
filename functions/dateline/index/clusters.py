"""Clusters: copies of one story in several outlets, or at several addresses of one.

Two stories belong to one cluster if some revision of one is like some revision of the other (``fingerprint``) and they
appeared within ten days; the relation is transitive. A cluster has the id of its first story. A story appears at its
stated time, or at its first capture if that is earlier or no time is stated; a story with a day only, at the day's end.

Copies are found by the bands of their fingerprints, items that expire 30 days after archiving. A story writes its own
bands before it looks for others', and sees all earlier ones: of two stories archived at once, one finds the other.
Merges are permanent. Neither the order of archiving, nor repetitions, nor killed functions change the final items.

There is one limit: of a band, the last 50 items by appearance are read. If more stories share a passage within twenty
days (boilerplate not recognised by extraction), the order decides about the comparisons by this band; other bands are
not affected.
"""

import dataclasses
import random
import re
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from dateline import instants
from dateline.article import Article
from dateline.aws import dynamodb
from dateline.aws.prefetch import ahead
from dateline.index import cluster_transaction
from dateline.index.cluster_transaction import Known
from dateline.keys import item_keys
from dateline.similarity.fingerprint import INDEXED, Fingerprint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

WITHIN = timedelta(days=10)  # weeklies reprint stories of the week before
KEPT = timedelta(days=30)  # copies appear within ten, and a message waits two weeks in a dead-letter queue
_KEPT_BEFORE = timedelta(days=365)  # until December 2026, with the fingerprint as text
READ = 50  # items of a band: 14 kB, four read units
_THREADS = INDEXED  # one for each band: one after the other they would take longer than extraction does
_CANDIDATES = 99  # with the story itself, one BatchGetItem
_PAUSES = (0.1, 0.3, 0.9, 2.7, 2.7)  # seconds; several stories may join one cluster at once

_BAND = re.compile(rf"{item_keys.BAND}\d+-(?P<number>\d+)-[0-9a-f]+")  # of a fingerprint's names

ClusterChange = Callable[[Known], tuple[cluster_transaction.Grouping, str | None, bool]]


class Copy(NamedTuple):
    """A story like another; the first of several appeared first."""

    appeared: str
    id: str


class Clusters:
    """The clusters of the stories in the table."""

    def __init__(self, table: "Table", pause: Callable[[float], None] = time.sleep) -> None:
        self._table, self._pause = table, pause
        self._client: Any = table.meta.client  # its type knows neither conditions nor Python values

    def place(self, articles: Sequence[Article]) -> list[Article]:
        """New articles of one WARC file with the clusters of their stories, as far as those are known.

        Copies in the table are looked for once, by ``settle``: a new story's article names the first of its copies in
        the same file, or the story itself.
        """
        revised = {article.id for article in articles if article.revision != 1}
        known = {id: str(story["cluster"]) for id, story in self._stories(revised).items()}
        placed = []
        for number, article in enumerate(articles):
            first = min([Copy(_appeared(article), article.id), *_here(article, articles[:number])])
            cluster = known.setdefault(article.id, known.get(first.id, first.id))
            placed.append(dataclasses.replace(article, cluster=cluster))
        return placed

    def settle(self, articles: Iterable[Article], new: Container[str] = ()) -> None:
        """Merge stories into their clusters, given their CURRENT items and bands in the table.

        A ``new`` story without a copy is alone in its cluster, as its CURRENT item says.
        """
        for article in articles:
            copies = self._near(article)
            if copies or article.id not in new:
                self._unite(article.id, copies)

    def forget(self, articles: Iterable[Article], but: Iterable[Article]) -> None:
        """Find stories no more by these articles, unless others have the same passages."""
        stays = {key for article in but for key in _band_keys(article)}
        over = {key for article in articles for key in _band_keys(article)} - stays
        requests = ({"DeleteRequest": {"Key": {"PK": partition, "SK": sort}}} for partition, sort in over)
        dynamodb.write(self._client, self._table.name, requests)

    def leave(self, id: str) -> None:
        """Remove a story from its cluster."""
        self._unite(id, ())  # continue an unfinished merge
        self._change([id], lambda known: (cluster_transaction.without(known, id) if known.clusters else {}, None, True))

    def _unite(self, id: str, copies: Iterable[Copy]) -> None:
        """Merge the clusters of a story and its copies; do nothing for a deleted story."""
        ids = [id, *(copy.id for copy in sorted(copies)[:_CANDIDATES])]

        def change(known: Known) -> tuple[cluster_transaction.Grouping, str | None, bool]:
            return cluster_transaction.united(known, id) if id in known.appeared else (known.clusters, None, True)

        while not self._change(ids, change):
            pass

    def _change(self, ids: Sequence[str], change: ClusterChange) -> bool:
        """Make one change to the clusters of some stories; return whether it was the last one."""
        for pause in _PAUSES:
            known = self._known(ids)
            if known:
                after, first, last = change(known)
                if self._written(list(cluster_transaction.writes(self._table.name, known, after, first))):
                    return last
            self._pause(pause * (1 + random.random()))  # noqa: S311 - jitter, not a secret
        raise dynamodb.ThrottledError(f"the clusters of {ids[0]} are being changed all the time")

    def _written(self, writes: list[Any]) -> bool:
        """Return whether the transaction was done, or False if its conditions are outdated."""
        try:
            if writes:
                self._client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            if error.response["Error"]["Code"] != "TransactionCanceledException":
                raise
            return False
        return True

    def _known(self, ids: Iterable[str]) -> Known | None:
        """Return the clusters of stories in the table, or None during a concurrent change."""
        stories, clusters = self._stories(ids), dict[str, Mapping[str, str]]()
        while new := {str(story["cluster"]) for story in stories.values()} - clusters.keys():
            for name in new:
                found = read(self._table, name)
                alone = {name: _told(stories[name])} if name in stories else {}
                clusters[name] = members(found) or alone
                stories |= self._stories(str(item["joined"]) for item in found if "joined" in item)
        if any(id not in clusters[str(story["cluster"])] for id, story in stories.items()):
            return None
        appeared = {id: _told(story) for id, story in stories.items()}
        return Known(clusters, appeared, {id: str(story["captured_at"]) for id, story in stories.items()})

    def _stories(self, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return the existing CURRENT items of stories, except withdrawn ones."""
        found = dynamodb.get(
            self._client, self._table.name, map(item_keys.article, dict.fromkeys(ids)), consistent=True
        )
        return {str(item["id"]): item for item in found if "withdrawn_at" not in item}

    def _near(self, article: Article) -> set[Copy]:
        """Return the stories like an article, by a query for each of its bands."""
        if article.fingerprint is None:
            return set()
        mine = Fingerprint.parse(article.fingerprint)
        read = ahead(lambda name: self._band(name, article), mine.names(), _THREADS)
        found = {item["SK"]: item for band in read for item in band}
        others = {sort: item for sort, item in found.items() if _id(sort) != article.id and _lived_with(item, article)}
        like = (sort for sort, item in others.items() if mine.is_like(Fingerprint.of_bytes(bytes(item["print"]))))
        return {Copy(sort.partition("#")[0], _id(sort)) for sort in like}

    def _band(self, name: str, article: Article) -> list[dict[str, Any]]:
        """Return the items of a band within days of an article, its own included."""
        since, until = (item_keys.band(name, at) for at in _between(article))
        answer = self._client.query(
            TableName=self._table.name,
            KeyConditionExpression=Key("PK").eq(since["PK"]) & Key("SK").between(since["SK"], f"{until['SK']}~"),
            ScanIndexForward=False,
            Limit=READ,
            ConsistentRead=True,
        )
        return list(map(band_as_now, answer["Items"]))


def read(table: "Table", name: str) -> list[Mapping[str, Any]]:
    """Return the items of a cluster; none for a single story. One page has thousands of them."""
    found = table.query(KeyConditionExpression=Key("PK").eq(item_keys.cluster(name)), ConsistentRead=True)["Items"]
    return list(found)


def members(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The stories of a cluster's items, and when each appeared."""
    return {_id(item["SK"]): item["SK"].partition("#")[0] for item in found}


def _told(story: Mapping[str, Any]) -> str:
    """When a story appeared, by its CURRENT item."""
    return item_keys.appeared(story.get("published_at"), story["first_seen_at"])


def _id(sort: str) -> str:
    """The story's id in the sort key of a band's or a cluster's item."""
    return sort.split("#")[1]


def _appeared(article: Article) -> str:
    return item_keys.appeared(article.published_at, str(article.first_seen_at))


def _between(article: Article) -> tuple[str, str]:
    """Return the range of instants for an article's copies."""
    at = datetime.fromisoformat(_appeared(article))
    return instants.utc(at - WITHIN, "seconds"), instants.utc(at + WITHIN, "seconds")


def _expires(article: Article) -> int:
    """When the items of an article's bands may be deleted, in seconds since 1970."""
    return int((datetime.fromisoformat(str(article.indexed_at)) + KEPT).timestamp())


def _lived_with(item: Mapping[str, Any], article: Article) -> bool:
    """Whether an item had not expired when an article was archived, nor the other way around.

    The table may have it still, or no more.
    """
    return abs(int(item["expires"]) - _expires(article)) < KEPT.total_seconds()


def band_as_now(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a band's item of before December 2026 as it would be now."""
    if "fingerprint" not in item:
        return dict(item)
    expires = int(item["expires"]) - int((_KEPT_BEFORE - KEPT).total_seconds())
    now = {"print": bytes(Fingerprint.parse(item["fingerprint"])), "expires": expires}
    return {name: value for name, value in item.items() if name != "fingerprint"} | now


def bands(article: Article) -> Iterator[dict[str, Any]]:
    """Return the items for finding an article's copies."""
    if article.fingerprint:
        found = Fingerprint.parse(article.fingerprint)
        for name in found.names():
            yield _band_key(name, article) | {"print": bytes(found), "expires": _expires(article)}


def is_former(partition: str) -> bool:
    """Whether a band's items are of before December 2026, when a story had more of them."""
    named = _BAND.fullmatch(partition)
    return named is not None and int(named["number"]) >= INDEXED


def _band_key(name: str, article: Article) -> dict[str, str]:
    return item_keys.band(name, f"{_appeared(article)}#{article.id}#{article.captured_at}")


def _band_keys(article: Article) -> Iterator[tuple[str, str]]:
    """Yield the keys of an article's bands, former ones included."""
    names = Fingerprint.parse(article.fingerprint).all_names() if article.fingerprint else []
    for key in (_band_key(name, article) for name in names):
        yield key["PK"], key["SK"]


def _here(article: Article, others: Iterable[Article]) -> Iterator[Copy]:
    """Return the articles of the same WARC file like one of them."""
    if article.fingerprint is None:
        return
    mine, (since, until) = Fingerprint.parse(article.fingerprint), _between(article)
    for other in others:
        if other.fingerprint and other.id != article.id and since <= _appeared(other) <= until:
            theirs = Fingerprint.parse(other.fingerprint)
            if {*mine.names()} & {*theirs.names()} and mine.is_like(theirs):
                yield Copy(_appeared(other), other.id)
