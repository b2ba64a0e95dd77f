"""Compare the whole index with the objects, in both directions."""

import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key

from dateline.aws import dynamodb
from dateline.index import clusters, list_items, repeats
from dateline.index.story_items import current_item
from dateline.keys import item_keys, object_keys
from dateline.verify.findings import Finding, Kind
from dateline.verify.scope import Scope
from dateline.verify.spool import Expected, Spool, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

Item = Mapping[str, Any]

_FORMER = {"source_month", "country_month", "published_key", "indexed_day", "indexed_key"}  # until December 2026
_COUNTED = re.compile(rf"(?:{object_keys.CAPTURES}|{object_keys.CRAWLS})[^/]+/\d{{4}}/\d\d/\d\d/[^/]+")


def expect(spool: Spool) -> None:
    """Record the items derived from several captures: newest revisions, their lists, removals."""
    for alias, _ in spool.expected("ARTICLE"):
        spool.look(alias["id"], spool.looks(alias["PK"].partition("#")[2]))
    for id, looks in spool.all_looks():
        if looks.gone_at:
            back = {"seen_at": looks.seen_at} if looks.seen_at >= looks.gone_at else {}
            record = item_keys.presence(id) | {"id": id, "gone_at": looks.gone_at} | back
            spool.expect([record], f"{looks.seen_in} {looks.gone_in}")
    for revision, origin in spool.newest():
        story, looks = current_item(revision), spool.looks(revision["id"])
        if looks.gone_at > max(looks.seen_at, revision["captured_at"]):
            story["gone_at"] = looks.gone_at
        spool.expect([story, *list_items.of(revision)], origin)


class Comparison:
    """Compare the table's items one by one; ``rest`` yields the remaining problems at the end.

    An archive in use keeps changing during the run: items newer than the listing of their objects are ignored.
    """

    def __init__(self, table: "Table", spool: Spool, scope: Scope, *, exists: Callable[[str], bool]) -> None:
        self._table = table
        self._spool = spool
        self._scope = scope
        self._exists = exists
        self._doubts = list[Finding]()  # about items changed by any capture, perhaps a newer one
        self._grows = False
        self._unread = bool(spool.noted("unread"))  # whether some pages have no known outcome

    def items(self) -> Iterator[Item]:
        """All of the table, read consistently; repeats one by one."""
        for item in dynamodb.scan(self._table, ConsistentRead=True):
            yield from repeats.each(item) if str(item["SK"]).startswith(item_keys.SAME) else [item]

    def compare(self, item: Item) -> Finding | None:
        """Yield the problems of an item, as far as they are decidable at this point."""
        pk, sk = str(item["PK"]), str(item["SK"])
        if sk.startswith(item_keys.OF_CRAWLS) or pk in (item_keys.LATE, item_keys.ROUNDS):
            return None  # its loss costs the crawl a look more, and `dateline rebuild` restores it
        if sk == item_keys.PRESENCE and "gone_at" not in item:
            return None  # until December 2026, pages that were never gone had such an item
        if clusters.is_former(pk):
            return None
        wanted = self._spool.take(pk, sk)
        if item.keys() >= _FORMER:
            for listed in list_items.of(item):
                self._spool.take(listed["PK"], listed["SK"])
        try:
            is_of_several = self._take_down(item, pk, sk)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            counts = wanted and sk.startswith(item_keys.DONE)
            kind = Kind.WRONG_COUNTERS if counts else Kind.WRONG_ITEM if wanted else Kind.ORPHAN_ITEM
            return self._finding(kind, item, f"it cannot be read: {error!r}", wanted.origin if wanted else "")
        if is_of_several or (wanted and self._same(item, wanted.item)):
            return None
        return self._judge(item, sk, wanted)

    def _take_down(self, item: Item, pk: str, sk: str) -> bool:
        """Record properties to compare with other items; return whether nothing else needs checking."""
        if sk.startswith(item_keys.DAY):
            self._count(pk, sk, item, -1)
        elif sk.startswith(item_keys.DONE):
            self._count(pk, item_keys.day(*_folder(sk))["SK"], item["counted"], 1)
        elif pk.startswith(item_keys.CLUSTER):
            appeared, id = sk.split("#")
            self._spool.member(pk.partition("#")[2], id, appeared, int(item.get("members", 0)))
        elif "cluster" in item:
            appeared = item_keys.appeared(item.get("published_at"), item["first_seen_at"])
            self._spool.home(item["id"], item["cluster"], appeared)
        return sk.startswith(item_keys.DAY) or pk.startswith(item_keys.CLUSTER)

    def rest(self) -> Iterator[Finding]:
        """Yield expected items missing from the table, and counters with a wrong sum."""
        if not self._grows:
            yield from self._doubts
        for item, origin in self._spool.missing():
            if item.get("expires", math.inf) < time.time():
                continue
            kind = Kind.WRONG_COUNTERS if item["SK"].startswith(item_keys.DONE) else Kind.NO_ITEM
            yield self._finding(kind, item, f"{origin.strip() or 'a withdrawal'} comes to it", origin)
        for cluster, ids in self._spool.disagreeing() if self._scope.whole and not self._grows else ():
            origins = " ".join(map(self._spool.origins, ids))
            told = f"{' '.join(ids)} and its own items do not say the same"
            yield self._finding(Kind.WRONG_CLUSTER, {"PK": item_keys.cluster(cluster), "SK": "..."}, told, origins)
        for pk, sk in self._spool.unbalanced():
            if detail := self._difference(pk, sk):
                yield self._finding(Kind.WRONG_COUNTERS, {"PK": pk, "SK": sk}, detail)

    def _same(self, item: Item, wanted: Item) -> bool:
        if "counted" in item and "revised" not in item["counted"]:  # as counted before December 2026
            counted = {name: count for name, count in wanted["counted"].items() if name != "revised"}
            wanted = {**wanted, "counted": counted}
        item = _as_now(item, wanted)
        unknown = ("cluster", "gone_at") if self._unread else ("cluster",)  # depend on several captures
        one, other = ({name: value for name, value in each.items() if name not in unknown} for each in (item, wanted))
        return text(one) == text(other)

    def _judge(self, item: Item, sk: str, wanted: Expected | None) -> Finding | None:
        if wanted:
            finding = self._finding(Kind.WRONG_ITEM, item, _differences(item, wanted.item), wanted.origin)
        else:
            finding = self._finding(Kind.ORPHAN_ITEM, item, "no capture comes to it")
        if sk.startswith(item_keys.REGISTERS):
            return finding if wanted else None  # one of an empty partition costs a reader a query
        if sk in {item_keys.PRESENCE, item_keys.ALIAS} or "expires" in item or item_keys.is_listed(item["PK"]):
            if not (self._scope.since or self._unread) and (wanted or self._scope.whole):
                self._doubts.append(finding)
            return None
        origin = _origin(item, sk)
        if origin is None:
            return finding if wanted or self._scope.whole else None
        if not self._scope.has(*_folder(origin)) and not wanted:
            return None
        seen = self._spool.seen(origin)
        if seen is None and self._exists(origin):
            self._grows = True
            return None
        return finding if seen is None or seen.sound else None

    def _count(self, pk: str, sk: str, numbers: Item, sign: int) -> None:
        if self._scope.has(pk.partition("#")[2], sk.partition("#")[2]):
            self._spool.count(pk, sk, {name: sign * int(number) for name, number in _numbers(numbers).items()})

    def _difference(self, pk: str, sk: str) -> str | None:
        """Compare a day's counters with their sum at a second reading, since the first one took two moments."""
        there = self._table.get_item(Key={"PK": pk, "SK": sk}, ConsistentRead=True).get("Item", {})
        source, day = pk.partition("#")[2], sk.partition("#")[2].replace("-", "/")
        total = Counter[str]()
        for kind in (object_keys.CAPTURES, object_keys.CRAWLS):
            first = item_keys.done(source, f"{object_keys.folder(kind, source)}{day}/")["SK"]
            done = Key("PK").eq(pk) & Key("SK").begins_with(first)
            for item in dynamodb.query(self._table, KeyConditionExpression=done, ConsistentRead=True):
                total.update(_numbers(item.get("counted", {})))
        return None if +total == +Counter(_numbers(there)) else _differences(_numbers(there), dict(total))

    def _finding(self, kind: Kind, item: Item, detail: str, origin: str = "") -> Finding:
        key = json.dumps({"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}}, ensure_ascii=False)
        return Finding(
            kind=kind, where=self._table.name, key=key, detail=detail, captures=tuple(dict.fromkeys(origin.split()))
        )


def _as_now(item: Item, wanted: Item) -> Item:
    """Return an item of before December 2026 as it would be now.

    Titles had more bytes, bands another form of the fingerprint, places had attributes, stories those of indexes, and
    absences the presence before them.
    """
    if item["PK"].startswith(item_keys.BAND):
        return clusters.band_as_now(item)
    if item_keys.is_listed(item["PK"]):
        item = {name: value for name, value in item.items() if name in wanted}
    if item["SK"] == item_keys.PRESENCE and item.get("seen_at", "~") < item["gone_at"]:
        item = {name: value for name, value in item.items() if name != "seen_at"}
    if item["SK"].startswith(item_keys.SAME):
        item = {name: value for name, value in item.items() if name in wanted}
    item = {name: value for name, value in item.items() if name not in _FORMER}
    title, now = str(item.get("title", "")), str(wanted.get("title", ""))
    return {**item, "title": now} if now and title.startswith(now) else item


def _origin(item: Item, sk: str) -> str | None:
    """Return the WARC file or crawl report named by an item."""
    if sk.startswith(item_keys.DONE):
        key = sk.removeprefix(item_keys.DONE)
        return key if _COUNTED.fullmatch(key) else None
    try:
        if sk.startswith(item_keys.SAME):
            return object_keys.parse(item_keys.captured(item)[1]).capture
        return object_keys.parse(item["article"]["key"]).capture
    except (KeyError, TypeError, ValueError):
        return None


def _folder(key: str) -> tuple[str, str]:
    """Source and day of a key in captures/ or crawls/."""
    _, source, *date, _ = key.split("/")
    return source, "-".join(date)


def _numbers(item: Item) -> dict[str, int]:
    return {name: int(value) for name, value in item.items() if isinstance(value, int | Decimal)}


def _differences(item: Item, wanted: Item) -> str:
    """Describe differences, ``title is 'B', not 'A'``; for long values, the differing parts."""
    names = sorted(name for name in item.keys() | wanted.keys() if item.get(name) != wanted.get(name))
    return "; ".join(f"{name} is {_shown(item, name)}, not {_shown(wanted, name)}" for name in names)


def _shown(item: Item, name: str) -> str:
    shown = text({name: item[name]})[len(name) + 5 : -1] if name in item else "missing"
    return shown if len(shown) <= 80 else f"{shown[:80]}..."
