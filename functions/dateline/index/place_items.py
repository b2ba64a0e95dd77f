"""Place items: from a place to stories with a mention of it, and from a country to stories about it.

They follow each story's CURRENT revision. If another one takes its place, mentions of the old one alone are removed;
each write is followed by another look, so the last of several concurrent writers uses the final CURRENT.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline import keys
from dateline.aws import dynamodb

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Revision = Mapping[str, Any]  # ``items.summary``, or an item made from it

_SHOWN = ("id", "title", "source", "published_at")  # a pointer to the story, with a line for a list


class Mentions:
    """The mentions of stories in the table."""

    def __init__(self, table: "Table") -> None:
        self._table = table

    def put(self, revisions: Iterable[Revision]) -> None:
        """Write the mentions of revisions, before their stories have a CURRENT item."""
        requests = ({"PutRequest": {"Item": item}} for revision in revisions for item in of(revision))
        dynamodb.write(self._table.meta.client, self._table.name, requests)

    def settle(self, added: Sequence[Revision], over: Sequence[Revision] = ()) -> None:
        """Make the place index match each story's CURRENT item: add missing items, delete stale ones.

        ``added`` are revisions now in the table, and ``over`` those replaced by them.
        """
        client, name = self._table.meta.client, self._table.name
        settled = dict[str, tuple[Any, ...] | None]()
        waiting = {str(revision["id"]) for revision in (*added, *over)}
        while waiting:
            found = dynamodb.get(client, name, map(keys.article, sorted(waiting)), consistent=True)
            current = {str(item["id"]): item for item in found if "withdrawn_at" not in item}
            waiting = {id for id in waiting if id not in settled or settled[id] != _version(current.get(id))}
            requests = [self._requests(id, current.get(id), added, over) for id in sorted(waiting)]
            dynamodb.write(client, name, (request for some in requests for request in some))
            settled |= {id: _version(current.get(id)) for id in waiting}

    def _requests(
        self, id: str, current: Revision | None, added: Sequence[Revision], over: Sequence[Revision]
    ) -> list[dict[str, Any]]:
        """Yield the writes and deletions for one story."""
        before = [revision for revision in over if revision["id"] == id]
        is_first = current is not None and current["revision"] == 1
        if not is_first or _version(current) not in map(_version, added):
            before += self._revisions(id)
        wanted = {(item["PK"], item["SK"]): item for item in of(current)} if current else {}
        stale = {(item["PK"], item["SK"]) for revision in before for item in of(revision)} - wanted.keys()
        puts = [{"PutRequest": {"Item": item}} for item in wanted.values()]
        return puts + [{"DeleteRequest": {"Key": {"PK": pk, "SK": sk}}} for pk, sk in sorted(stale)]

    def _revisions(self, id: str) -> Iterator[Revision]:
        first = keys.revision(id, "")
        revisions = Key("PK").eq(first["PK"]) & Key("SK").begins_with(first["SK"])
        yield from dynamodb.query(self._table, KeyConditionExpression=revisions, ConsistentRead=True)


def registers(revision: Revision) -> Iterator[dict[str, str]]:
    """Yield the items listing the existing partitions."""
    month = _published_key(revision)[:7]
    yield from (keys.month("PLACE", place, month) for place in _mentioned(revision))


def of(revision: Revision) -> Iterator[dict[str, Any]]:
    """Yield the place items of a story's CURRENT revision."""
    published_key = _published_key(revision)
    shown = {name: revision[name] for name in _SHOWN if name in revision}
    yield from (keys.mention(place, published_key) | shown for place in _mentioned(revision))


def _mentioned(revision: Revision) -> Iterator[str]:
    """Return the GeoNames ids and the countries of a revision's places and subjects."""
    yield from map(str, (*revision.get("places", ()), *revision.get("about", ())))


def _published_key(revision: Revision) -> str:
    return keys.published_key(revision["id"], revision.get("published_at"), revision["first_seen_at"])


def _version(revision: Revision | None) -> tuple[Any, ...] | None:
    """Return the attributes that identify a revision and its extraction."""
    return (revision["captured_at"], revision["article"]) if revision else None
