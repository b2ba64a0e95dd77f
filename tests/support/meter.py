"""What calls to AWS consume: capacity units of DynamoDB, requests to S3 and other services, by botocore's events.

The rules are DynamoDB's: a write costs a unit for each begun kilobyte of the larger of the item before and after, and
the same again for each index whose projected attributes change (two for a changed key of the index); in a transaction
the table's part twice. A read costs a unit for each begun 4 kB, half of it if eventually consistent; a query's items
count together. A missing item is read, and a failed condition written, for one unit.
"""

import json
import math
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from dateline.keys import item_keys

Item = Mapping[str, Mapping[str, Any]]  # attributes as DynamoDB's JSON has them: {"S": ...}

_WRITE, _READ = 1024, 4096  # bytes of a unit
ENTRY = 100  # bytes that DynamoDB adds to each stored item and index entry
POOL = 7  # threads: the pools of index and search have 7, 8 and 16
_PUTS = ("PutObject", "CopyObject", "ListObjectsV2", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload")
_GETS = ("GetObject", "HeadObject")


@dataclass(frozen=True, slots=True)
class TableIndex:
    """A secondary index: its two keys, and the attributes it projects; None for all."""

    name: str
    keys: tuple[str, ...]
    projected: frozenset[str] | None

    @classmethod
    def of_template(cls, described: Mapping[str, Any]) -> "TableIndex":
        """Read an index of a table's CloudFormation properties."""
        names = tuple(each["AttributeName"] for each in described["KeySchema"])
        projection = described["Projection"]
        kept = frozenset({"PK", "SK", *names, *projection.get("NonKeyAttributes", ())})
        return cls(described["IndexName"], names, None if projection["ProjectionType"] == "ALL" else kept)

    def entry(self, item: Item | None) -> Item | None:
        """Return the part of an item in this index, or None."""
        if item is None or any(name not in item for name in self.keys):
            return None
        return {name: value for name, value in item.items() if self.projected is None or name in self.projected}

    def units(self, before: Item | None, after: Item | None) -> int:
        """Return the write units of a change."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old and new and all(old[name] == new[name] for name in self.keys):
            return _units(max(size(old), size(new)), _WRITE)
        return sum(_units(size(each), _WRITE) for each in (old, new) if each)


@dataclass(slots=True)
class Consumed:
    """What was consumed; ``calls`` by service and operation, ``writes`` by the first part of the sort key.

    ``waits`` are calls one after the other: one of a pool's thread counts as a share of it.
    """

    write_units: float = 0
    read_units: float = 0
    puts: int = 0
    gets: int = 0
    events: int = 0
    waits: float = 0
    calls: Counter[str] = field(default_factory=Counter)
    writes: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    reads: dict[str, float] = field(default_factory=lambda: defaultdict(float))


class Meter:
    """Counts the calls of the clients that a session makes from now on; ``events`` are the session's.

    Items of ``table`` are looked up by a client of another session, which nobody counts.
    """

    def __init__(self, table: str, indexes: Sequence[TableIndex], events: Any) -> None:
        self._table, self._indexes, self._consumed = table, indexes, Consumed()
        self._client = boto3.session.Session().client("dynamodb")
        self._calls, self._lock = threading.local(), threading.Lock()
        events.register("before-call", self._asked)
        events.register("response-received", self._answered)

    @contextmanager
    def listening(self) -> Iterator[Consumed]:
        """Count inside a ``with`` block."""
        self._consumed = Consumed()
        yield self._consumed

    def _asked(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        service, name = model.service_model.service_name, model.name
        with self._lock:
            self._consumed.calls[f"{service}:{name}"] += 1
            self._consumed.waits += 1 if threading.current_thread() is threading.main_thread() else 1 / POOL
            self._consumed.puts += name in _PUTS and service == "s3"
            self._consumed.gets += name in _GETS and service == "s3"
            self._consumed.events += len(json.loads(params["body"])["Entries"]) if name == "PutEvents" else 0
        if service == "dynamodb":
            request = json.loads(params["body"])
            self._calls.now = name, request, {_key(key): self._item(key) for _, key, _ in _written(name, request)}

    def _answered(self, response_dict: Mapping[str, Any], **_: Any) -> None:
        now = getattr(self._calls, "now", None)
        if now is None or not response_dict["body"].startswith(b"{"):
            return
        self._calls.now = None
        name, request, before = now
        with self._lock:
            self._write(name, request, before)
            self._read(name, request, json.loads(response_dict["body"]))

    def _write(self, name: str, request: Mapping[str, Any], before: Mapping[str, Item | None]) -> None:
        times = 2 if name == "TransactWriteItems" else 1
        for kind, key, item in _written(name, request):
            old = before[_key(key)]
            new = item if kind == "Put" else None if kind == "Delete" else self._item(key)
            units = times * max(1, _units(max(size(old), size(new)), _WRITE))
            units += sum(index.units(old, new) for index in self._indexes)
            self._consumed.write_units += units
            self._consumed.writes[kind_of(key)] += units

    def _read(self, name: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        if name == "GetItem":
            self._count([size(answer.get("Item"))], request.get("ConsistentRead"), kind_of(request["Key"]))
        elif name in ("Query", "Scan"):
            kind = request.get("IndexName") or " ".join(sorted(kind_of(item) for item in answer["Items"][:1])) or name
            self._count([sum(map(size, answer["Items"]))], request.get("ConsistentRead"), kind)
        elif name == "BatchGetItem":
            (asked,) = request["RequestItems"].values()
            found = {_key(item): item for items in answer["Responses"].values() for item in items}
            for key in asked["Keys"]:
                self._count([size(found.get(_key(key)))], asked.get("ConsistentRead"), kind_of(key))

    def _count(self, sizes: Sequence[int], consistent: bool | None, kind: str) -> None:
        units = sum(max(1, _units(each, _READ)) for each in sizes) * (1.0 if consistent else 0.5)
        self._consumed.read_units += units
        self._consumed.reads[kind] += units

    def _item(self, key: Item) -> Item | None:
        found = self._client.get_item(TableName=self._table, Key={name: key[name] for name in ("PK", "SK")})
        item: Item | None = found.get("Item")
        return item


def size(item: Item | None) -> int:
    """Return the bytes of an item by DynamoDB's rules: names and values, numbers by their digits."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items()) if item else 0


def stored(items: Sequence[Item], indexes: Sequence[TableIndex]) -> tuple[int, int]:
    """Return the billed bytes of items in the table, and in its indexes."""
    entries = [entry for item in items for index in indexes if (entry := index.entry(item))]
    return sum(size(item) + ENTRY for item in items), sum(size(entry) + ENTRY for entry in entries)


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode("utf-8", "surrogatepass"))
    if kind == "N":
        return len(content.lstrip("-0.")) // 2 + 2
    if kind == "B":
        return len(content) * 3 // 4
    if kind in ("L", "SS"):
        return 3 + sum(1 + _size(each) for each in content) if kind == "L" else sum(map(len, content))
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in content.items())
    return 1


def _units(size: int, unit: int) -> int:
    return math.ceil(size / unit)


def _written(name: str, request: Mapping[str, Any]) -> Iterator[tuple[str, Item, Item | None]]:
    """Yield the kind, key and new item of each write of a request."""
    if name in ("PutItem", "UpdateItem", "DeleteItem"):
        item = request.get("Item")
        yield name.removesuffix("Item"), item or request["Key"], item
    elif name == "BatchWriteItem":
        for each in (each for some in request["RequestItems"].values() for each in some):
            item = each.get("PutRequest", {}).get("Item")
            yield "Put" if item else "Delete", item or each["DeleteRequest"]["Key"], item
    elif name == "TransactWriteItems":
        for each in request["TransactItems"]:
            ((kind, write),) = each.items()
            yield kind, write.get("Item") or write["Key"], write.get("Item")


def _key(item: Item) -> str:
    return f"{item['PK']['S']}\n{item['SK']['S']}"


def kind_of(item: Item) -> str:
    """Name an item for people by its keys: ``PLACE``, ``BAND``, ``SOURCE LIST``, or its sort key's first part."""
    partition, sort = item["PK"]["S"].partition("#")[0], item["SK"]["S"].partition("#")[0]
    if item_keys.is_listed(item["PK"]["S"]):
        return partition if partition == "PLACE" else f"{partition} LIST"
    return partition if partition in ("BAND", "CLUSTER", "HOST", "POSTPONED") else f"{partition} {sort}"
