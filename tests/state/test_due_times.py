"""Due times of a source in one object: merged by whoever writes, read from the items of earlier versions at first."""

import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dateline.aws import objects
from dateline.keys import identifiers, item_keys, object_keys
from dateline.state.due_times import ConflictError, Due, DueTimes
from tests.conftest import Aws

SOURCE = "gazette"


def hashed(number: int) -> str:
    return identifiers.url_hash(f"https://gazette.example/{number}")


def at(hour: int) -> str:
    return f"2026-10-20T{hour:02}:00:00Z"


def text(aws: Aws) -> str:
    return (objects.get(aws.s3, bucket=aws.archive, key=object_keys.due_times(SOURCE)) or b"").decode()


def dues(aws: Aws) -> dict[str, str]:
    return {due.url_hash: due.at for due in DueTimes(aws.deployment).until(SOURCE, "~", 1000)}


def before_put(aws: Aws, do: Callable[[], Any], times: int) -> None:
    """Have something happen before each of the first replacements; what it puts itself is none of them."""
    left, busy = [None] * times, list[None]()

    def act(*_: Any, model: Any, **__: Any) -> None:
        if model.name == "PutObject" and left and not busy:
            busy.append(left.pop())
            do()
            busy.clear()

    aws.on_call("before-call", act)


def at_once(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a conditional write compare and replace at once, as S3 does and moto does not."""
    lock, put = threading.Lock(), aws.s3.put_object

    def locked(**request: Any) -> Any:
        with lock:
            return put(**request)

    monkeypatch.setattr(aws.s3, "put_object", locked)


def test_lines_are_sorted(aws: Aws) -> None:
    """A line per URL, the earliest first; the first so many that are due are found."""
    due = DueTimes(aws.deployment)
    assert (due.until(SOURCE, "~", 9), due.first(SOURCE)) == ([], None)
    due.change(SOURCE, {hashed(hour): at(hour) for hour in (9, 7, 8)})
    assert text(aws) == "".join(f"{at(hour)} {hashed(hour)}\n" for hour in (7, 8, 9))
    assert due.until(SOURCE, at(8), 9) == [Due(at(7), hashed(7)), Due(at(8), hashed(8))]
    assert due.until(SOURCE, at(9), 1) == [Due(at(7), hashed(7))]
    assert due.first(SOURCE) == at(7)
    assert due.first("courier") is None


def test_changes_replace_and_remove(aws: Aws) -> None:
    """A URL is due once; one that is due no more has no line."""
    due = DueTimes(aws.deployment)
    due.change(SOURCE, {hashed(1): at(7), hashed(2): at(8)})
    due.change(SOURCE, {hashed(1): at(9), hashed(2): None, hashed(3): None})
    assert dues(aws) == {hashed(1): at(9)}
    due.change(SOURCE, {hashed(1): None})
    assert (dues(aws), text(aws)) == ({}, "")


def test_same_times_not_written(aws: Aws) -> None:
    """A repeated change replaces nothing."""
    due = DueTimes(aws.deployment)
    due.change(SOURCE, {hashed(1): at(7)})
    before_put(aws, lambda: pytest.fail("written again"), 1)
    due.change(SOURCE, {hashed(1): at(7), hashed(2): None})


@pytest.mark.parametrize("known", [{}, {hashed(1): at(7)}], ids=["first", "replaced"])
def test_conflicts_are_merged(aws: Aws, known: dict[str, str | None]) -> None:
    """Another delivery of the message that writes in between loses nothing, and neither does this one."""
    due, pauses = DueTimes(aws.deployment), list[float]()
    due.change(SOURCE, known)
    others = iter(range(10, 13))

    def interfere() -> None:
        number = next(others)
        lines = sorted([*text(aws).splitlines(), f"{at(number)} {hashed(number)}"])
        body = "".join(f"{line}\n" for line in lines).encode()
        aws.s3.put_object(Bucket=aws.archive, Key=object_keys.due_times(SOURCE), Body=body)

    before_put(aws, interfere, 3)
    DueTimes(aws.deployment, pause=pauses.append).change(SOURCE, {hashed(2): at(9)})
    assert dues(aws) == known | {hashed(2): at(9)} | {hashed(number): at(number) for number in range(10, 13)}
    assert len(pauses) == 3


def test_lasting_conflict_is_error(aws: Aws) -> None:
    """A crawl that never gets its turn fails, and is delivered again."""
    due, numbers = DueTimes(aws.deployment, pause=lambda _: None), iter(range(10, 19))

    def interfere() -> None:
        body = f"{at(1)} {hashed(next(numbers))}\n".encode()
        aws.s3.put_object(Bucket=aws.archive, Key=object_keys.due_times(SOURCE), Body=body)

    before_put(aws, interfere, 9)
    with pytest.raises(ConflictError, match="due/gazette"):
        due.change(SOURCE, {hashed(2): at(9)})


def test_writers_side_by_side(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Several processes at once: every change of each is kept."""
    at_once(aws, monkeypatch)

    def write(number: int) -> None:
        DueTimes(aws.deployment).change(SOURCE, {hashed(number): at(number)})

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(write, range(9)))
    assert dues(aws) == {hashed(number): at(number) for number in range(9)}


@pytest.fixture
def earlier(aws: Aws) -> Aws:
    """A table with a page due at seven and one at eight, as earlier versions wrote them."""
    for number in (7, 8):
        url = f"https://gazette.example/{number}"
        aws.table.put_item(Item=item_keys.due(SOURCE, at(number), url) | {"url": url})
    return aws


def test_earlier_items_are_read(earlier: Aws) -> None:
    """The day after an upgrade, nothing is due that was not, and all that was."""
    due = DueTimes(earlier.deployment)
    assert due.until(SOURCE, at(7), 9) == [Due(at(7), hashed(7))]
    assert due.first("courier") is None
    assert text(earlier) == ""


def test_first_change_takes_over(earlier: Aws) -> None:
    """The first write has the earlier items in it, and they count no more."""
    due = DueTimes(earlier.deployment)
    due.change(SOURCE, {hashed(7): at(12)})
    assert dues(earlier) == {hashed(7): at(12), hashed(8): at(8)}
    due.change(SOURCE, {hashed(8): None})
    assert dues(earlier) == {hashed(7): at(12)}


def test_rebuild_takes_over(earlier: Aws) -> None:
    """The items of earlier versions are deleted, once the object has what they say."""
    for _ in range(2):
        DueTimes(earlier.deployment).take_over(SOURCE)
        assert dues(earlier) == {hashed(7): at(7), hashed(8): at(8)}
        assert earlier.table.scan()["Items"] == []


def test_busy_source_is_bounded(aws: Aws) -> None:
    """The due times of a hundred stories a day, merged, take some times their size in memory."""
    lines = sorted(f"2026-10-20T{number % 24:02}:00:00Z {hashed(number)}" for number in range(36_000))
    body = "".join(f"{line}\n" for line in lines).encode()
    aws.s3.put_object(Bucket=aws.archive, Key=object_keys.due_times(SOURCE), Body=body)
    tracemalloc.start()
    assert DueTimes(aws.deployment).change(SOURCE, {hashed(number): at(23) for number in range(500)}) == at(0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 12 * len(body)
