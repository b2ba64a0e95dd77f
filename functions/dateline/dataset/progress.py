"""Progress: the state of the dataset and its pending work, in one object.

A save replaces only the version read before, so of two concurrent runs one is overtaken and ends.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError

from dateline.keys import object_keys

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_OTHERS = {"PreconditionFailed", "NoSuchKey"}  # there is another one now, or none


class OvertakenError(Exception):
    """Another run is at work, or somebody wants the dataset looked at from the beginning."""


@dataclass(slots=True, kw_only=True)
class Progress:
    """``cursor`` is the position in the index, ``looked`` the day (UTC) of the last comparison of partitions.

    ``turn`` is the last partition compared in its turn (empty before the first).
    ``pending`` maps partitions (``<cc>/<yyyy-mm>``, in order of work) to changed days of the month, or to an empty list
    for the whole month. ``etag`` is the entity tag of the object at its last read or save.
    """

    cursor: str
    looked: str = ""
    turn: str = ""
    pending: dict[str, list[int]] = field(default_factory=dict)
    etag: str = ""

    @classmethod
    def load(cls, s3: "S3Client", bucket: str) -> Self | None:
        """Return the progress of the last run, or None for the first."""
        try:
            answer = s3.get_object(Bucket=bucket, Key=object_keys.DATASET_STATE)
        except s3.exceptions.NoSuchKey:
            return None
        return cls(**json.loads(answer["Body"].read()), etag=answer["ETag"])

    def save(self, s3: "S3Client", bucket: str) -> None:
        """Write the object. Raises OvertakenError if somebody else replaced it."""
        body = json.dumps({name: value for name, value in asdict(self).items() if name != "etag"}).encode()
        try:
            if self.etag:
                answer = s3.put_object(Bucket=bucket, Key=object_keys.DATASET_STATE, Body=body, IfMatch=self.etag)
            else:
                answer = s3.put_object(Bucket=bucket, Key=object_keys.DATASET_STATE, Body=body, IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _OTHERS:
                raise
            raise OvertakenError from error
        self.etag = answer["ETag"]

    def add(self, partition: str, days: Iterable[int]) -> None:
        """Have days of a partition looked at, none for all of them."""
        fresh, waiting = set(days), self.pending.get(partition)
        whole = not fresh or waiting == []
        self.pending[partition] = [] if whole else sorted(fresh.union(waiting or ()))


def forget(s3: "S3Client", bucket: str) -> None:
    """Have the next run look at everything, as after a rebuild of the index."""
    s3.delete_object(Bucket=bucket, Key=object_keys.DATASET_STATE)
