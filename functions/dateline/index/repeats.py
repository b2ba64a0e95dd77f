"""Repeats: captures of stories that made no revision, with what it takes to make them one.

An earlier capture that is archived later may turn a repeat into a revision. A story has an item for each wording and
date that was repeated, with a set of captures: ``<captured_at>#<source>/<crawl>-<n>#<offset>``. Captures enter a set
and leave it alone, so neither order nor repetition matters. Until December 2026, each capture had an item of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key

from dateline.aws import dynamodb
from dateline.aws.dynamodb import unless_newer
from dateline.keys import item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.outcomes import PageOutcome, is_of_chain, made_no_revision

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Item = Mapping[str, Any]

_AT_ONCE = 8  # updates of different stories


class Repeats:
    """The repeats in the table."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def add(self, stem: Stem, outcomes: Iterable[PageOutcome]) -> None:
        """Add those of a WARC file."""
        found = defaultdict[tuple[str, str], set[str]](set)
        for page in filter(made_no_revision, outcomes):
            key = _key(page)
            found[key["PK"], key["SK"]].add(_capture(stem, page))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(self._add, found, found.values()))

    def settle(self, stem: Stem, outcomes: Iterable[PageOutcome]) -> None:
        """Add those of a WARC file, and remove those of its stories that the file had before."""
        pages = list(filter(is_of_chain, outcomes))
        self.add(stem, pages)
        wanted = {(_key(page)["SK"], _capture(stem, page)) for page in pages if made_no_revision(page)}
        for id in dict.fromkeys(page.id for page in pages):
            for item in self._of_story(id):
                key = {"PK": str(item["PK"]), "SK": str(item["SK"])}
                here = {each for each in item.get("captures", ()) if each.split("#")[1] == stem.name}
                if item_keys.same_words(item) is None:
                    if item_keys.captured(item)[1] == stem.capture:
                        self._table.delete_item(Key=key)
                elif stale := {each for each in here if (item["SK"], each) not in wanted}:
                    self._remove(key, stale)
                elif "captures" not in item:  # a killed process emptied it
                    self._delete(key)

    def forget(self, stem: Stem, pages: Iterable[PageOutcome]) -> None:
        """Remove these pages of a WARC file, given their outcomes so far."""
        for page in filter(made_no_revision, pages):
            former = item_keys.same_capture(page.id, page.captured_at, stem.capture, page.offset)
            self._table.delete_item(Key=former)
            self._remove(_key(page), {_capture(stem, page)})

    def _of_story(self, id: str) -> Iterator[dict[str, Any]]:
        items = Key("PK").eq(item_keys.article(id)["PK"]) & Key("SK").begins_with(item_keys.SAME)
        return dynamodb.query(self._table, KeyConditionExpression=items, ConsistentRead=True)

    def _add(self, key: tuple[str, str], captures: set[str]) -> None:
        self._table.update_item(
            Key=dict(zip(("PK", "SK"), key, strict=True)),
            UpdateExpression="ADD captures :captures",
            ExpressionAttributeValues={":captures": captures},
        )

    def _remove(self, key: Mapping[str, str], captures: set[str]) -> None:
        """Remove captures from an item, and the item with the last of them."""
        with unless_newer():
            left = self._table.update_item(
                Key=key,
                UpdateExpression="DELETE captures :captures",
                ConditionExpression=Attr("PK").exists(),
                ExpressionAttributeValues={":captures": captures},
                ReturnValues="ALL_NEW",
            )["Attributes"]
            if "captures" not in left:
                self._delete(key)

    def _delete(self, key: Mapping[str, str]) -> None:
        with unless_newer():
            self._table.delete_item(Key=key, ConditionExpression=Attr("captures").not_exists())


def expected(stem: Stem, outcomes: Iterable[PageOutcome]) -> Iterator[dict[str, Any]]:
    """Yield the repeats of a WARC file as ``each`` does."""
    for page in filter(made_no_revision, outcomes):
        words = page.outcome.value, str(page.digest), page.published_at
        yield _one(page.id, words, page.captured_at, stem.capture, page.offset)


def each(item: Item) -> Iterator[dict[str, Any]]:
    """Yield the repeats of an item, one by one, as items of before December 2026."""
    words = item_keys.same_words(item)
    if words is None:
        yield dict(item)
        return
    id = str(item["PK"]).partition("#")[2]
    for captured in sorted(item.get("captures", ())):
        at, name, offset = captured.split("#")
        yield _one(id, words, at, object_keys.of_name(name).capture, int(offset))


def as_versions(item: Item) -> Iterator[dict[str, Any]]:
    """Yield the repeats of an item with the attributes of a revision, and the item's key."""
    for one in each(item):
        captured_at, key, offset = item_keys.captured(one)
        id = str(item["PK"]).partition("#")[2]
        at = {"id": id, "captured_at": captured_at, "capture": {"key": key, "offset": offset}}
        yield {**one, **at, "PK": item["PK"], "SK": item["SK"]}


def _one(id: str, words: tuple[str, str, str | None], captured_at: str, capture: str, offset: int) -> dict[str, Any]:
    outcome, digest, published_at = words
    dated = {"published_at": published_at} if published_at else {}
    return item_keys.same_capture(id, captured_at, capture, offset) | {"outcome": outcome, "digest": digest} | dated


def _key(page: PageOutcome) -> dict[str, str]:
    return item_keys.same(page.id, page.outcome.value, str(page.digest), page.published_at)


def _capture(stem: Stem, page: PageOutcome) -> str:
    return f"{page.captured_at}#{stem.name}#{page.offset}"
