"""The index: DynamoDB items that point into the two buckets and hold nothing that those don't.

``Index.apply`` is the only writer of stories, for extraction and for a rebuild alike, and may be called again with the
same capture at any time. Reading for users is in ``query``.
"""

import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from dateline import keys
from dateline.article import Article, Outcome
from dateline.messages import CrawlReport
from dateline.urls import identity, is_identity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_STORIES = (Outcome.ARCHIVED, Outcome.UNCHANGED, Outcome.DUPLICATE)
MAX_TITLE = 200  # characters; with it an item stays under 1 KB, and the whole title is in the article
_GET_AT_ONCE = 100  # BatchGetItem's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOutcome:
    """What became of one captured page: a line of an outcomes object.

    ``offset`` and ``length`` are those of its response record in the capture object.
    """

    url: str
    id: str
    outcome: Outcome
    captured_at: str
    offset: int
    length: int
    status: int
    reason: str | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An article and where its gzip member lies in its articles object."""

    article: Article
    offset: int
    length: int


class Index:
    """Stories and counters in the table."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def current(self, ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        """The CURRENT items of those ids that have one, read consistently."""
        name, found = self._table.name, dict[str, Mapping[str, Any]]()
        wanted: Any = [keys.article(each) for each in dict.fromkeys(ids)]
        while wanted:
            chunk, wanted = wanted[:_GET_AT_ONCE], wanted[_GET_AT_ONCE:]
            answer = self._table.meta.client.batch_get_item(
                RequestItems={name: {"Keys": chunk, "ConsistentRead": True}}
            )
            found |= {str(item["id"]): item for item in answer["Responses"].get(name, [])}
            wanted += answer["UnprocessedKeys"].get(name, {"Keys": []})["Keys"]
        return found

    def alias(self, id: str) -> str | None:
        """The id of the story at a URL that by itself would have this one; None where it has."""
        found = self._table.get_item(Key=keys.alias(id), ConsistentRead=True).get("Item")
        return str(found["id"]) if found else None

    def revision_before(self, id: str, captured_at: str) -> Mapping[str, Any] | None:
        """The newest revision of a story that was captured before an instant."""
        first, last = keys.revision(id, ""), keys.revision(id, captured_at)
        answer = self._table.query(
            KeyConditionExpression=Key("PK").eq(first["PK"]) & Key("SK").between(first["SK"], last["SK"]),
            ScanIndexForward=False,
            Limit=2,
            ConsistentRead=True,
        )
        return next((item for item in answer["Items"] if item["SK"] != last["SK"]), None)

    def apply(self, stem: keys.Stem, outcomes: Sequence[PageOutcome], articles: Sequence[Stored]) -> None:
        """Make the table say what one capture object's outcomes and articles say.

        Idempotent, and blind to the order of capture objects: the newest capture of a story is its CURRENT.
        """
        if self.is_done(stem.source, stem.capture):
            return
        with self._table.batch_writer(overwrite_by_pkeys=["PK", "SK"]) as batch:
            for item in (*_registers(articles), *_aliases(outcomes)):
                batch.put_item(Item=item)
            for stored in articles:
                batch.put_item(Item=_revision(stem, stored))
        for stored in articles:
            self._put_current(stem, stored)
        for page in outcomes:
            self._mark_presence(page)
        self.count(stem.source, stem.day, stem.capture, Counter(page.outcome.value for page in outcomes))

    def count_crawl(self, report: CrawlReport) -> None:
        """Add what a crawl did to its day's counters."""
        counters = {
            "crawls": 1,
            "discovered": report.discovered,
            "known": report.known,
            "captured": report.captured,
            "waiting": report.waiting,
            "failed": len(report.failures),
            "left": report.left,
        }
        day = keys.utc(keys.crawl_time(report.crawl))[:10]
        self.count(report.source, day, keys.crawl_report(report.source, report.crawl), counters)

    def is_done(self, source: str, key: str) -> bool:
        """Whether a capture object or crawl report has been counted."""
        return "Item" in self._table.get_item(Key=keys.done(source, key), ConsistentRead=True)

    def count(self, source: str, day: str, key: str, counters: Mapping[str, int]) -> None:
        """Add to a day's counters, once for each ``key`` however often it is called."""
        marker = {
            "TableName": self._table.name,
            "Item": keys.done(source, key),
            "ConditionExpression": "attribute_not_exists(PK)",
        }
        writes: list[Any] = [{"Put": marker}]
        if counters:
            numbered = list(enumerate(counters.items()))
            update = {
                "TableName": self._table.name,
                "Key": keys.day(source, day),
                "UpdateExpression": "ADD " + ", ".join(f"#{number} :{number}" for number, _ in numbered),
                "ExpressionAttributeNames": {f"#{number}": name for number, (name, _) in numbered},
                "ExpressionAttributeValues": {f":{number}": count for number, (_, count) in numbered},
            }
            writes.append({"Update": update})
        for pause in (0.1, 0.3, 0.9, 2.7, 0):  # seconds; captures of one source and day all add to the same item
            try:
                self._table.meta.client.transact_write_items(TransactItems=writes)
            except ClientError as error:
                if self.is_done(source, key):
                    return
                if not pause or "TransactionConflict" not in str(error):
                    raise
                time.sleep(pause * (1 + random.random()))  # noqa: S311 - jitter, not a secret
            else:
                return

    def _put_current(self, stem: keys.Stem, stored: Stored) -> None:
        """Make a story's newest capture its CURRENT, and keep the mark of one that went after that capture."""
        item = keys.article(stored.article.id) | _summary(stem, stored) | _partitions(stored.article)
        captured_at = stored.article.captured_at
        newest = Attr("PK").not_exists() | Attr("captured_at").lte(captured_at)
        try:
            self._table.put_item(Item=item, ConditionExpression=newest & ~Attr("gone_at").gte(captured_at))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            there = self._table.get_item(Key=keys.article(stored.article.id), ConsistentRead=True)["Item"]
            if "gone_at" in there:
                with _unless_newer():
                    self._table.put_item(Item=item | {"gone_at": there["gone_at"]}, ConditionExpression=newest)

    def _mark_presence(self, page: PageOutcome) -> None:
        """A page that is gone is marked with when that was seen; one that is there again is not."""
        gone_before = Attr("gone_at").lt(page.captured_at)
        with _unless_newer():
            if page.outcome is Outcome.GONE:
                not_marked = Attr("gone_at").not_exists() | gone_before
                self._table.update_item(
                    Key=keys.article(page.id),
                    UpdateExpression="SET gone_at = :at",
                    ConditionExpression=Attr("captured_at").lt(page.captured_at) & not_marked,
                    ExpressionAttributeValues={":at": page.captured_at},
                )
            elif page.outcome is Outcome.UNCHANGED:
                self._table.update_item(
                    Key=keys.article(page.id), UpdateExpression="REMOVE gone_at", ConditionExpression=gone_before
                )


@contextmanager
def _unless_newer() -> Iterator[None]:
    """A conditional write that finds something newer has nothing to do."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def _revision(stem: keys.Stem, stored: Stored) -> dict[str, Any]:
    article = stored.article
    return keys.revision(article.id, str(article.captured_at)) | _summary(stem, stored)


def _summary(stem: keys.Stem, stored: Stored) -> dict[str, Any]:
    """What lists show of a story, and where the rest is; attributes without a value are left out."""
    article = stored.article
    values = {
        "id": article.id,
        "url": article.url,
        "title": article.title[:MAX_TITLE],
        "source": article.source,
        "outlet_country": article.outlet_country,
        "language": article.language,
        "published_at": article.published_at,
        "published_precision": article.published_precision,
        "dateline": article.dateline.text if article.dateline else None,
        "captured_at": article.captured_at,
        "first_seen_at": article.first_seen_at,
        "indexed_at": article.indexed_at,
        "revision": article.revision,
        "digest": article.digest,
        "article": {"key": stem.articles, "offset": stored.offset, "length": stored.length},
        "capture": _capture_pointer(article),
    }
    return {name: value for name, value in values.items() if value is not None}


def _capture_pointer(article: Article) -> dict[str, Any] | None:
    pointer = article.capture
    return {"key": pointer.key, "offset": pointer.offset, "length": pointer.length} if pointer else None


def _partitions(article: Article) -> dict[str, str]:
    """The attributes that put a story's CURRENT item into the three indexes."""
    published_key = keys.published_key(article.id, article.published_at, str(article.first_seen_at))
    return {
        "published_key": published_key,
        "source_month": f"{article.source}#{published_key[:7]}",
        "country_month": f"{article.outlet_country or keys.NOWHERE}#{published_key[:7]}",
        "indexed_day": str(article.indexed_at)[:10],
        "indexed_key": f"{article.indexed_at}#{article.id}",
    }


def _aliases(outcomes: Sequence[PageOutcome]) -> Iterator[dict[str, str]]:
    """The items that lead from the URLs that were asked for to the stories that their pages said they are."""
    for page in outcomes:
        own = keys.article_id(identity(page.url)) if is_identity(page.url) else page.id
        if page.outcome in _STORIES and own != page.id:
            yield keys.alias(own) | {"id": page.id}


def _registers(articles: Sequence[Stored]) -> Iterator[dict[str, str]]:
    """The items that say which partitions there are."""
    for stored in articles:
        article, partitions = stored.article, _partitions(stored.article)
        month = f"MONTH#{partitions['source_month'][-7:]}"
        yield {"PK": "ARCHIVE", "SK": f"SOURCE#{article.source}"}
        yield {"PK": "ARCHIVE", "SK": f"INDEXED#{partitions['indexed_day']}"}
        yield {"PK": f"SOURCE#{article.source}", "SK": month}
        yield {"PK": f"COUNTRY#{article.outlet_country or keys.NOWHERE}", "SK": month}
