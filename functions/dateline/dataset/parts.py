"""Parts: the Parquet files of one country and month.

A part holds the stories of some days: from the day in its name to the day before the next part. A month has one part
until it exceeds the limit; it is then split between two days, for good. Only parts with changed days are rewritten,
each by one PUT, so readers see the old file or the new one. After a split the later days are written first: readers may
see them twice for a moment, but never miss them.

The index decides about the contents. Rows of the same origin are copied from the old file, all others are read from the
archive: old files are a cache, and a lost one is recreated. A PUT replaces only the version read before, so of two
concurrent runs one is overtaken.
"""

import gzip
import tempfile
import zlib
from calendar import monthrange
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dateline.archive.store import committed
from dateline.aws import objects
from dateline.aws.prefetch import ahead
from dateline.dataset import rows
from dateline.dataset.rows import Origin
from dateline.index.index import Index
from dateline.index.list_items import published_key
from dateline.keys import item_keys, object_keys
from dateline.query.query import Query

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MAX_BYTES = 32 << 20  # of gzip members, about their size in Parquet; some 20,000 stories


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file, there already or not: the country, month and days (both included) of its stories."""

    country: str
    month: str
    first: int
    last: int

    @property
    def key(self) -> str:
        return object_keys.part(self.country, self.month, self.first)

    @property
    def dates(self) -> tuple[date, date]:
        return date.fromisoformat(f"{self.month}-{self.first:02}"), date.fromisoformat(f"{self.month}-{self.last:02}")

    def holds(self, story: Mapping[str, Any]) -> bool:
        """Return whether an index item belongs into this part."""
        if "withdrawn_at" in story:
            return False
        country, month = story.get("outlet_country", item_keys.NOWHERE), published_key(story)[:7]
        return (country, month) == (self.country, self.month) and self.first <= Origin.of(story).day <= self.last


@dataclass(slots=True)
class Settled:
    """Result for a part: the number of files ``written``.

    ``unread`` lists the ids of stories with missing articles. ``overtaken`` means that another run wrote the file
    meanwhile and the part must be compared again.
    """

    written: int = 0
    unread: list[str] = field(default_factory=list)
    overtaken: bool = False


class Parts:
    """Reads the index and the archive, and writes the dataset's files.

    ``max_bytes`` is how large a part may be before it is parted, as far as a day of one country goes.
    """

    def __init__(self, *, s3: "S3Client", query: Query, index: Index, bucket: str, max_bytes: int = MAX_BYTES) -> None:
        self._s3 = s3
        self._query = query
        self._index = index
        self._bucket = bucket
        self._max_bytes = max_bytes

    def of(self, country: str, month: str, days: Collection[int] = ()) -> list[Part]:
        """Return the parts of a month, at least one; with ``days``, those for the days, each with its predecessor,
        because an interrupted run may have split that one.
        """
        there = set(objects.keys(self._s3, bucket=self._bucket, prefix=object_keys.partition(country, month)))
        firsts = [day for day in range(1, 32) if day == 1 or object_keys.part(country, month, day) in there]
        lasts = [*(first - 1 for first in firsts[1:]), monthrange(int(month[:4]), int(month[5:]))[1]]
        parts = [
            Part(country=country, month=month, first=first, last=last)
            for first, last in zip(firsts, lasts, strict=True)
        ]
        pairs = zip(parts, [*parts[1:], parts[-1]], strict=True)
        return [part for part, after in pairs if not days or any(part.first <= day <= after.last for day in days)]

    def settle(self, part: Part) -> Settled:
        """Make a part's file, or the files after a split, agree with the index."""
        settled = Settled()
        with tempfile.TemporaryDirectory() as folder:
            known, fresh = Path(folder, "known.parquet"), Path(folder, "fresh.parquet")
            body, etag = objects.get_tagged(self._s3, bucket=self._bucket, key=part.key)
            known.write_bytes(body or b"")
            have = rows.origins(known) if body else {}
            spans = self._spans(part, self._wanted(part, have))
            for first, wanted in reversed(spans):
                changed = {id: origin for id, origin in wanted.items() if have.get(id) != origin}
                lines = self._read(changed)
                settled.unread += changed.keys() - lines.keys()
                keep = [id for id in wanted if id in have and id not in lines]
                if len(spans) == 1 and not lines and len(keep) == len(have):
                    return settled
                rows.write(lines.values(), fresh, known=known if keep else None, keep=keep)
                key = object_keys.part(part.country, part.month, first)
                if not self._put(key, fresh, etag if key == part.key else ""):
                    settled.overtaken = True
                    return settled
                settled.written += 1
        return settled

    def _put(self, key: str, file: Path, etag: str) -> bool:
        """Replace the file with the entity tag, or create it."""
        body = file.read_bytes()
        if etag:
            return objects.put_over(self._s3, bucket=self._bucket, key=key, body=body, etag=etag)
        return objects.put_once(self._s3, bucket=self._bucket, key=key, body=body)

    def _wanted(self, part: Part, have: Mapping[str, Origin]) -> dict[str, Origin]:
        """Return the stories of the part, by id.

        A listing may lag behind, and the index may be under reconstruction. A row is therefore dropped only if its
        story is current elsewhere or missing from the archive.
        """
        wanted = {story["id"]: Origin.of(story) for story in self._query.of_country(part.country, *part.dates)}
        unlisted = have.keys() - wanted.keys()
        current = self._index.current(unlisted)
        for id in unlisted:
            if id not in current:
                if self._stands(id, have[id]):
                    wanted[id] = have[id]
            elif part.holds(current[id]):
                wanted[id] = Origin.of(current[id])
        return wanted

    def _stands(self, id: str, origin: Origin) -> bool:
        """Return whether the archive still has the story of the capture."""
        archived = committed(self._s3, self._bucket, object_keys.parse(origin.key))
        return archived is not None and any(stored.article.id == id for stored in archived.articles)

    def _spans(self, part: Part, wanted: Mapping[str, Origin]) -> list[tuple[int, dict[str, Origin]]]:
        """Yield the stories of each resulting file, with its first day."""
        days = defaultdict[int, dict[str, Origin]](dict)
        for id, origin in wanted.items():
            days[origin.day][id] = origin
        spans, size = [(part.first, dict[str, Origin]())], 0
        for day, stories in sorted(days.items()):
            more = sum(origin.length for origin in stories.values())
            if spans[-1][1] and size + more > self._max_bytes:
                spans.append((day, {}))
                size = 0
            spans[-1][1].update(stories)
            size += more
        return spans

    def _read(self, origins: Mapping[str, Origin]) -> dict[str, bytes]:
        """Return the readable lines of the articles, by id."""
        objects_of = defaultdict[str, dict[str, Origin]](dict)
        for id, origin in origins.items():
            objects_of[origin.key][id] = origin
        lines = dict[str, bytes]()
        for found in ahead(self._read_object, objects_of.values()):
            lines |= found
        return lines

    def _read_object(self, origins: Mapping[str, Origin]) -> dict[str, bytes]:
        """The same of one object: one range GET."""
        start = min(origin.offset for origin in origins.values())
        length = max(origin.offset + origin.length for origin in origins.values()) - start
        (key,) = {origin.key for origin in origins.values()}
        try:
            data = objects.get_range(self._s3, bucket=self._bucket, key=key, offset=start, length=length)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"NoSuchKey", "InvalidRange"}:
                raise
            return {}
        members = {id: data[origin.offset - start :][: origin.length] for id, origin in origins.items()}
        return {id: rows.line(line, origins[id]) for id, member in members.items() if (line := _line(id, member))}


def _line(id: str, member: bytes) -> bytes | None:
    """Return the line of an article's gzip member, or None if it is damaged or another article's."""
    try:
        line = gzip.decompress(member)
    except (OSError, EOFError, zlib.error):
        return None
    return line if line.startswith(f'{{"id":"{id}"'.encode()) else None
