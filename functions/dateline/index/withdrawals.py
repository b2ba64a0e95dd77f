"""Record of stories withdrawn after legal requests. Withdrawal is the only operation that deletes evidence.

The tombstone, an object beside the captures, names the story, the reason, the time and the location of its pages.
Everything derived follows it, in a rebuild as well.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from dateline.aws import objects
from dateline.keys import identifiers, item_keys, object_keys
from dateline.state.records import UrlState
from dateline.urls import identity, is_identity

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True, order=True)
class Withdrawn:
    """A redacted page of a WARC file: the location of its records."""

    key: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A withdrawn story. ``urls`` are its canonical URLs, never requested again.

    ``leaves`` are the hashes of its records' leaves in the daily trees, in hexadecimal: nothing else is left of them.
    """

    id: str
    url: str
    source: str
    reason: str
    withdrawn_at: str
    urls: tuple[str, ...] = ()
    pages: tuple[Withdrawn, ...] = ()
    leaves: tuple[str, ...] = ()

    @property
    def items(self) -> list[dict[str, str]]:
        """Return the story's CURRENT items, tombstones: by its id, and by that of present rules if it has another."""
        values = {name: str(getattr(self, name)) for name in ("url", "source", "reason", "withdrawn_at")}
        ids = {self.id, identifiers.article_id(identity(self.url))} if is_identity(self.url) else {self.id}
        return [item_keys.article(id) | {"id": id} | values for id in sorted(ids)]

    @property
    def states(self) -> Iterator[UrlState]:
        """Yield the crawl states of its URLs."""
        for url in self.urls:
            yield UrlState(url=url, source=self.source, withdrawn_at=self.withdrawn_at)

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        values: dict[str, Any] = json.loads(data)
        pages = tuple(Withdrawn(**page) for page in values["pages"])
        leaves = tuple(values.get("leaves", ()))
        return cls(**values | {"urls": tuple(values["urls"]), "pages": pages, "leaves": leaves})


def withdrawals(s3: "S3Client", bucket: str) -> Iterator[Withdrawal]:
    """Yield every withdrawal."""
    for key in objects.keys(s3, bucket=bucket, prefix=object_keys.WITHDRAWALS):
        if key.endswith(".json"):
            yield Withdrawal.from_json(objects.get(s3, bucket=bucket, key=key) or b"")
