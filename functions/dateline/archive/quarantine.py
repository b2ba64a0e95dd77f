"""Quarantine: pages with a failed extraction, each with a report in the archive bucket.

A release extracts the capture again, after a fix. The report stays and records each attempt.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Self

from dateline.article import Outcome, Pointer
from dateline.aws import objects
from dateline.aws.prefetch import ahead
from dateline.keys import object_keys
from dateline.keys.object_keys import Stem

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MEND = "read the record with a range GET, mend what stopped its extraction, then: dateline quarantine release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Outcome of one attempt; ``run`` names the re-extraction, None for the first extraction."""

    outcome: Outcome
    reason: str | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineReport:
    """A page in quarantine, or released; ``capture`` locates its bytes, ``history`` has the attempts in order."""

    url: str
    captured_at: str
    capture: Pointer
    history: tuple[Attempt, ...] = ()

    @property
    def key(self) -> str:
        """Key of the report."""
        return object_keys.quarantine(self.stem, self.capture.offset)

    @property
    def stem(self) -> Stem:
        return object_keys.parse(self.capture.key)

    @property
    def last(self) -> Attempt:
        return self.history[-1]

    @property
    def released(self) -> bool:
        return self.last.outcome is not Outcome.QUARANTINED

    def tried(self, attempt: Attempt) -> Self:
        """Return the report with an attempt added, once for repeated calls."""
        others = (each for each in self.history if each.run != attempt.run)
        return replace(self, history=(*others, attempt))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | asdict(self.last) | ({} if self.released else {"mend": _MEND})

    def to_json(self) -> bytes:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        values: dict[str, Any] = json.loads(data)
        attempts = (Attempt(**each | {"outcome": Outcome(each["outcome"])}) for each in values["history"])
        return cls(
            url=values["url"],
            captured_at=values["captured_at"],
            capture=Pointer(**values["capture"]),
            history=tuple(attempts),
        )


def note(s3: "S3Client", bucket: str, page: QuarantineReport, attempt: Attempt) -> None:
    """Add an attempt to the report on a page; ``page`` is the initial report.

    A released page's report stays as it is, unless the page fails again.
    """
    known = objects.get(s3, bucket=bucket, key=page.key)
    report = QuarantineReport.from_json(known) if known else page
    if known is None or not report.released or attempt.outcome is Outcome.QUARANTINED:
        s3.put_object(Bucket=bucket, Key=report.key, Body=report.tried(attempt).to_json())


def reports(
    s3: "S3Client", bucket: str, *, of: Sequence[str] = (), since: date | None = None
) -> Iterator[QuarantineReport]:
    """The reports on pages of some sources, or of all, in the order of source and capture; with those released.

    ``since`` is a day of capture (UTC).
    """
    for source in of or sorted(objects.folders(s3, bucket, object_keys.QUARANTINE)):
        folder = object_keys.folder(object_keys.QUARANTINE, source)
        yield from _read(s3, bucket, folder, after=f"{folder}{since:%Y%m%d}" if since else "")


def named(s3: "S3Client", bucket: str, prefix: str) -> Iterator[QuarantineReport]:
    """Yield the reports with a key prefix."""
    return _read(s3, bucket, prefix)


def _read(s3: "S3Client", bucket: str, prefix: str, after: str = "") -> Iterator[QuarantineReport]:
    found = objects.listed(s3, bucket=bucket, prefix=prefix, after=after)
    bodies = ahead(lambda key: objects.get(s3, bucket=bucket, key=key), (each.key for each in found))
    return (QuarantineReport.from_json(body) for body in bodies if body)
