"""Inventory of the archive: its WARC files by source and day."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from dateline.capture.packs import Packs
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def held(
    s3: "S3Client",
    bucket: str,
    *,
    of: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    month: str | None = None,
) -> Iterator[Stem]:
    """The WARC files of some sources, or of all, in the order of source and capture.

    ``since`` and ``until`` are days of capture (UTC), both included; ``month`` (``yyyy-mm``) stands for both.
    """
    if month:
        since, until = date.fromisoformat(f"{month}-01"), date.fromisoformat(f"{month}-28") + timedelta(days=3)
    packs = Packs(s3, bucket)
    for source in of or packs.sources():
        prefix = object_keys.folder(object_keys.CAPTURES, source)
        after = f"{prefix}{since:%Y/%m/%d}" if since else prefix
        for found in packs.listed(source, after):
            stem = object_keys.parse(found.key)
            if (until and stem.day > until.isoformat()) or (month and not stem.day.startswith(month)):
                break
            yield stem
