"""A day of crawls, extraction and indexing against the limits of Lambda, SQS and DynamoDB, by a clock of its own.

The rules of dispatch are those of ``spiders.runs.schedule``, durations and units those of ``dateline.cost``. Crawls do
not wait for extraction, so the day is crawled first, and its WARC files are extracted afterwards in order of arrival.
"""

import heapq
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from dateline.cost import measured, rounds
from spiders.runs.schedule import ALIGNED, ROUND, revisited, slot, wait

DAY = 86_400.0  # seconds
_BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
CONCURRENCY = 10  # functions at once of a new account, for everything
WRITE_UNITS = 4_000  # a second, of a new on-demand table
FIFO_CALLS = 300  # a second, of a FIFO queue without batches
OTHERS = 3  # functions at once beside crawls and extraction: the stream's two, and one of a schedule or a reader
DISPATCH = 300.0  # seconds between two looks for due sources (template.yaml)
CRAWL_SECONDS = 240.0  # of a crawl function's 300: it takes no request in the last 60
BATCH = 4  # WARC files of an invocation of the extract function (template.yaml)


@dataclass(frozen=True, slots=True)
class File:
    """A WARC file: when it is stored, the births of its new stories, and its looks at known ones."""

    stored: float
    births: tuple[float, ...]
    looks: int

    @property
    def seconds(self) -> float:
        """Duration of its extraction."""
        use = measured.STORY.waits * len(self.births) + measured.LOOK.waits * self.looks + measured.FILE.waits
        return use * measured.CALL_SECONDS + measured.EXTRACT_SECONDS * len(self.births)

    @property
    def write_units(self) -> float:
        """Write units of its index items."""
        story, rewritten = measured.STORY.write_units + measured.PLACES, measured.REWRITTEN_LOOK.write_units
        look = measured.REWRITTEN * rewritten + (1 - measured.REWRITTEN) * measured.LOOK.write_units
        return measured.FILE.write_units + story * len(self.births) + look * self.looks


@dataclass(slots=True)
class Day:
    """What happened; ``lags`` are seconds from publication to index, ``left`` the pages due and not crawled at the end.

    ``throttled`` are invocations begun above the account's concurrency, ``full_seconds`` those with more write units
    than the table takes.
    """

    lags: list[float] = field(default_factory=list)
    rounds: int = 0
    files: int = 0
    looks: int = 0
    left: int = 0
    crawl_seconds: float = 0
    extract_seconds: float = 0
    at_once: int = 0
    throttled: int = 0
    most_units: float = 0
    full_seconds: int = 0
    most_fifo_calls: int = 0

    def lag(self, share: float) -> float:
        """Return the lag in minutes below which a share of the stories is."""
        return sorted(self.lags)[min(int(share * len(self.lags)), len(self.lags) - 1)] / 60


class _Outlet:
    """An outlet's pages in the order in which they become due."""

    def __init__(self, chance: random.Random, stories: float, *, shard: str, every: timedelta, days: float) -> None:
        self.shard, self.every, self.asked, self.crawled, self.quiet = shard, every, -DAY, -DAY, 0
        self.births = sorted(_instant(chance, days) for _ in range(round(stories * days)))
        self.looks = sorted(chance.uniform(0, days * DAY) for _ in range(round(stories * measured.LOOKS * days)))
        self.seen = self.looked = 0

    def due(self, now: float) -> float | None:
        """Since when the outlet is due; None if it is not."""
        if self._is_scheduled(now):
            return self.asked
        if self.looked == len(self.looks):
            return None
        until = revisited(self.every, _at(now), self.shard, self.quiet, _at(self.crawled))
        return self.looks[self.looked] if _at(self.looks[self.looked]) <= until else None

    def crawl(self, now: float) -> Iterator[File]:
        """Take due pages, new stories first, as far as the function's time goes; between schedules, looks alone."""
        self.crawled, room = now + rounds.START, int(CRAWL_SECONDS / rounds.DELAY) - 1
        births = list[float]()
        if self._is_scheduled(now):
            self.asked = now
            births = self.births[self.seen : min(bisect_right(self.births, now), self.seen + room)]
            self.quiet = 0 if births else self.quiet + 1
        looks = min(bisect_right(self.looks, now) - self.looked, room - len(births))
        self.seen, self.looked = self.seen + len(births), self.looked + looks
        for first in range(0, len(births) + looks, measured.PAGES_PER_FILE):
            new = tuple(births[first : first + measured.PAGES_PER_FILE])
            last = min(first + measured.PAGES_PER_FILE, len(births) + looks)
            self.crawled = now + rounds.DELAY * (1 + last)
            yield File(now + rounds.DELAY * (1 + last), new, last - first - len(new))

    def _is_scheduled(self, now: float) -> bool:
        return _at(self.asked) < slot(self.every, _at(now), self.shard) + self.every - wait(self.every, self.quiet)

    def left(self, now: float) -> int:
        """Return the number of pages due and not crawled."""
        return bisect_right(self.births, now) - self.seen + bisect_right(self.looks, now) - self.looked


def day(
    *,
    outlets: int = 500,
    stories: float = 100,
    every: timedelta = ALIGNED,
    shards: int = rounds.SHARDS,
    extractions: int = 3,
    seed: int = 1,
) -> Day:
    """Return the second of two simulated days: the first fills the queues.

    Outlets have ``stories`` new ones a day, and a crawl in each interval ``every``.
    """
    chance = random.Random(seed)  # noqa: S311 - a seed makes the day the same each time
    found = [
        _Outlet(chance, stories, shard=f"{number % shards}/{shards}", every=every, days=2) for number in range(outlets)
    ]
    result, spans, files = Day(), list[tuple[float, float]](), list[File]()
    members = {shard: [n for n, each in enumerate(found) if each.shard == shard] for shard in {o.shard for o in found}}
    busy = dict.fromkeys(members, 0.0)
    for tick in range(int(2 * DAY / DISPATCH)):
        now, sent = tick * DISPATCH, 0
        for shard, until in busy.items():
            due = sorted((at, outlet) for outlet in members[shard] if (at := found[outlet].due(now)) is not None)
            if until > now or not due:
                continue
            stored = [file for _, outlet in due[:ROUND] for file in found[outlet].crawl(now)]
            busy[shard] = max([now + rounds.START + rounds.DELAY, *(file.stored for file in stored)])
            spans.append((now, busy[shard]))
            files += stored
            sent += 1
        result.most_fifo_calls = max(result.most_fifo_calls, sent)
    result.left = sum(outlet.left(2 * DAY) for outlet in found)
    extracted = list(_extracted(files, extractions))
    _count(result, [span for span in spans if span[0] >= DAY], [each for each in extracted if each[0] >= DAY])
    return result


def _extracted(files: Iterable[File], at_once: int) -> Iterator[tuple[float, float, list[File]]]:
    """Yield invocations of the extract function: begin, end and files."""
    waiting = sorted(files, key=lambda file: file.stored)
    free = [0.0] * at_once
    while waiting:
        begin = max(heapq.heappop(free), waiting[0].stored)
        batch = [file for file in waiting[:BATCH] if file.stored <= begin]
        del waiting[: len(batch)]
        end = begin + sum(file.seconds for file in batch)
        heapq.heappush(free, end)
        yield begin, end, batch


def _count(day: Day, crawls: list[tuple[float, float]], extracted: list[tuple[float, float, list[File]]]) -> None:
    """Add up a day's invocations."""
    units = defaultdict[int, float](float)
    for begin, _, batch in extracted:
        at = begin
        for file in batch:
            at += file.seconds
            day.lags += [at - born for born in file.births]
            day.looks += file.looks
            for second in range(int(at - file.seconds), int(at) + 1):
                units[second] += file.write_units / (int(at) - int(at - file.seconds) + 1)
        day.files += len(batch)
    day.rounds = len(crawls)
    day.crawl_seconds = sum(end - begin for begin, end in crawls)
    day.extract_seconds = sum(end - begin for begin, end, _ in extracted)
    day.most_units = max(units.values(), default=0)
    day.full_seconds = sum(each > WRITE_UNITS for each in units.values())
    begun = OTHERS
    for _, change in sorted((at, by) for begin, end, *_ in (*crawls, *extracted) for at, by in ((begin, 1), (end, -1))):
        begun += change
        day.at_once = max(day.at_once, begun)
        day.throttled += change > 0 and begun > CONCURRENCY


def _at(seconds: float) -> datetime:
    """An instant of the simulation, for dispatch's rules."""
    return _BEGINS + timedelta(seconds=seconds)


def _instant(chance: random.Random, days: float) -> float:
    """An instant of publication: a share of each day's from 22:00 to 06:00."""
    hour = chance.uniform(22, 30) % 24 if chance.random() < rounds.NIGHT else chance.uniform(6, 22)
    return chance.randrange(int(days)) * DAY + hour * 3600
