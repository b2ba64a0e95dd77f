"""Holdings: which capture objects there are, by source and day."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from dateline import keys, objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Held(NamedTuple):
    """A capture object and its size in bytes."""

    stem: keys.Stem
    size: int


def held(
    s3: "S3Client", bucket: str, *, of: Sequence[str] = (), since: date | None = None, until: date | None = None
) -> Iterator[Held]:
    """The capture objects of some sources, or of all, in the order of source and capture.

    ``since`` and ``until`` are days of capture (UTC), both included.
    """
    for source in of or sources(s3, bucket):
        prefix = f"captures/{source}/"
        after = f"{prefix}{since:%Y/%m/%d}" if since else prefix
        for key, size in objects.listed(s3, bucket=bucket, prefix=prefix, after=after):
            stem = keys.parse(key)
            if until and stem.day > until.isoformat():
                break
            yield Held(stem, size)


def sources(s3: "S3Client", bucket: str) -> list[str]:
    """The sources that there are captures of."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="captures/", Delimiter="/")
    return sorted(found["Prefix"].split("/")[1] for page in pages for found in page.get("CommonPrefixes", []))
