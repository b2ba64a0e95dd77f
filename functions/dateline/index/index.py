"""The index: DynamoDB items pointing into the two buckets, without data of their own.

``Index.apply`` is the only writer of stories, for extraction and for a rebuild, and can be repeated at any time.
``query`` reads for users.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase, Key

from dateline import keys
from dateline.article import Article
from dateline.aws import dynamodb
from dateline.aws.dynamodb import unless_newer
from dateline.index.clusters import Clusters
from dateline.index.gone import Presence
from dateline.index.items import aliases, current_item, entries, summaries, summary
from dateline.index.place_items import Mentions
from dateline.index.withdrawals import Withdrawal
from dateline.monitoring import counters
from dateline.monitoring.counting import Counters
from dateline.outcomes import PageOutcome, Stored, articles_key, looks, own_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_AFTER_ALL = "~"  # after every instant
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
    """Stories and counters in the table."""

    def __init__(self, table: "Table") -> None:
        self.clusters, self.counters = Clusters(table), Counters(table)
        self._table, self._mentions, self._presence = table, Mentions(table), Presence(table)

    def current(self, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """Return the existing CURRENT items of ids, read consistently."""
        wanted = (keys.article(id) for id in dict.fromkeys(ids))
        found = dynamodb.get(self._table.meta.client, self._table.name, wanted, consistent=True)
        return {str(item["id"]): item for item in found}

    def alias(self, id: str) -> str | None:
        """Return the id of the story at a URL with this id of its own, or None if they are equal."""
        found = self._table.get_item(Key=keys.alias(id), ConsistentRead=True).get("Item")
        return str(found["id"]) if found else None

    def revision(self, id: str, captured_at: str) -> Mapping[str, Any] | None:
        """Return a story's revision captured at an instant."""
        return self._table.get_item(Key=keys.revision(id, captured_at), ConsistentRead=True).get("Item")

    def revision_before(self, id: str, captured_at: str) -> Mapping[str, Any] | None:
        """Return a story's newest revision captured before an instant."""
        first, last = keys.revision(id, ""), keys.revision(id, captured_at)
        answer = self._table.query(
            KeyConditionExpression=Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"]),
            ScanIndexForward=False,
            Limit=2,
            ConsistentRead=True,
        )
        return next((item for item in answer["Items"] if item["SK"] != last["SK"]), None)

    def apply(self, stem: keys.Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> None:
        """Index a WARC file's outcomes and articles.

        Idempotent, in any order of WARC files: the newest capture of a story is its CURRENT.
        """
        if self.counters.is_done(stem.source, stem.capture):
            return
        self._put_entries(stem, outcomes, articles)
        for stored in articles:
            self._put_current(articles_key(stem, outcomes), stored)
        self.clusters.settle([stored.article for stored in articles])
        self._mentions.settle(summaries(stem, outcomes, articles))
        self._mark_presence(outcomes)
        self.counters.add(stem.source, stem.day, stem.capture, counters.of_pages(stem, outcomes))

    def replace(
        self,
        stem: keys.Stem,
        outcomes: Sequence[PageOutcome],
        articles: Sequence[Stored],
        before: Sequence[Article],
    ) -> None:
        """Index a WARC file's new outcomes and articles, and remove those in ``before``.

        Idempotent.
        """
        self._put_entries(stem, outcomes, articles)
        found = [stored.article for stored in articles]
        self.clusters.forget(before, found)
        stays = {_revision_key(article) for article in found}
        over = {_revision_key(article) for article in before} - stays
        with self._table.batch_writer() as batch:
            for id, captured_at in over:
                batch.delete_item(Key=keys.revision(id, captured_at))
        lost = [id for id in sorted({id for id, _ in over | stays}) if not self._settle_current(id)]
        self.clusters.settle(found)
        was = [summary("", Stored(article, 0, 0)) for article in before]
        self._mentions.settle(summaries(stem, outcomes, articles), was)
        if lost:
            self._drop_aliases(outcomes, lost)
            self._presence.forget({*lost} - {page.id for page in outcomes})
        self._mark_presence(outcomes, [article.id for article in before])
        counted = self.counters.added(stem.source, stem.capture)
        self.counters.add(stem.source, stem.day, stem.capture, counters.of_pages(stem, outcomes), before=counted)

    def withdraw(self, withdrawal: Withdrawal) -> None:
        """Have a story be nothing but withdrawn. Idempotent."""
        if "cluster" in self.current([withdrawal.id]).get(withdrawal.id, {}):
            self.clusters.leave(withdrawal.id)
        self._table.put_item(Item=withdrawal.item)
        first = keys.revision(withdrawal.id, "")
        revisions = Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"])
        found = list(dynamodb.query(self._table, KeyConditionExpression=revisions, ConsistentRead=True))
        self._mentions.settle((), found)
        over = [{"PK": item["PK"], "SK": item["SK"]} for item in found]
        over += [keys.alias(own) for own in map(keys.article_id, withdrawal.urls) if own != withdrawal.id]
        with self._table.batch_writer() as batch:
            for key in over:
                batch.delete_item(Key=key)

    def _put_entries(self, stem: keys.Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> None:
        with self._table.batch_writer(overwrite_by_pkeys=["PK", "SK"]) as batch:
            for item in entries(stem, outcomes, articles):
                batch.put_item(Item=item)

    def _put_current(self, key: str, stored: Stored) -> None:
        """Make a story's newest capture its CURRENT."""
        newest = Attr("PK").not_exists() | Attr("captured_at").lte(stored.article.captured_at)
        with unless_newer():
            self._save_current(summary(key, stored), newest)

    def _save_current(self, revision: Mapping[str, Any], condition: ConditionBase) -> None:
        """Write a revision's attributes into its story's CURRENT, and keep its cluster and ``gone_at``."""
        values = {name: value for name, value in current_item(revision).items() if name not in ("PK", "SK")}
        unset = [name for name in _OPTIONAL if name not in values]
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        removes = f" REMOVE {', '.join(f'#{name}' for name in unset)}" if unset else ""
        self._table.update_item(
            Key=keys.article(revision["id"]),
            UpdateExpression=f"SET {sets}, #cluster = if_not_exists(#cluster, :id){removes}",
            ConditionExpression=condition,
            ExpressionAttributeNames={f"#{name}": name for name in (*values, "cluster", *unset)},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )

    def _drop_aliases(self, outcomes: Iterable[PageOutcome], lost: Sequence[str]) -> None:
        """Delete aliases to stories that no longer exist."""
        for page in outcomes:
            own = own_id(page)
            if self.alias(own) in lost:
                self._table.delete_item(Key=keys.alias(own), ConditionExpression=Attr("id").is_in(lost))

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
            self._table.delete_item(Key=keys.article(id), ConditionExpression=unchanged)

    def _mark_presence(self, outcomes: Sequence[PageOutcome], others: Sequence[str] = ()) -> None:
        """Record presences and absences of pages, and update their stories and some ``others``.

        All pages count, with any outcome, since outcomes may change.
        """
        found = list(looks(outcomes))
        seen, gone = ([(id, at) for id, at, is_gone in found if is_gone is wanted] for wanted in (False, True))
        self._presence.note(seen=seen, gone=gone)
        self._presence.mark([*(page.id for page in outcomes), *dict(aliases(outcomes)), *others])


def _revision_key(article: Article) -> tuple[str, str]:
    return article.id, str(article.captured_at)
