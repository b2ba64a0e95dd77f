"""Membership: the transaction that brings stories into one cluster, or one out of it.

A cluster of two stories and more has an item for each, under the id of the story that appeared first, whose own item
says how many they are. Each story's CURRENT item names its cluster; a story that is in one by itself is in no other
item. A transaction changes all of this together, on the condition that it still is what was read: whatever is going on
at once or dies on the way, each story is in one cluster, and that cluster knows of it.

Where there is more to move than a transaction takes, the items of the firsts say with which other cluster theirs is
being joined. Whoever reads either next goes on with it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dateline import keys

AT_ONCE = 30  # stories that change their cluster in one transaction; it takes 100 writes, a story three

Grouping = Mapping[str, Mapping[str, str]]  # clusters by their ids: the stories' ids, and when each appeared


@dataclass(frozen=True, slots=True)
class Known:
    """What the table has of some stories, and of the clusters that they are in.

    ``appeared`` is when they did, by their CURRENT items, ``captured_at`` the revisions that these are of.
    """

    clusters: Grouping
    appeared: Mapping[str, str]
    captured_at: Mapping[str, str]

    @property
    def homes(self) -> dict[str, str]:
        """The cluster of each story."""
        return {story: name for name, cluster in self.clusters.items() for story in cluster}


def united(known: Known, id: str) -> tuple[Grouping, str, bool]:
    """The clusters made one as far as one transaction can, the first of all their stories, and whether that is all.

    ``id`` is the story for which it is done: it may have appeared at another instant than its cluster has it.
    """
    homes = known.homes
    members = {story: at for cluster in known.clusters.values() for story, at in cluster.items()}
    members[id] = known.appeared[id]
    first = min(members, key=lambda story: (members[story], story))
    moving = sorted(
        (story for story in members if homes[story] != first),
        key=lambda story: (story != first, homes[story] != homes[first], homes[story], story == homes[story]),
    )
    moved = set(_cut(moving, known))
    after: dict[str, dict[str, str]] = defaultdict(dict)
    for story, at in members.items():
        after[first if story in moved else homes[story]][story] = at
    return after, first, len(moved) == len(moving)


def _cut(moving: Sequence[str], known: Known) -> Sequence[str]:
    """As many as can be moved at once, cluster by cluster; the first of one is never left alone, without an item."""
    taken = moving[:AT_ONCE]
    if len(taken) < len(moving):
        cluster = known.clusters[known.homes[taken[-1]]]
        if len(cluster.keys() - {*taken}) == 1:
            return taken[:-1]
    return taken


def without(known: Known, id: str) -> Grouping:
    """A story's cluster in two: the story alone, and the others under the first of them."""
    (cluster,) = known.clusters.values()
    rest = {story: at for story, at in cluster.items() if story != id}
    first = min(rest, key=lambda story: (rest[story], story), default=id)
    return {first: rest, id: {id: cluster[id]}}


def writes(table: str, before: Known, after: Grouping, first: str | None = None) -> Iterator[dict[str, Any]]:
    """The writes of the transaction that makes ``before`` what is to be ``after``; none where it is that already.

    ``first`` is the story whose cluster all others are to be joined with.
    """
    old, new = _items(before.clusters), _items(after)
    joined = _half_joined(before.clusters, after, first)
    for name, at, story in sorted(old | new):
        key = keys.member(name, at, story)
        was = len(before.clusters[name]) if (name, at, story) in old and story == name else None
        guard = _is(members=was) if was else _EXISTS if (name, at, story) in old else _ABSENT
        if (name, at, story) not in new:
            yield {"Delete": {"TableName": table, "Key": key, **guard}}
        elif story == name and before.clusters.get(name) != after[name]:
            counted = {"members": len(after[name])} | ({"joined": joined[name]} if name in joined else {})
            yield {"Put": {"TableName": table, "Item": key | counted, **guard}}
        elif (name, at, story) not in old:
            yield {"Put": {"TableName": table, "Item": key, **guard}}
    yield from _current(table, before, after)


def _half_joined(before: Grouping, after: Grouping, first: str | None) -> dict[str, str]:
    """The cluster of the first, and the one that some of its stories have come from so far."""
    if first is None:
        return {}
    left = next((name for name in after if name != first and after[name].keys() != before[name].keys()), None)
    return {left: first, first: left} if left else {}


def _current(table: str, before: Known, after: Grouping) -> Iterator[dict[str, Any]]:
    """The writes to CURRENT items, and a look at those that told when their stories appeared."""
    homes, changed = before.homes, before.clusters != after
    for name, cluster in after.items():
        for story, at in cluster.items():
            was = before.clusters[homes[story]]
            told = len(was) == 1 or at != was[story]
            guard = _is(cluster=homes[story], **({"captured_at": before.captured_at[story]} if told else {}))
            look = {"TableName": table, "Key": keys.article(story), **guard}
            if name != homes[story]:
                values = {**guard["ExpressionAttributeValues"], ":new": name}
                update = {"UpdateExpression": "SET #cluster = :new", "ExpressionAttributeValues": values}
                yield {"Update": look | update}
            elif told and changed:
                yield {"ConditionCheck": look}


def _items(clusters: Grouping) -> set[tuple[str, str, str]]:
    """The items of those clusters that have some: cluster, instant, story."""
    return {
        (name, at, story) for name, cluster in clusters.items() if len(cluster) > 1 for story, at in cluster.items()
    }


def _is(**values: Any) -> dict[str, Any]:
    """The condition that an item has these values."""
    return {
        "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in values),
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


_EXISTS = {"ConditionExpression": "attribute_exists(PK)"}
_ABSENT = {"ConditionExpression": "attribute_not_exists(PK)"}
