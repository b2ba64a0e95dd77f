"""Waiting for many answers at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_AT_ONCE = 16  # requests; boto3 keeps ten connections to a host, and a thread's request is mostly waiting

T = TypeVar("T")
R = TypeVar("R")


def ahead(do: Callable[[T], R], things: Iterable[T], at_once: int = _AT_ONCE) -> Iterator[R]:
    """``map``, in order, with the next ones under way while one is used; as bounded in memory as in threads."""
    with ThreadPoolExecutor(at_once) as pool:
        under_way = deque[Future[R]]()
        for thing in things:
            under_way.append(pool.submit(do, thing))
            if len(under_way) == at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
