"""Scope of a verification, and its costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from dateline.aws import objects
from dateline.aws.objects import Listed
from dateline.keys import object_keys

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_s3 import S3Client

# List prices in us-east-1, in dollars (2025): https://aws.amazon.com/s3/pricing/, .../dynamodb/pricing/on-demand/
_GET, _LIST = 0.4e-6, 5e-6  # a request; one LIST is of 1,000 keys
_COLD_GET, _COLD_BYTE = 10e-6, 0.03 / 1e9  # S3 Glacier Instant Retrieval, per request and per byte read
_READ_UNIT = 0.125e-6  # on demand: 4 KB, read consistently
_OUT_BYTE = 0.09 / 1e9  # to the internet; nothing to a machine in the same region

IN_CAPTURES = (object_keys.CAPTURES, object_keys.CRAWLS)
IN_ARCHIVE = (object_keys.OUTCOMES, object_keys.ARTICLES, object_keys.QUARANTINE)


@dataclass(frozen=True, slots=True)
class Scope:
    """Some sources, or all; captures from a day (UTC) on, or of a month (``yyyy-mm``), or all."""

    sources: tuple[str, ...] = ()
    since: date | None = None
    month: str = ""

    @property
    def whole(self) -> bool:
        return not self.sources and self.since is None and not self.month

    def has(self, source: str, day: str) -> bool:
        """Whether captures of a day, ``yyyy-mm-dd``, are looked at."""
        return (not self.sources or source in self.sources) and (self.since is None or day >= self.since.isoformat())

    def after(self, folder: str, source: str) -> str:
        """Return the last key before the scope in a source's folder."""
        if self.month:
            return f"{object_keys.folder(folder, source)}{self._of_month(folder)}"
        if self.since is None:
            return object_keys.folder(folder, source)
        day = f"{self.since:%Y%m%d}" if folder == object_keys.QUARANTINE else f"{self.since:%Y/%m/%d}"
        return f"{object_keys.folder(folder, source)}{day}"

    def ends(self, folder: str, source: str, key: str) -> bool:
        """Whether a key, of those after ``after``, is behind the scope."""
        return bool(self.month) and not key.startswith(f"{object_keys.folder(folder, source)}{self._of_month(folder)}")

    def _of_month(self, folder: str) -> str:
        return self.month.replace("-", "") if folder == object_keys.QUARANTINE else self.month.replace("-", "/")


@dataclass(slots=True)
class Costs:
    """Volume of a run: objects and bytes, those in cold storage, LIST requests, and the table's bytes."""

    objects: int = 0
    bytes: int = 0
    cold_objects: int = 0
    cold_bytes: int = 0
    lists: int = 0
    items: int = 0
    table_bytes: int = 0

    def add(self, found: Listed) -> None:
        cold = found.storage_class == "GLACIER_IR"
        self.objects += 1
        self.bytes += found.size
        self.cold_objects += cold
        self.cold_bytes += found.size if cold else 0

    @property
    def dollars(self) -> float:
        """At list prices, read from a machine in the same region."""
        warm = self.objects - self.cold_objects
        objects = warm * _GET + self.cold_objects * _COLD_GET + self.cold_bytes * _COLD_BYTE + self.lists * _LIST
        return objects + self.table_bytes / 4096 * _READ_UNIT

    @property
    def dollars_out(self) -> float:
        """Additional price of data transfer to a machine outside AWS."""
        return (self.bytes + self.table_bytes) * _OUT_BYTE


def costs(s3: "S3Client", table: "Table", *, captures: str, archive: str, scope: Scope) -> Costs:
    """Return the volume of a scope from the listings (read again by the run); the table's size is some hours old."""
    table.load()
    found = Costs(items=table.item_count, table_bytes=table.table_size_bytes)
    for bucket, folders in ((captures, (*IN_CAPTURES, object_keys.PACKS)), (archive, IN_ARCHIVE)):
        for folder in folders:
            before = found.objects
            for source in sources(s3, bucket, folder, scope):
                after = scope.after(folder, source)
                for each in objects.listed(s3, bucket=bucket, prefix=object_keys.folder(folder, source), after=after):
                    found.add(each)
            found.lists += 2 * (1 + (found.objects - before) // 1000)
    return found


def sources(s3: "S3Client", bucket: str, folder: str, scope: Scope) -> Iterator[str]:
    """Return the sources in scope with objects in a folder."""
    found = objects.folders(s3, bucket, folder)
    return (source for source in found if not scope.sources or source in scope.sources)
