"""Manifest of the search index: the parts of each month. It is replaced as a whole, and only in the version read.

Months are ``yyyy-mm``; a month's parts are in writing order, its base first if any.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Self

from dateline.aws import objects
from dateline.keys import object_keys
from dateline.search.index.schema import FORMAT

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ATTEMPTS = 50  # of replacing it; writers at once are few, and each attempt is one read and one write


class OutdatedIndexError(RuntimeError):
    """The search index is of another format than this code's, and has to be rebuilt."""


class ContendedIndexError(RuntimeError):
    """Other writers were always faster."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a month: its key, its size, how many stories it has, and whether it is the month's base."""

    key: str
    bytes: int
    stories: int
    base: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """The parts of each month; ``serial`` counts the manifests before this one."""

    months: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    serial: int = 0

    @property
    def parts(self) -> list[Part]:
        """All parts of all months."""
        return [part for parts in self.months.values() for part in parts]

    def newest_first(self, since: str = "", until: str = "~") -> list[str]:
        """The months from one to another (``yyyy-mm`` or longer), the newest first."""
        return sorted((month for month in self.months if since[:7] <= month <= (until[:7])), reverse=True)

    def adding(self, parts: Mapping[str, Part]) -> Self:
        """The manifest with another part of each of some months, unless it has it."""
        more = {month: (*self.months.get(month, ()), part) for month, part in parts.items() if part not in self.parts}
        return self if not more else replace(self, months={**self.months, **more})

    def merging(self, month: str, merged: Iterable[Part], into: Part) -> Self:
        """Return the manifest with one part in place of several neighbours, if it still has them all."""
        there, old = self.months.get(month, ()), tuple(merged)
        at = there.index(old[0]) if old and old[0] in there else 0
        if there[at : at + len(old)] != old:
            return self
        return replace(self, months={**self.months, month: (*there[:at], into, *there[at + len(old) :])})

    def to_json(self) -> bytes:
        months = {month: [asdict(part) for part in parts] for month, parts in sorted(self.months.items()) if parts}
        return json.dumps({"format": FORMAT, "serial": self.serial, "months": months}, indent=1).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Raise OutdatedIndexError if it is of another format."""
        values = json.loads(data)
        if values["format"] != FORMAT:
            message = f"the search index has format {values['format']}, not {FORMAT}: run dateline rebuild --search"
            raise OutdatedIndexError(message)
        months = {month: tuple(Part(**part) for part in parts) for month, parts in values["months"].items()}
        return cls(months, values["serial"])


def read(s3: "S3Client", bucket: str) -> Manifest:
    """The manifest as it is now; an empty one before the first."""
    return _tagged(s3, bucket)[0]


def update(s3: "S3Client", bucket: str, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Replace the manifest by ``change`` of it, in spite of other writers; ContendedIndexError after 50 attempts."""
    for _ in range(_ATTEMPTS):
        there, etag = _tagged(s3, bucket)
        wanted = change(there)
        if wanted == there:
            return there
        wanted = replace(wanted, serial=there.serial + 1)
        body, key = wanted.to_json(), object_keys.SEARCH_MANIFEST
        if etag and objects.put_over(s3, bucket=bucket, key=key, body=body, etag=etag):
            return wanted
        if not etag and objects.put_once(s3, bucket=bucket, key=key, body=body):
            return wanted
    raise ContendedIndexError(f"the manifest of the search index in {bucket} was replaced {_ATTEMPTS} times meanwhile")


def restart(s3: "S3Client", bucket: str) -> None:
    """Replace a manifest of another format by an empty one; another stays."""
    data, etag = objects.get_tagged(s3, bucket=bucket, key=object_keys.SEARCH_MANIFEST)
    if data and json.loads(data)["format"] != FORMAT:
        objects.put_over(s3, bucket=bucket, key=object_keys.SEARCH_MANIFEST, body=Manifest().to_json(), etag=etag)


def _tagged(s3: "S3Client", bucket: str) -> tuple[Manifest, str]:
    data, etag = objects.get_tagged(s3, bucket=bucket, key=object_keys.SEARCH_MANIFEST)
    return (Manifest.from_json(data), etag) if data else (Manifest(), etag)
