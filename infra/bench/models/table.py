"""A table in memory with the calls used for clusters, and counts of them.

moto takes milliseconds per call and the local cloud more, so twenty thousand articles would take hours. Its model of
DynamoDB is compared with moto's responses by tests/index/test_clusters.py.
"""

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

Item = dict[str, Any]


class CountingTable:
    """Stands for a boto3 table and for its client; ``calls`` counts reads by the names of operations."""

    name = "table"

    def __init__(self) -> None:
        self.calls = Counter[str]()
        self._partitions: dict[str, dict[str, Item]] = defaultdict(dict)
        self._sorted: dict[str, list[str]] = defaultdict(list)

    @property
    def meta(self) -> "CountingTable":
        return self

    @property
    def client(self) -> "CountingTable":
        return self

    def items(self) -> list[Item]:
        return [item for _, partition in sorted(self._partitions.items()) for _, item in sorted(partition.items())]

    def put_item(self, *, Item: Mapping[str, Any]) -> None:  # noqa: N803 - as boto3 has it
        self.put(Item)

    def put(self, item: Mapping[str, Any]) -> None:
        partition, sort = item["PK"], item["SK"]
        if sort not in self._partitions[partition]:
            bisect.insort(self._sorted[partition], sort)
        self._partitions[partition][sort] = dict(item)

    def query(
        self,
        *,
        KeyConditionExpression: Any,  # noqa: N803
        Limit: int | None = None,  # noqa: N803
        ScanIndexForward: bool = True,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        """A partition's items, or those between two sort keys."""
        self.calls["Query"] += 1
        partition, since, until = _asked(KeyConditionExpression)
        sorts = self._sorted.get(partition, [])
        found = sorts[bisect.bisect_left(sorts, since) : bisect.bisect_right(sorts, until)]
        ordered = found if ScanIndexForward else found[::-1]
        return {"Items": [dict(self._partitions[partition][sort]) for sort in ordered[:Limit]]}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.calls["BatchGetItem"] += 1
        found = (self._get(key) for key in RequestItems[self.name]["Keys"])
        return {"Responses": {self.name: [dict(item) for item in found if item]}, "UnprocessedKeys": {}}

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.calls["BatchWriteItem"] += 1
        for request in RequestItems[self.name]:
            if "PutRequest" in request:
                self.put(request["PutRequest"]["Item"])
            else:
                self._delete(request["DeleteRequest"]["Key"])
        return {"UnprocessedItems": {}}

    def transact_write_items(self, *, TransactItems: Iterable[Mapping[str, Any]]) -> None:  # noqa: N803
        """Do all writes, or raise TransactionCanceledException for an unmet condition."""
        self.calls["TransactWriteItems"] += 1
        writes = [next(iter(write.items())) for write in TransactItems]
        if len(writes) > 100:
            raise ValueError("a transaction takes 100 writes")
        if not all(_met(self._get(_key(write)), write) for _, write in writes):
            raise ClientError({"Error": {"Code": "TransactionCanceledException"}}, "TransactWriteItems")
        for kind, write in writes:
            if kind == "Put":
                self.put(write["Item"])
            elif kind == "Delete":
                self._delete(write["Key"])
            elif kind == "Update":
                values = {"cluster": write["ExpressionAttributeValues"][":new"]}
                self.put({**write["Key"], **(self._get(write["Key"]) or {}), **values})

    def _get(self, key: Mapping[str, str]) -> Item | None:
        return self._partitions.get(key["PK"], {}).get(key["SK"])

    def _delete(self, key: Mapping[str, str]) -> None:
        if self._partitions[key["PK"]].pop(key["SK"], None):
            self._sorted[key["PK"]].remove(key["SK"])


def _asked(condition: Any) -> tuple[str, str, str]:
    """Partition and bounds of ``Key("PK").eq(...)``, with or without ``& Key("SK").between(...)``."""
    first, *rest = condition.get_expression()["values"]
    if condition.expression_operator == "=":
        return str(rest[0]), "", "\U0010ffff"
    _, since, until = rest[0].get_expression()["values"]
    return str(first.get_expression()["values"][1]), since, until


def _key(write: Mapping[str, Any]) -> Mapping[str, str]:
    key: Mapping[str, str] = write.get("Key") or write["Item"]
    return key


def _met(item: Item | None, write: Mapping[str, Any]) -> bool:
    """Return whether a write's condition is met: existence, absence, or equal values."""
    condition = write["ConditionExpression"]
    if condition == "attribute_not_exists(PK)":
        return item is None
    if condition == "attribute_exists(PK)":
        return item is not None
    names, values = write["ExpressionAttributeNames"], write["ExpressionAttributeValues"]
    return item is not None and all(
        item.get(names[name]) == values[value]
        for name, value in (each.split(" = ") for each in condition.split(" AND "))
    )
