"""The index: DynamoDB items pointing into the two buckets, without data of their own.

``Index.apply`` is the only writer of stories, for extraction and for a rebuild, and can be repeated at any time.
``query`` reads for users.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from dateline.article import Article
from dateline.aws import dynamodb
from dateline.aws.dynamodb import unless_newer
from dateline.aws.prefetch import ahead
from dateline.index import repeats
from dateline.index.clusters import Clusters
from dateline.index.gone import Presence
from dateline.index.list_items import ListItems, registers
from dateline.index.repeats import Repeats
from dateline.index.story_items import aliases, current_item, entries, summaries, summary
from dateline.index.withdrawals import Withdrawal
from dateline.keys import identifiers, item_keys
from dateline.keys.object_keys import Stem
from dateline.monitoring import counters
from dateline.monitoring.counter_writes import Counters
from dateline.outcomes import PageOutcome, Stored, articles_key, own_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_AFTER_ALL = "~"  # after every instant
_THREADS = 8  # for CURRENT items: one after the other they would take a fifth of the time that extraction does
_REGISTERED = 50_000  # keys of registers in memory, some 10 MB
_FORMER = ("source_month", "country_month", "published_key", "indexed_day", "indexed_key")  # until December 2026
_OPTIONAL = (  # optional attributes of a revision's items
    "source",
    "outlet_country",
    "language",
    "published_at",
    "published_precision",
    "dateline",
    "places",
    "about",
    "persons",
    "organisations",
    "capture",
)


class Index:
    """Stories and counters in the table.

    ``remember``: registers that this process has written are not written again. A table emptied meanwhile would lack
    those of captures archived since, unless a rebuild follows.
    """

    def __init__(self, table: "Table", counters: Counters | None = None, *, remember: bool = False) -> None:
        self._remember, self._registered = remember, set[tuple[str, str]]()
        self.clusters, self.counters = Clusters(table), counters or Counters(table)
        self._table, self._lists, self._presence = table, ListItems(table), Presence(table)
        self.repeats = Repeats(table)

    def current(self, ids: Iterable[str], *, consistent: bool = True) -> dict[str, Mapping[str, Any]]:
        """Return the existing CURRENT items of ids."""
        wanted = (item_keys.article(id) for id in dict.fromkeys(ids))
        found = dynamodb.get(self._table.meta.client, self._table.name, wanted, consistent=consistent)
        return {str(item["id"]): item for item in found}

    def alias(self, id: str) -> str | None:
        """Return the id of the story at a URL with this id of its own, or None if they are equal."""
        found = self._table.get_item(Key=item_keys.alias(id), ConsistentRead=True).get("Item")
        return str(found["id"]) if found else None

    def revision(self, id: str, captured_at: str) -> Mapping[str, Any] | None:
        """Return a story's revision captured at an instant."""
        return self._table.get_item(Key=item_keys.revision(id, captured_at), ConsistentRead=True).get("Item")

    def revision_before(self, id: str, captured_at: str, but: str | None = None) -> Mapping[str, Any] | None:
        """The newest revision of a story that was captured before an instant.

        With ``but``, also one of that instant, unless it is of the WARC file with this key.
        """
        first, last = item_keys.revision(id, ""), item_keys.revision(id, captured_at)
        answer = self._table.query(
            KeyConditionExpression=Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"]),
            ScanIndexForward=False,
            Limit=2,
            ConsistentRead=True,
        )
        found = (item for item in answer["Items"] if item["SK"] != last["SK"] or (but and _capture_key(item) != but))
        return next(found, None)

    def versions(self, id: str, since: str) -> tuple[Mapping[str, Any] | None, list[Mapping[str, Any]]]:
        """The revision before an instant, and the captures of a story from then on: revisions and repeats."""
        all_of_them = Key("PK").eq(item_keys.article(id)["PK"]) & Key("SK").between(
            item_keys.REVISION, f"{item_keys.SAME}{_AFTER_ALL}"
        )
        before, found = None, list[Mapping[str, Any]]()
        for item in dynamodb.query(self._table, KeyConditionExpression=all_of_them, ConsistentRead=True):
            is_revision = str(item["SK"]).startswith(item_keys.REVISION)
            versions = [item] if is_revision else repeats.as_versions(item)
            found += [version for version in versions if str(version["captured_at"]) >= since]
            if is_revision and str(item["captured_at"]) < since:
                before = item
        return before, found

    def apply(self, stem: Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> None:
        """Index a WARC file's outcomes and articles.

        Idempotent, in any order of WARC files: the newest capture of a story is its CURRENT.
        """
        if self.counters.is_done(stem.source, stem.capture):
            return
        self.add(stem, outcomes, articles)
        self.counters.add(stem.source, stem.day, stem.capture, counters.of_pages(stem, outcomes))

    def add(self, stem: Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> frozenset[str]:
        """Add what one WARC file's outcomes and articles say, without counting it; return the new stories.

        A new story had no CURRENT item before. Its revision, bands and list items were written earlier, so whoever
        writes the story's next CURRENT item finds them and settles what the two have in common.
        """
        self._put_entries(stem, outcomes, articles)
        self.repeats.add(stem, outcomes)
        found = summaries(stem, outcomes, articles)
        self._lists.put(revision for revision in found if revision["revision"] == 1)
        key, by_story = articles_key(stem, outcomes), defaultdict[str, list[Stored]](list)
        for stored in articles:
            by_story[stored.article.id].append(stored)
        put = ahead(lambda each: [self._put_current(key, stored) for stored in each], by_story.values(), _THREADS)
        before = dict(zip(by_story, put, strict=True))
        new = frozenset(id for id, items in before.items() if all(item == {} for item in items))
        self.clusters.settle([stored.article for stored in articles], new)
        replaced = {id: items[0] for id, items in before.items() if len(items) == 1 and items[0]}
        self._lists.settle([revision for revision in found if revision["id"] not in new], replaced=replaced)
        self._presence.settle(stem.source, outcomes, dict(aliases(outcomes)))
        return new

    def replace(
        self,
        stem: Stem,
        outcomes: Sequence[PageOutcome],
        articles: Sequence[Stored],
        before: Sequence[Article],
    ) -> None:
        """Index a WARC file's new outcomes and articles, and remove those in ``before``.

        Idempotent.
        """
        self._put_entries(stem, outcomes, articles)
        self.repeats.settle(stem, outcomes)
        found = [stored.article for stored in articles]
        self.clusters.forget(before, found)
        stays = {_revision_key(article) for article in found}
        over = {_revision_key(article) for article in before} - stays
        for id, captured_at in over:
            self._delete_revision(id, captured_at, stem.capture)
        lost = [id for id in sorted({id for id, _ in over | stays}) if not self._settle_current(id)]
        self.clusters.settle(found)
        was = [summary("", Stored(article, 0, 0)) for article in before]
        self._lists.settle(summaries(stem, outcomes, articles), was)
        if lost:
            self._drop_aliases(outcomes, lost)
            self._presence.forget({*lost} - {page.id for page in outcomes})
        others = [article.id for article in before]
        self._presence.settle(stem.source, outcomes, dict(aliases(outcomes)), others)
        self._presence.check(dict.fromkeys(stored.article.id for stored in articles))
        if self.counters.is_done(stem.source, stem.capture):
            self.count_pages(stem, outcomes)

    def count_pages(self, stem: Stem, outcomes: Sequence[PageOutcome]) -> None:
        """Have a WARC file count for what its outcomes say, in place of what it has counted for so far."""
        counted = self.counters.added(stem.source, stem.capture)
        self.counters.add(stem.source, stem.day, stem.capture, counters.of_pages(stem, outcomes), before=counted)

    def forget_aliases(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Have the ids of URLs lead no more to the stories of other URLs, given both."""
        for own, id in sorted(pairs):
            with unless_newer():
                self._table.delete_item(Key=item_keys.alias(own), ConditionExpression=Attr("id").eq(id))

    def _delete_revision(self, id: str, captured_at: str, capture: str) -> None:
        """Delete a revision of a WARC file; one of the same instant from another stays."""
        with unless_newer():
            self._table.delete_item(Key=item_keys.revision(id, captured_at), ConditionExpression=_is_of(capture))

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Have a story be nothing but withdrawn. Idempotent."""
        if "cluster" in self.current([withdrawal.id]).get(withdrawal.id, {}):
            self.clusters.leave(withdrawal.id)
        for item in withdrawal.items:
            self._table.put_item(Item=item)
        _, found = self.versions(withdrawal.id, "")
        self._lists.settle((), [item for item in found if "revision" in item])
        over = [{"PK": item["PK"], "SK": item["SK"]} for item in found]
        over += [item_keys.alias(own) for own in map(identifiers.article_id, withdrawal.urls) if own != withdrawal.id]
        with self._table.batch_writer(overwrite_by_pkeys=["PK", "SK"]) as batch:
            for key in over:
                batch.delete_item(Key=key)

    def _put_entries(self, stem: Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> None:
        lists = {(item["PK"], item["SK"]): item for item in registers(summaries(stem, outcomes, articles))}
        new = [item for key, item in lists.items() if key not in self._registered]
        with self._table.batch_writer(overwrite_by_pkeys=["PK", "SK"]) as batch:
            for item in (*new, *entries(stem, outcomes, articles)):
                batch.put_item(Item=item)
        if self._remember:
            self._registered = {*lists} | (self._registered if len(self._registered) < _REGISTERED else set())

    def _put_current(self, key: str, stored: Stored) -> Mapping[str, Any] | None:
        """Make a story's newest capture its CURRENT.

        Returns the item before, empty for a new story; None if a later capture stays.
        """
        newest = Attr("PK").not_exists() | Attr("captured_at").lte(stored.article.captured_at)
        before: Mapping[str, Any] | None = None
        with unless_newer():
            before = self._save_current(summary(key, stored), newest)
        return before  # noqa: RET504 - a failed condition ends the block before its return

    def _save_current(self, revision: Mapping[str, Any], condition: ConditionBase) -> Mapping[str, Any]:
        """Write a revision's attributes into its story's CURRENT, and keep its cluster and ``gone_at``.

        Returns the item before, empty for a new one.
        """
        values = {name: value for name, value in current_item(revision).items() if name not in ("PK", "SK")}
        unset = [*(name for name in _OPTIONAL if name not in values), *_FORMER]
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        removes = f" REMOVE {', '.join(f'#{name}' for name in unset)}"
        client: Any = self._table.meta.client  # its type knows neither conditions nor Python values
        answer = client.update_item(
            TableName=self._table.name,
            Key=item_keys.article(revision["id"]),
            ReturnValues="ALL_OLD",
            UpdateExpression=f"SET {sets}, #cluster = if_not_exists(#cluster, :id){removes}",
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in (*values, "cluster", *unset)},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )
        before: Mapping[str, Any] = answer.get("Attributes", {})
        return before

    def _drop_aliases(self, outcomes: Iterable[PageOutcome], lost: Sequence[str]) -> None:
        """Delete aliases to stories that no longer exist."""
        for page in outcomes:
            own = own_id(page)
            if self.alias(own) in lost:
                self._table.delete_item(Key=item_keys.alias(own), ConditionExpression=Attr("id").is_in(lost))

    def _settle_current(self, id: str) -> bool:
        """Make the newest of a story's revisions its CURRENT, whatever else is being written; False if it has none."""
        while True:
            there, newest = self.current([id]).get(id), self.revision_before(id, _AFTER_ALL)
            if there and "withdrawn_at" in there:
                return False
            with unless_newer():
                self._replace_current(id, there, newest)
                if self.revision_before(id, _AFTER_ALL) == newest:
                    return newest is not None

    def _replace_current(self, id: str, there: Mapping[str, Any] | None, newest: Mapping[str, Any] | None) -> None:
        if there is None and newest is None:
            return
        unchanged: Any = Attr("article").eq(there["article"]) if there else Attr("PK").not_exists()
        if newest:
            self._save_current(newest, unchanged)
        else:
            self.clusters.leave(id)
            self._table.delete_item(Key=item_keys.article(id), ConditionExpression=unchanged)


def _capture_key(item: Mapping[str, Any]) -> str:
    """The WARC file of an item; empty for an item without a pointer."""
    return str(item["capture"]["key"]) if "capture" in item else ""


def _is_of(capture: str) -> ConditionBase:
    """The condition that an item is of a WARC file, or of none."""
    return Attr("capture").not_exists() | Attr("capture.key").eq(capture)


def _revision_key(article: Article) -> tuple[str, str]:
    return article.id, str(article.captured_at)
