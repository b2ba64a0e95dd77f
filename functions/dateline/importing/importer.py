"""Import pages as captures, filed by outlet and capture day, each page once.

An outlet's imported pages of one day (UTC) form one crawl, named after the day. Pages already present, by URL, instant
and payload, are not written again, whatever file they come from: the same one, another compression of it, or one read
in part by a killed import.
"""

import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dateline import capture, urls
from dateline.aws import objects
from dateline.capture import Batch, CaptureStore, DamagedCaptureError, Exchange
from dateline.importing.found import ImportedPage, Reason, Refused, UnreadableError
from dateline.importing.outlets import Outlets
from dateline.keys import crawl_names, object_keys
from dateline.page import MAX_URL, Payload
from dateline.sources.registry import Source

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KNOWN = ("discovered_from", "feed_title", "feed_date", "feed_date_raw", "requested_url")
_MAX_BATCHES = 64  # open ones, each up to 32 MB and mostly under one


@dataclass(slots=True, kw_only=True)
class Imported:
    """Result of one file: pages ``captured`` now, those ``known`` from earlier imports, and the others by reason.

    ``damage`` is the reason for an unread rest, ``remedy`` the next step.
    """

    file: str
    captured: int = 0
    known: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    damage: str | None = None
    remedy: str | None = None

    @property
    def unreadable(self) -> bool:
        """Whether a file was not there, or not whole."""
        return self.damage is not None or Reason.UNREADABLE in self.refused

    def summary(self) -> dict[str, Any]:
        """The same in JSON types."""
        return asdict(self) | {"refused": dict(sorted(self.refused.items()))}


class Importer:
    """Writes the contents of files into the capture bucket.

    ``captures`` maps the key of each written object to its number of pages.
    """

    def __init__(self, s3: "S3Client", bucket: str, outlets: Outlets) -> None:
        self._s3, self._bucket, self._outlets = s3, bucket, outlets
        self._days: dict[tuple[str, str], _Day] = {}
        self.captures: dict[str, int] = {}

    def add(self, file: str, pages: Iterable[ImportedPage | Refused]) -> Imported:
        """Import one file's contents, stored on return; before an UnreadableError, the part read so far."""
        imported = Imported(file=file)
        try:
            for page in pages:
                self._add(page, imported)
        except UnreadableError as error:
            imported.damage, imported.remedy = str(error), error.remedy
        self.flush()
        return imported

    def flush(self) -> None:
        """Store the pages of open batches."""
        for day in self._days.values():
            self._store(day)

    def _add(self, page: ImportedPage | Refused, imported: Imported) -> None:
        if isinstance(page, Refused):
            imported.refused[page.reason] += 1
        elif len(page.url.encode("utf-8", "surrogatepass")) > MAX_URL:
            imported.refused[Reason.LONG_URL] += 1
        elif source := self._outlets.of(page.url, page.source):
            new = self._take(_exchange(page, source, imported.file), source)
            imported.captured += new
            imported.known += not new
        else:
            elsewhere = urls.is_web(page.url) and not page.source
            imported.refused[Reason.OTHER_HOST if elsewhere else Reason.NO_SOURCE] += 1

    def _take(self, exchange: Exchange, source: Source) -> bool:
        day = self._day(source, exchange.captured_at)
        new = day.add(exchange)
        if day.batch.full:
            self._store(day)
        elif len([each for each in self._days.values() if each.batch]) > _MAX_BATCHES:
            self.flush()
        return new

    def _day(self, source: Source, at: datetime) -> "_Day":
        crawl = crawl_names.imports(at)
        if (source.id, crawl) not in self._days:
            self._days[source.id, crawl] = _Day(self._s3, self._bucket, source=source.id, crawl=crawl)
        return self._days[source.id, crawl]

    def _store(self, day: "_Day") -> None:
        if day.batch:
            self.captures[day.store.put(day.batch)] = len(day.batch)
            day.batch = _batch(day.crawl)


class _Day:
    """An outlet's imported pages of one day: those in the bucket, and the open batch."""

    def __init__(self, s3: "S3Client", bucket: str, *, source: str, crawl: str) -> None:
        self.store = CaptureStore(s3, bucket, source=source, crawl=crawl)
        self.crawl, self.batch = crawl, _batch(crawl)
        prefix = object_keys.captures_prefix(source, crawl)
        found = objects.keys(s3, bucket=bucket, prefix=prefix)
        self._known = {payload for key in found for payload in _payloads(s3, bucket, key)}

    def add(self, exchange: Exchange) -> bool:
        """Add a page to the batch; return False if it is known."""
        if exchange.payload in self._known:
            return False
        self._known.add(exchange.payload)
        self.batch.add(exchange)
        return True


def _payloads(s3: "S3Client", bucket: str, key: str) -> Iterator[Payload]:
    """Return the pages of a WARC file; damaged ones are left out and captured again."""
    with suppress(DamagedCaptureError):
        for page in capture.read(io.BytesIO(objects.get(s3, bucket=bucket, key=key) or b"")):
            yield Payload(page.url, page.captured_at, str(page.payload_digest))


def _batch(crawl: str) -> Batch:
    """Return a batch closed by count and size alone: imports have no hurry."""
    return Batch(crawl, max_age=math.inf)


def _kept(page: ImportedPage) -> dict[str, Any]:
    """Return what a page's file knows and the registry does not."""
    return {name: page.known[name] for name in _KNOWN if page.known.get(name)}


def _exchange(page: ImportedPage, source: Source, file: str) -> Exchange:
    known = {**source.metadata, "family": "import"}
    return Exchange(
        url=page.url,
        captured_at=page.captured_at,
        request=page.request,
        response=page.data,
        ip_address=page.ip_address,
        metadata={"discovered_from": file, **_kept(page), **known},
        rendered=page.rendered,
        media_type=page.media_type,
    )
