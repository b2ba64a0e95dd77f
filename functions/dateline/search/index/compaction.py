"""Merge the small parts of each month, and delete parts in no manifest.

Many small parts are merged into one, and into the month's base once they reach a tenth of it: each story is written
about ten times in all, and a search opens few files.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from dateline.aws import objects
from dateline.keys import object_keys
from dateline.search.index import manifest, part_file
from dateline.search.index.cache import Cache
from dateline.search.index.indexing import put
from dateline.search.index.manifest import Part

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MANY = 8  # small parts of a month; a search opens each in about a millisecond
_SHARE = 0.1  # of a base's stories
_FEW = 200  # stories: with fewer, even a small base is not written again
_GRACE = timedelta(days=1)  # before what no manifest names is deleted: a writer may be about to name it


@dataclass(frozen=True, slots=True)
class Compacted:
    """Result of a run: merged parts, and deleted objects."""

    merged: int
    deleted: int


class Compaction:
    """``cache`` is for unpacked parts; ``clock`` gives the aware instant of now."""

    def __init__(
        self,
        *,
        s3: "S3Client",
        bucket: str,
        cache: Cache,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._cache = cache
        self._stream = partial(objects.stream, s3, bucket)
        self._clock = clock

    def run(self, *, whole: bool = False, has_time: Callable[[], bool] = lambda: True) -> Compacted:
        """Merge what is due, or all small parts (``whole``), while there is time; then delete leftovers."""
        merged = 0
        for month in manifest.read(self._s3, self._bucket).newest_first():
            if has_time():
                merged += self.merge(month, whole=whole)
        return Compacted(merged, self._delete_unnamed() if has_time() else 0)

    def merge(self, month: str, *, whole: bool = False) -> int:
        """Merge a month's small parts if they are due, or in any case (``whole``); how many parts were merged."""
        plan = _plan(manifest.read(self._s3, self._bucket).months.get(month, ()), whole=whole)
        if not plan.old:
            return 0
        try:
            deltas = [self._cache.path(part, self._stream) for part in plan.deltas]
            base = self._cache.path(plan.base, self._stream) if plan.base else None
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return 0  # another run merged and deleted them
        body = part_file.merge_into(month, base, deltas) if plan.into_base else part_file.merge(month, deltas)
        new = put(self._s3, self._bucket, month, body, base=plan.into_base)
        there = manifest.update(self._s3, self._bucket, lambda there: there.merging(month, plan.old, new))
        return len(plan.old) if new in there.parts else 0

    def _delete_unnamed(self) -> int:
        """Delete the objects that no manifest has named for a day."""
        listed = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=object_keys.SEARCH)
        found = [each for page in listed for each in page.get("Contents", [])]
        named = {part.key for part in manifest.read(self._s3, self._bucket).parts} | {object_keys.SEARCH_MANIFEST}
        before = self._clock() - _GRACE
        over = [each["Key"] for each in found if each["Key"] not in named and each["LastModified"] < before]
        for key in over:
            self._s3.delete_object(Bucket=self._bucket, Key=key)
        return len(over)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What to merge of a month, and whether the result is its base."""

    deltas: tuple[Part, ...] = ()
    base: Part | None = None
    into_base: bool = False

    @property
    def old(self) -> tuple[Part, ...]:
        return (*((self.base,) if self.base else ()), *self.deltas)


def _plan(parts: Sequence[Part], *, whole: bool) -> _Plan:
    deltas = tuple(part for part in parts if not part.base)
    base = next((part for part in parts if part.base), None)
    more = sum(part.stories for part in deltas)
    if deltas and (whole or more >= max(_FEW, _SHARE * (base.stories if base else 0))):
        return _Plan(deltas, base, into_base=True)
    return _Plan(deltas) if len(deltas) >= _MANY else _Plan()
