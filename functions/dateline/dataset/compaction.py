"""Compaction: update the dataset from the archive, within a time limit.

The index names most changes since the last run: stories indexed after the cursor, with the days of all their revisions.
All other changes (late indexing, removed stories, lost files) are found by comparing partitions: each day those of this
month and the month before it, and ``LOOKS_A_DAY`` of the others, in turn. A day's work therefore does not grow with the
archive's age. Re-extractions, withdrawals and rebuilds have every partition compared at once (``progress.forget``). A
killed run is continued by the next one.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from dateline import instants
from dateline.dataset.parts import Parts
from dateline.dataset.progress import OvertakenError, Progress
from dateline.index.list_items import indexed_key, published_key
from dateline.keys import item_keys
from dateline.query.query import Query
from dateline.story import StoryItem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOKS_A_DAY = 64  # partitions: 27 countries of five years in 25 days
_LATE = timedelta(hours=3)  # delay of interrupted captures (``Query.indexed_since``)


@dataclass(slots=True)
class Compacted:
    """Counts of a run: ``partitions`` compared, files ``written``, partitions ``left``.

    ``unread`` lists the ids of stories with missing articles.
    """

    partitions: int = 0
    written: int = 0
    left: int = 0
    unread: list[str] = field(default_factory=list)


class Compaction:
    """``clock`` gives the aware instant of now."""

    def __init__(
        self,
        *,
        s3: "S3Client",
        query: Query,
        parts: Parts,
        bucket: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        looks_a_day: int = LOOKS_A_DAY,
    ) -> None:
        self._s3 = s3
        self._query = query
        self._parts = parts
        self._bucket = bucket
        self._clock = clock
        self._looks_a_day = looks_a_day

    def run(self, going: Callable[[], bool] = lambda: True) -> Compacted:
        """Compare and write pending partitions while ``going``; leave the rest to the next run.

        Ends early if another run is active.
        """
        done = Compacted()
        with suppress(OvertakenError):
            progress = self._noticed()
            for partition in list(progress.pending):
                if not self._settle(partition, progress, done, going):
                    break
            done.left = len(progress.pending)
            progress.save(self._s3, self._bucket)
        return done

    def _noticed(self) -> Progress:
        """Return the saved progress with all changes since."""
        now = instants.utc(self._clock())
        before = Progress.load(self._s3, self._bucket) or Progress(cursor=now)
        progress = Progress(cursor=before.cursor, looked=now[:10], turn=before.turn, etag=before.etag)
        for story in self._query.indexed_since(_earlier(before.cursor)):
            progress.cursor = max(progress.cursor, indexed_key(story))
            for partition, day in self._filed(story):
                progress.add(partition, [day])
        for partition, days in before.pending.items():
            progress.add(partition, days)
        if before.looked != progress.looked:
            self._look(progress, everywhere=not before.looked)
        progress.save(self._s3, self._bucket)
        return progress

    def _look(self, progress: Progress, *, everywhere: bool) -> None:
        """Have the day's partitions compared, or all of them."""
        found = sorted(
            f"{country}/{month}" for country in self._query.countries() for month in self._query.months(country)
        )
        recent = f"{datetime.fromisoformat(progress.looked).replace(day=1) - timedelta(days=1):%Y-%m}"
        turn = [each for each in found if each > progress.turn] + [each for each in found if each <= progress.turn]
        others = [each for each in turn if everywhere or each.partition("/")[2] < recent]
        chosen = others if everywhere else others[: self._looks_a_day]
        for partition in (*(each for each in found if each.partition("/")[2] >= recent), *chosen):
            progress.add(partition, [])
        progress.turn = chosen[-1] if chosen and not everywhere else progress.turn

    def _filed(self, story: StoryItem) -> Iterator[tuple[str, int]]:
        """Yield the partitions and days of a story's revisions."""
        for each in self._query.revisions(story["id"]) if story["revision"] > 1 else [story]:
            key = published_key(each)
            yield f"{each.get('outlet_country', item_keys.NOWHERE)}/{key[:7]}", int(key[8:10])

    def _settle(self, partition: str, progress: Progress, done: Compacted, going: Callable[[], bool]) -> bool:
        """Update the parts of a partition; return False if the time ran out."""
        country, _, month = partition.partition("/")
        written, overtaken = 0, False
        for part in self._parts.of(country, month, progress.pending[partition]):
            if not going():
                return False
            settled = self._parts.settle(part)
            written += settled.written
            overtaken = overtaken or settled.overtaken
            done.unread += settled.unread
        done.partitions += 1
        done.written += written
        if not overtaken:
            del progress.pending[partition]
        if written:
            progress.save(self._s3, self._bucket)
        return True


def _earlier(cursor: str) -> str:
    """Return an earlier cursor, for stories indexed late."""
    return instants.utc(datetime.fromisoformat(cursor.partition("#")[0]) - _LATE)
