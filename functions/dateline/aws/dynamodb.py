"""Batches of table items, and writes that yield to newer ones."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

T = TypeVar("T")

_BYTES: Any = bytes | Binary  # of which the stubs do not know that it has bytes
_GET, _WRITE = 100, 25  # DynamoDB's limits of BatchGetItem and BatchWriteItem


class ThrottledError(RuntimeError):
    """DynamoDB left some items of a batch undone however often it was asked."""


def get(
    client: Any,
    table: str,
    wanted: Iterable[Mapping[str, str]],
    *,
    consistent: bool = False,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[dict[str, Any]]:
    """Yield the existing items of a table; ``client`` belongs to a boto3 resource, for Python values."""
    for chunk in chunks(wanted, _GET):
        left: dict[str, Any] = {table: {"Keys": chunk, "ConsistentRead": consistent}}
        for seconds in _pauses():
            answer = client.batch_get_item(RequestItems=left)
            yield from answer["Responses"].get(table, [])
            if not (left := answer["UnprocessedKeys"]):
                break
            pause(seconds)
        else:
            raise ThrottledError(f"BatchGetItem left {len(left[table]['Keys'])} keys unread")


def query(table: Any, **request: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of a boto3 ``Table`` query, page by page."""
    return _paged(table.query, request)


def scan(table: Any, **request: Any) -> Iterator[dict[str, Any]]:
    """All of its items, page after page."""
    return _paged(table.scan, request)


def write(
    client: Any, table: str, requests: Iterable[Mapping[str, Any]], *, pause: Callable[[float], None] = time.sleep
) -> None:
    """Do PutRequests and DeleteRequests; keys must be distinct within a batch."""
    for chunk in chunks(requests, _WRITE):
        left: dict[str, Any] = {table: chunk}
        for seconds in _pauses():
            if not (left := client.batch_write_item(RequestItems=left)["UnprocessedItems"]):
                break
            pause(seconds)
        else:
            raise ThrottledError(f"BatchWriteItem left {len(left[table])} items unwritten")


@contextmanager
def unless_newer() -> Iterator[None]:
    """Ignore the failed condition of a write superseded by a newer one."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def size(item: Mapping[str, Any]) -> int:
    """Return the bytes that DynamoDB counts for an item: its names and values."""
    return sum(_size(name) + _size(value) for name, value in item.items())


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, _BYTES):
        return len(bytes(value))
    if isinstance(value, Mapping):
        return 3 + sum(1 + _size(name) + _size(each) for name, each in value.items())
    if isinstance(value, list | tuple):
        return 3 + sum(1 + _size(each) for each in value)
    return 1 if isinstance(value, bool) or value is None else len(str(value)) // 2 + 2


def _paged(read: Callable[..., Any], request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    while True:
        answer = read(**request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _pauses() -> list[float]:
    """Seconds to wait after each attempt: doubling from 50 ms, 6 seconds of throttling in all."""
    return [0.05 * 2**attempt for attempt in range(7)]


def chunks(items: Iterable[T], size: int = _GET) -> Iterator[list[T]]:
    """The same items, so many at a time."""
    left = iter(items)
    while chunk := list(islice(left, size)):
        yield chunk
