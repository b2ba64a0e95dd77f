"""List items: from a source, a country's outlets, a place or a day of indexing to its stories.

They are keys without other attributes, and follow each story's CURRENT revision. If another one takes its place, items
of the old one alone are removed; each write is followed by another look, so the last of several concurrent writers uses
the final CURRENT. Readers ignore items that do not agree with it (``has``).

Whoever writes a CURRENT item settles its lists afterwards, also after a kill. The next writer leaves the items that
both revisions have to that one, and writes the difference without reading the lists.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline.aws import dynamodb
from dateline.keys import item_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Revision = Mapping[str, Any]  # ``items.summary``, or an item made from it
_Key = tuple[str, str]  # PK and SK
_Version = tuple[Any, ...]


def published_key(item: Mapping[str, Any]) -> str:
    """Return the sort key of a story in lists by publication, given its index item."""
    return item_keys.published_key(item["id"], item.get("published_at"), item["first_seen_at"])


def indexed_key(item: Mapping[str, Any]) -> str:
    """Return the sort key of a story in lists by indexing: ``<indexed_at>#<id>``."""
    return f"{item['indexed_at']}#{item['id']}"


class ListItems:
    """The list items of stories in the table."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def put(self, revisions: Iterable[Revision]) -> None:
        """Write the list items of revisions, before their stories have a CURRENT item."""
        requests = ({"PutRequest": {"Item": item}} for revision in revisions for item in of(revision))
        dynamodb.write(self._table.meta.client, self._table.name, requests)

    def settle(
        self,
        added: Sequence[Revision],
        over: Sequence[Revision] = (),
        replaced: Mapping[str, Revision] = MappingProxyType({}),
    ) -> None:
        """Make the lists match each story's CURRENT item: add missing items, delete stale ones.

        ``added`` are revisions now in the table, and ``over`` those replaced by them. ``replaced`` are CURRENT items,
        by their ids, in whose place the caller has just written an added revision.
        """
        client, name = self._table.meta.client, self._table.name
        settled = self._move(added, replaced)
        waiting = {str(revision["id"]) for revision in (*added, *over)}
        while waiting:
            found = dynamodb.get(client, name, map(item_keys.article, sorted(waiting)), consistent=True)
            current = {str(item["id"]): item for item in found if "withdrawn_at" not in item}
            waiting = {id for id in waiting if id not in settled or settled[id] != _version(current.get(id))}
            wanted, stale = set[_Key](), set[_Key]()
            for id in waiting:
                wanted |= _keys_of(current.get(id))
                stale |= self._before(id, current.get(id), added, over)
            dynamodb.write(client, name, self._requests(wanted, stale - wanted))
            settled |= {id: _version(current.get(id)) for id in waiting}

    def _move(self, added: Sequence[Revision], replaced: Mapping[str, Revision]) -> dict[str, _Version | None]:
        """Write what differs between replaced revisions and later ones; return the versions of these by their ids."""
        moved = [
            (before, revision)
            for revision in added
            if (before := replaced.get(revision["id"])) and _follows(revision, before)
        ]
        puts = {key for before, revision in moved for key in _keys_of(revision) - _keys_of(before)}
        deletes = {key for before, revision in moved for key in _keys_of(before) - _keys_of(revision)}
        dynamodb.write(self._table.meta.client, self._table.name, _writes(puts, deletes))
        return {str(revision["id"]): _version(revision) for _, revision in moved}

    def _before(
        self, id: str, current: Revision | None, added: Sequence[Revision], over: Sequence[Revision]
    ) -> set[_Key]:
        """Return the keys of the items that a story may have had so far."""
        before = [revision for revision in over if revision["id"] == id]
        is_first = current is not None and current["revision"] == 1
        if not is_first or _version(current) not in map(_version, added):
            before += self._revisions(id)
        return {key for revision in before for key in _keys_of(revision)}

    def _requests(self, wanted: set[_Key], stale: set[_Key]) -> Iterator[dict[str, Any]]:
        """Yield the writes of missing items and the deletions of stale ones; reading one costs a fifth of a write."""
        asked = ({"PK": pk, "SK": sk} for pk, sk in sorted(wanted | stale))
        found = dynamodb.get(self._table.meta.client, self._table.name, asked, consistent=True)
        there = {(str(item["PK"]), str(item["SK"])) for item in found}
        yield from _writes(wanted - there, stale & there)

    def _revisions(self, id: str) -> Iterator[Revision]:
        first = item_keys.revision(id, "")
        revisions = Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"])
        yield from dynamodb.query(self._table, KeyConditionExpression=revisions, ConsistentRead=True)


def registers(revisions: Iterable[Revision]) -> Iterator[dict[str, str]]:
    """Yield the items listing the existing partitions."""
    for revision in revisions:
        for kind, name in _lists(revision):
            yield item_keys.month(kind, name, published_key(revision)[:7])
            if kind != "PLACE":
                yield item_keys.register(kind, name)
        yield item_keys.indexed_day(revision["indexed_at"][:10])


def of(revision: Revision) -> Iterator[dict[str, str]]:
    """Yield the list items of a story's CURRENT revision."""
    yield from (item_keys.listed(kind, name, published_key(revision)) for kind, name in _lists(revision))
    yield item_keys.indexed(indexed_key(revision))


def has(story: Revision, item: Mapping[str, Any]) -> bool:
    """Return whether a story, given its CURRENT item, belongs into the list of a list item."""
    return "withdrawn_at" not in story and (str(item["PK"]), str(item["SK"])) in _keys_of(story)


def _keys_of(revision: Revision | None) -> set[_Key]:
    return {(item["PK"], item["SK"]) for item in of(revision)} if revision else set()


def _lists(revision: Revision) -> Iterator[tuple[item_keys.ListKind, str]]:
    """Yield the lists of a revision by publication; places are GeoNames ids, and countries that it is about."""
    yield "SOURCE", str(revision.get("source"))
    yield "COUNTRY", str(revision.get("outlet_country", item_keys.NOWHERE))
    yield from (("PLACE", str(place)) for place in (*revision.get("places", ()), *revision.get("about", ())))


def _writes(puts: Iterable[_Key], deletes: Iterable[_Key]) -> Iterator[dict[str, Any]]:
    yield from ({"PutRequest": {"Item": {"PK": pk, "SK": sk}}} for pk, sk in sorted(puts))
    yield from ({"DeleteRequest": {"Key": {"PK": pk, "SK": sk}}} for pk, sk in sorted(deletes))


def _follows(revision: Revision, before: Revision) -> bool:
    """Return whether a revision is later than a CURRENT item that was listed, not in an index as before December 2026.

    Another item of the same capture may be from this writer's killed attempt.
    """
    return str(before["captured_at"]) < str(revision["captured_at"]) and "published_key" not in before


def _version(revision: Revision | None) -> _Version | None:
    """Return the attributes that identify a revision and its extraction."""
    return (revision["captured_at"], revision["article"]) if revision else None
