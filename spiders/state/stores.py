"""Stores for a crawl's captures and report: the capture bucket, or a folder with the same keys."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dateline import capture
from dateline.aws import objects
from dateline.capture import Batch, Capture, CaptureStore
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Store(Protocol):
    """Stores the objects of one crawl. Methods block; stored objects are never overwritten."""

    def put(self, batch: Batch) -> str:
        """Store a batch and return its key."""

    def stored(self) -> Iterator[tuple[str, list[Capture]]]:
        """Return the WARC files stored by an earlier delivery of this crawl's message."""

    def put_report(self, report: CrawlReport) -> CrawlReport:
        """Store the report unless one exists; return the stored one."""

    def report(self) -> CrawlReport | None:
        """The report of this crawl if it was done before."""

    def put_frontier(self, data: bytes) -> None:
        """Store the frontier of this crawl, replacing one of an earlier delivery without a report."""

    def frontier(self, crawl: str) -> bytes | None:
        """Return the frontier of another crawl of the source."""


class BucketStore:
    """The capture bucket."""

    def __init__(self, s3: "S3Client", bucket: str, *, source: str, crawl: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._source, self._crawl = source, crawl
        self._report = object_keys.crawl_report(source, crawl)
        self._captures = CaptureStore(s3, bucket, source=source, crawl=crawl)

    def put(self, batch: Batch) -> str:
        return self._captures.put(batch)

    def stored(self) -> Iterator[tuple[str, list[Capture]]]:
        first = Stem(self._source, self._crawl, 0).capture
        if objects.get(self._s3, bucket=self._bucket, key=first) is None:
            return  # as nearly always; a LIST costs as much as twelve GETs
        prefix = object_keys.captures_prefix(self._source, self._crawl)
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        for key in (found["Key"] for page in pages for found in page.get("Contents", ())):
            if object_keys.parse(key).crawl == self._crawl:  # not another crawl with this prefix
                body = objects.get(self._s3, bucket=self._bucket, key=key) or b""
                yield key, list(capture.read(io.BytesIO(body)))

    def put_report(self, report: CrawlReport) -> CrawlReport:
        if objects.put_once(self._s3, bucket=self._bucket, key=self._report, body=report.to_json().encode()):
            return report
        return self.report() or report

    def report(self) -> CrawlReport | None:
        body = objects.get(self._s3, bucket=self._bucket, key=self._report)
        return CrawlReport.from_json(body) if body else None

    def put_frontier(self, data: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=object_keys.frontier(self._source, self._crawl), Body=data)

    def frontier(self, crawl: str) -> bytes | None:
        return objects.get(self._s3, bucket=self._bucket, key=object_keys.frontier(self._source, crawl))


class FolderStore:
    """A folder with the bucket's keys, for a crawl by hand."""

    def __init__(self, root: Path, *, source: str, crawl: str) -> None:
        self._root, self._source, self._crawl = root, source, crawl
        self._number = 0

    def put(self, batch: Batch) -> str:
        key = Stem(self._source, self._crawl, self._number).capture
        self._number += 1
        for name, body in batch.certificates.items():
            if not (self._root / name).exists():
                self._write(name, body)
        self._write(key, batch.body(key))
        return key

    def stored(self) -> Iterator[tuple[str, list[Capture]]]:
        prefix = object_keys.captures_prefix(self._source, self._crawl)
        for path in sorted(self._root.glob(f"{prefix}*")):
            key = path.relative_to(self._root).as_posix()
            if object_keys.parse(key).crawl == self._crawl:
                self._number += 1
                with path.open("rb") as file:
                    yield key, list(capture.read(file))

    def put_report(self, report: CrawlReport) -> CrawlReport:
        self._write(object_keys.crawl_report(self._source, self._crawl), report.to_json().encode())
        return report

    def report(self) -> CrawlReport | None:
        path = self._root / object_keys.crawl_report(self._source, self._crawl)
        return CrawlReport.from_json(path.read_bytes()) if path.exists() else None

    def put_frontier(self, data: bytes) -> None:
        (self._root / object_keys.frontier(self._source, self._crawl)).unlink(missing_ok=True)
        self._write(object_keys.frontier(self._source, self._crawl), data)

    def frontier(self, crawl: str) -> bytes | None:
        path = self._root / object_keys.frontier(self._source, crawl)
        return path.read_bytes() if path.exists() else None

    def _write(self, key: str, data: bytes) -> None:
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
