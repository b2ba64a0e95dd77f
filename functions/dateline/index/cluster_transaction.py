"""Membership: the transaction that merges stories into one cluster, or takes one out.

A cluster of two or more stories has an item per member, under the id of the first to appear; the first's item has their
number. Each CURRENT item names its story's cluster; a story alone in its cluster has no member item. A transaction
changes all of these together, on condition that they are as read. Concurrent or killed changes therefore leave each
story in exactly one cluster, known to the cluster.

Changes beyond the limit of a transaction proceed in steps: the items of the two firsts name the other cluster. The next
reader of either continues the merge.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dateline.keys import item_keys

AT_ONCE = 30  # stories moved in one transaction: three writes each, of 100

Grouping = Mapping[str, Mapping[str, str]]  # clusters by their ids: the stories' ids, and when each appeared


@dataclass(frozen=True, slots=True)
class Known:
    """State of some stories and their clusters in the table.

    ``appeared`` has their times of appearance by CURRENT items, ``captured_at`` the revisions behind these.
    """

    clusters: Grouping
    appeared: Mapping[str, str]
    captured_at: Mapping[str, str]

    @property
    def homes(self) -> dict[str, str]:
        """The cluster of each story."""
        return {story: name for name, cluster in self.clusters.items() for story in cluster}


def united(known: Known, id: str) -> tuple[Grouping, str, bool]:
    """Merge clusters as far as one transaction can, into the first of all their stories; return whether that is all.

    ``id`` is the story at hand: its time of appearance may differ from its cluster's.
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
    """Return the writes that change ``before`` into ``after``; none if they are equal.

    ``first`` is the story of the target cluster.
    """
    old, new = _items(before.clusters), _items(after)
    joined = _half_joined(before.clusters, after, first)
    for name, at, story in sorted(old | new):
        key = item_keys.member(name, at, story)
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
    """Return the first's cluster, and the source cluster of an unfinished merge."""
    if first is None:
        return {}
    left = next((name for name in after if name != first and after[name].keys() != before[name].keys()), None)
    return {left: first, first: left} if left else {}


def _current(table: str, before: Known, after: Grouping) -> Iterator[dict[str, Any]]:
    """Yield writes to CURRENT items, and condition checks of times of appearance."""
    homes, changed = before.homes, before.clusters != after
    for name, cluster in after.items():
        for story, at in cluster.items():
            was = before.clusters[homes[story]]
            told = len(was) == 1 or at != was[story]
            guard = _is(cluster=homes[story], **({"captured_at": before.captured_at[story]} if told else {}))
            look = {"TableName": table, "Key": item_keys.article(story), **guard}
            if name != homes[story]:
                values = {**guard["ExpressionAttributeValues"], ":new": name}
                update = {"UpdateExpression": "SET #cluster = :new", "ExpressionAttributeValues": values}
                yield {"Update": look | update}
            elif told and changed:
                yield {"ConditionCheck": look}


def _items(clusters: Grouping) -> set[tuple[str, str, str]]:
    """Return the items of clusters with several members: cluster, instant, story."""
    return {
        (name, at, story) for name, cluster in clusters.items() if len(cluster) > 1 for story, at in cluster.items()
    }


def _is(**values: Any) -> dict[str, Any]:
    """Return the condition that an item has these values."""
    return {
        "ConditionExpression": " AND ".join(f"#{name} = :{name}" for name in values),
        "ExpressionAttributeNames": {f"#{name}": name for name in values},
        "ExpressionAttributeValues": {f":{name}": value for name, value in values.items()},
    }


_EXISTS = {"ConditionExpression": "attribute_exists(PK)"}
_ABSENT = {"ConditionExpression": "attribute_not_exists(PK)"}
